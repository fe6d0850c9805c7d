"""When a delivery that failed is tried again: the table of Standard Webhooks, some chance, and what the receiver asks for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

TABLE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The wait before each attempt, counted from the one before: ten attempts in a little more than three days."""
LONGEST = timedelta(hours=24)
"""A receiver that asks for more gets this."""
_SHARE = 10
"""The wait is longer by up to a tenth of it, so that those who failed together do not come back together."""
_MILLISECOND = timedelta(milliseconds=1)

Chance = Callable[[int], int]
"""Draws a whole number below the one given, each as likely as another."""


def next_due(failed: int, now: datetime, *, asked: timedelta, chance: Chance) -> datetime | None:
    """When the next attempt is due after the `failed`-th has just failed; None: that was the last one.

    Never before what the receiver asked for.
    """
    if failed >= len(TABLE):
        return None
    wait = TABLE[failed]
    return now + max(wait + chance(wait // _MILLISECOND // _SHARE + 1) * _MILLISECOND, asked)


def retry_after(value: str | None, now: datetime) -> timedelta:
    """The wait that a `Retry-After` header asks for, in seconds or until a date; none if it says nothing sensible."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return timedelta(0)
    if until.tzinfo is None:  # `-0000`, a form that HTTP does not have, but senders do
        until = until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), LONGEST)
