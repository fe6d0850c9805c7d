"""The form of every service's core: `decide(command, state, at) -> events` and `evolve(event, state) -> records`.

State is a set of records, each with a key; `decide` reads the few it needs, `evolve` returns those that changed. A store
keeps them as rows, an auditor in a dictionary: the functions do not know which.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, cast

from services.kernel.people import Actor, Role

R = TypeVar("R", bound="Record")


class Record:
    """A piece of state. Subclasses are frozen dataclasses; `KEY` names the fields that make up the key."""

    __slots__ = ()
    KEY: ClassVar[tuple[str, ...]]
    _parts: ClassVar[Callable[..., tuple[str, ...]]]

    def __init_subclass__(cls) -> None:
        """Prepare the way to the key: it is asked for whenever a record is stored."""
        names = cls.KEY
        cls._parts = staticmethod(attrgetter(*names) if len(names) > 1 else lambda record: tuple(getattr(record, n) for n in names))

    def key(self) -> str:
        """The record's key among its kind: the key fields, joined by `/`."""
        return "/".join(self._parts(self))

    def gone(self) -> bool:
        """Whether this is the end of the record with its key: nothing is kept in its place."""
        return False


if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414 - type checkers know by it which fields there are
else:

    def replace(record: R, /, **changes: Any) -> R:
        """The record with other values in some fields, as `dataclasses.replace` makes it, in half the time."""
        return _copier(type(record))(record, **changes)


@cache
def _copier(kind: type[Record]) -> Callable[..., Any]:
    """Copies records of one kind. Made as a text and compiled once, as `dataclasses` makes `__init__`: every event changes some."""
    names = [f.name for f in fields(cast("Any", kind))]
    scope: dict[str, Any] = {"_made": partial(object.__new__, kind), "_same": object()}  # no field's name begins so
    scope |= {f"_set_{name}": getattr(kind, name).__set__ for name in names}  # past the lock of a frozen dataclass
    lines = [f"def copy(_old, /, *, {', '.join(f'{name}=_same' for name in names)}):", " _new = _made()"]
    lines += [f" _set_{name}(_new, _old.{name} if {name} is _same else {name})" for name in names]
    exec("\n".join([*lines, " return _new"]), scope)  # noqa: S102 - of names of fields only, which are identifiers
    return cast("Callable[..., Any]", scope["copy"])


class State(Protocol):
    """What a core may read. Within one `decide` or `evolve` it does not change."""

    def get(self, kind: type[R], *key: str) -> R | None:
        """The record of that kind and key, or None."""
        ...

    def all(self, kind: type[R], *prefix: str) -> Iterator[R]:
        """All records of that kind whose key starts with those parts, in the order of their keys."""
        ...


class MemoryState:
    """State in a dictionary: for replays, audits and tests."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Any] = {}

    def get(self, kind: type[R], *key: str) -> R | None:
        """See `State.get`."""
        return self.records.get((kind.__name__, "/".join(key)))

    def all(self, kind: type[R], *prefix: str) -> Iterator[R]:
        """See `State.all`."""
        start = "".join(part + "/" for part in prefix)
        name = kind.__name__
        keys = sorted(k for n, k in self.records if n == name and (k + "/").startswith(start))
        return iter([self.records[name, k] for k in keys])

    def put(self, record: Record) -> None:
        """See `MutableState.put`."""
        at = (type(record).__name__, record.key())
        if record.gone():
            self.records.pop(at, None)
        else:
            self.records[at] = record


class MutableState(State, Protocol):
    """State that takes what `evolve` returns."""

    def put(self, record: Record) -> None:
        """Store a record in the place of the one with its key, or nothing if it is gone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """What surrounds a command: who, and when by the writer's clock (never earlier than the entry before)."""

    actor: Actor
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """A core as data: everything that a store, a server, a replay or an audit needs to run it.

    `stream` names the subject of a command (one application, one envelope); `shard` the key that chooses its log.
    `authority` maps every command to the roles that may give it; `refused` makes the service's own refusal event.
    `reads` names records (kind, key) that a command is likely to ask for, so that a store can fetch those of many commands at once.
    `due` lists the commands that time alone has made due, with ids that stay the same however often it is asked.
    """

    service: str
    commands: tuple[type, ...]
    events: tuple[type, ...]
    records: tuple[type[Record], ...]
    decide: Callable[[Any, State, At], tuple[Any, ...]]
    evolve: Callable[[Any, State], Iterable[Record]]
    stream: Callable[[Any], str]
    shard: Callable[[Any], str]
    authority: Mapping[type, frozenset[Role]]
    refused: Callable[[Any, str, str], Any]
    reads: Callable[[Any], Iterable[tuple[type[Record], tuple[str, ...]]]] = field(default=lambda _command: ())
    due: Callable[[State, datetime], Iterable[tuple[str, Any]]] = field(default=lambda _state, _now: ())
    checks: tuple[str, ...] = ()
    """SQL conditions that every state row must meet: the last line of defence behind `decide`."""

    def run(self, command: Any, state: MutableState, at: At) -> tuple[Any, ...]:
        """Decide a command and apply its events to `state`. The one way from a command to its effects."""
        allowed = self.authority[type(command)]
        events = (
            self.decide(command, state, at)
            if not allowed.isdisjoint(at.actor.roles)
            else (self.refused(command, "not_authorised", f"needs one of: {', '.join(sorted(allowed))}"),)
        )
        for event in events:
            self.apply(event, state)
        return events

    def apply(self, event: Any, state: MutableState) -> None:
        """Apply one event to `state`."""
        for record in self.evolve(event, state):
            state.put(record)
