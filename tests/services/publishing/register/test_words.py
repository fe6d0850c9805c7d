"""Both languages say everything, each in its own way of writing."""

import re
import string
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from services.publishing.doors.register import search
from services.publishing.doors.register.words import LANGUAGES, Said, chosen, words
from services.publishing.events import PUBLIC
from services.publishing.records import province
from services.publishing.terms import GroundCode
from services.reporting.model import Limit

CODE = Path(__file__).parents[4] / "services" / "publishing" / "doors" / "register"
NL, EN = words("nl"), words("en")


def texts(language: str) -> dict[str, list[str]]:
    """All texts by key; a list is a text a line."""
    groups: Mapping[str, Mapping[str, Any]] = words(language).texts
    return {
        f"{group}.{key}": text if isinstance(text, list) else [text] for group, keys in groups.items() for key, text in keys.items()
    }


def gaps(lines: list[str]) -> list[str]:
    return sorted(name for line in lines for _, name, _, _ in string.Formatter().parse(line) if name is not None)


def test_both_say_the_same_things_with_the_same_gaps() -> None:
    dutch, english = texts("nl"), texts("en")
    assert dutch.keys() == english.keys()
    assert {key for key in dutch if gaps(dutch[key]) != gaps(english[key]) or len(dutch[key]) != len(english[key])} == set()
    assert all(line.strip() == line != "" for lines in (*dutch.values(), *english.values()) for line in lines)


def test_every_code_has_words() -> None:
    for language in LANGUAGES:
        said = words(language).texts
        assert set(said["event"]) == set(PUBLIC)
        assert set(said["ground"]) == {code.value for code in GroundCode}
        assert set(said["limit"]) == {limit.value for limit in Limit}
        assert set(said["province"]) == set(search.PROVINCES) == {province(f"{start}000") for start in ["00", *range(10, 100)]}
        assert set(said["state"]) == set(search.STATES)
        assert set(said["order"]) == set(search.ORDERS)


def asked_for() -> Iterator[str]:
    """Every key that the code and the templates name as a whole."""
    for file in (*CODE.glob("*.py"), *CODE.glob("templates/*.html")):
        yield from re.findall(r"""(?:say|self|lines|count)\(f?"([a-z]+\.[a-z_]+)"[,)]""", file.read_text("utf-8"))


def test_every_word_that_is_asked_for_is_there() -> None:
    keys = set(asked_for())
    assert len(keys) > 80
    assert {key for key in keys if key not in texts("nl") and f"{key}_one" not in texts("nl")} == set()


@pytest.mark.parametrize(
    ("cents", "currency", "dutch", "english"),
    [
        (0, "EUR", "€\u00a00,00", "€0.00"),
        (5, "EUR", "€\u00a00,05", "€0.05"),
        (6_000_000, "EUR", "€\u00a060.000,00", "€60,000.00"),
        (-123_456_789, "EUR", "\u2212€\u00a01.234.567,89", "\u2212€1,234,567.89"),
        (2**53 - 1, "EUR", "€\u00a090.071.992.547.409,91", "€90,071,992,547,409.91"),
        (100_000, "USD", "USD\u00a01.000,00", "USD\u00a01,000.00"),
    ],
)
def test_sums(cents: int, currency: str, dutch: str, english: str) -> None:
    assert (NL.money(cents, currency), EN.money(cents, currency)) == (dutch, english)


def test_days_instants_and_shares() -> None:
    noon = datetime(2021, 5, 11, 16, 0, tzinfo=UTC)
    assert (NL.day(date(2021, 5, 11)), EN.day(date(2021, 5, 11))) == ("11 mei 2021", "11 May 2021")
    assert NL.instant(noon, "Europe/Brussels") == "11 mei 2021 om 18.00 uur (Europe/Brussels)"
    assert EN.instant(noon, "Europe/Brussels") == "11 May 2021 at 18:00 (Europe/Brussels)"
    assert (NL.share(Fraction(1, 3)), EN.share(Fraction(2, 3))) == ("33,33\u00a0%", "66.67%")
    assert (NL.count("count.awards", 1), NL.count("count.awards", 1200)) == ("1 toekenning", "1.200 toekenningen")


def test_words_of_another_language_are_named() -> None:
    assert EN.of({"nl": "Oproep", "en": "Call"}) == Said("Call")
    assert EN.of({"nl": "Oproep"}) == Said("Oproep", "nl")
    assert EN.of({}) == Said("")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "nl"),
        ("en", "en"),
        ("en-GB,en;q=0.9,nl;q=0.8", "en"),
        ("nl-BE, en;q=0.9", "nl"),
        ("fr-BE, en;q=0.3, nl;q=0.2", "en"),
        ("fr", "nl"),
        ("*", "nl"),
        ("en;q=0", "nl"),
        ("en;q=x, ;;, nl;q=0.1", "nl"),
    ],
)
def test_the_language_that_a_reader_likes(header: str, language: str) -> None:
    assert chosen(header) == language
