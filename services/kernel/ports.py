"""The ports between the shell and the outside: a store, a bus, a clock. Adapters live in `services/runtime`.

One store holds one log. Everything a transaction does becomes durable together or not at all.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class FencedError(RuntimeError):
    """Another writer has taken over this log; this one must stop at once."""


class CorruptLogError(RuntimeError):
    """What is stored contradicts itself or what another log has shown before. Nobody may carry on over it."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log stands: the index that the next entry gets, and the time of the last one (None if empty)."""

    length: int
    last_time: datetime | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored entry: its index, stream, exact bytes and leaf hash."""

    index: int
    stream: str
    value: bytes
    leaf: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an earlier command: the digest of its body and the entries that answer it."""

    body: str
    first_index: int
    parts: int


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The tree over a log as it was last committed: its right edge, and its signed checkpoint if it is signed at all."""

    frontier: bytes
    checkpoint: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source log has been read: the next index wanted, and the bus position to resume from."""

    next_index: int
    position: int


@dataclass(frozen=True, slots=True)
class Parked:
    """A record that could not be read and, after it, all records of the same stream of that source, in order."""

    source: str
    index: int
    stream: str
    reason: str
    value: bytes


class Reads(Protocol):
    """What may be asked of a store, inside a transaction or beside it."""

    def head(self) -> Head:
        """The log's length and last time."""
        ...

    def entries(self, start: int, limit: int) -> Sequence[Stored]:
        """Up to `limit` entries from index `start`, in order."""
        ...

    def tree_head(self) -> TreeHead | None:
        """The tree over the entries; None in a log that was never grown under one."""
        ...

    def hashes(self, level: int, start: int, limit: int) -> Sequence[bytes]:
        """Up to `limit` hashes of consecutive complete subtrees of 256**level entries, from the one at `start` on."""
        ...

    def row(self, kind: str, key: str) -> bytes | None:
        """One state row's JSON."""
        ...

    def rows(self, kind: str, prefix: str) -> Iterator[tuple[str, bytes]]:
        """State rows (key, JSON) of a kind whose key starts with `prefix`, in key order (by code point), a page at a time."""
        ...

    def rows_among(self, kind: str, keys: Collection[str]) -> dict[str, bytes]:
        """The state rows of a kind that have one of those keys: one look for many."""
        ...

    def kinds(self) -> Sequence[str]:
        """The kinds of state rows present, sorted."""
        ...

    def progress(self, source: str) -> Progress:
        """How far `source` has been read; (0, 0) if never."""
        ...

    def seen(self, source: str, index: int) -> str | None:
        """The leaf under which that entry was taken in, or None."""
        ...

    def relayed(self) -> int:
        """The number of entries that the bus has acknowledged."""
        ...

    def parked(self) -> Sequence[Parked]:
        """All parked records, by source and index."""
        ...


class Transaction(Reads, Protocol):
    """The one transaction of a writer."""

    def recorded(self, command_id: str) -> Recorded | None:
        """What became of that command id, or None."""
        ...

    def recorded_among(self, command_ids: Collection[str]) -> dict[str, Recorded]:
        """What became of those of the commands that are known: one look for many."""
        ...

    def record_command(self, command_id: str, recorded: Recorded) -> None:
        """Remember the answer to a command."""
        ...

    def append(self, entries: Iterable[tuple[Stored, datetime]]) -> None:
        """Append entries; their indices continue the log without a gap."""
        ...

    def put_tree(self, head: TreeHead, hashes: Iterable[tuple[int, int, bytes]]) -> None:
        """Put the tree in the place of the last, with the hashes (level from 1, index, hash) of subtrees now complete."""
        ...

    def put_rows(self, rows: Iterable[tuple[str, str, bytes | None]]) -> None:
        """Write state rows (kind, key, JSON) in the place of what they replace; None removes the row."""
        ...

    def accept(self, source: str, index: int, leaf: str) -> None:
        """Note in the inbox that the entry was taken in."""
        ...

    def advance(self, source: str, progress: Progress) -> None:
        """Note how far a source has been read."""
        ...

    def park(self, parked: Parked) -> None:
        """Set a record aside."""
        ...

    def unpark(self, source: str, index: int) -> None:
        """Forget a parked record that has been replayed."""
        ...

    def has_parked(self, source: str, stream: str) -> bool:
        """Whether the stream is held back because one of its records is parked."""
        ...


class Store(Protocol):
    """Keeps one log, its state, its inbox and its progress."""

    def take_over(self) -> int:
        """Raise the epoch and return it: from now on, every older writer is fenced."""
        ...

    def transaction(self, epoch: int) -> AbstractContextManager[Transaction]:
        """A write transaction; commits durably at the end of the block, rolls back on an exception.

        Raises:
            FencedError: if `epoch` is no longer the log's.
        """
        ...

    def read(self) -> AbstractContextManager[Reads]:
        """A consistent read beside the writer; never blocks it."""
        ...

    def mark_relayed(self, length: int) -> None:
        """Note that the bus has acknowledged all entries below `length`; never goes back."""
        ...

    def close(self) -> None:
        """Give back files and connections."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A record as the bus delivers it. `position` orders the records of one partition; gaps and repeats are allowed."""

    topic: str
    partition: int
    position: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]

    def header(self, name: str) -> str | None:
        """The text of a header, or None."""
        return next((value.decode("utf-8", "replace") for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be sent."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Publisher(Protocol):
    """Sends records."""

    def publish(self, records: Sequence[Outgoing]) -> None:
        """Send, in order per partition, and return when all are durably acknowledged. May repeat a record, never lose one.

        Raises:
            BusError: if not all were acknowledged in time; some may have been. Send them again.
        """
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


class Subscription(Protocol):
    """Reads one partition from a position on."""

    def poll(self, timeout_seconds: float) -> Sequence[Message]:
        """The next records, at least once each, in order; empty after the time-out."""
        ...

    def close(self) -> None:
        """Give back connections. Wakes nobody: call it from the polling thread."""
        ...


class BusError(RuntimeError):
    """The bus did not do what was asked; trying again may help."""


class Bus(Protocol):
    """Carries records at least once, in order within a partition, in no order across them."""

    def publisher(self) -> Publisher:
        """A new publisher; use it from one thread."""
        ...

    def subscribe(self, topic: str, partition: int, position: int) -> Subscription:
        """Read a partition from `position` on; use it from one thread."""
        ...

    def last(self, topic: str, partition: int, count: int) -> Sequence[Message]:
        """The last `count` records of a partition, in order; all if there are fewer.

        Raises:
            BusError: if the bus does not answer; trying again may help.
        """
        ...


class Clock(Protocol):
    """Tells the time. The only source of it; cores get it as an argument."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        ...
