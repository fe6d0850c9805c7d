"""Tables as a page shows them: all words are there, and each cell says how it is to be written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.publishing.doors.register.totals import AMOUNTS, Total
from services.publishing.doors.register.words import Said, Words
from services.publishing.records import Award, Call

_FREE = ("organisation", "call", "purpose", "event", "what", "source_leaf", "feed_leaf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell. `href` is where it leads, see `Here.to`; `code` is for what is copied letter by letter."""

    text: str
    language: str = ""
    href: str = ""
    note: str = ""
    code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column. Numbers stand at the right; `free` texts are not the register's own, and may be of any length."""

    label: str
    numeric: bool = False
    free: bool = False

    @property
    def kind(self) -> str:
        """How it looks."""
        return "number" if self.numeric else "free" if self.free else "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table. The first cell of a row is its header. `foot` are the totals."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    foot: Sequence[Sequence[Cell]] = ()


def columns(say: Words, texts: Iterable[str] = (), numbers: Iterable[str] = ()) -> list[Column]:
    """Columns by the keys of their words: first those of texts, then those of numbers."""
    return [Column(label=say(f"column.{key}"), free=key in _FREE) for key in texts] + [
        Column(label=say(f"column.{key}"), numeric=True) for key in numbers
    ]


def said(words: Said, href: str = "", note: str = "") -> Cell:
    """Words that may be in another language."""
    return Cell(text=words.text, language=words.language, href=href, note=note)


def money(say: Words, cents: int | None, currency: str) -> Cell:
    """A sum, or that it is not published."""
    return Cell(text=say("form.not_published") if cents is None else say.money(cents, currency))


def amounts(say: Words, award: Award) -> list[Cell]:
    """The four sums of an award."""
    return [money(say, getattr(award, f"{name}_cents"), award.currency) for name in AMOUNTS]


def total_cells(say: Words, total: Total) -> list[Cell]:
    """How many awards, and their four sums."""
    return [Cell(text=say.number(total.sums.awards)), *(money(say, total.cents(name), total.currency) for name in AMOUNTS)]


def awards(say: Words, found: Sequence[Award], calls: dict[str, Call]) -> Grid:
    """Awards, one a row."""
    rows = [
        [
            Cell(
                text=award.organisation.name,
                href=f"awards/{award.award_id}",
                note=say.count("count.partners", len(award.partners)) if award.partners else "",
            ),
            said(say.of(calls[award.call_id].title), href=f"calls/{award.call_id}"),
            Cell(text=", ".join(purpose.text for purpose in purposes(say, award, calls[award.call_id])) or say("form.none")),
            Cell(text=say.code("province", award.province)),
            Cell(text=str(award.year)),
            Cell(text=say.code("state", award.state)),
            *amounts(say, award),
        ]
        for award in found
    ]
    shown = columns(say, ("organisation", "call", "purpose", "province", "year", "state"), AMOUNTS)
    return Grid(name="awards", caption=say("awards.caption"), columns=shown, rows=rows)


def calls(say: Words, told: Iterable[tuple[Call, Total]]) -> Grid:
    """Calls with what their awards come to, one a row."""
    rows = [
        [
            said(say.of(call.title), href=f"calls/{call.call_id}"),
            Cell(text=str(call.budget_year)),
            Cell(text=say.day(call.deadline), note="" if call.closed_at is None else say("calls.closed")),
            money(say, call.budget_cents, call.currency),
            *total_cells(say, total),
        ]
        for call, total in told
    ]
    shown = columns(say, ("call", "budget_year", "deadline"), ("budget", "awards", *AMOUNTS))
    return Grid(name="calls", caption=say("calls.caption"), columns=shown, rows=rows)


def totals(say: Words, dimension: str, found: Sequence[Total], labels: dict[str, Said], whole: Sequence[Total]) -> Grid:
    """Groups of awards, one a row, and the whole of each currency below."""
    rows = [[said(labels[total.code]), *total_cells(say, total)] for total in found]
    foot = [[Cell(text=say("sums.whole")), *total_cells(say, total)] for total in whole]
    shown = columns(say, (dimension,), ("awards", *AMOUNTS))
    return Grid(name=f"by-{dimension}", caption=say(f"sums.by_{dimension}"), columns=shown, rows=rows, foot=foot)


def purposes(say: Words, award: Award, call: Call) -> list[Said]:
    """What an award is for."""
    labels = {purpose.code: say.of(purpose.label) for purpose in call.purposes}
    return [labels.get(code, Said(code)) for code in award.purposes]
