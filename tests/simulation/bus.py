"""The bus port in lists, with a point before and after each call; and the owner of a log, who fills gaps."""

from collections.abc import Callable, Sequence
from typing import Protocol

from services.kernel.ports import BusError, CorruptLogError, Message, Outgoing, Stored
from tests.simulation.watched import Point


class Whims(Protocol):
    """What the bus does of its own accord."""

    def sent_twice(self, count: int) -> int:
        """How many of `count` records are sent by a first try that is not heard to succeed."""
        ...

    def sent(self, records: Sequence[Outgoing]) -> None:
        """Hear of records that reach the bus."""
        ...

    def handed(self, waiting: int) -> tuple[int, int]:
        """How far a delivery goes back, and how many of the `waiting` records it brings."""
        ...


class MemoryBus:
    """Partitions as lists. A position is a place in the list; what is trimmed leaves a gap."""

    def __init__(self, whims: Whims) -> None:
        self.whims = whims
        self.partitions: dict[tuple[str, int], list[Message]] = {}

    def records(self, topic: str, partition: int) -> list[Message]:
        """The records of a partition; those that are trimmed are missing."""
        return self.partitions.setdefault((topic, partition), [])

    def end(self, topic: str, partition: int) -> int:
        """The position of the next record."""
        records = self.records(topic, partition)
        return records[-1].position + 1 if records else 0

    def connect(self, point: Point) -> "Connection":
        """The bus as one process has it."""
        return Connection(self, point)


class Connection:
    """See `Bus`."""

    def __init__(self, bus: MemoryBus, point: Point) -> None:
        self.bus, self.point = bus, point

    def publisher(self) -> "Connection":
        """See `Bus.publisher`."""
        return self

    def publish(self, records: Sequence[Outgoing]) -> None:
        """See `Publisher.publish`."""
        self.point("publish")
        self._append(records[: self.bus.whims.sent_twice(len(records))])
        self._append(records)
        self.point("published")

    def subscribe(self, topic: str, partition: int, position: int) -> "MemorySubscription":
        """See `Bus.subscribe`."""
        self.point("subscribe")
        if position > self.bus.end(topic, partition):
            raise CorruptLogError(f"{topic}/{partition} ends before {position}")
        return MemorySubscription(self, topic, partition, position)

    def last(self, topic: str, partition: int, count: int) -> Sequence[Message]:
        """See `Bus.last`."""
        self.point("last")
        return self.bus.records(topic, partition)[-count:]

    def close(self) -> None:
        """See `Publisher.close`."""

    def _append(self, records: Sequence[Outgoing]) -> None:
        self.bus.whims.sent(records)
        for r in records:
            position = self.bus.end(r.topic, r.partition)
            self.bus.records(r.topic, r.partition).append(Message(r.topic, r.partition, position, r.key, r.value, r.headers))


class MemorySubscription:
    """See `Subscription`."""

    def __init__(self, connection: Connection, topic: str, partition: int, position: int) -> None:
        self._connection, self._at, self._position = connection, (topic, partition), position

    def poll(self, timeout_seconds: float) -> Sequence[Message]:  # noqa: ARG002 - nobody waits here
        """See `Subscription.poll`."""
        self._connection.point("poll")
        bus = self._connection.bus
        records = bus.records(*self._at)
        new = next((n for n, record in enumerate(records) if record.position >= self._position), len(records))
        back, count = bus.whims.handed(len(records) - new)
        found = records[max(0, new - back) : new + count]
        if found:
            self._position = max(self._position, found[-1].position + 1)
        return found

    def close(self) -> None:
        """See `Subscription.close`."""


class LogOwner:
    """See `Owner`: asks the process that has the log; `log_of` gives all its entries, or None while nobody serves it."""

    def __init__(self, log_of: Callable[[str], Sequence[Stored] | None], point: Point) -> None:
        self._log_of, self._point = log_of, point

    def entries(self, name: str, start: int, end: int) -> Sequence[Stored]:
        """See `Owner.entries`."""
        self._point("fetch")
        log = self._log_of(name)
        if log is None or len(log) < end:
            raise BusError(f"{name} does not answer")
        return log[start:end]
