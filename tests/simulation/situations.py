"""Steps of a process cut at their port calls: `Run` takes the product's code one call further, over what it was given before."""

# pyright: reportPrivateUsage=false
# Steps are driven from outside here, so this looks inside a writer and a relay on purpose.

import copy
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from services.kernel.ports import Message, Outgoing, Stored
from services.runtime.batch import Answer, Order
from services.runtime.reader import Reader
from services.runtime.relay import Relay, outgoing
from services.runtime.tracing import Followed
from tests.services.budget_ledger.desk import START
from tests.simulation.machines import MemoryMachine
from tests.simulation.memory import Disk, MemoryStore, MemoryTransaction, Tables
from tests.simulation.sites import DEPLOYMENT, SPECS, DrivenWriter, Site

LEDGER, MIRROR = "budget_ledger/0", "mirror/0"


class Suspend(BaseException):
    """The step has come to its next port call."""


class Contents:
    """Numbers for what is durable, the same for equal content: the tables of a log."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._tables: list[Tables] = []

    def number(self, t: Tables) -> int:
        """The number of these tables."""
        at = (
            *(t.epoch, t.relayed, t.last_time, tuple(s.leaf for s in t.entries), tuple(t.inbox.items())),
            *(tuple(sorted(t.state.items())), tuple(sorted(t.commands)), tuple(t.progress.items()), tuple(sorted(t.parked))),
        )
        if at not in self._numbers:
            self._numbers[at] = len(self._tables)
            self._tables.append(t)
        return self._numbers[at]

    def __getitem__(self, number: int) -> Tables:
        return self._tables[number]

    def __len__(self) -> int:
        return len(self._tables)


class _Clock:
    def now(self) -> Any:
        return START


@dataclass(frozen=True, slots=True)
class Ran:
    """What one more call came to: the tables after it, and what was sent; when the step is over, how it left the process."""

    tables: int
    sent: tuple[Stored, ...] = ()
    over: bool = False
    process: DrivenWriter | None = None
    answers: tuple[Answer, ...] = ()
    error: str = ""


class Run:
    """A step from its beginning up to the call after `past`; the last call alone has effects. All calls meet the same log."""

    def __init__(self, contents: Contents, past: Sequence[int], live: int) -> None:
        self._contents, self._past, self.tables = contents, past, live
        self.sent: tuple[Stored, ...] = ()
        self._calls = 0

    def call(self) -> tuple[Disk, bool]:
        """What a port call meets, and whether its effects count."""
        self._calls += 1
        if self._calls <= len(self._past):
            return Disk(self._contents[self._past[self._calls - 1]]), False
        if self._calls == len(self._past) + 1:
            return Disk(self._contents[self.tables]), True
        raise Suspend

    def put(self, disk: Disk) -> None:
        """The live call has left other tables."""
        self.tables = self._contents.number(disk.tables)

    def finish(self, work: Callable[[], tuple[DrivenWriter | None, tuple[Answer, ...]]]) -> Ran:
        """Run the step as far as that."""
        try:
            process, answers = work()
        except Suspend:
            return Ran(self.tables, self.sent)
        except Exception as error:  # noqa: BLE001 - the process ends, whatever it is
            return Ran(self.tables, self.sent, over=True, error=repr(error))
        return Ran(self.tables, self.sent, over=True, process=process, answers=answers)

    # Ports

    def publish(self, records: Sequence[Outgoing]) -> None:
        """See `Publisher.publish`."""
        _, live = self.call()
        if live:
            self.sent = tuple(_stored(record) for record in records)

    def close(self) -> None:
        """See `Publisher.close`."""


def _stored(record: Outgoing) -> Stored:
    headers = dict(record.headers)
    return Stored(int(headers["index"]), record.key.decode(), record.value, headers["leaf"].decode())


class RunStore:
    """See `Store`: a log, as the calls of a run meet it."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def take_over(self) -> int:
        """See `Store.take_over`."""
        disk, live = self.run.call()
        epoch = MemoryStore(disk).take_over()
        if live:
            self.run.put(disk)
        return epoch

    @contextmanager
    def transaction(self, epoch: int) -> Generator[MemoryTransaction]:
        """See `Store.transaction`."""
        disk, live = self.run.call()
        with MemoryStore(disk).transaction(epoch) as transaction:
            yield transaction
        if live:
            self.run.put(disk)
        self.run.call()  # durable, and not yet told

    @contextmanager
    def read(self) -> Generator[Any]:
        """See `Store.read`."""
        disk, _ = self.run.call()
        with MemoryStore(disk).read() as reads:
            yield reads

    def mark_relayed(self, length: int) -> None:
        """See `Store.mark_relayed`."""
        disk, live = self.run.call()
        MemoryStore(disk).mark_relayed(length)
        if live:
            self.run.put(disk)

    def close(self) -> None:
        """See `Store.close`."""


