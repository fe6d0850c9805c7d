"""The feed as every door reads it: public events by their place, out of the log, at a price that does not grow with its length.

A place is found by halving: the events' places only grow along the log. Events are read and kept in blocks, so that many readers
who follow the end cost no more than one, and a reader who catches up goes once through the log. Nothing here writes.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import orjson

from services.kernel.canonical import digest
from services.kernel.entry import Cause
from services.kernel.form import Json, parse_instant
from services.kernel.ports import Reads, Store, Stored
from services.publishing.events import PUBLIC
from services.publishing.records import FEED
from services.publishing.records import Feed as Standing
from services.runtime.shards import shard_of
from services.runtime.state import RowView
from services.tlog.notes import origin

_BLOCK = 256
_BLOCKS_KEPT = 64
"""An event takes 4.5 KiB of memory, so all of these some 70 MiB; who comes late goes through once and needs none twice."""
_PAGE = 64
_PUBLIC = frozenset(PUBLIC)
_MARK = b'"sequence":"'
"""What the bytes of an entry with a public event contain; an entry without one need not be read as JSON."""


def feed_log(shards: int) -> str:
    """The log that holds the feed of a deployment with so many logs a service."""
    return f"publishing/{shard_of(FEED, shards)}"


class PositionError(ValueError):
    """A place that this feed does not have. `code` says why: `malformed`, `other_history` or `beyond`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicEvent:
    """One event of the feed. `data` is its JSON (proto3 mapping of `grants.awards.v1`), without the type.

    `source` is the entry that it tells of, `entry` the one that tells it; a proof may start from either. Both are pinned by their
    leaf hashes. `subject` is the award, the application or the call that it is about.
    """

    sequence: int
    id: str
    type: str
    time: datetime
    subject: str
    call_id: str
    data: Mapping[str, Json]
    source: Cause
    entry: Cause
    feed_id: str


@dataclass(slots=True)
class _Block:
    """A run of `_BLOCK` places: the events so far, and the index of the entry after the last that was read."""

    events: list[PublicEvent] = field(default_factory=list[PublicEvent])
    next_index: int = 0


