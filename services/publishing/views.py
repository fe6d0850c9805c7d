"""What stands now, by call and by award: for registers and files. All of it was told in the feed.

Records are kept in memory and brought up to date by the feed's events, so a question costs no reading of the whole state.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TypeVar

from services.kernel.canonical import decode
from services.kernel.decider import Record
from services.kernel.form import from_json
from services.kernel.ports import Reads
from services.publishing.feed import Feed
from services.publishing.records import FEED, Award, Call
from services.publishing.records import Feed as Standing
from services.runtime.state import RowView

R = TypeVar("R", bound=Record)
_CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which awards: those for which all that is given holds. `text` is looked for in names, numbers and codes, in any case."""

    call_id: str | None = None
    kbo: str | None = None
    """The beneficiary or a partner."""
    purpose: str | None = None
    province: str | None = None
    year: int | None = None
    state: str | None = None
    text: str | None = None

    def takes(self, award: Award) -> bool:
        """Whether the award is meant."""
        return (
            self.call_id in (None, award.call_id)
            and self.province in (None, award.province)
            and self.year in (None, award.year)
            and self.state in (None, award.state)
            and (self.kbo is None or any(body.kbo == self.kbo for body in award.bodies))
            and (self.purpose is None or self.purpose in award.purposes)
            and (self.text is None or self.text.casefold() in _words(award))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What awards come to together, in cents. Those of a call that does not publish payments count 0 for what was paid."""

    awards: int = 0
    awarded_cents: int = 0
    committed_cents: int = 0
    paid_cents: int = 0
    recovered_cents: int = 0


class Views:
    """Answers from the present state of the feed. Safe for many threads."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._lock = threading.Lock()
        self._calls: dict[str, Call] = {}
        self._awards: list[Award] = []
        """In the order in which they were granted, which never changes: a new list whenever one of them does."""
        self._places: dict[str, int] = {}
        """Where an award is in it."""
        self._length: int | None = None

    def length(self) -> int:
        """The number of events that the answers rest on."""
        self._update()
        return self._length or 0

    def calls(self) -> list[Call]:
        """All calls, in the order in which they were told."""
        self._update()
        return sorted(self._calls.values(), key=lambda call: call.events[0])

    def call(self, call_id: str) -> Call | None:
        """A call, or None."""
        self._update()
        return self._calls.get(call_id)

    def award(self, award_id: str) -> Award | None:
        """An award, or None."""
        self._update()
        awards = self._awards
        place = self._places.get(award_id, len(awards))
        return awards[place] if place < len(awards) else None  # a place may be that of an award which comes just now

    def awards(self, only: Filter | None = None) -> list[Award]:
        """The awards that the filter takes, also those withdrawn, in the order in which they were granted."""
        self._update()
        return list(self._awards) if only is None else [award for award in self._awards if only.takes(award)]

    def _update(self) -> None:
        """Bring everything up to the feed's length."""
        if self._length == self.feed.length():
            return
        with self._lock:
            if self._length != self.feed.length():
                with self.feed.store.read() as reads:
                    self._read(reads)

    def _read(self, reads: Reads) -> None:
        """Read what has changed; the first time, all."""
        view = RowView(reads)
        standing = view.get(Standing, FEED)
        length = 0 if standing is None else standing.next
        if self._length is None:
            self._calls = {call.call_id: call for call in view.all(Call)}
            changed, awards = list(view.all(Award)), list[Award]()
        else:
            told = self._changed(self._length, length)
            self._calls = {**self._calls, **_among(reads, Call, {call_id for call_id, _ in told})}
            changed = list(_among(reads, Award, {award_id for _, award_id in told if award_id}).values())
            awards = list(self._awards)
        for award in sorted(changed, key=lambda award: award.events[0]):
            place = self._places.setdefault(award.award_id, len(awards))
            awards[place : place + 1] = [award]
        self._awards = awards
        self._length = length

    def _changed(self, start: int, end: int) -> set[tuple[str, str]]:
        """The calls and awards (empty: none) that events from `start` to before `end` tell of."""
        if self.feed.length() < end:
            self.feed.refresh()
        changed: set[tuple[str, str]] = set()
        while start < end:
            events = self.feed.events(start - 1 if start else None, min(_CHUNK, end - start))
            changed |= {(event.call_id, str(event.data.get("awardId", ""))) for event in events}
            start += len(events)
        return changed


def sums(awards: Iterable[Award]) -> Sums:
    """What those awards come to; those withdrawn are no longer counted."""
    total = Sums()
    for award in awards:
        if award.state != "withdrawn":
            total = Sums(
                awards=total.awards + 1,
                **{f.name: getattr(total, f.name) + (getattr(award, f.name) or 0) for f in fields(Sums) if f.name != "awards"},
            )
    return total


def _among(reads: Reads, kind: type[R], keys: set[str]) -> dict[str, R]:
    return {key: from_json(kind, decode(body)) for key, body in reads.rows_among(kind.__name__, keys).items()}


def _words(award: Award) -> str:
    """All that a reader may look for, in one text."""
    said = [award.award_id, award.application_id, award.call_id, *(body.name for body in award.bodies)]
    said += [*(body.kbo for body in award.bodies), *award.purposes]
    return "\n".join(said).casefold()
