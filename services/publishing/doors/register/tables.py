"""What is downloaded: the rows of a page with the names of the feed's members, as CSV or as JSON.

CSV: UTF-8, comma, cents as whole numbers, several values with `; ` between, nothing where nothing is published. A text that a
spreadsheet would take for a formula gets an apostrophe in front. JSON: canonical, whole numbers as text like everywhere in the
feed, and no member where nothing is published.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from services.kernel import canonical
from services.kernel.form import Json, camel, instant
from services.publishing.doors.register.grids import purposes
from services.publishing.doors.register.totals import AMOUNTS, Total
from services.publishing.doors.register.words import Said, Words
from services.publishing.records import Award, Call

_CENTS = tuple(f"{name}_cents" for name in AMOUNTS)
_SOURCE = ("sequence", "source_log", "source_index", "source_leaf")
_CALL = (
    *("call_id", "title", "authority", "legal_basis", "budget_year", "currency", "budget_cents", "cap_cents", "own_share_percent"),
    *("opens_at", "deadline", "closed_at", "applications", "project_start", "project_end", "awards", *_CENTS, *_SOURCE),
)
_AWARD = (
    *(
        "award_id",
        "call_id",
        "call_title",
        "application_id",
        "kbo",
        "nis",
        "name",
        "province",
        "partners",
        "purposes",
        "purpose_labels",
    ),
    *(
        "year",
        "decided_on",
        "state",
        "currency",
        "requested_cents",
        *_CENTS,
        "final_grant_cents",
        "ground",
        "rule",
        "rank",
        "total",
    ),
    *("project_start", "project_end", *_SOURCE),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows by column. `name` is what the rows are, and the file's name."""

    name: str
    rows: Sequence[Mapping[str, Any]]
    columns: Sequence[str]


def awards(say: Words, found: Sequence[Award], calls: Mapping[str, Call]) -> Table:
    """Awards, one a row."""
    rows = [_award(say, award, calls[award.call_id]) for award in found]
    return Table(name="awards", rows=rows, columns=_AWARD)


def calls(say: Words, told: Sequence[tuple[Call, Total]]) -> Table:
    """Calls, one a row."""
    rows = [
        {
            **{name: getattr(call, name) for name in _CALL if hasattr(call, name)},
            "title": say.of(call.title).text,
            "authority": say.of(call.authority).text,
            **_sums(total),
            **_source(call),
        }
        for call, total in told
    ]
    return Table(name="calls", rows=rows, columns=_CALL)


def totals(found: Mapping[str, Sequence[Total]], labels: Mapping[str, Mapping[str, Said]]) -> Table:
    """Groups of awards, one a row: those by purpose, then by province, then by year."""
    rows = [
        {"by": by, "code": total.code, "label": labels[by][total.code].text, "currency": total.currency, **_sums(total)}
        for by, groups in found.items()
        for total in groups
    ]
    return Table(name="sums", rows=rows, columns=("by", "code", "label", "currency", "awards", *_CENTS))


def as_csv(table: Table) -> bytes:
    """The rows as CSV."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_cell(row.get(column)) for column in table.columns] for row in table.rows)
    return file.getvalue().encode()


def as_json(table: Table, about: Mapping[str, Json]) -> bytes:
    """The rows as JSON, with what the answer is about."""
    rows: list[Json] = [
        {camel(name): _value(row[name]) for name in table.columns if row.get(name) is not None} for row in table.rows
    ]
    return canonical.encode({**about, table.name: rows})


def _award(say: Words, award: Award, call: Call) -> dict[str, Any]:
    return {
        **{name: getattr(award, name) for name in _AWARD if hasattr(award, name)},
        "call_title": say.of(call.title).text,
        "kbo": award.organisation.kbo,
        "nis": award.organisation.nis,
        "name": award.organisation.name,
        "partners": [f"{body.kbo} {body.name}" for body in award.partners],
        "purpose_labels": [purpose.text for purpose in purposes(say, award, call)],
        "ground": award.ground.code.value,
        "rule": award.ground.rule,
        "rank": award.ground.rank,
        "total": award.ground.total,
        **_source(award),
    }


def _source(told: Award | Call) -> dict[str, Any]:
    """Where a proof starts from: the event that told it first, and the entry that this tells of."""
    source = told.source
    return {"sequence": told.events[0], "source_log": source.log, "source_index": source.index, "source_leaf": source.leaf}


def _sums(total: Total) -> dict[str, Any]:
    return {"awards": total.sums.awards, **{f"{name}_cents": total.cents(name) for name in AMOUNTS}}


def _text(value: Any) -> str:
    match value:
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case _:
            return str(value)


def _value(value: Any) -> Any:
    return [_text(one) for one in value] if isinstance(value, list | tuple) else _text(value)


def _cell(value: Any) -> str:
    text = "" if value is None else "; ".join(_value(value)) if isinstance(value, list | tuple) else _text(value)
    return f"'{text}" if isinstance(value, str | list | tuple) and text.startswith(_FORMULA) else text
