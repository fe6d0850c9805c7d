"""The relay: sends what is in the log to the bus, from where it left off, and notes what was acknowledged.

The log is the outbox. Two relays of one log are harmless: readers go by index.
"""

import threading
from collections.abc import Callable

import structlog

from services.kernel.canonical import decode, leaf
from services.kernel.form import MalformedError
from services.kernel.ports import Bus, BusError, Message, Outgoing, Publisher, Stored
from services.runtime import metrics, tracing
from services.runtime.ending import last_words
from services.runtime.intact import check_published
from services.runtime.writer import Writer

DEAD_LETTERS = "grants.dead-letters.v1"
CONTENT_TYPE = b"application/cloudevents+json"
_BATCH = 500
_LAST = 2 * _BATCH
"""How many records are looked at: after an end in its midst a batch is there once more, so the last entry is not always last."""
_IDLE_SECONDS = 1.0
_RETRY_SECONDS = 1.0

log = structlog.get_logger()


def topic(service: str) -> str:
    """The topic of a service's logs."""
    return f"grants.{service}.v1"


def outgoing(name: str, stored: Stored, trace: str = "") -> Outgoing:
    """An entry as a record: its exact bytes, found again by log, index and leaf. A trace goes beside them, if there is one."""
    service, _, shard = name.partition("/")
    headers = (
        ("content-type", CONTENT_TYPE),
        ("log", name.encode()),
        ("index", str(stored.index).encode()),
        ("leaf", stored.leaf.encode()),
        *(((tracing.HEADER, trace.encode()),) if trace else ()),
    )
    return Outgoing(topic(service), int(shard), stored.stream.encode(), stored.value, headers)


def incoming(name: str, message: Message) -> Stored | None:
    """The entry of that log in a record, or None if the record is not what its headers say, or another log's."""
    index, found = message.header("index") or "", leaf(message.value)
    if (message.header("log"), message.header("leaf")) != (name, found) or not (index.isascii() and index.isdigit()):
        return None
    try:
        outer = decode(message.value)
    except MalformedError:
        return None
    if outer.get("id") != f"{name}/{index}" or not isinstance(outer.get("subject"), str):
        return None
    return Stored(int(index), outer["subject"], message.value, found)


class Relay:
    """Sends one log's entries in a thread of its own; while the bus is away it keeps trying and the log keeps growing.

    Nothing is sent before the log was held against what the bus has of it.
    """

    def __init__(self, writer: Writer, bus: Bus, stopped: Callable[[BaseException], None]) -> None:
        self._writer, self._bus, self._stopped = writer, bus, stopped
        self._checked = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"relay {writer.name}", daemon=True)

    def check(self) -> None:
        """Hold the log against the last that the bus has of it, unless that was done before.

        Raises:
            BusError: if the bus does not answer; trying again may help.
            CorruptLogError: if entries were published that the log does not have, or has otherwise.
        """
        if self._checked:
            return
        service, _, shard = self._writer.name.partition("/")
        last = [incoming(self._writer.name, message) for message in self._bus.last(topic(service), int(shard), _LAST)]
        with self._writer.store.read() as reads:
            check_published(reads, self._writer.name, [stored for stored in last if stored is not None])
        self._checked = True

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch in hand."""
        self._stop.set()
        with self._writer.committed:
            self._writer.committed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        publisher: Publisher | None = None
        try:
            with last_words(self._stopped, "relay.stopped", log=self._writer.name):
                while not self._stop.is_set():
                    try:
                        self.check()
                        publisher = publisher or self._bus.publisher()
                        self._writer.wait_beyond(self._send(publisher), _IDLE_SECONDS, unless=self._stop.is_set)
                    except BusError as error:
                        log.warning("relay.waiting", log=self._writer.name, reason=str(error))
                        self._stop.wait(_RETRY_SECONDS)
        finally:
            if publisher is not None:
                publisher.close()

    def _send(self, publisher: Publisher) -> int:
        """Send the next batch; gives how much of the log has been acknowledged."""
        with self._writer.store.read() as reads:
            start, length = reads.relayed(), reads.head().length
            entries = reads.entries(start, _BATCH)
        metrics.relay_lag.labels(self._writer.name).set(length - start)
        if not entries:
            return start
        followed = self._writer.followed
        publisher.publish([outgoing(self._writer.name, stored, followed.of(stored.index)) for stored in entries])
        self._writer.store.mark_relayed(entries[-1].index + 1)
        followed.sent(entries[-1].index + 1)
        return entries[-1].index + 1
