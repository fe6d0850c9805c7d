"""What is simulated: sites, each the place of one log, and the processes that work there, without a thread of their own."""

# pyright: reportPrivateUsage=false
# Steps are driven from outside here, so this looks inside a writer and a relay on purpose.

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Protocol

from google.protobuf.message import Message
from grants.awarding.v1 import awarding_events_pb2
from grants.budget_ledger.v1 import budget_ledger_events_pb2

from services.awarding.codec import SPEC as AWARDING_SPEC
from services.budget_ledger.codec import SPEC as LEDGER_SPEC
from services.kernel.decider import At, Decider, Record, State
from services.kernel.form import Id, Line
from services.kernel.people import Role
from services.kernel.ports import BusError, Parked, Store, Stored
from services.runtime import writer
from services.runtime.batch import Arrival
from services.runtime.facts import Fact
from services.runtime.reader import Interpreter, Reader
from services.runtime.relay import Relay, topic
from services.runtime.shards import system_actor
from services.runtime.spec import Spec
from services.runtime.writer import Writer
from tests.runtime.tiny import SPEC as TINY_SPEC
from tests.simulation.bus import Connection, LogOwner
from tests.simulation.memory import Tables
from tests.simulation.watched import Point, WatchedStore

DEPLOYMENT = "simulation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Note that an entry was heard of."""

    source: Line
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """An entry was heard of."""

    source: Line
    index: int
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Record):
    """How often a source was heard of."""

    KEY: ClassVar[tuple[str, ...]] = ("source",)
    source: Id
    turns: int = 0


def _note(command: Note, state: State, _at: At) -> tuple[Noted, ...]:
    count = state.get(Count, command.source) or Count(source=command.source)
    return (Noted(source=command.source, index=command.index, turn=count.turns),)


def _refused(command: Note, _code: str, _detail: str) -> Noted:
    return Noted(source=command.source, index=command.index, turn=-1)


def _heard(fact: Fact) -> Sequence[Note]:
    return (Note(source=fact.source.replace("/", "-"), index=fact.index),)


MIRROR_SPEC = Spec(
    decider=Decider(
        service="mirror",
        commands=(Note,),
        events=(Noted,),
        records=(Count,),
        decide=_note,
        evolve=lambda event, _state: (Count(source=event.source, turns=event.turn + 1),),
        stream=lambda command: command.source,
        shard=lambda command: command.source,
        authority={Note: frozenset({Role.SYSTEM})},
        refused=_refused,
    ),
    wire=TINY_SPEC.wire,
    sources=("budget_ledger",),
    reactions=_heard,
)
"""A service as small as can be, that counts what it hears of the ledger."""


def _messages(module: Any) -> dict[str, type[Message]]:
    return {name: getattr(module, name) for name in module.DESCRIPTOR.message_types_by_name}


_EVENTS = {"awarding": _messages(awarding_events_pb2), "budget_ledger": _messages(budget_ledger_events_pb2)}


class Machine(Protocol):
    """Where a log is kept. `server`: by a database server, which outlives processes and ends the session of a writer that is
    taken over; else in files, by the processes themselves, which all end with the power.
    """

    server: bool

    def open(self) -> Store:
        """The store of one process."""
        ...

    def tables(self) -> Tables:
        """What is committed; not to be written to."""
        ...

    def locked(self) -> bool:
        """Whether a transaction is open, so that every other writer would have to wait."""
        ...

    def power_cut(self, cut: Callable[[int], int]) -> None:
        """Lose what is not synced; `cut(n)` chooses how many of n bytes that nobody vouched for are there after all."""
        ...

    def put_back(self, tables: Tables) -> None:
        """Restore a backup."""
        ...


