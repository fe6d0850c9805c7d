"""The municipalities that there were on a day, from `calls/data/municipalities.csv`."""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import ClassVar

__all__ = ["CALLS", "Municipality", "bodies_on", "municipalities"]


def _calls() -> Path:
    """The folder of call files: inside this package in a wheel, at the root of the project in a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "shipped"
    return inside if inside.is_dir() else here.parents[1] / "calls"


CALLS = _calls()
"""Where the call files and their data are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Municipality:
    """A municipality under one NIS code. A merger ends it, and what it became has a row of its own."""

    kind: ClassVar[str] = "municipality"
    region: ClassVar[str] = "vlaanderen"

    nis: str
    """Five digits, as Statbel gives them."""
    kbo: str
    """Ten digits; a merger may pass it on to the municipality that comes after."""
    name: str
    province: str
    inhabitants_2020: int | None
    """On 1 January 2020; None for one that was not there that day."""
    valid_from: date | None
    """The first day; None if it is older than 2019."""
    valid_until: date | None
    """The last day; None if it is still there."""
    merged_into: str | None
    """The NIS code of what it became part of."""
    uri: str | None
    org_uri: str

    def there_on(self, day: date) -> bool:
        """Whether it was there on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_until is None or day <= self.valid_until)


def bodies_on(day: date) -> tuple[Municipality, ...]:
    """The Flemish municipalities of a day, by NIS code: 308 to the end of 2018, 300 to the end of 2024, then 285."""
    return tuple(municipality for municipality in municipalities() if municipality.there_on(day))


@cache
def municipalities() -> tuple[Municipality, ...]:
    """All of them, of all days, by NIS code.

    Raises:
        OSError: if the list is not where it was shipped.
    """
    text = (CALLS / "data" / "municipalities.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(_municipality(row) for row in rows)


def _municipality(row: dict[str, str]) -> Municipality:
    """An empty cell is None."""
    return Municipality(
        nis=row["nis"],
        kbo=row["kbo"],
        name=row["name"],
        province=row["province"],
        inhabitants_2020=int(row["inhabitants_2020"]) if row["inhabitants_2020"] else None,
        valid_from=_day(row["valid_from"]),
        valid_until=_day(row["valid_until"]),
        merged_into=row["merged_into"] or None,
        uri=row["uri"] or None,
        org_uri=row["org_uri"],
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
