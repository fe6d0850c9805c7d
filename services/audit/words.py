"""The words, sums and times of the printed report, by language."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

LANGUAGES = ("nl", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """A language: `words` by key, and how it writes sums and times, the latter in `zone`."""

    language: str
    zone: ZoneInfo
    words: Mapping[str, Any]

    def __call__(self, key: str, **gaps: object) -> str:
        """The words of a key with its gaps filled; `group.key` for those of a group."""
        group, _, name = key.rpartition(".")
        text: str = (self.words[group] if group else self.words)[name]
        return text.format(**gaps) if gaps else text

    def money(self, cents: int, currency: str = "") -> str:
        """A sum with two decimals, such as 1.500.000,00."""
        text = f"{abs(cents) // 100:,}".replace(",", self("thousands"))
        sign = "-" if cents < 0 else ""
        return f"{sign}{text}{self('point')}{abs(cents) % 100:02d}" + (f"\u00a0{currency}" if currency else "")

    def share(self, value: Fraction, decimals: int = 4) -> str:
        """A fraction of at least 0, half up."""
        scale: int = 10**decimals
        scaled = (value.numerator * scale * 2 + value.denominator) // (value.denominator * 2)
        return f"{scaled // scale}{self('point')}{scaled % scale:0{decimals}d}"

    def day(self, value: date) -> str:
        """A date; that of an instant is the date in the zone."""
        return (value.astimezone(self.zone) if isinstance(value, datetime) else value).strftime(self("date"))

    def short_day(self, value: datetime) -> str:
        """A date with two digits for the year."""
        return value.astimezone(self.zone).strftime(self("date").replace("%Y", "%y"))

    def instant(self, value: datetime) -> str:
        """A date and a time of day, to the second where it is not a whole minute."""
        local = value.astimezone(self.zone)
        return local.strftime(self("date") + (" %H:%M:%S" if local.second else " %H:%M"))


def words(language: str, zone: str) -> Words:
    """The words of a language.

    Raises:
        KeyError: if there are none.
    """
    return Words(language, ZoneInfo(zone), vocabulary()[language])


@cache
def vocabulary() -> Mapping[str, Mapping[str, Any]]:
    """All words, by language and key."""
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))
