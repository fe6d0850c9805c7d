"""A log that lacks what was published of it, or has it otherwise, is not carried on: nothing is written, nothing is sent."""

import shutil
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from services.kernel.ports import BusError, CorruptLogError, Message, Outgoing
from services.runtime import host as host_module
from services.runtime import relay as relay_module
from services.runtime.batch import Order
from services.runtime.local_bus import LocalBus
from services.runtime.relay import Relay, outgoing
from services.runtime.sql_store import open_store
from services.runtime.writer import Writer
from tests.runtime.serving import AUDITOR, LEDGER, Serving, made, open_envelope, process, serving
from tests.runtime.tiny import DECIDER, OFFICER, Put, SetClock

LOG, TOPIC = "tiny/0", "grants.tiny.v1"


def bus(directory: Path) -> LocalBus:
    return LocalBus(directory / "bus.db")


@contextmanager
def writing(directory: Path) -> Generator[Writer]:
    """A writer of the log that lies in `directory`."""
    store = open_store(f"sqlite:///{directory}", LOG)
    writer = Writer(deployment="test", name=LOG, decider=DECIDER, store=store, clock=SetClock(), stopped=lambda _reason: None)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()
        store.close()


def write(directory: Path, *boxes: str) -> None:
    with writing(directory) as writer:
        for box in boxes:
            writer.submit(Order(command_id=box, command=Put(box=box, amount=1), actor=OFFICER)).result(60)


def send(directory: Path, to: LocalBus, start: int, end: int) -> None:
    """Send entries as they lie there, whatever was sent before."""
    with writing(directory) as writer, writer.store.read() as reads, closing(to.publisher()) as publisher:
        publisher.publish([outgoing(LOG, stored) for stored in reads.entries(start, end - start)])


def check(directory: Path, against: LocalBus) -> None:
    with writing(directory) as writer:
        Relay(writer, against, lambda _reason: None).check()


@pytest.fixture
def sent(tmp_path: Path) -> LocalBus:
    """A bus that has five entries, with the log of three that was copied before in `old`, and that of five in `new`."""
    write(tmp_path / "new", "a", "b", "c")
    shutil.copytree(tmp_path / "new", tmp_path / "old")
    write(tmp_path / "new", "d", "e")
    send(tmp_path / "new", bus(tmp_path), 0, 5)
    return bus(tmp_path)


def test_a_log_as_it_was_published_is_carried_on(tmp_path: Path, sent: LocalBus) -> None:
    check(tmp_path / "new", sent)
    write(tmp_path / "new", "f")
    check(tmp_path / "new", sent)


def test_where_nothing_was_published_nothing_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "new", "a")
    check(tmp_path / "new", bus(tmp_path))


def test_an_older_copy_is_told_what_it_lacks_and_what_to_do(tmp_path: Path, sent: LocalBus) -> None:
    with pytest.raises(CorruptLogError) as caught:
        check(tmp_path / "old", sent)
    assert str(caught.value).startswith("tiny/0 has 3 entries, and 5 were published. Nothing was sent.")
    assert "`oproep restore tiny/0 --from bus` adds what is missing" in str(caught.value)


def test_an_empty_store_is_no_beginning(tmp_path: Path, sent: LocalBus) -> None:
    with pytest.raises(CorruptLogError, match="has 0 entries, and 5 were published"):
        check(tmp_path / "empty", sent)


@pytest.mark.parametrize("more", [("x",), ("x", "y"), ("x", "y", "z")])
def test_an_older_copy_that_was_carried_on_is_told_where_it_differs(tmp_path: Path, sent: LocalBus, more: Sequence[str]) -> None:
    write(tmp_path / "old", *more)
    with pytest.raises(CorruptLogError, match=r"tiny/0/3 has leaf \w+, and was published with leaf") as caught:
        check(tmp_path / "old", sent)
    assert "oproep restore tiny/0 --from bus" in str(caught.value)


def test_what_was_sent_twice_does_not_hide_what_was_sent_last(tmp_path: Path, sent: LocalBus) -> None:
    send(tmp_path / "new", sent, 0, 2)
    with pytest.raises(CorruptLogError, match="has 3 entries, and 5 were published"):
        check(tmp_path / "old", sent)


