"""Steps of a process cut at their port calls: `Run` takes the product's code one call further, over what it was given before."""

import copy
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from services.kernel.ports import Message, Outgoing, Stored
from services.runtime.reader import Reader
from services.runtime.relay import Relay, outgoing
from services.runtime.writer import Answer, Order
from tests.services.budget_ledger.desk import START
from tests.simulation.memory import Disk, MemoryStore, MemoryTransaction, Tables
from tests.simulation.sites import DEPLOYMENT, SPECS, DrivenWriter, Site
from tests.simulation.machines import MemoryMachine

LEDGER, MIRROR = "budget_ledger/0", "mirror/0"


class Suspend(BaseException):
    """The step has come to its next port call."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """What is durable: both logs' tables and the records on the bus. `id` is the same for equal content."""

    id: int
    ledger: Tables
    mirror: Tables
    bus: tuple[Stored, ...]

    def of(self, log: str) -> Tables:
        """The tables of a log."""
        return self.ledger if log == LEDGER else self.mirror


class Places:
    """Gives equal content the same place."""

    def __init__(self) -> None:
        self._known: dict[Any, Place] = {}

    def get(self, ledger: Tables, mirror: Tables, bus: tuple[Stored, ...]) -> Place:
        """The place with that content."""
        at = (_content(ledger), _content(mirror), tuple(s.leaf for s in bus))
        if at not in self._known:
            self._known[at] = Place(len(self._known), ledger, mirror, bus)
        return self._known[at]


def _content(t: Tables) -> Any:
    return (
        *(t.epoch, t.relayed, t.last_time, tuple(s.leaf for s in t.entries), tuple(t.inbox.items())),
        *(tuple(sorted(t.state.items())), tuple(sorted(t.commands)), tuple(t.progress.items()), tuple(sorted(t.parked))),
    )


class _Clock:
    def now(self) -> Any:
        return START


@dataclass(frozen=True, slots=True)
class Ran:
    """What one more call came to: the place after it; and when the step is over, what it gave or how it ended the process."""

    after: Place
    over: bool
    process: "DrivenWriter | None" = None
    answers: tuple[Answer, ...] = ()
    error: str = ""


class Run:
    """A step from its beginning up to the call after `past`; the last call alone has effects, on `live`."""

    def __init__(self, places: Places, past: Sequence[Place], live: Place) -> None:
        self._places, self._past, self.place = places, past, live
        self._calls = 0

    def call(self) -> tuple[Place, bool]:
        """What a port call meets, and whether its effects count."""
        self._calls += 1
        if self._calls <= len(self._past):
            return self._past[self._calls - 1], False
        if self._calls == len(self._past) + 1:
            return self.place, True
        raise Suspend

    def put(self, log: str, tables: Tables) -> None:
        """The live call has left other tables."""
        place = self.place
        ledger, mirror = (tables, place.mirror) if log == LEDGER else (place.ledger, tables)
        self.place = self._places.get(ledger, mirror, place.bus)

    def finish(self, work: Callable[[], tuple[DrivenWriter | None, tuple[Answer, ...]]]) -> Ran:
        """Run the step as far as that."""
        try:
            process, answers = work()
        except Suspend:
            return Ran(self.place, over=False)
        except Exception as error:  # the process ends, whatever it is
            return Ran(self.place, over=True, error=repr(error))
        return Ran(self.place, over=True, process=process, answers=answers)

    # Ports

    def publish(self, records: Sequence[Outgoing]) -> None:
        """See `Publisher.publish`."""
        _, live = self.call()
        if live:
            place, known = self.place, {s.leaf: s for s in self.place.ledger.entries}
            sent = tuple(known[dict(record.headers)["leaf"].decode()] for record in records)
            self.place = self._places.get(place.ledger, place.mirror, place.bus + sent)

    def close(self) -> None:
        """See `Publisher.close`."""


