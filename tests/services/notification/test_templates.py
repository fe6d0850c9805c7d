"""How amounts and instants are written for people."""

import pytest

from services.notification import templates


@pytest.mark.parametrize(
    ("cents", "nl", "en"),
    [
        (0, "0,00 EUR", "EUR 0.00"),
        (5, "0,05 EUR", "EUR 0.05"),
        (150_000_000, "1.500.000,00 EUR", "EUR 1,500,000.00"),
        (-123_456, "-1.234,56 EUR", "EUR -1,234.56"),
    ],
)
def test_amounts(cents: int, nl: str, en: str) -> None:
    assert (templates.amount(cents, "EUR", "nl"), templates.amount(cents, "EUR", "en")) == (nl, en)


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    first, second = (templates.instant(f"2025-10-26T0{hour}:30:00Z", "Europe/Brussels", "nl") for hour in (0, 1))
    assert first == "zondag 26 oktober 2025 om 02.30 uur (Europe/Brussels, UTC+02:00)"
    assert second == "zondag 26 oktober 2025 om 02.30 uur (Europe/Brussels, UTC+01:00)"


def test_seconds_are_told_where_they_count() -> None:
    text = templates.instant("2021-07-01T21:59:59Z", "Europe/Brussels", "en")
    assert text == "Thursday 1 July 2021 at 23:59:59 (Europe/Brussels, UTC+02:00)"
