"""Machines: in memory, for many seeds; and with the real store on real files, for what only SQLite itself can get wrong."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.kernel.form import parse_instant
from services.kernel.ports import Parked, Progress, Recorded, Store, Stored
from services.runtime.sql_store import Sqlite, SqlStore
from tests.simulation.memory import Disk, MemoryStore, Tables


class MemoryMachine:
    """See `Machine`."""

    server = True

    def __init__(self) -> None:
        self.disk = Disk()

    def open(self) -> Store:
        """See `Machine.open`."""
        return MemoryStore(self.disk)

    def tables(self) -> Tables:
        """See `Machine.tables`."""
        return self.disk.tables

    def locked(self) -> bool:
        """See `Machine.locked`."""
        return self.disk.open is not None

    def power_cut(self, cut: Callable[[int], int]) -> None:
        """See `Machine.power_cut`: a server has synced what it has committed."""

    def put_back(self, tables: Tables) -> None:
        """See `Machine.put_back`."""
        self.disk.tables = replace(tables.copy(), epoch=max(tables.epoch, self.disk.tables.epoch))
        self.disk.open = None


class _Dialect(Sqlite):
    """SQLite that waits for nobody, and notes how much of its write-ahead log it has had synced."""

    def __init__(self, machine: "FileMachine") -> None:
        super().__init__(machine.path)
        self._machine = machine

    def connect(self) -> Any:
        """See `Dialect.connect`."""
        connection = super().connect()
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.set_trace_callback(None)
        full = connection.execute("PRAGMA synchronous").fetchone()[0] >= 2
        return _Connection(connection, self._machine, full=full)

    def many(self, connection: Any, text: str, rows: list[tuple[Any, ...]]) -> None:
        """See `Dialect.many`."""
        super().many(connection.inner, text, rows)


class _Connection:
    """A connection that tells the machine of each commit."""

    def __init__(self, inner: Any, machine: "FileMachine", *, full: bool) -> None:
        self.inner, self._machine, self._full = inner, machine, full
        machine.connections.append(self)

    def execute(self, sql: str, params: Any = (), /) -> Any:
        """Run a statement."""
        if sql == "BEGIN IMMEDIATE":
            self._machine.beginning()
        done = self.inner.execute(sql, params)
        if sql.startswith("PRAGMA synchronous"):
            self._full = sql.endswith("FULL")
        if self._full and not self.inner.in_transaction:
            self._machine.synced = self._machine.size()
        return done

    def close(self) -> None:
        """End the session."""
        self.inner.close()


class FileMachine:
    """See `Machine`. A power cut is a copy of the files as they were synced, and of the log any number of bytes beyond."""

    server = False

    def __init__(self, directory: Path, checks: tuple[str, ...]) -> None:
        self._directory, self._checks, self._generation = directory, checks, 0
        self.path, self.synced = directory / "0" / "log.db", 0
        self.connections: list[_Connection] = []
        self.beginning: Callable[[], None] = lambda: None
        """Called when a transaction that writes is about to begin."""
        self._look: sqlite3.Connection | None = None

    def open(self) -> Store:
        """See `Machine.open`."""
        return SqlStore(_Dialect(self), self._checks)

    def size(self) -> int:
        """The length of the write-ahead log."""
        log = self.path.with_name("log.db-wal")
        return log.stat().st_size if log.exists() else 0

    def tables(self) -> Tables:
        """See `Machine.tables`."""
        if self._look is None:
            self._look = sqlite3.connect(self.path, isolation_level=None)
        rows = self._look.execute
        if not rows("SELECT 1 FROM sqlite_schema WHERE name = 'writer'").fetchall():
            return Tables()  # the power went before the first commit was synced
        (epoch, relayed, last), *_ = rows("SELECT epoch, relayed, last_time FROM writer").fetchall()
        return Tables(
            epoch=epoch,
            relayed=relayed,
            last_time=parse_instant(last, "last_time") if last else None,
            entries=[Stored(*row) for row in rows("SELECT idx, stream, value, leaf FROM entries ORDER BY idx")],
            commands={name: Recorded(*rest) for name, *rest in rows("SELECT id, body, first_index, parts FROM commands")},
            inbox={(source, index): leaf for source, index, leaf in rows("SELECT source, idx, leaf FROM inbox")},
            progress={source: Progress(*rest) for source, *rest in rows("SELECT source, next_index, position FROM progress")},
            parked={(row[0], row[1]): Parked(*row) for row in rows("SELECT source, idx, stream, reason, value FROM parked")},
            state={(kind, key): body.encode() for kind, key, body in rows("SELECT kind, key, body FROM state")},
        )

    def locked(self) -> bool:
        """See `Machine.locked`."""
        return any(connection.inner.in_transaction for connection in self.connections)

    def power_cut(self, cut: Callable[[int], int]) -> None:
        """See `Machine.power_cut`."""
        before, length = self.path, self.synced + cut(self.size() - self.synced)
        self._generation += 1
        self.path = self._directory / str(self._generation) / "log.db"
        self.path.parent.mkdir(parents=True)
        shutil.copy(before, self.path)
        if before.with_name("log.db-wal").exists():
            self.path.with_name("log.db-wal").write_bytes(before.with_name("log.db-wal").read_bytes()[:length])
        self.close()
        self.synced = length

    def close(self) -> None:
        """Close all files."""
        for connection in self.connections:
            connection.close()
        self.connections.clear()
        if self._look is not None:
            self._look.close()
            self._look = None

    def put_back(self, tables: Tables) -> None:
        """See `Machine.put_back`."""
        raise NotImplementedError("backups are simulated in memory")
