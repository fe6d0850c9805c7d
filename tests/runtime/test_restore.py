"""A log made whole again is what its writer left, to the byte; what contradicts it is refused with its number."""

import dataclasses
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.ports import CorruptLogError, FencedError, Reads, Stored
from services.runtime.batch import Order
from services.runtime.local_bus import LocalBus
from services.runtime.relay import Relay, outgoing
from services.runtime.replay import DivergedError
from services.runtime.restore import Restored, from_bus, restore
from services.runtime.sql_store import SqlStore, open_store
from services.runtime.writer import Writer
from services.tlog.notes import SigningKey, origin
from tests.runtime.tiny import CHECK, DECIDER, OFFICER, Put, SetClock

LOG = "tiny/0"
KEY = SigningKey(origin("test", LOG), bytes(range(32)))
ORDERS = [Order(command_id=f"c{n}", command=Put(box="ab"[n % 2], amount=n, pieces=1 + n % 3), actor=OFFICER) for n in range(12)]
LONG = Order(command_id="long", command=Put(box="long", amount=0, pieces=9, note="x" * 12_000), actor=OFFICER)
"""Its answer takes several entries."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Callable[[], SqlStore]]:
    """Empty stores, one after the other."""
    opened: list[SqlStore] = []

    def another() -> SqlStore:
        url = f"sqlite:///{tmp_path / str(len(opened))}"
        if request.param == "postgres":
            url = request.getfixturevalue("postgres_url")
        opened.append(open_store(url, f"tiny/{len(opened)}", (CHECK,)))
        return opened[-1]

    yield another
    for store in opened:
        store.close()


@contextmanager
def writing(store: SqlStore, stopped: Callable[[BaseException], None] = lambda _reason: None) -> Generator[Writer]:
    writer = Writer(deployment="test", name=LOG, decider=DECIDER, store=store, clock=SetClock(), stopped=stopped, keys=[KEY])
    writer.start()
    yield writer
    writer.stop()


def write(store: SqlStore, orders: Iterable[Order]) -> None:
    with writing(store) as writer:
        for order in orders:
            writer.submit(order).result(60)


def entries(store: SqlStore) -> Sequence[Stored]:
    with store.read() as reads:
        return reads.entries(0, 1_000)


def kept(store: SqlStore) -> object:
    """All that a store keeps of its own log."""
    with store.read() as reads:
        return (
            reads.head(),
            reads.entries(0, 1_000),
            reads.tree_head(),
            [reads.hashes(level, 0, 1_000) for level in range(3)],
            {kind: list(reads.rows(kind, "")) for kind in reads.kinds()},
            [recorded(reads, order.command_id) for order in (*ORDERS, LONG)],
        )


def recorded(reads: Reads, command_id: str) -> object:
    return reads.recorded(command_id)  # type: ignore[attr-defined]  # what a transaction may ask, a read of SQL may, too


def restored(store: SqlStore, published: Iterable[Stored], *, deployment: str = "test", signed: bool = True) -> Restored:
    return restore(store, DECIDER, published, deployment=deployment, name=LOG, keys=[KEY] if signed else ())


@pytest.fixture
def whole(fresh: Callable[[], SqlStore]) -> SqlStore:
    """A log as its writer left it."""
    store = fresh()
    write(store, [*ORDERS[:6], LONG, *ORDERS[6:]])
    return store


def test_an_empty_store_becomes_what_was_lost(whole: SqlStore, fresh: Callable[[], SqlStore]) -> None:
    store, count = fresh(), len(entries(whole))
    assert restored(store, entries(whole)) == Restored(LOG, 0, count, count)
    assert kept(store) == kept(whole)


@pytest.mark.parametrize("there", [1, 5, 8])
def test_an_older_copy_gets_what_it_lacks_and_its_writer_goes_on(
    whole: SqlStore, fresh: Callable[[], SqlStore], there: int
) -> None:
    store = fresh()
    write(store, [*ORDERS[:6], LONG, *ORDERS[6:]][:there])
    before = len(entries(store))
    assert restored(store, entries(whole)).before == before
    assert kept(store) == kept(whole)
    again = Order(command_id="more", command=Put(box="a", amount=1), actor=OFFICER)
    write(store, [*ORDERS, LONG, again])
    write(whole, [again])
    assert kept(store) == kept(whole)


def test_what_is_whole_stays_as_it_is_and_its_writer_is_not_disturbed(whole: SqlStore) -> None:
    reasons: list[BaseException] = []
    with writing(whole, reasons.append) as writer:
        before, published = kept(whole), entries(whole)
        assert restored(whole, published[:4], signed=False) == Restored(LOG, len(published), 4, len(published))
        assert restored(whole, published, signed=False).length == len(published)
        assert kept(whole) == before
        writer.submit(Order(command_id="more", command=Put(box="a", amount=1), actor=OFFICER)).result(60)
    assert reasons == []


def test_a_writer_that_runs_ends_when_something_is_added(whole: SqlStore, fresh: Callable[[], SqlStore]) -> None:
    reasons: list[BaseException] = []
    store = fresh()
    with writing(store, reasons.append) as writer:
        restored(store, entries(whole))
        with pytest.raises(RuntimeError, match="nothing of this was recorded"):
            writer.submit(ORDERS[0]).result(60)
    assert [type(reason) for reason in reasons] == [FencedError]
    assert kept(store) == kept(whole)


def test_without_the_key_nothing_is_signed_until_the_writer_starts(whole: SqlStore, fresh: Callable[[], SqlStore]) -> None:
    store = fresh()
    restored(store, entries(whole), signed=False)
    with store.read() as reads:
        head = reads.tree_head()
        assert head is not None
        assert head.checkpoint is None
    with writing(store) as writer:
        writer.submit_all(()).result(60)
    assert kept(store) == kept(whole)


def test_another_history_is_refused_where_it_begins_and_nothing_changes(whole: SqlStore, fresh: Callable[[], SqlStore]) -> None:
    store = fresh()
    write(store, [*ORDERS[:3], ORDERS[4]])
    before = kept(store)
    with pytest.raises(DivergedError, match=r"tiny/0/3: has leaf \w+ here, and \w+ there"):
        restored(store, entries(whole))
    assert kept(store) == before


def changed(stored: Stored, **changes: object) -> Stored:
    value = dataclasses.replace(Entry.from_bytes(stored.value), **changes).to_bytes()  # type: ignore[arg-type]  # as each test says
    return Stored(stored.index, stored.stream, value, leaf(value))


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda e: [*e[:2], *e[3:]], "tiny/0/2: here stands tiny/0/3"),
        (lambda e: [*e[:2], dataclasses.replace(e[2], leaf="00" * 32), *e[3:]], "tiny/0/2: its bytes do not match leaf"),
        (lambda e: [*e[:2], changed(e[2], log="tiny/1"), *e[3:]], "tiny/0/2: here stands tiny/1/2"),
        (lambda e: [*e[:2], changed(e[2], deployment="other"), *e[3:]], "tiny/0/2: is of deployment other, and this is test"),
        (lambda e: [*e[:2], changed(e[2], command_id="c1"), *e[3:]], "tiny/0/2: its command c1 was recorded before"),
        (lambda e: [*e[:2], changed(e[2], events=({"type": "New"},)), *e[3:]], "tiny/0/2: unknown event New"),
        (lambda e: [*e[:2], changed(e[2], events=({"type": "Closed"},)), *e[3:]], "tiny/0/2: Closed can no longer be read: box"),
        (lambda e: e[:7], "tiny/0/6: the log ends before the last part of its answer"),
    ],
)
def test_what_is_not_what_it_says_is_refused_with_its_number(
    tmp_path: Path, spoil: Callable[[Sequence[Stored]], Sequence[Stored]], found: str
) -> None:
    with (
        closing(open_store(f"sqlite:///{tmp_path / 'whole'}", LOG)) as whole,
        closing(open_store(f"sqlite:///{tmp_path}", LOG)) as store,
    ):
        write(whole, [*ORDERS[:6], LONG])
        with pytest.raises(DivergedError, match=found):
            restored(store, spoil(entries(whole)))
        assert entries(store) == []


def test_a_store_whose_end_is_spoiled_is_not_built_upon(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}", LOG)) as store:
        write(store, ORDERS)
        with closing(sqlite3.connect(tmp_path / "tiny-0.db", isolation_level=None)) as other:
            other.execute("DELETE FROM entries WHERE idx = 3")
        with pytest.raises(CorruptLogError, match="tiny/0 should have entries"):
            restored(store, [])


# Out of the bus


@pytest.fixture
def bus(tmp_path: Path) -> LocalBus:
    return LocalBus(tmp_path / "bus.db")


def send(bus: LocalBus, stored: Iterable[Stored]) -> None:
    with closing(bus.publisher()) as publisher:
        publisher.publish([outgoing(LOG, one) for one in stored])


@pytest.fixture
def log(tmp_path: Path) -> Sequence[Stored]:
    with closing(open_store(f"sqlite:///{tmp_path / 'log'}", LOG)) as store:
        write(store, ORDERS)
        return entries(store)


def test_the_bus_gives_each_entry_once_whatever_was_repeated_or_came_between(bus: LocalBus, log: Sequence[Stored]) -> None:
    assert list(from_bus(bus, LOG)) == []
    stranger = outgoing("tiny/1", log[0])
    send(bus, log[:5])
    send(bus, log[3:8])
    with closing(bus.publisher()) as publisher:
        publisher.publish([dataclasses.replace(stranger, partition=0)])
    send(bus, log[8:])
    send(bus, log[10:])
    assert list(from_bus(bus, LOG)) == log


def test_what_was_out_of_order_counts_when_it_comes_again(bus: LocalBus, log: Sequence[Stored]) -> None:
    send(bus, [*log[:3], *log[5:8], *log[3:9]])
    assert list(from_bus(bus, LOG)) == log[:9]


def test_an_entry_that_the_bus_lacks_is_named(bus: LocalBus, log: Sequence[Stored]) -> None:
    send(bus, [*log[:3], *log[5:8]])
    with pytest.raises(DivergedError, match="tiny/0/3: the bus does not have it, and has tiny/0/7"):
        list(from_bus(bus, LOG))


def test_two_entries_with_one_number_are_named(bus: LocalBus, log: Sequence[Stored]) -> None:
    send(bus, [*log[:5], changed(log[4], command_id="other")])
    with pytest.raises(DivergedError, match="tiny/0/4: the bus has two entries with this index"):
        list(from_bus(bus, LOG))


def test_what_the_bus_refused_to_begin_with_it_begins_with_afterwards(tmp_path: Path, bus: LocalBus, log: Sequence[Stored]) -> None:
    send(bus, log)
    shutil.rmtree(tmp_path / "log")
    with closing(open_store(f"sqlite:///{tmp_path / 'log'}", LOG)) as store:
        with writing(store) as writer, pytest.raises(CorruptLogError, match="has 0 entries, and 12 were published"):
            Relay(writer, bus, lambda _reason: None).check()
        restored(store, from_bus(bus, LOG))
        with writing(store) as writer:
            Relay(writer, bus, lambda _reason: None).check()
