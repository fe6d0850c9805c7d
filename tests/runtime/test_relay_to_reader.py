"""From log to log over any bus: every entry has its effect once, in the order of its own log."""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from services.kernel.entry import Entry
from services.kernel.ports import Bus, Stored
from services.runtime.batch import Order
from services.runtime.local_bus import LocalBus
from services.runtime.reader import Interpreter, Reader, follow_all
from services.runtime.relay import Relay
from services.runtime.sql_store import SqlStore, open_store
from services.runtime.writer import Writer
from tests.contract.unruly import UnrulyBus
from tests.runtime.tiny import DECIDER, EVENTS, OFFICER, SPEC, Put, SetClock

SOURCES = ("source/0", "source/1")
ENTRIES = 120
WAIT_SECONDS = 120


@pytest.fixture(params=["unruly-1", "unruly-2", "unruly-3", pytest.param("kafka", marks=pytest.mark.kafka)])
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Bus:
    if request.param != "kafka":
        return UnrulyBus(LocalBus(tmp_path / "bus.db"), seed=request.param)
    from services.runtime.kafka_bus import KafkaBus  # noqa: PLC0415 - the other runs need no Kafka client
    from services.runtime.topics import Cluster, Topic  # noqa: PLC0415

    brokers: str = request.getfixturevalue("brokers")
    topics = Cluster(brokers)
    topics.apply(topics.plan([Topic(name="grants.source.v1", partitions=2, replicas=3, config={})]))
    return KafkaBus(brokers)


class Owner:
    """Gives entries out of the sources' own stores."""

    def __init__(self, stores: dict[str, SqlStore]) -> None:
        self._stores = stores

    def entries(self, name: str, start: int, end: int) -> Sequence[Stored]:
        """See `Owner.entries` of the reader."""
        with self._stores[name].read() as reads:
            return reads.entries(start, end - start)


@contextmanager
def writing(directory: Path, name: str, stopped: Callable[[BaseException], None]) -> Generator[Writer]:
    store = open_store(f"sqlite:///{directory}", name)
    writer = Writer(deployment="test", name=name, decider=DECIDER, store=store, clock=SetClock(), stopped=stopped)
    writer.start()
    yield writer
    writer.stop()
    store.close()


@contextmanager
def following(readers: Sequence[Reader], stopped: Callable[[BaseException], None]) -> Generator[None]:
    stop = threading.Event()
    threads = follow_all(readers, stop, stopped)
    yield
    stop.set()
    for thread in threads:
        thread.join()


def test_every_entry_has_its_effect_once_and_in_order(bus: Bus, tmp_path: Path) -> None:
    reasons: list[BaseException] = []
    with ExitStack() as running:
        sources = {name: running.enter_context(writing(tmp_path, name, reasons.append)) for name in SOURCES}
        target = running.enter_context(writing(tmp_path, "tiny/0", reasons.append))
        for writer in sources.values():
            relay = Relay(writer, bus, reasons.append)
            relay.start()
            running.callback(relay.stop)
        owner = Owner({name: writer.store for name, writer in sources.items() if isinstance(writer.store, SqlStore)})
        interpreter = Interpreter(SPEC, shard=0, shards=1, events=EVENTS)
        readers = [Reader(name, target, interpreter, bus, owner) for name in SOURCES]
        for half in range(2):  # readers that stop and start again go on where they were
            with following(readers, reasons.append):
                for n in range(half * ENTRIES // 2, (half + 1) * ENTRIES // 2):
                    for name, writer in sources.items():
                        order = Order(command_id=f"c{n}", command=Put(box=f"{name[-1]}-{n}", amount=1), actor=OFFICER)
                        writer.submit(order).result(WAIT_SECONDS)
                _wait(target, (half + 1) * ENTRIES)
        with target.store.read() as reads:
            entries = [Entry.from_bytes(stored.value) for stored in reads.entries(0, 10_000)]
    assert reasons == []
    for name in SOURCES:
        effects = [entry.stream for entry in entries if entry.cause and entry.cause.log == name and "from" not in entry.stream]
        assert effects == [f"{name[-1]}-{n}" for n in range(ENTRIES)]


def _wait(target: Writer, taken: int) -> None:
    """Wait until so many entries have been taken in; each leads to two here."""
    with target.committed:
        assert target.committed.wait_for(lambda: target.length >= 2 * taken, WAIT_SECONDS)


def test_one_of_the_sources_being_idle_holds_up_nothing(tmp_path: Path) -> None:
    bus = LocalBus(tmp_path / "bus.db")
    reasons: list[BaseException] = []
    with writing(tmp_path, "source/0", reasons.append) as source, writing(tmp_path, "tiny/0", reasons.append) as target:
        relay = Relay(source, bus, reasons.append)
        relay.start()
        interpreter = Interpreter(SPEC, shard=0, shards=1, events=EVENTS)
        readers = [Reader(name, target, interpreter, bus, Owner({})) for name in SOURCES]
        with following(readers, reasons.append):
            source.submit(Order(command_id="c", command=Put(box="a", amount=1), actor=OFFICER)).result(WAIT_SECONDS)
            _wait(target, 1)
        relay.stop()
    assert reasons == []
    with closing(open_store(f"sqlite:///{tmp_path}", "tiny/0")) as store, store.read() as reads:
        assert reads.progress("source/1").next_index == 0