def test_what_others_wrote_to_the_topic_is_passed_over(tmp_path: Path, sent: LocalBus) -> None:
    with writing(tmp_path / "new") as writer, writer.store.read() as reads, closing(sent.publisher()) as publisher:
        (entry,) = reads.entries(4, 1)
        true = outgoing(LOG, entry)
        another_log = dict(true.headers) | {"log": b"tiny/1"}
        beyond = dict(true.headers) | {"index": b"9"}
        for value, headers in ((b"{}", dict(true.headers)), (true.value, another_log), (true.value, beyond), (b"?", {})):
            publisher.publish([Outgoing(TOPIC, 0, b"k", value, tuple(headers.items()))])
    check(tmp_path / "new", sent)
    with pytest.raises(CorruptLogError, match="has 3 entries, and 5 were published"):
        check(tmp_path / "old", sent)


# In a whole process


class Away(LocalBus):
    """A bus that does not answer until it is told to."""

    there = False

    def last(self, topic: str, partition: int, count: int) -> Sequence[Message]:
        if not self.there:
            raise BusError("away")
        return super().last(topic, partition, count)


@pytest.fixture
def lagging(tmp_path: Path) -> Path:
    """Where a ledger lies whose last entry was sent, and then lost by a copy of before."""
    with serving(tmp_path, ["budget_ledger"]) as running:
        running.client().execute(LEDGER, "open-1", open_envelope("envelope-1"))
    shutil.copytree(tmp_path / "logs", tmp_path / "copy")
    with serving(tmp_path, ["budget_ledger"]) as running:
        running.client().execute(LEDGER, "open-2", open_envelope("envelope-2"))
        until_sent(running, 2)
    shutil.rmtree(tmp_path / "logs")
    shutil.copytree(tmp_path / "copy", tmp_path / "logs")
    return tmp_path


def until_sent(running: Serving, count: int) -> None:
    with closing(LocalBus(running.directory / "bus.db").subscribe("grants.budget_ledger.v1", 0, 0)) as subscription:
        got = 0
        while got < count:
            got += len(subscription.poll(30))


def test_a_process_does_not_begin_over_an_older_copy(lagging: Path) -> None:
    with process(lagging) as running:
        _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "budget_ledger/0 has 1 entries, and 2 were published" in said
    with closing(sqlite3.connect(lagging / "logs" / "budget_ledger-0.db")) as store:
        assert store.execute("SELECT length FROM writer").fetchone() == (1,)


def opened_away(monkeypatch: pytest.MonkeyPatch, directory: Path) -> tuple[Away, Serving]:
    away = Away(directory / "bus.db")
    monkeypatch.setattr(host_module, "open_bus", lambda _url: away)
    monkeypatch.setattr(relay_module, "_RETRY_SECONDS", 0.01)
    running = made(directory, ["budget_ledger"])
    running.host.start()
    return away, running


def test_without_the_bus_people_file_and_then_all_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away, running = opened_away(monkeypatch, tmp_path)
    running.client().execute(LEDGER, "open-1", open_envelope())
    assert not running.host.wait(0.1)
    assert LocalBus(tmp_path / "bus.db").last("grants.budget_ledger.v1", 0, 9) == []
    away.there = True
    until_sent(running, 1)
    running.close()
    assert running.host.failure is None


def test_as_soon_as_the_bus_answers_an_older_copy_ends_and_nothing_of_it_was_sent(
    lagging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, running = opened_away(monkeypatch, lagging)
    running.client().execute(LEDGER, "open-3", open_envelope("envelope-3"))
    assert not running.host.wait(0.1)
    away.there = True
    assert running.host.wait(60)
    assert isinstance(running.host.failure, CorruptLogError)
    assert "budget_ledger/0/1 has leaf" in str(running.host.failure)
    assert len(away.last("grants.budget_ledger.v1", 0, 9)) == 2
    assert [stored.index for stored in running.client(AUDITOR).entries("budget_ledger/0", 0)] == [0, 1]
    running.close()