class _Interpreter(Interpreter):
    """Works out what follows from an entry once, however often it comes."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._known: dict[tuple[str, Stored], Arrival] = {}

    def arrival(self, source: str, stored: Stored, next_position: int, trace: str = "") -> Arrival:
        """See `Interpreter.arrival`."""
        known = self._known.get((source, stored))
        if known is None:
            known = self._known[source, stored] = super().arrival(source, stored, next_position, trace)
        return replace(known, next_position=next_position)


@dataclass
class Site:
    """The place of one log. `owner` is the process that took over last; `halted`: why nobody may carry on here."""

    name: str
    spec: Spec
    sources: tuple[str, ...]
    machine: Machine
    processes: list["Process"] = field(default_factory=list["Process"])
    owner: "Process | None" = None
    halted: str | None = None
    backup: Tables | None = None

    def __post_init__(self) -> None:
        self.interpreter = _Interpreter(self.spec, shard=0, shards=1, events=_EVENTS)


SPECS = {"budget_ledger/0": LEDGER_SPEC, "awarding/0": AWARDING_SPEC, "mirror/0": MIRROR_SPEC}


class Clock:
    """A process's clock: the time of the world, and by how much it is wrong."""

    def __init__(self, world_now: Callable[[], datetime]) -> None:
        self._world_now, self.wrong = world_now, timedelta(0)

    def now(self) -> datetime:
        """See `Clock.now` of the ports."""
        return self._world_now() + self.wrong


class DrivenWriter(Writer):
    """A writer whose batches are committed in the thread of whoever asks: when `turn` is called, or something was received."""

    def turn(self) -> int:
        """Commit what waits, as the writer's own thread would; gives the number of jobs."""
        done = 0
        while jobs := self._waiting(writer._BATCH):
            try:
                self._commit(jobs)
            except BaseException as error:
                self._give_up(jobs, error)
                raise
            done += len(jobs)
        return done

    def receive(self, arrivals: Sequence[Arrival]) -> "Future[None]":
        """See `Writer.receive`."""
        future = super().receive(arrivals)
        self.turn()
        return future

    def park(self, parked: Parked, next_position: int) -> "Future[None]":
        """See `Writer.park`."""
        future = super().park(parked, next_position)
        self.turn()
        return future


class _OwnedStore(WatchedStore):
    """The store as one process has it: whoever has taken over owns the site."""

    def __init__(self, process: "Process") -> None:
        super().__init__(process.site.machine.open(), process.at)
        self._process = process

    def take_over(self) -> int:
        """See `Store.take_over`."""
        epoch = super().take_over()
        self._process.site.owner = self._process
        return epoch


class Process:
    """One process of a service, as the host builds it: a writer, a relay, a reader for each source."""

    def __init__(  # noqa: PLR0917 - made at one place
        self,
        site: Site,
        number: int,
        point: "Callable[[Process, str], None]",
        bus: Callable[[Point], Connection],
        log_of: Callable[[str], Sequence[Stored] | None],
        now: Callable[[], datetime],
    ) -> None:
        self.site, self.name = site, f"{site.name}#{number}"
        self.action, self.dead = "boot", False
        self.paused_at: tuple[str, str] | None = None
        """The fault and the place of the last pause, until it is known what came of it."""
        self.provoked = False
        """Whether a fault was put in its way that it must stop at."""
        self.wrote = range(0)
        """The entries of its last transaction, if it was committed."""
        self.clock = Clock(now)
        self.at = partial(point, self)
        self.connection = bus(self.at)
        self.store = _OwnedStore(self)
        self._owner = LogOwner(log_of, self.at)
        self._subscriptions: dict[str, Any] = {}

    def boot(self) -> None:
        """Take over the log, and look at it, as a host does before it begins."""
        self.writer = DrivenWriter(
            deployment=DEPLOYMENT,
            name=self.site.name,
            decider=self.site.spec.decider,
            store=self.store,
            clock=self.clock,
            stopped=lambda _reason: None,
        )
        self._relay = Relay(self.writer, self.connection, lambda _reason: None)
        with suppress(BusError):
            self._relay.check()
        interpreter = self.site.interpreter
        self.readers = {s: Reader(s, self.writer, interpreter, self.connection, self._owner) for s in self.site.sources}

    def relay(self) -> None:
        """Send the next batch."""
        self._relay.check()
        self._relay._send(self.connection)

    def read(self, source: str) -> int:
        """Take in what the bus brings; gives the number of records."""
        reader = self.readers[source]
        if source not in self._subscriptions:
            service, _, shard = source.partition("/")
            self._subscriptions[source] = self.connection.subscribe(topic(service), int(shard), reader.position())
        try:
            messages = self._subscriptions[source].poll(0)
            if messages:
                reader.take(messages)
        except BaseException:
            self._subscriptions.pop(source, None)  # as the reader does, which then begins where it has got to
            raise
        return len(messages)

    def sweep(self) -> "Future[datetime]":
        """Ask for what time has made due."""
        return self.writer.sweep(system_actor(self.site.spec.decider.service))