def boot(run: Run, log: str) -> tuple[DrivenWriter, tuple[Answer, ...]]:
    """A process takes over a log."""
    store: Any = RunStore(run)
    clock, spec = _Clock(), SPECS[log]
    writer = DrivenWriter(
        deployment=DEPLOYMENT, name=log, decider=spec.decider, store=store, clock=clock, stopped=lambda _reason: None
    )
    return writer, ()


def write(run: Run, template: DrivenWriter, order: Order) -> tuple[DrivenWriter, tuple[Answer, ...]]:
    """A writer is given a command."""
    writer = clone(template, run)
    future = writer.submit(order)
    writer.turn()
    return writer, (future.result(0),)


def relay(run: Run) -> tuple[None, tuple[Answer, ...]]:
    """The relay sends what is there."""
    stand_in: Any = _Log(LEDGER, RunStore(run), Followed(LEDGER))
    bus: Any = None
    Relay(stand_in, bus, lambda _reason: None)._send(run)
    return None, ()


@dataclass
class _Log:
    """As much of a writer as a relay needs."""

    name: str
    store: Any
    followed: Followed


def read(run: Run, template: DrivenWriter, site: Site, messages: Sequence[Message]) -> tuple[DrivenWriter, tuple[Answer, ...]]:
    """The reader is given records."""
    writer = clone(template, run)
    no_bus: Any = None
    Reader(LEDGER, writer, site.interpreter, no_bus, _NoOwner()).take(messages)
    return writer, ()


class _NoOwner:
    """See `Owner`. The bus of the small case loses nothing, so nobody may need what it has not brought."""

    def entries(self, name: str, start: int, end: int) -> Sequence[Stored]:
        """See `Owner.entries`."""
        raise AssertionError(f"{name}/{start} to {end} were never relayed")


def clone(template: DrivenWriter, run: Run) -> DrivenWriter:
    """A writer as it was between two steps, to be run once more. Its records are immutable: copies of what holds them do."""
    writer = copy.copy(template)
    store: Any = RunStore(run)
    writer.store = store
    writer._state = copy.copy(template._state)
    for name, value in vars(template._state).items():
        if isinstance(value, dict):
            setattr(writer._state, name, dict(value))
    writer._checkpoints = copy.copy(template._checkpoints)
    for name, value in vars(template._checkpoints).items():
        if name != "_tx":
            setattr(writer._checkpoints, name, copy.deepcopy(value))
    return writer


def memory_of(writer: DrivenWriter) -> str:
    """What a writer has in mind between two steps, as text: equal texts, equal writers."""
    held = {name: sorted(map(repr, value.items())) for name, value in vars(writer._state).items() if isinstance(value, dict)}
    tree = writer._checkpoints._tree
    grown = None if tree is None else (tree.to_bytes(), writer._checkpoints._committed)
    return f"{writer.name} {writer._epoch} {writer.length} {held} {grown}"


def message(stored: Stored, position: int) -> Message:
    """An entry as the bus brings it."""
    sent = outgoing(LEDGER, stored)
    return Message(sent.topic, sent.partition, position, sent.key, sent.value, sent.headers)


def mirror_site() -> Site:
    """Where the reader works."""
    return Site(MIRROR, SPECS[MIRROR], (LEDGER,), MemoryMachine())
