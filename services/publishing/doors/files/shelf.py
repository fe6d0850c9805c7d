"""Which files there are now, and what each holds."""

from collections.abc import Callable
from dataclasses import dataclass

from services.publishing.doors.files import awards, giving, register
from services.publishing.doors.files.quarters import Quarter, named, places, quarters
from services.publishing.doors.files.tables import CSV_FORMS, MEDIA_TYPES, Table, forms, written
from services.publishing.feed import Feed
from services.publishing.views import Views

JSON = "application/json"
_REGISTER = "register/"


@dataclass(frozen=True, slots=True)
class File:
    """A file: its name below `/v1/files`, whether nothing can ever change it, and how its content is made.

    Parquet is never said to be so: another release of its library may write the same table in other bytes.
    """

    name: str
    media_type: str
    closed: bool
    content: Callable[[], bytes]

    @property
    def quarter(self) -> bool:
        """Whether it is a quarter for the register."""
        return self.name.startswith(_REGISTER)


class Shelf:
    """The files of a feed. `base` is its public address."""

    def __init__(self, feed: Feed, views: Views, base: str) -> None:
        self._feed, self._views, self._base = feed, views, base

    def files(self) -> list[File]:
        """All that can be had here, those that stand for all time last, in the order of time."""
        endings, length = forms(), self._feed.length()
        found = [self._awards(ending) for ending in endings]
        found += [self._quarter(quarter, ending, length) for quarter in quarters(self._feed, length) for ending in endings]
        return ([self._giving()] if self._granted() else []) + found

    def file(self, name: str) -> File | None:
        """The file of that name. Without the library for it, one in Parquet is found, but cannot be made."""
        if name == giving.NAME:
            return self._giving() if self._granted() else None
        stem, _, ending = name.partition(".")
        if ending not in MEDIA_TYPES:
            return None
        if stem == "awards":
            return self._awards(ending)
        quarter, length = named(stem.removeprefix(_REGISTER)), self._feed.length()
        if not stem.startswith(_REGISTER) or quarter is None or quarter not in quarters(self._feed, length):
            return None
        return self._quarter(quarter, ending, length)

    def _granted(self) -> bool:
        return any(award.state != "withdrawn" for award in self._views.awards())

    def _giving(self) -> File:
        def content() -> bytes:
            stand = [award for award in self._views.awards() if award.state != "withdrawn"]
            return giving.package(stand, {call.call_id: call for call in self._views.calls()}, self._base)

        return File(giving.NAME, JSON, closed=False, content=content)

    def _awards(self, ending: str) -> File:
        return _of(f"awards.{ending}", ending, lambda: awards.table(self._views.awards()), closed=False)

    def _quarter(self, quarter: Quarter, ending: str, length: int) -> File:
        def table() -> Table:
            return register.quarter(self._feed, self._views, quarter, places(self._feed, length, quarter))

        closed = self._feed.event(length - 1).time >= quarter.following.start and ending in CSV_FORMS
        return _of(f"{_REGISTER}{quarter}.{ending}", ending, table, closed=closed)


def _of(name: str, ending: str, table: Callable[[], Table], *, closed: bool) -> File:
    return File(name, MEDIA_TYPES[ending], closed, lambda: written(table(), ending))
