"""The pages of the stream: a root, which leads to parts, each of which leads to pages, each of which holds a run of events.

Which event is on which page follows from its place alone, so pages never move, and one that is full never changes again: only the
root, the last part and the last page grow. A relation tells the first time of what it leads to and, once that is full, the last,
both included: events of one time may stand on both sides of a border, and a reader who asks for that time is led to both.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.kernel.form import instant
from services.publishing.doors.ldes.members import Members
from services.publishing.doors.rdf.facts import Facts
from services.publishing.doors.rdf.oslo import Names
from services.publishing.doors.rdf.terms import Tree
from services.publishing.feed import Feed

_TIME, _SEQUENCE, _VERSION_OF = "prov:generatedAtTime", "oproep:sequence", "dct:isVersionOf"
_POLLING_SECONDS = 60
_SPANS_KEPT = 100_000
_TITLE: Tree = {"en": "Awards of calls for projects", "nl": "Toekenningen van projectoproepen"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How many events a page holds, and how many pages a part. To change either is to move events: never under one stream."""

    page: int = 128
    part: int = 128


@dataclass(frozen=True, slots=True)
class Page:
    """A page as trees; `closed` once nothing can change it any more."""

    trees: list[Tree]
    closed: bool


class Stream:
    """Makes pages of the feed. What it makes follows from the feed's events and the public address only."""

    def __init__(self, feed: Feed, facts: Facts, base: str, layout: Layout) -> None:
        self._feed, self._layout = feed, layout
        self.root_address = f"{base}/v1/ldes"
        self._members = Members(facts, Names(base))
        self._spans: dict[tuple[int, int], tuple[datetime, datetime]] = {}
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """The name of the stream: that of this history, so that a feed begun anew is another stream."""
        return f"{self.root_address}/{self._feed.feed_id}"

    def parts(self) -> int:
        """How many parts there are."""
        return -(-self._feed.length() // self._part_events)

    def pages(self) -> int:
        """How many pages there are."""
        return -(-self._feed.length() // self._layout.page)

    def root(self) -> Page:
        """The root: what the stream is, and where its parts are."""
        relations = self._relations("parts", 0, self.parts(), self._part_events)
        stream: Tree = {
            **self._stream(),
            "title": _TITLE,
            "timestampPath": _TIME,
            "sequencePath": _SEQUENCE,
            "versionOfPath": _VERSION_OF,
            "pollingInterval": str(_POLLING_SECONDS),
        }
        return Page([_node(self.root_address, relations, closed=False), stream], closed=False)

    def part(self, number: int) -> Page:
        """A part: where its pages are."""
        first, closed = number * self._layout.part, self._full(number, self._part_events)
        relations = self._relations("pages", first, min(first + self._layout.part, self.pages()), self._layout.page)
        return Page([_node(f"{self.address}/parts/{number}", relations, closed=closed), self._stream()], closed)

    def page(self, number: int) -> Page:
        """A page: its events, in order."""
        first, closed = number * self._layout.page, self._full(number, self._layout.page)
        events = self._feed.events(first - 1 if first else None, self._layout.page)
        members = [self._members.member(self._member(event.sequence), event) for event in events]
        return Page([_node(f"{self.address}/pages/{number}", [], closed=closed), self._stream() | {"member": members}], closed)

    def member(self, sequence: int) -> Page:
        """One event by itself."""
        return Page([self._members.member(self._member(sequence), self._feed.event(sequence))], closed=True)

    @property
    def _part_events(self) -> int:
        return self._layout.page * self._layout.part

    def _full(self, number: int, size: int) -> bool:
        return self._feed.length() >= (number + 1) * size

    def _member(self, sequence: int) -> str:
        return f"{self.address}/members/{sequence}"

    def _stream(self) -> Tree:
        """What every page says of the stream."""
        return {"@id": self.address, "@type": "EventStream", "view": self.root_address}

    def _relations(self, kind: str, first: int, end: int, size: int) -> list[Tree]:
        return [relation for number in range(first, end) for relation in self._bounds(kind, number, size)]

    def _bounds(self, kind: str, number: int, size: int) -> Iterator[Tree]:
        """The relations to what holds the run of events with that number: both bounds, or the lower one while it may grow."""
        to: Tree = {"node": f"{self.address}/{kind}/{number}", "path": _TIME}
        full = self._full(number, size)
        low, high = self._span(number * size, (number + 1) * size - 1 if full else number * size)
        yield {"@type": "AtOrAfter", **to, "value": instant(low)}
        if full:
            yield {"@type": "AtOrBefore", **to, "value": instant(high)}

    def _span(self, first: int, last: int) -> tuple[datetime, datetime]:
        """The times of two events; kept, as they never change and the root asks for all of them."""
        found = self._spans.get((first, last))
        if found is None:
            found = self._feed.event(first).time, self._feed.event(last).time
            with self._lock:
                if len(self._spans) < _SPANS_KEPT:
                    self._spans[first, last] = found
        return found


def _node(address: str, relations: list[Tree], *, closed: bool) -> Tree:
    tree: Tree = {"@id": address, "@type": "Node"}
    if closed:
        tree["immutable"] = "true"
    return tree | {"relation": relations} if relations else tree
