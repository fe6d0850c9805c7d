"""The store port over SQL: SQLite and PostgreSQL, one schema, one set of statements."""

import json
import sqlite3
import threading
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, Protocol, cast

import psycopg

from services.kernel.form import instant, parse_instant
from services.kernel.ports import FencedError, Head, Parked, Progress, Recorded, Stored, TreeHead

_TABLES = """
CREATE TABLE IF NOT EXISTS writer (one INTEGER PRIMARY KEY CHECK (one = 1), epoch BIGINT NOT NULL, length BIGINT NOT NULL,
    relayed BIGINT NOT NULL CHECK (relayed <= length), last_time TEXT);
CREATE TABLE IF NOT EXISTS entries (idx {index} PRIMARY KEY, stream {text} NOT NULL, leaf TEXT NOT NULL, value {blob} NOT NULL);
CREATE TABLE IF NOT EXISTS tree (one INTEGER PRIMARY KEY CHECK (one = 1), frontier {blob} NOT NULL, checkpoint TEXT);
CREATE TABLE IF NOT EXISTS hashes (level BIGINT NOT NULL, idx BIGINT NOT NULL, hash {blob} NOT NULL, PRIMARY KEY (level, idx));
CREATE TABLE IF NOT EXISTS commands (id {text} PRIMARY KEY, body TEXT NOT NULL, first_index BIGINT NOT NULL, parts BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS inbox (source {text} NOT NULL, idx BIGINT NOT NULL, leaf TEXT NOT NULL, PRIMARY KEY (source, idx));
CREATE TABLE IF NOT EXISTS progress (source {text} PRIMARY KEY, next_index BIGINT NOT NULL, position BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS parked (source {text} NOT NULL, idx BIGINT NOT NULL, stream {text} NOT NULL, reason TEXT NOT NULL,
    value {blob} NOT NULL, PRIMARY KEY (source, idx));
CREATE TABLE IF NOT EXISTS state (kind {text} NOT NULL, key {text} NOT NULL, body {json} NOT NULL, PRIMARY KEY (kind, key){checks});
INSERT INTO writer VALUES (1, 0, 0, 0, NULL) ON CONFLICT DO NOTHING
"""
_FROZEN_SECONDS = 30
_LAST = "\U0010ffff"
_PAGE = 500


class _Connection(Protocol):
    def execute(self, sql: Any, params: Any = ..., /) -> Any: ...
    def close(self) -> None: ...


class Dialect(Protocol):
    """What differs between the databases."""

    begin: str
    begin_read: str
    lock: str
    among: str
    relaxed: str
    types: dict[str, str]

    def connect(self) -> _Connection:
        """Open a connection in autocommit mode; transactions are begun by hand."""
        ...

    def sql(self, text: str) -> str:
        """Adapt the placeholders, written `?`."""
        ...

    def listed(self, values: Collection[str]) -> Any:
        """The values as the one parameter of `among`."""
        ...

    def many(self, connection: Any, text: str, rows: list[tuple[Any, ...]]) -> None:
        """Run a statement for each row."""
        ...


class Sqlite:
    """One file. WAL, and `synchronous=FULL`: a commit that was answered must survive the loss of power."""

    begin = "BEGIN IMMEDIATE"
    begin_read = "BEGIN"
    lock = ""
    among = "IN (SELECT value FROM json_each(?))"
    relaxed = "PRAGMA synchronous = NORMAL"
    types = {"text": "TEXT", "blob": "BLOB", "json": "TEXT", "index": "INTEGER"}  # noqa: RUF012 - a constant of the class, never written to

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def connect(self) -> sqlite3.Connection:
        """See `Dialect.connect`."""
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def sql(self, text: str) -> str:
        """See `Dialect.sql`."""
        return text

    def listed(self, values: Collection[str]) -> str:
        """See `Dialect.listed`."""
        return json.dumps(list(values))

    def many(self, connection: Any, text: str, rows: list[tuple[Any, ...]]) -> None:
        """See `Dialect.many`."""
        connection.executemany(text, rows)


