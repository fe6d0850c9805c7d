"""Sends the feed to its topic, in order, and finds out from the topic itself how far it has come.

No place is kept elsewhere: of two places one is written first, and they would differ after a death in between. What is sent at once
fits into one batch, which a broker appends whole or not at all, and nothing else is sent before it is known to be there. So a
death, a lost answer or a second sender may put a batch into the topic once more, but leaves no event out, and the first record of
each event stands in order. Readers go by `sequence`.
"""

import threading
from collections.abc import Callable, Sequence

import structlog

from services.kernel.ports import Bus, BusError, CorruptLogError, Outgoing, Publisher
from services.publishing.doors import DoorContext
from services.publishing.doors.kafka.records import PARTITION, TOPIC, Format, Place, place, record, size
from services.publishing.feed import Feed
from services.runtime.ending import last_words
from services.runtime.host import open_bus

_BATCH = 200
_BATCH_BYTES = 256 * 1_024
"""Well below what Kafka takes as one batch here (512 KiB) and what the topic takes as one (1 MiB)."""
_LAST = 2 * _BATCH
"""How many records are looked at: a batch may be there once more behind the last event."""
_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 1.0

_TO_DO = (
    "Nothing was sent. Others have read what is there: put back a copy of the log that has told it, or, if that history is lost,"
    " make the topic anew and tell its readers"
)

log = structlog.get_logger()


class TopicDoor:
    """Follows the feed in a thread of its own; while the bus is away it keeps trying, and holds up nobody."""

    def __init__(self, feed: Feed, bus: Bus, form: Format, stopped: Callable[[BaseException], None]) -> None:
        self._feed, self._bus, self._stopped = feed, bus, stopped
        self._form: Format = form
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"topic {TOPIC}", daemon=True)
        self._end: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to send."""
        self._end = self._feed.on_change(self._news.set)
        self._thread.start()

    def stop(self) -> None:
        """End after the batch in hand."""
        self._stop.set()
        self._news.set()
        if self._end is not None:
            self._end()
        self._thread.join()

    def _run(self) -> None:
        with last_words(self._stopped, "topic.stopped", topic=TOPIC):
            while not self._stop.is_set():
                try:
                    self._follow()
                except BusError as error:
                    log.warning("topic.waiting", topic=TOPIC, reason=str(error))
                    self._stop.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        """Send from where the topic ends, until told to stop.

        Raises:
            BusError: if what was sent may be there or not: look again before sending anything.
            CorruptLogError: see `told`.
        """
        self._wait_beyond(0)
        if self._stop.is_set():
            return
        next_ = told(self._feed, self._bus)
        publisher = self._bus.publisher()
        try:
            while not self._stop.is_set():
                next_ = self._send(publisher, next_)
                self._wait_beyond(next_)
        finally:
            publisher.close()

    def _send(self, publisher: Publisher, next_: int) -> int:
        """Send a batch, if there is one; gives the place after it."""
        events = self._feed.events(next_ - 1 if next_ else None, _BATCH)
        batch = fitting([record(event, source=self._feed.source, form=self._form) for event in events])
        if batch:
            publisher.publish(batch)
        return next_ + len(batch)

    def _wait_beyond(self, length: int) -> None:
        """Wait until the feed is longer than that, or it is time to stop."""
        while self._feed.length() <= length and not self._stop.is_set():
            self._news.wait(_LOOK_SECONDS)
            self._news.clear()


def door(context: DoorContext) -> TopicDoor:
    """The door, on the bus of the settings."""
    settings = context.settings
    return TopicDoor(context.feed, open_bus(settings), settings.feed_topic_format, context.stopped)


def fitting(records: Sequence[Outgoing]) -> list[Outgoing]:
    """The first records, as many as are sent at once; one at least."""
    taken: list[Outgoing] = []
    total = 0
    for outgoing in records:
        total += size(outgoing)
        if taken and total > _BATCH_BYTES:
            break
        taken.append(outgoing)
    return taken


def told(feed: Feed, bus: Bus) -> int:
    """How many events the topic has.

    Raises:
        BusError: if the bus does not answer.
        CorruptLogError: if the topic has records that are no events, or events that this feed has not told.
    """
    messages = bus.last(TOPIC, PARTITION, _LAST)
    places = [place(message) for message in messages]
    for message, found in zip(messages, places, strict=True):
        if found is None:
            raise CorruptLogError(f"{TOPIC}: the record at {message.position} is no event of a feed. {_TO_DO}")
        if found.feed_id != feed.feed_id:
            raise CorruptLogError(f"{TOPIC} has events of the feed {found.feed_id}, and this one is {feed.feed_id}. {_TO_DO}")
    return _checked(feed, max(found for found in places if found)) + 1 if places else 0


def _checked(feed: Feed, last: Place) -> int:
    """The place of the topic's last event, held against the feed."""
    length = feed.length()
    if last.sequence >= length:
        raise CorruptLogError(f"{TOPIC} has event {last.sequence}, and the feed has {length} events. {_TO_DO}")
    if (leaf := feed.event(last.sequence).entry.leaf) != last.leaf:
        raise CorruptLogError(f"{TOPIC} has event {last.sequence} of the entry {last.leaf}, and here it is {leaf}. {_TO_DO}")
    return last.sequence
