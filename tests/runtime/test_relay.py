"""What the relay promises: all that is in the log reaches the bus, in order, sometimes more than once."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.ports import BusError, Message, Outgoing
from services.runtime import relay as relay_module
from services.runtime.batch import Order
from services.runtime.local_bus import LocalBus
from services.runtime.relay import CONTENT_TYPE, Relay
from services.runtime.sql_store import SqlStore, open_store
from services.runtime.writer import Writer
from tests.contract.patience import incoming
from tests.runtime.tiny import DECIDER, OFFICER, Put, SetClock

TOPIC = "grants.tiny.v1"
WAIT_SECONDS = 60


class Crash(BaseException):
    """The process ends here."""


class FaultyBus(LocalBus):
    """A bus that fails as it is told: `fault` runs before or after each publishing."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        self.tries = 0
        self.tried = threading.Condition()

    def publisher(self) -> "FaultyPublisher":  # type: ignore[override]  # a publisher of the same port
        return FaultyPublisher(self)

    def wait_tries(self, count: int) -> None:
        with self.tried:
            assert self.tried.wait_for(lambda: self.tries >= count, WAIT_SECONDS)


class FaultyPublisher:
    def __init__(self, bus: FaultyBus) -> None:
        self._bus, self._publisher = bus, LocalBus.publisher(bus)

    def publish(self, records: Sequence[Outgoing]) -> None:
        with self._bus.tried:
            self._bus.tries += 1
            self._bus.tried.notify_all()
        self._bus.before()
        self._publisher.publish(records)
        self._bus.after()

    def close(self) -> None:
        self._publisher.close()


class Desk:
    """A writer whose log is relayed to a bus."""

    def __init__(self, directory: Path) -> None:
        self.bus = FaultyBus(directory / "bus.db")
        self.store: SqlStore = open_store(f"sqlite:///{directory}", "tiny/2")
        self.writer = Writer(
            deployment="test", name="tiny/2", decider=DECIDER, store=self.store, clock=SetClock(), stopped=lambda _reason: None
        )
        self.writer.start()
        self.reasons: list[BaseException] = []
        self.stopped = threading.Event()
        self.relays: list[Relay] = []

    def relay(self) -> Relay:
        """Another relay, running."""

        def stopped(reason: BaseException) -> None:
            self.reasons.append(reason)
            self.stopped.set()

        self.relays.append(Relay(self.writer, self.bus, stopped))
        self.relays[-1].start()
        return self.relays[-1]

    def write(self, count: int) -> None:
        with self.store.read() as reads:
            start = reads.head().length
        orders = [Order(command_id=f"c{n}", command=Put(box="a", amount=0), actor=OFFICER) for n in range(start, start + count)]
        for future in [self.writer.submit(order) for order in orders]:
            future.result(WAIT_SECONDS)

    def relayed(self) -> int:
        with self.store.read() as reads:
            return reads.relayed()

    def until(self, indices: Sequence[int]) -> list[Message]:
        """Wait until exactly these entries have come, repeats included."""
        with closing(self.bus.subscribe(TOPIC, 2, 0)) as subscription:
            messages = list(islice(incoming(subscription), len(indices)))
        assert [int(m.header("index") or "") for m in messages] == list(indices)
        return messages

    def close(self) -> None:
        for relay in self.relays:
            relay.stop()
        self.writer.stop()
        self.store.close()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(relay_module, "_RETRY_SECONDS", 0.01)
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def test_every_entry_is_sent_as_it_is_stored(desk: Desk) -> None:
    desk.write(3)
    desk.relay()
    desk.write(2)
    messages = desk.until(range(5))
    with desk.store.read() as reads:
        entries = reads.entries(0, 10)
    for message, stored in zip(messages, entries, strict=True):
        assert (message.value, message.key) == (stored.value, b"a")
        assert message.headers == (
            ("content-type", CONTENT_TYPE),
            ("log", b"tiny/2"),
            ("index", str(stored.index).encode()),
            ("leaf", leaf(stored.value).encode()),
        )
        assert Entry.from_bytes(message.value).index == stored.index


def test_what_was_acknowledged_is_not_sent_again(desk: Desk) -> None:
    desk.write(3)
    desk.relay()
    desk.until(range(3))
    desk.relays.pop().stop()
    assert desk.relayed() == 3
    desk.relay()
    desk.write(1)
    desk.until(range(4))


def test_while_the_bus_is_away_the_log_grows_and_nothing_counts_as_sent(desk: Desk) -> None:
    def away() -> None:
        raise BusError("away")

    desk.bus.before = away
    desk.relay()
    desk.write(3)
    desk.bus.wait_tries(3)
    desk.write(3)
    assert desk.relayed() == 0
    desk.bus.before = lambda: None
    desk.until(range(6))
    assert desk.reasons == []


def test_nothing_is_marked_before_it_is_acknowledged(desk: Desk) -> None:
    seen: list[int] = []
    desk.bus.before = lambda: seen.append(desk.relayed())
    desk.bus.after = lambda: seen.append(desk.relayed())
    desk.write(3)
    desk.relay()
    desk.until(range(3))
    desk.relays.pop().stop()
    assert seen == [0, 0]
    assert desk.relayed() == 3


def test_an_acknowledgement_that_was_not_heard_only_repeats(desk: Desk) -> None:
    faults = iter([True])

    def unheard() -> None:
        if next(faults, False):
            raise BusError("timed out")

    desk.bus.after = unheard
    desk.write(3)
    desk.relay()
    desk.until([0, 1, 2, 0, 1, 2])


def test_a_crash_between_the_acknowledgement_and_its_note_only_repeats(desk: Desk) -> None:
    def crash() -> None:
        raise Crash

    desk.bus.after = crash
    desk.write(3)
    desk.relay()
    assert desk.stopped.wait(WAIT_SECONDS)
    assert [type(reason) for reason in desk.reasons] == [Crash]
    assert desk.relayed() == 0
    desk.bus.after = lambda: None
    desk.write(1)
    desk.relay()
    desk.until([0, 1, 2, 0, 1, 2, 3])


def test_two_relays_lose_nothing(desk: Desk) -> None:
    desk.relay()
    desk.relay()
    for _ in range(20):
        desk.write(5)
    found: dict[int, int] = {}
    with closing(desk.bus.subscribe(TOPIC, 2, 0)) as subscription:
        for message in incoming(subscription):
            found.setdefault(int(message.header("index") or ""), message.position)
            if len(found) == 100:
                break
    assert sorted(found) == list(range(100))