class Postgres:
    """One schema of a database. Keys collate by code point, as in SQLite."""

    begin = "BEGIN"
    begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    lock = " FOR UPDATE"
    among = "= ANY(?)"
    relaxed = "SET synchronous_commit TO off"
    types = {"text": 'TEXT COLLATE "C"', "blob": "BYTEA", "json": "JSON", "index": "BIGINT"}  # noqa: RUF012 - a constant of the class, never written to

    def __init__(self, url: str, schema: str) -> None:
        self._url, self._schema = url, schema

    def connect(self) -> _Connection:
        """See `Dialect.connect`."""
        connection = psycopg.connect(self._url, autocommit=True)
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"'.encode())
        connection.execute(f'SET search_path TO "{self._schema}"'.encode())
        connection.execute("SET synchronous_commit TO on")
        # A process frozen inside its transaction must not keep another from taking over for ever.
        connection.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", (f"{_FROZEN_SECONDS}s",))
        return cast("_Connection", connection)

    def sql(self, text: str) -> str:
        """See `Dialect.sql`."""
        return text.replace("?", "%s")

    def listed(self, values: Collection[str]) -> list[str]:
        """See `Dialect.listed`."""
        return list(values)

    def many(self, connection: Any, text: str, rows: list[tuple[Any, ...]]) -> None:
        """See `Dialect.many`."""
        with connection.cursor() as cursor:
            cursor.executemany(text, rows)


class _Reads:
    """Reads over one connection inside one transaction."""

    def __init__(self, connection: Any, dialect: Dialect) -> None:
        self._connection, self._dialect = connection, dialect

    def _rows(self, text: str, *params: Any) -> list[tuple[Any, ...]]:
        return cast("list[tuple[Any, ...]]", self._connection.execute(self._dialect.sql(text), params).fetchall())

    def head(self) -> Head:
        """See `Reads.head`."""
        ((length, last),) = self._rows("SELECT length, last_time FROM writer")
        return Head(length, parse_instant(last, "last_time") if last else None)

    def entries(self, start: int, limit: int) -> Sequence[Stored]:
        """See `Reads.entries`."""
        rows = self._rows("SELECT idx, stream, value, leaf FROM entries WHERE idx >= ? ORDER BY idx LIMIT ?", start, limit)
        return [Stored(index, stream, bytes(value), leaf) for index, stream, value, leaf in rows]

    def tree_head(self) -> TreeHead | None:
        """See `Reads.tree_head`."""
        rows = self._rows("SELECT frontier, checkpoint FROM tree")
        return TreeHead(bytes(rows[0][0]), rows[0][1]) if rows else None

    def hashes(self, level: int, start: int, limit: int) -> Sequence[bytes]:
        """See `Reads.hashes`."""
        if level == 0:
            rows = self._rows("SELECT leaf FROM entries WHERE idx >= ? ORDER BY idx LIMIT ?", start, limit)
            return [bytes.fromhex(leaf) for (leaf,) in rows]
        select = "SELECT hash FROM hashes WHERE level = ? AND idx >= ? ORDER BY idx LIMIT ?"
        return [bytes(hash_) for (hash_,) in self._rows(select, level, start, limit)]

    def row(self, kind: str, key: str) -> bytes | None:
        """See `Reads.row`."""
        rows = self._rows("SELECT CAST(body AS TEXT) FROM state WHERE kind = ? AND key = ?", kind, key)
        return rows[0][0].encode() if rows else None

    def rows(self, kind: str, prefix: str) -> Iterator[tuple[str, bytes]]:
        """See `Reads.rows`."""
        select = "SELECT key, CAST(body AS TEXT) FROM state WHERE kind = ? AND key {} ? AND key < ? ORDER BY key LIMIT ?"
        page = self._rows(select.format(">="), kind, prefix, prefix + _LAST, _PAGE)
        while page:
            yield from ((key, body.encode()) for key, body in page)
            page = self._rows(select.format(">"), kind, page[-1][0], prefix + _LAST, _PAGE) if len(page) == _PAGE else []

    def rows_among(self, kind: str, keys: Collection[str]) -> dict[str, bytes]:
        """See `Reads.rows_among`."""
        if not keys:
            return {}
        select = f"SELECT key, CAST(body AS TEXT) FROM state WHERE kind = ? AND key {self._dialect.among}"  # noqa: S608 - a constant
        return {key: body.encode() for key, body in self._rows(select, kind, self._dialect.listed(keys))}

    def kinds(self) -> Sequence[str]:
        """See `Reads.kinds`."""
        return [kind for (kind,) in self._rows("SELECT DISTINCT kind FROM state ORDER BY kind")]

    def progress(self, source: str) -> Progress:
        """See `Reads.progress`."""
        rows = self._rows("SELECT next_index, position FROM progress WHERE source = ?", source)
        return Progress(*rows[0]) if rows else Progress(0, 0)

    def relayed(self) -> int:
        """See `Reads.relayed`."""
        return cast("int", self._rows("SELECT relayed FROM writer")[0][0])

    def parked(self) -> Sequence[Parked]:
        """See `Reads.parked`."""
        rows = self._rows("SELECT source, idx, stream, reason, value FROM parked ORDER BY source, idx")
        return [Parked(source, index, stream, reason, bytes(value)) for source, index, stream, reason, value in rows]

    def seen(self, source: str, index: int) -> str | None:
        """See `Transaction.seen`."""
        rows = self._rows("SELECT leaf FROM inbox WHERE source = ? AND idx = ?", source, index)
        return rows[0][0] if rows else None

    def recorded(self, command_id: str) -> Recorded | None:
        """See `Transaction.recorded`."""
        return self.recorded_among([command_id]).get(command_id)

    def recorded_among(self, command_ids: Collection[str]) -> dict[str, Recorded]:
        """See `Transaction.recorded_among`."""
        if not command_ids:
            return {}
        select = f"SELECT id, body, first_index, parts FROM commands WHERE id {self._dialect.among}"  # noqa: S608 - a constant
        return {row[0]: Recorded(*row[1:]) for row in self._rows(select, self._dialect.listed(command_ids))}


