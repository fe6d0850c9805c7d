"""What a reader makes of another log: every entry once, in order, or not at all."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct

from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.ports import BusError, CorruptLogError, Message, Parked, Stored
from services.runtime.local_bus import LocalBus
from services.runtime.reader import Interpreter, Reader
from services.runtime.relay import DEAD_LETTERS, outgoing
from services.runtime.sql_store import open_store
from services.runtime.writer import Writer
from tests.runtime.tiny import CHECK, EVENTS, NOON, OFFICER, SPEC, SetClock

SOURCE = "source/0"


def entry(index: int, *, box: str = "a", amount: int = 1, kind: str = "Added", **more: str) -> Stored:
    """An entry of the source's log."""
    value = Entry(
        deployment="test",
        log=SOURCE,
        index=index,
        stream=box,
        time=NOON,
        command_id=f"c{index}",
        command={"type": "Put"},
        actor=OFFICER,
        cause=None,
        events=({"type": kind, "box": box, "amount": str(amount), "piece": "0", **more},),
    ).to_bytes()
    return Stored(index, box, value, leaf(value))


def message(stored: Stored, position: int | None = None, **changes: Any) -> Message:
    out = outgoing(SOURCE, stored)
    at = stored.index if position is None else position
    return replace(Message(out.topic, out.partition, at, out.key, out.value, out.headers), **changes)


class Owner:
    """The owner of the source's log; away until `log` is set."""

    def __init__(self) -> None:
        self.log: Sequence[Stored] | None = None
        self.asked: list[tuple[int, int]] = []

    def entries(self, name: str, start: int, end: int) -> Sequence[Stored]:
        """See `Owner.entries` of the reader."""
        assert name == SOURCE
        self.asked.append((start, end))
        if self.log is None:
            raise BusError("away")
        return self.log[start:end]


class Desk:
    """A reader with everything behind it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bus, self.owner = LocalBus(directory / "bus.db"), Owner()
        self.reasons: list[BaseException] = []
        self.events: dict[str, dict[str, Any]] = EVENTS
        self.open()

    def open(self) -> None:
        self.store = open_store(f"sqlite:///{self.directory}", "tiny/0", (CHECK,))
        self.writer = Writer(
            deployment="test",
            name="tiny/0",
            decider=SPEC.decider,
            store=self.store,
            clock=SetClock(),
            stopped=self.reasons.append,
        )
        self.writer.start()
        interpreter = Interpreter(SPEC, shard=0, shards=1, events=self.events)
        self.reader = Reader(SOURCE, self.writer, interpreter, self.bus, self.owner)

    def close(self) -> None:
        self.writer.stop()
        self.store.close()

    def reopen(self) -> None:
        self.close()
        self.open()

    def total(self, box: str = "a") -> int:
        with self.store.read() as reads:
            row = reads.row("Box", box)
        return 0 if row is None else int(row.split(b'"total":"')[1].split(b'"')[0])

    def causes(self) -> list[int]:
        """The source's entries that led to something here, in the order of the log."""
        with self.store.read() as reads:
            entries = [Entry.from_bytes(stored.value) for stored in reads.entries(0, 10_000)]
        return [e.cause.index for e in entries if e.cause and e.stream != "from-source-0"]

    def next_index(self) -> int:
        with self.store.read() as reads:
            return reads.progress(SOURCE).next_index

    def parked(self) -> Sequence[Parked]:
        with self.store.read() as reads:
            return reads.parked()

    def dead_letters(self) -> list[Message]:
        with closing(self.bus.subscribe(DEAD_LETTERS, 0, 0)) as subscription:
            return list(subscription.poll(0))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


LOG = [entry(n, amount=n + 1) for n in range(8)]


def test_entries_are_taken_in_order_and_once(desk: Desk) -> None:
    desk.reader.take([message(stored) for stored in LOG[:5]])
    desk.reader.take([message(stored) for stored in LOG[5:]])
    assert desk.causes() == list(range(8))
    assert desk.total() == 36
    assert desk.reader.position() == 8


@pytest.mark.parametrize("reopened", [False, True])
def test_a_repeated_entry_changes_nothing(desk: Desk, *, reopened: bool) -> None:
    desk.reader.take([message(stored) for stored in (LOG[0], LOG[0], LOG[1], LOG[0], LOG[1])])
    if reopened:
        desk.reopen()
    desk.reader.take([message(LOG[1], position=40), message(LOG[2], position=41)])
    desk.reader.take([])
    assert desk.causes() == [0, 1, 2]
    assert desk.owner.asked == []


def test_a_gap_is_fetched_from_the_owner(desk: Desk) -> None:
    desk.owner.log = LOG
    desk.reader.take([message(LOG[0]), message(LOG[3]), message(LOG[6])])
    assert desk.owner.asked == [(1, 3), (4, 6)]
    assert desk.causes() == list(range(7))


def test_while_the_owner_is_away_nothing_behind_the_gap_is_taken(desk: Desk) -> None:
    with pytest.raises(BusError):
        desk.reader.take([message(LOG[0]), message(LOG[2])])
    assert desk.causes() == []
    desk.owner.log = LOG
    desk.reader.take([message(LOG[0]), message(LOG[2])])
    assert desk.causes() == [0, 1, 2]


def test_an_owner_that_gives_other_bytes_than_it_says_is_not_believed(desk: Desk) -> None:
    desk.owner.log = [LOG[0], replace(LOG[1], leaf=LOG[0].leaf)]
    with pytest.raises(CorruptLogError):
        desk.reader.take([message(LOG[2])])
    assert desk.causes() == []