class RunStore:
    """See `Store`: one log, as the calls of a run meet it."""

    def __init__(self, run: Run, log: str) -> None:
        self.run, self._log = run, log

    def _disk(self) -> tuple[Disk, bool]:
        place, live = self.run.call()
        return Disk(place.of(self._log)), live

    def take_over(self) -> int:
        """See `Store.take_over`."""
        disk, live = self._disk()
        epoch = MemoryStore(disk).take_over()
        if live:
            self.run.put(self._log, disk.tables)
        return epoch

    @contextmanager
    def transaction(self, epoch: int) -> Generator[MemoryTransaction]:
        """See `Store.transaction`."""
        disk, live = self._disk()
        with MemoryStore(disk).transaction(epoch) as transaction:
            yield transaction
        if live:
            self.run.put(self._log, disk.tables)
        self.run.call()  # durable, and not yet told

    @contextmanager
    def read(self) -> Generator[Any]:
        """See `Store.read`."""
        disk, _ = self._disk()
        with MemoryStore(disk).read() as reads:
            yield reads

    def mark_relayed(self, length: int) -> None:
        """See `Store.mark_relayed`."""
        disk, live = self._disk()
        MemoryStore(disk).mark_relayed(length)
        if live:
            self.run.put(self._log, disk.tables)

    def close(self) -> None:
        """See `Store.close`."""


def boot(run: Run, log: str) -> tuple[DrivenWriter, tuple[Answer, ...]]:
    """A process takes over a log."""
    store: Any = RunStore(run, log)
    clock, spec = _Clock(), SPECS[log]
    writer = DrivenWriter(
        deployment=DEPLOYMENT, name=log, decider=spec.decider, store=store, clock=clock, stopped=lambda _reason: None
    )
    return writer, ()


def write(run: Run, template: DrivenWriter, order: Order) -> tuple[DrivenWriter, tuple[Answer, ...]]:
    """A writer is given a command."""
    writer = clone(template, run, LEDGER)
    future = writer.submit(order)
    writer.turn()
    return writer, (future.result(0),)


def relay(run: Run) -> tuple[None, tuple[Answer, ...]]:
    """The relay sends what is there."""
    stand_in: Any = _Log(LEDGER, RunStore(run, LEDGER))
    bus: Any = None
    Relay(stand_in, bus, lambda _reason: None)._send(run)
    return None, ()


@dataclass
class _Log:
    """As much of a writer as a relay needs."""

    name: str
    store: Any


def read(run: Run, template: DrivenWriter, site: Site, messages: Sequence[Message]) -> tuple[DrivenWriter, tuple[Answer, ...]]:
    """The reader is given records."""
    writer = clone(template, run, MIRROR)
    nobody: Any = None
    Reader(LEDGER, writer, site.interpreter, nobody, nobody).take(messages)
    return writer, ()


def clone(template: DrivenWriter, run: Run, log: str) -> DrivenWriter:
    """A writer as it was between two steps, to be run once more. Its records are immutable: copies of what holds them do."""
    writer = copy.copy(template)
    store: Any = RunStore(run, log)
    writer.store = store
    writer._state = copy.copy(template._state)
    for name, value in vars(template._state).items():
        if isinstance(value, dict):
            setattr(writer._state, name, dict(value))
    return writer


def memory_of(writer: DrivenWriter) -> str:
    """What a writer has in mind between two steps, as text: equal texts, equal writers."""
    held = {name: sorted(map(repr, value.items())) for name, value in vars(writer._state).items() if isinstance(value, dict)}
    return f"{writer._epoch} {writer.length} {held}"


def message(stored: Stored, position: int) -> Message:
    """An entry as the bus brings it."""
    sent = outgoing(LEDGER, stored)
    return Message(sent.topic, sent.partition, position, sent.key, sent.value, sent.headers)


def mirror_site() -> Site:
    """Where the reader works."""
    return Site(MIRROR, SPECS[MIRROR], (LEDGER,), MemoryMachine())
