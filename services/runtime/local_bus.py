"""The bus port in one SQLite file: for a single machine. It promises no more than Kafka does."""

import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from services.kernel.ports import BusError, CorruptLogError, Message, Outgoing

_TABLES = """
CREATE TABLE IF NOT EXISTS records (topic TEXT, partition INTEGER, position INTEGER, key BLOB, value BLOB, headers BLOB,
    PRIMARY KEY (topic, partition, position)) WITHOUT ROWID;
"""
_BATCH = 500
_POLL_SECONDS = 0.02
_BUSY_SECONDS = 30
_END = "SELECT COALESCE(MAX(position) + 1, 0) FROM records WHERE topic = ? AND partition = ?"


class LocalBus:
    """Topics as rows of one table. Every topic exists, every partition too."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        connection = self._connect()
        connection.executescript(_TABLES)
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        with _translated():
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        return connection

    def publisher(self) -> "_Publisher":
        """See `Bus.publisher`."""
        return _Publisher(self._connect())

    def subscribe(self, topic: str, partition: int, position: int) -> "_Subscription":
        """See `Bus.subscribe`.

        Raises:
            CorruptLogError: if the partition does not reach to `position`: its file was made anew.
        """
        connection = self._connect()
        with _translated():
            (end,) = connection.execute(_END, (topic, partition)).fetchone()
        if position > end:
            connection.close()
            raise CorruptLogError(f"{topic}/{partition} ends at {end}, but was read up to {position}")
        return _Subscription(connection, topic, partition, position)

    def last(self, topic: str, partition: int, count: int) -> Sequence[Message]:
        """See `Bus.last`."""
        with closing(self._connect()) as connection:
            with _translated():
                (end,) = connection.execute(_END, (topic, partition)).fetchone()
            return _records(connection, topic, partition, max(0, end - count), count)


class _Publisher:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def publish(self, records: Sequence[Outgoing]) -> None:
        with _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", self._rows(records))
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _rows(self, records: Sequence[Outgoing]) -> list[tuple[Any, ...]]:
        ends: dict[tuple[str, int], int] = {}
        rows: list[tuple[Any, ...]] = []
        for record in records:
            where = (record.topic, record.partition)
            if where not in ends:
                (ends[where],) = self._connection.execute(_END, where).fetchone()
            packed = b"".join(_pack(name.encode()) + _pack(value) for name, value in record.headers)
            rows.append((*where, ends[where], record.key, record.value, packed))
            ends[where] += 1
        return rows

    def close(self) -> None:
        self._connection.close()


class _Subscription:
    def __init__(self, connection: sqlite3.Connection, topic: str, partition: int, position: int) -> None:
        self._connection, self._topic, self._partition, self._position = connection, topic, partition, position
        self._pause = threading.Event()

    def poll(self, timeout_seconds: float) -> Sequence[Message]:
        deadline = monotonic() + timeout_seconds
        while not (messages := self._next()):
            left = deadline - monotonic()
            if left <= 0:
                return []
            self._pause.wait(min(_POLL_SECONDS, left))
        self._position = messages[-1].position + 1
        return messages

    def _next(self) -> list[Message]:
        return _records(self._connection, self._topic, self._partition, self._position, _BATCH)

    def close(self) -> None:
        self._connection.close()


def _records(connection: sqlite3.Connection, topic: str, partition: int, start: int, limit: int) -> list[Message]:
    select = (
        "SELECT position, key, value, headers FROM records WHERE topic = ? AND partition = ? AND position >= ?"
        " ORDER BY position LIMIT ?"
    )
    with _translated():
        rows = connection.execute(select, (topic, partition, start, limit)).fetchall()
    return [Message(topic, partition, position, key, value, tuple(_unpack(headers))) for position, key, value, headers in rows]


@contextmanager
def _translated() -> Generator[None]:
    """The database's errors in the words of the port."""
    try:
        yield
    except sqlite3.Error as error:
        raise BusError(f"local bus: {error}") from error


def _pack(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


def _unpack(data: bytes) -> list[tuple[str, bytes]]:
    parts: list[bytes] = []
    while data:
        size = int.from_bytes(data[:4])
        parts.append(data[4 : 4 + size])
        data = data[4 + size :]
    return [(name.decode(), value) for name, value in zip(parts[::2], parts[1::2], strict=True)]