def test_an_entry_that_is_not_what_it_was_halts_the_reader(desk: Desk) -> None:
    desk.reader.take([message(LOG[0]), message(LOG[1])])
    with pytest.raises(CorruptLogError):
        desk.reader.take([message(entry(1, amount=50))])
    assert desk.total() == 3


def test_two_versions_of_an_entry_in_one_batch_halt_the_reader(desk: Desk) -> None:
    with pytest.raises(CorruptLogError):
        desk.reader.take([message(LOG[0]), message(entry(0, amount=50))])
    assert desk.total() == 0


def _headers(log: str, index: str, leaf_: str) -> tuple[tuple[str, bytes], ...]:
    return (("log", log.encode()), ("index", index.encode()), ("leaf", leaf_.encode()))


FOREIGN = {
    "no headers": message(LOG[1], headers=()),
    "another log": message(LOG[1], headers=_headers("source/1", "1", LOG[1].leaf)),
    "another leaf than that of its bytes": message(LOG[1], headers=_headers("source/0", "1", LOG[2].leaf)),
    "other bytes than those of its leaf": message(LOG[1], value=LOG[2].value),
    "an index that is none": message(LOG[1], headers=_headers("source/0", "-1", LOG[1].leaf)),
    "an index of something else": message(LOG[1], headers=_headers("source/0", "2", LOG[1].leaf)),
    "no entry at all": message(Stored(1, "s", b"hello", leaf(b"hello"))),
    "an index far away": message(Stored(10**12, "s", b"hello", leaf(b"hello"))),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_record_goes_to_the_dead_letters_and_holds_up_nothing(desk: Desk, what: str) -> None:
    foreign = replace(FOREIGN[what], position=1)
    desk.reader.take([message(LOG[0]), foreign, message(LOG[1], position=2)])
    assert desk.causes() == [0, 1]
    (letter,) = desk.dead_letters()
    assert (letter.value, letter.header("origin")) == (foreign.value, "grants.source.v1/0/1")
    assert [(p.source, p.index, p.value) for p in desk.parked()] == [(SOURCE, -2, foreign.value)]
    assert desk.reader.position() == 3
    assert desk.owner.asked == []


def test_a_foreign_record_at_the_end_is_not_read_again(desk: Desk) -> None:
    desk.reader.take([message(LOG[0]), replace(FOREIGN["no headers"], position=1)])
    assert desk.reader.position() == 2


def test_entries_before_a_foreign_record_are_durable_before_it_is_passed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_message: Message) -> None:
        raise BusError("no dead letters today")

    monkeypatch.setattr(desk.reader, "_set_aside", fails)
    with pytest.raises(BusError):
        desk.reader.take([message(LOG[0]), replace(FOREIGN["no headers"], position=1), message(LOG[1], position=2)])
    assert desk.reader.position() == 1
    assert desk.causes() == [0]


def test_what_cannot_be_read_is_parked_with_its_stream_and_replayed_in_order(desk: Desk) -> None:
    log = [
        entry(0, amount=1),
        entry(1, kind="Broken", amount=2, number="no number"),
        entry(2, box="b", amount=4),
        entry(3, amount=8),
        entry(4, kind="Broken", amount=16, number="no number"),
    ]
    desk.reader.take([message(stored) for stored in log])
    assert desk.next_index() == 5
    assert desk.causes() == [0, 2]
    assert [(p.index, p.stream) for p in desk.parked()] == [(1, "a"), (3, "a"), (4, "a")]
    assert desk.parked()[1].reason == "held behind an earlier record"
    assert desk.reader.replay("a") == 0

    desk.events = {"source": {"Added": Struct, "Broken": Struct}}  # the version that understands it
    desk.reopen()
    assert desk.reader.replay("b") == 0
    assert desk.reader.replay("a") == 3
    assert desk.causes() == [0, 2, 1, 3, 4]
    assert desk.parked() == []
    desk.reader.take([message(entry(5, amount=32))])
    assert desk.total() == 1 + 2 + 8 + 16 + 32


def test_a_replay_that_is_repeated_does_nothing_twice(desk: Desk) -> None:
    desk.reader.take([message(entry(0, kind="Broken", number="no number"))])
    desk.events = {"source": {"Added": Struct, "Broken": Struct}}
    desk.reopen()
    assert [desk.reader.replay("a"), desk.reader.replay("a")] == [1, 0]
    desk.reader.take([message(entry(0, kind="Broken", number="no number"))])
    assert desk.causes() == [0]


def test_an_event_that_this_version_does_not_know_concerns_it_not(desk: Desk) -> None:
    desk.reader.take([message(entry(0, kind="Invented"))])
    assert desk.next_index() == 1
    assert desk.causes() == []
    assert desk.parked() == []


class Lost(BaseException):
    """The machine loses power at the end of a transaction."""


@pytest.mark.parametrize("durable", range(4))
def test_inbox_and_effects_are_one(desk: Desk, monkeypatch: pytest.MonkeyPatch, durable: int) -> None:
    """Whichever transaction is the last to become durable: what was taken in has led to something, and nothing else has."""
    transaction, left = desk.store.transaction, iter(range(durable))

    @contextmanager
    def dying(epoch: int) -> Generator[Any]:
        with transaction(epoch) as tx:
            yield tx
            if next(left, None) is None:
                raise Lost

    monkeypatch.setattr(desk.store, "transaction", dying)
    with suppress(RuntimeError):
        for stored in LOG[:3]:
            desk.reader.take([message(stored)])
    desk.reopen()
    assert desk.causes() == list(range(desk.next_index()))
    assert desk.reader.position() == desk.next_index() == min(durable, 3)
    desk.reader.take([message(stored) for stored in LOG])
    assert desk.causes() == list(range(8))
