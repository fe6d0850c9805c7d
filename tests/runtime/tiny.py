"""A service as small as one can be, to try the shell with: boxes that hold at most 100, and close when their time comes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Annotated, Any, ClassVar

from google.protobuf.struct_pb2 import Struct
from google.protobuf.type_pb2 import Field

from services.kernel.decider import At, Decider, Record, State
from services.kernel.form import Between, Id, Line, Text
from services.kernel.people import Actor, Role
from services.runtime.facts import Fact
from services.runtime.spec import Spec, Wire

NOON = datetime(2021, 5, 11, 12, tzinfo=UTC)
ROOM = 100
CHECK = f"kind <> 'Box' OR CAST(body ->> 'total' AS INTEGER) <= {ROOM}"
OFFICER = Actor(id="anna", organisation="abb", roles=(Role.OFFICER,))
SYSTEM = Actor(id="service:tiny", organisation="oproep", roles=(Role.SYSTEM,))

Amount = Annotated[int, Between(0, 1_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Put something into a box; `pieces` makes the answer as long."""

    box: Id
    amount: Amount
    pieces: Amount = 1
    note: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close a box whose time has come."""

    box: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What came into a box."""

    box: Id
    amount: Amount
    piece: Amount
    note: Text = ""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A box was closed."""

    box: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that was not carried out."""

    box: Id
    command: Id
    code: Id
    detail: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Box(Record):
    """What a box holds."""

    KEY: ClassVar[tuple[str, ...]] = ("box",)
    box: Id
    total: Amount
    closes: datetime
    closed: bool = False


def decide(command: Any, state: State, at: At) -> tuple[Any, ...]:
    """At most `ROOM` in a box."""
    box = state.get(Box, command.box)
    if isinstance(command, Close):
        return (Closed(box=command.box),)
    held = box.total if box is not None else 0
    if held + command.amount > ROOM:
        return (refused(command, "full", f"holds {held} of {ROOM}"),)
    share, rest = divmod(command.amount, command.pieces)
    return tuple(
        Added(box=command.box, amount=share + (rest if n == 0 else 0), piece=n, note=command.note, at=at.now)
        for n in range(command.pieces)
    )


def evolve(event: Any, state: State) -> Iterable[Record]:
    """Fill and close boxes."""
    match event:
        case Added(box=name, amount=amount, at=at):
            box = state.get(Box, name) or Box(box=name, total=0, closes=at + timedelta(hours=1))
            yield replace(box, total=box.total + amount)
        case Closed(box=name):
            closing = state.get(Box, name)
            assert closing is not None
            yield replace(closing, closed=True)
        case _:
            return


def refused(command: Any, code: str, detail: str) -> Refused:
    """See `Decider.refused`."""
    return Refused(box=command.box, command=type(command).__name__, code=code, detail=detail)


def due(state: State, now: datetime) -> Iterable[tuple[str, Close]]:
    """Boxes whose time has come."""
    return [(f"{box.box}.close", Close(box=box.box)) for box in state.all(Box) if not box.closed and box.closes <= now]


DECIDER = Decider(
    service="tiny",
    commands=(Put, Close),
    events=(Added, Closed, Refused),
    records=(Box,),
    decide=decide,
    evolve=evolve,
    stream=lambda command: command.box,
    shard=lambda command: command.box,
    authority={Put: frozenset({Role.OFFICER, Role.SYSTEM}), Close: frozenset({Role.SYSTEM})},
    refused=refused,
    due=due,
    checks=(CHECK,),
)


def reactions(fact: Fact) -> Iterable[Put]:
    """Whatever is added to a box of the source is added to one of the same name here, and there is a box for each source."""
    if isinstance(fact.message, Struct) and "piece" in fact.message:
        amount = int(str(fact.message["amount"]))
        yield Put(box=str(fact.message["box"]), amount=amount)
        yield Put(box=f"from-{fact.source.replace('/', '-')}", amount=0)


SPEC = Spec(
    decider=DECIDER,
    wire=Wire(service=ModuleType("none"), grpc=ModuleType("none"), events=ModuleType("none")),
    sources=("source",),
    reactions=reactions,
)
EVENTS: dict[str, dict[str, Any]] = {"source": {"Added": Struct, "Broken": Field}}
"""The source's event types. A message that takes any fields, and one whose field `number` must be a number."""


class SetClock:
    """A clock that stands where it is set."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self.time
