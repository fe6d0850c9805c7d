"""Quarters of a year by the feed's own time, that of the last event told: no clock is asked, so a feed always gives the same files.

An event belongs to the quarter in which it was told, not to that in which it happened: what comes late, as after days without a
network, stands in the quarter in which it came. So a quarter that is over never changes.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import total_ordering
from zoneinfo import ZoneInfo

from services.publishing.feed import Feed

_ZONE = ZoneInfo("Europe/Brussels")
"""Where the year of the Flemish register begins."""
_MONTHS = 3
_NAME = re.compile(r"([0-9]{4})-Q([1-4])", re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter: a year, and 1 to 4."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-Q{self.number}"

    def __lt__(self, other: "Quarter") -> bool:
        return (self.year, self.number) < (other.year, other.number)

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, _MONTHS * (self.number - 1) + 1, 1, tzinfo=_ZONE).astimezone(UTC)

    @property
    def following(self) -> "Quarter":
        """The one after it."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)


def quarter_of(at: datetime) -> Quarter:
    """The quarter that an instant is in."""
    local = at.astimezone(_ZONE)
    return Quarter(local.year, (local.month - 1) // _MONTHS + 1)


def named(text: str) -> Quarter | None:
    """The quarter of that name, such as `2021-Q4`."""
    found = _NAME.fullmatch(text)
    return Quarter(int(found[1]), int(found[2])) if found else None


def quarters(feed: Feed, length: int) -> list[Quarter]:
    """All quarters from that of the first of `length` events to that of the last, which is the only one that is still open."""
    if not length:
        return []
    found, last = [quarter_of(feed.event(0).time)], quarter_of(feed.event(length - 1).time)
    while found[-1] < last:
        found.append(found[-1].following)
    return found


def places(feed: Feed, length: int, quarter: Quarter) -> range:
    """The places of a quarter's events, of the first `length` events."""
    start, end = (
        bisect_left(range(length), at, key=lambda place: feed.event(place).time) for at in (quarter.start, quarter.following.start)
    )
    return range(start, end)