class _Transaction(_Reads):
    """The one transaction of a writer. What a batch inserts one by one waits for `finish`, to go in together."""

    def __init__(self, connection: Any, dialect: Dialect) -> None:
        super().__init__(connection, dialect)
        self._commands: list[tuple[str, Recorded]] = []

    def finish(self) -> None:
        """Write what has waited; the commit follows."""
        rows = [(command_id, recorded.body, recorded.first_index, recorded.parts) for command_id, recorded in self._commands]
        self._many("INSERT INTO commands VALUES (?, ?, ?, ?)", rows)

    def recorded_among(self, command_ids: Collection[str]) -> dict[str, Recorded]:
        """See `Transaction.recorded_among`."""
        waiting = {command_id: recorded for command_id, recorded in self._commands if command_id in command_ids}
        return super().recorded_among(command_ids) | waiting

    def _run(self, text: str, *params: Any) -> None:
        self._connection.execute(self._dialect.sql(text), params)

    def _many(self, text: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            self._dialect.many(self._connection, self._dialect.sql(text), rows)

    def record_command(self, command_id: str, recorded: Recorded) -> None:
        """See `Transaction.record_command`."""
        self._commands.append((command_id, recorded))

    def append(self, entries: Iterable[tuple[Stored, datetime]]) -> None:
        """See `Transaction.append`."""
        rows = list(entries)
        if not rows:
            return
        self._many("INSERT INTO entries VALUES (?, ?, ?, ?)", [(e.index, e.stream, e.leaf, e.value) for e, _ in rows])
        indices = [entry.index for entry, _ in rows]
        start, end = indices[0], indices[0] + len(indices)
        update = "UPDATE writer SET length = ?, last_time = ? WHERE length = ?"
        done = self._connection.execute(self._dialect.sql(update), (end, instant(rows[-1][1]), start))
        continues = done.rowcount == 1 and indices == list(range(start, end))
        assert continues, "entries must continue the log"  # noqa: S101 - a broken invariant stops the process

    def put_tree(self, head: TreeHead, hashes: Iterable[tuple[int, int, bytes]]) -> None:
        """See `Transaction.put_tree`."""
        upsert = (
            "INSERT INTO tree VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET frontier = excluded.frontier,"
            " checkpoint = excluded.checkpoint"
        )
        self._run(upsert, head.frontier, head.checkpoint)
        self._many("INSERT INTO hashes VALUES (?, ?, ?)", list(hashes))

    def put_rows(self, rows: Iterable[tuple[str, str, bytes | None]]) -> None:
        """See `Transaction.put_rows`."""
        upsert = "INSERT INTO state VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"
        changed = list(rows)
        self._many(upsert, [(kind, key, body.decode()) for kind, key, body in changed if body is not None])
        self._many("DELETE FROM state WHERE kind = ? AND key = ?", [(kind, key) for kind, key, body in changed if body is None])

    def accept(self, source: str, index: int, leaf: str) -> None:
        """See `Transaction.accept`."""
        self._run("INSERT INTO inbox VALUES (?, ?, ?)", source, index, leaf)

    def advance(self, source: str, progress: Progress) -> None:
        """See `Transaction.advance`."""
        upsert = (
            "INSERT INTO progress VALUES (?, ?, ?) ON CONFLICT (source) DO UPDATE SET next_index = excluded.next_index,"
            " position = excluded.position"
        )
        self._run(upsert, source, progress.next_index, progress.position)

    def park(self, parked: Parked) -> None:
        """See `Transaction.park`."""
        insert = "INSERT INTO parked VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        self._run(insert, parked.source, parked.index, parked.stream, parked.reason, parked.value)

    def unpark(self, source: str, index: int) -> None:
        """See `Transaction.unpark`."""
        self._run("DELETE FROM parked WHERE source = ? AND idx = ?", source, index)

    def has_parked(self, source: str, stream: str) -> bool:
        """See `Transaction.has_parked`."""
        return bool(self._rows("SELECT 1 FROM parked WHERE source = ? AND stream = ? LIMIT 1", source, stream))


class SqlStore:
    """Keeps one log in a database. `checks` are conditions on every state row, in SQL that both databases understand."""

    def __init__(self, dialect: Dialect, checks: Sequence[str] = ()) -> None:
        self._dialect = dialect
        self._idle: LifoQueue[Any] = LifoQueue()
        self._writer: Any = dialect.connect()
        self._marker: Any = dialect.connect()
        self._marker.execute(dialect.relaxed)
        self._marking = threading.Lock()
        conditions = "".join(f", CHECK ({check})" for check in checks)
        with self._transacting(self._writer, dialect.begin):
            for statement in _TABLES.format(**dialect.types, checks=conditions).split(";"):
                self._writer.execute(statement)

    def take_over(self) -> int:
        """See `Store.take_over`."""
        with self._transacting(self._writer, self._dialect.begin):
            self._writer.execute("UPDATE writer SET epoch = epoch + 1")
            return cast("int", self._writer.execute("SELECT epoch FROM writer").fetchone()[0])

    @contextmanager
    def transaction(self, epoch: int) -> Generator[_Transaction]:
        """See `Store.transaction`."""
        with self._transacting(self._writer, self._dialect.begin):
            current = self._writer.execute("SELECT epoch FROM writer" + self._dialect.lock).fetchone()[0]  # noqa: S608 - a constant
            if current != epoch:
                raise FencedError(f"epoch {epoch} is over: the log is written under epoch {current}")
            tx = _Transaction(self._writer, self._dialect)
            yield tx
            tx.finish()

    @contextmanager
    def read(self) -> Generator[_Reads]:
        """See `Store.read`."""
        with self._lent() as connection, self._transacting(connection, self._dialect.begin_read):
            yield _Reads(connection, self._dialect)

    def mark_relayed(self, length: int) -> None:
        """See `Store.mark_relayed`."""
        with self._marking:  # a mark that a loss of power takes back only means that entries are sent again
            self._marker.execute(self._dialect.sql("UPDATE writer SET relayed = ? WHERE relayed < ?"), (length, length))

    def close(self) -> None:
        """See `Store.close`."""
        self._writer.close()
        self._marker.close()
        while not self._idle.empty():
            self._idle.get_nowait().close()

    @contextmanager
    def _lent(self) -> Generator[Any]:
        """A connection beside the writer's; kept for the next use unless the database has failed on it."""
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._dialect.connect()
        try:
            yield connection
        except (sqlite3.Error, psycopg.Error):
            connection.close()
            raise
        except BaseException:
            self._idle.put(connection)
            raise
        self._idle.put(connection)

    @contextmanager
    def _transacting(self, connection: Any, begin: str) -> Generator[None]:
        connection.execute(begin)
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error, psycopg.Error):  # it may have rolled back by itself, or be gone: what matters is why
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def open_store(url: str, log: str, checks: Sequence[str] = ()) -> SqlStore:
    """Open the store of a log: a file in the directory of a `sqlite:///` URL, or a schema at a `postgresql://` one."""
    name = log.replace("/", "-" if url.startswith("sqlite") else "_")
    if url.startswith("sqlite:///"):
        return SqlStore(Sqlite(Path(url.removeprefix("sqlite:///")) / f"{name}.db"), checks)
    return SqlStore(Postgres(url, name), checks)
