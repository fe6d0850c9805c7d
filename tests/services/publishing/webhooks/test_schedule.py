"""The table of attempts, its jitter, and what a receiver may ask for."""

from datetime import UTC, datetime, timedelta
from random import Random  # noqa: TID251 - seeded

import pytest

from services.publishing.doors.webhooks.schedule import LONGEST, TABLE, next_due, retry_after

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOTHING = timedelta(0)


def test_the_table_is_that_of_the_specification() -> None:
    at, since = NOTHING, list[str]()
    for wait in TABLE:
        at += wait
        seconds = int(at.total_seconds())
        since.append(f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}")
    assert since == [
        "00:00:00",
        "00:00:05",
        "00:05:05",
        "00:35:05",
        "02:35:05",
        "07:35:05",
        "17:35:05",
        "31:35:05",
        "51:35:05",
        "75:35:05",
    ]


@pytest.mark.parametrize("failed", range(1, len(TABLE)))
def test_jitter_is_at_most_a_tenth_and_never_early(failed: int) -> None:
    random = Random(failed)
    waits = [(next_due(failed, NOW, asked=NOTHING, chance=random.randrange) or NOW) - NOW for _ in range(200)]
    assert TABLE[failed] <= min(waits)
    assert max(waits) <= TABLE[failed] * 1.1
    assert len(set(waits)) > 20, "they do not come back together"
    assert (max(waits) - min(waits)) > TABLE[failed] * 0.08, "the whole of the tenth is used"


def test_after_the_last_one_there_is_none() -> None:
    assert next_due(len(TABLE) - 1, NOW, asked=NOTHING, chance=Random(1).randrange) is not None
    assert next_due(len(TABLE), NOW, asked=NOTHING, chance=Random(1).randrange) is None
    assert next_due(len(TABLE), NOW, asked=timedelta(hours=1), chance=Random(1).randrange) is None


def test_what_is_asked_for_counts_when_it_is_longer() -> None:
    assert next_due(1, NOW, asked=timedelta(minutes=2), chance=lambda _below: 0) == NOW + timedelta(minutes=2)
    assert next_due(2, NOW, asked=timedelta(minutes=2), chance=lambda _below: 0) == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("0", NOTHING),
        ("999999999999999999999999", LONGEST),
        ("Tue, 10 Mar 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("Tue, 10 Mar 2026 12:02:00 -0000", timedelta(minutes=2)),
        ("Tuesday, 10-Mar-26 12:02:00 GMT", timedelta(minutes=2)),
        ("Tue, 10 Mar 2026 11:00:00 GMT", NOTHING),
        ("Tue, 10 Mar 9999 12:02:00 GMT", LONGEST),
        (None, NOTHING),
        ("", NOTHING),
        ("soon", NOTHING),
        ("-5", NOTHING),
        ("1.5", NOTHING),
        ("٣", NOTHING),
        ("Tue, 99 Mar 2026 12:02:00 GMT", NOTHING),
    ],
)
def test_retry_after(value: str | None, wait: timedelta) -> None:
    assert retry_after(value, NOW) == wait
