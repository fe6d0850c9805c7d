"""The words of the register by language, and how each language writes sums, days and instants, whatever the machine's locale."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

LANGUAGES = ("nl", "en")
"""The first is given to whoever asks for neither."""
_NO_BREAK, _MINUS = "\u00a0", "\u2212"
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Said:
    """Words with the language that they are in; empty where it is that of the page, or none in particular."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A language: `texts` by group and key."""

    language: str
    texts: Mapping[str, Any]

    def __call__(self, key: str, **gaps: object) -> str:
        """The words of `group.key`, with their gaps filled.

        Raises:
            KeyError: if there are none.
        """
        group, _, name = key.partition(".")
        text: str = self.texts[group][name]
        return text.format(**gaps)

    def lines(self, key: str, **gaps: object) -> list[str]:
        """The paragraphs of `group.key`."""
        group, _, name = key.partition(".")
        return [str(text).format(**gaps) for text in self.texts[group][name]]

    def code(self, group: str, code: str) -> str:
        """The words for a code; the code itself if it is one that is not known here."""
        return str(self.texts[group].get(code, code))

    def count(self, key: str, number: int) -> str:
        """A number of things: `1 award`, `27 awards`."""
        return self(f"{key}_{'one' if number == 1 else 'many'}", number=self.number(number))

    def of(self, translated: Mapping[str, str]) -> Said:
        """Words that are there in some languages: in this one, or else in another, which is then named."""
        if self.language in translated:
            return Said(translated[self.language])
        return next((Said(translated[other], other) for other in sorted(translated)), Said(""))

    def number(self, number: int) -> str:
        """A whole number with its thousands apart."""
        return (_MINUS if number < 0 else "") + f"{abs(number):,}".replace(",", self("form.thousands"))

    def money(self, cents: int, currency: str) -> str:
        """A sum of cents: `€ 60.000,00`, `€60,000.00`."""
        whole, rest = divmod(abs(cents), 100)
        amount = f"{self.number(whole)}{self('form.point')}{rest:02}"
        euros = self("form.euros", amount=amount) if currency == "EUR" else currency + _NO_BREAK + amount
        return (_MINUS if cents < 0 else "") + euros

    def share(self, value: Fraction) -> str:
        """A fraction of at least 0 as a percentage with two decimals, half up."""
        scaled = (value.numerator * 20_000 + value.denominator) // (value.denominator * 2)
        return self("form.percent", number=f"{self.number(scaled // 100)}{self('form.point')}{scaled % 100:02}")

    def day(self, value: date) -> str:
        """A day: `11 mei 2021`."""
        return f"{value.day} {self.texts['form']['months'][value.month - 1]} {value.year}"

    def instant(self, value: datetime, zone: str) -> str:
        """An instant as the clocks of a zone show it."""
        local = value.astimezone(ZoneInfo(zone))
        return self("form.instant", day=self.day(local), hour=f"{local:%H}", minute=f"{local:%M}", zone=zone)


@cache
def words(language: str) -> Words:
    """The words of a language.

    Raises:
        FileNotFoundError: if there are none.
    """
    text = files("services.publishing.doors.register").joinpath(f"texts/{language}.toml").read_text("utf-8")
    return Words(language, tomllib.loads(text))


def chosen(accepted: str) -> str:
    """The language that an `Accept-Language` header (RFC 9110, 12.5.4) likes best; of equals, and without one, the first."""
    liked = dict.fromkeys(LANGUAGES, 0.0)
    for item in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        q = next((text[2:].strip() for text in parameters if text.startswith("q=")), "1")
        language = name.partition("-")[0]
        if language in liked and _WEIGHT.fullmatch(q):
            liked[language] = max(liked[language], float(q))
    return max(LANGUAGES, key=lambda language: liked[language])
