"""What a table of the desk is: columns of a kind, and the rows that an entry adds.

Sums are cents here and fractions exact; the writer of a format makes decimals of them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from services.audit.source import Event, events
from services.kernel.cells import Cell, Kind
from services.kernel.entry import Entry
from services.kernel.form import Json, parse_instant

Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column, its kind, and the member of the event that it shows, if it is no more than that."""

    name: str
    kind: Kind
    member: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose rows follow from single entries, so that a log of any length can be written without being held."""

    name: str
    about: str
    columns: tuple[Column, ...]
    rows: Callable[[Entry], Iterable[Row]]


WHERE = (
    Column("log", Kind.TEXT),
    Column("idx", Kind.COUNT),
    Column("number", Kind.COUNT),
    Column("time", Kind.INSTANT),
)
FILE = (
    Column("call_id", Kind.TEXT, "callId"),
    Column("application_id", Kind.TEXT, "applicationId"),
    Column("applicant", Kind.TEXT, "applicant"),
)
"""What the events about an application have in common."""


def where(event: Event) -> Row:
    """Where an event stands."""
    return (event.log, event.index, event.number, event.time)


def cell(column: Column, body: Mapping[str, Json]) -> Cell:  # noqa: PLR0911 - one return a kind of column
    """A member of an event as the cell of a column; a list of codes as one text."""
    value = body.get(column.member)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    text = str(value)
    match column.kind:
        case Kind.COUNT | Kind.MONEY:
            return int(text)
        case Kind.SHARE:
            return Fraction(text)
        case Kind.INSTANT:
            return parse_instant(text, column.member)
        case Kind.DATE:
            return date.fromisoformat(text)
        case _:
            return text


def picked(name: str, about: str, kinds: Iterable[str], columns: Iterable[Column], *, of: str = "") -> Table:
    """A table with a row for each event of those kinds (of one service), whose cells are members of the event."""
    wanted, shown = frozenset(kinds), tuple(columns)

    def rows(entry: Entry) -> Iterator[Row]:
        if not entry.log.startswith(of):
            return
        for event in events((entry,)):
            if event.kind in wanted:
                yield (*where(event), event.kind, *(cell(column, event.body) for column in shown))

    return Table(name=name, about=about, columns=(*WHERE, Column("event", Kind.TEXT), *shown), rows=rows)


def columns(text: str) -> tuple[Column, ...]:
    """Columns written as `name:kind`, text where no kind is named."""
    pairs = (word.partition(":") for word in text.split())
    return tuple(Column(name, Kind(kind or "text")) for name, _, kind in pairs)


def members(text: str) -> tuple[Column, ...]:
    """Columns that show a member of the event, written as `name=member:kind`."""
    pairs = (word.partition("=") for word in text.split())
    parts = ((name, *member.partition(":")) for name, _, member in pairs)
    return tuple(Column(name, Kind(kind or "text"), member) for name, member, _, kind in parts)