class Feed:
    """Reads the feed out of the store of its log. Safe for many threads; none waits for another's reader.

    What it tells is durable, and `length` grows only by `refresh`: whoever sees the log grow calls it.
    """

    def __init__(self, store: Store, *, deployment: str, name: str = "publishing/0") -> None:
        self.store = store
        self.name, self.origin = name, origin(deployment, name)
        self.source = f"/{deployment}/{name}"
        """What CloudEvents name as their source, as the entries of the log do."""
        self._blocks: OrderedDict[int, _Block] = OrderedDict()
        self._marks: dict[int, int] = {}
        """The index of the entry that holds the first place of a block, for blocks once read."""
        self._reading = threading.Lock()
        self._grown = threading.Condition()
        self._length = 0
        self._feed_id = ""
        self._listeners: list[Callable[[], None]] = []
        self.refresh()

    @property
    def feed_id(self) -> str:
        """The name of this history, made from the log's origin and its first entry; empty before there is one.

        A log that was lost and written anew has another name, and places of the old one are not answered from the new one.
        """
        return self._feed_id

    def length(self) -> int:
        """The number of events: the place that the next one gets."""
        return self._length

    def refresh(self) -> None:
        """Look at the log, and wake who waits if it has told more."""
        with self.store.read() as reads:
            if not self._feed_id and (first := reads.entries(0, 1)):
                self._feed_id = digest(f"{self.origin}\n{first[0].leaf}".encode())[:16]
            standing = RowView(reads).get(Standing, FEED)
        length = 0 if standing is None else standing.next
        with self._grown:
            if length <= self._length:
                return
            self._length = length
            self._grown.notify_all()
            listeners = tuple(self._listeners)
        for changed in listeners:
            changed()

    def on_change(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Have `changed` called, in whichever thread sees it, when there are more events; it must not block. Gives what ends it."""
        with self._grown:
            self._listeners.append(changed)

        def end() -> None:
            with self._grown:
                self._listeners.remove(changed)

        return end

    def wait(self, after: int | None, timeout_seconds: float) -> bool:
        """Wait until there is an event after that place, at most so long; gives whether there is one."""
        wanted = 1 if after is None else after + 2
        with self._grown:
            return self._grown.wait_for(lambda: self._length >= wanted, timeout_seconds)

    def position(self, text: str) -> int:
        """The place that a reader names: `<feed_id>/<sequence>`, as events do, or the sequence alone.

        Raises:
            PositionError: if it is none, of another history, or beyond the last event.
        """
        feed_id, _, number = text.rpartition("/")
        if not (number.isascii() and number.isdigit()) or len(number) > 20:  # noqa: PLR2004 - as long as a place is ever written
            raise PositionError("malformed", f"{text[:80]!r} is no place; allowed: a sequence, or an id of an event")
        if feed_id and feed_id != self._feed_id:
            raise PositionError("other_history", f"{feed_id[:80]!r} is another history than this one, {self._feed_id!r}")
        return self._checked(int(number))

    def events(self, after: int | None, limit: int) -> list[PublicEvent]:
        """Up to `limit` events after that place, in order; None: from the first. Empty at the end.

        Raises:
            PositionError: if there is no event at that place yet.
        """
        first = 0 if after is None else self._checked(after) + 1
        end = min(first + limit, self._length)
        found: list[PublicEvent] = []
        while first < end:
            number, offset = divmod(first, _BLOCK)
            wanted = min(end - first, _BLOCK - offset)
            found += self._block(number, offset + wanted)[offset : offset + wanted]
            first += wanted
        return found

    def event(self, sequence: int) -> PublicEvent:
        """The event at that place.

        Raises:
            PositionError: if there is none.
        """
        number, offset = divmod(self._checked(sequence), _BLOCK)
        return self._block(number, offset + 1)[offset]

    def _checked(self, sequence: int) -> int:
        if not 0 <= sequence < self._length:
            last = f"the last is {self._length - 1}" if self._length else "there is none yet"
            raise PositionError("beyond", f"there is no event {sequence}; {last}")
        return sequence

    def _block(self, number: int, wanted: int) -> Sequence[PublicEvent]:
        """The events of a block, at least the first `wanted`, which must be durable."""
        block = self._blocks.get(number)
        if block is not None and len(block.events) >= wanted:
            return block.events
        with self._reading, self.store.read() as reads:
            block = self._blocks.get(number)
            if block is None:
                start = self._start(number, reads)
                block = _Block(next_index=start)
            if len(block.events) < wanted:
                self._fill(block, number, wanted, reads)
            self._blocks[number] = block
            self._blocks.move_to_end(number)
            while len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        return block.events

    def _fill(self, block: _Block, number: int, wanted: int, reads: Reads) -> None:
        """Read on until the block has `wanted` events."""
        first = number * _BLOCK
        while len(block.events) < wanted:
            page = reads.entries(block.next_index, _PAGE)
            assert page, f"{self.name} tells of more events than it holds"  # noqa: S101 - a broken log
            for stored in page:
                events = [event for event in self._read(stored) if event.sequence >= first + len(block.events)]
                block.events += events[: _BLOCK - len(block.events)]
                if len(block.events) == _BLOCK:  # the next block starts in this entry, or in one after it
                    self._marks[number + 1] = stored.index
                    return
                block.next_index = stored.index + 1

    def _start(self, number: int, reads: Reads) -> int:
        """The index of an entry from which on the block's first event is found."""
        if number in self._marks or number == 0:
            return self._marks.get(number, 0)
        low, high = self._marks.get(number - 1, 0), reads.head().length
        while high - low > _PAGE:
            middle = (low + high) // 2
            place = self._place(middle, high, reads)
            if place is None or place[1] >= number * _BLOCK:
                high = middle
            else:
                low = place[0]
        self._marks[number] = low
        return low

    def _place(self, start: int, end: int, reads: Reads) -> tuple[int, int] | None:
        """The first entry from `start` on and before `end` that has a public event: its index, and that event's place."""
        while start < end:
            page = reads.entries(start, min(_PAGE, end - start))
            for stored in page:
                if events := self._read(stored):
                    return stored.index, events[0].sequence
            start += len(page)
        return None

    def _read(self, stored: Stored) -> list[PublicEvent]:
        """The public events of an entry."""
        if _MARK not in stored.value:
            return []
        outer = orjson.loads(stored.value)
        time = parse_instant(outer["time"], "time")
        entry = Cause(log=self.name, index=stored.index, leaf=stored.leaf)
        return [self._told(event, time, entry) for event in outer["data"]["events"] if event["type"] in _PUBLIC]

    def _told(self, event: dict[str, Any], time: datetime, entry: Cause) -> PublicEvent:
        kind, sequence, source = event.pop("type"), int(event["sequence"]), event["source"]
        return PublicEvent(
            sequence=sequence,
            id=f"{self._feed_id}/{sequence}",
            type=kind,
            time=time,
            subject=event.get("awardId") or event.get("applicationId") or event["callId"],
            call_id=event["callId"],
            data=cast("Mapping[str, Json]", event),
            source=Cause(log=source["log"], index=int(source["index"]), leaf=source["leaf"]),
            entry=entry,
            feed_id=self._feed_id,
        )
