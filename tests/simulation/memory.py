"""The store port in dictionaries: what one log keeps, durable at each commit. It is held to the contract of every store."""

import sqlite3
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from services.kernel.ports import FencedError, Head, Parked, Progress, Recorded, Stored, TreeHead

K = TypeVar("K")
V = TypeVar("V")


@dataclass
class Tables:
    """What is committed. The values are immutable: a copy of the dictionaries is a backup."""

    epoch: int = 0
    relayed: int = 0
    last_time: datetime | None = None
    entries: list[Stored] = field(default_factory=list[Stored])
    commands: dict[str, Recorded] = field(default_factory=dict[str, Recorded])
    inbox: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])
    progress: dict[str, Progress] = field(default_factory=dict[str, Progress])
    parked: dict[tuple[str, int], Parked] = field(default_factory=dict[tuple[str, int], Parked])
    state: dict[tuple[str, str], bytes] = field(default_factory=dict[tuple[str, str], bytes])
    tree: TreeHead | None = None
    hashes: dict[tuple[int, int], bytes] = field(default_factory=dict[tuple[int, int], bytes])

    def copy(self) -> "Tables":
        """These tables as they are now."""
        return replace(
            self,
            entries=self.entries.copy(),
            commands=self.commands.copy(),
            inbox=self.inbox.copy(),
            progress=self.progress.copy(),
            parked=self.parked.copy(),
            state=self.state.copy(),
            hashes=self.hashes.copy(),
        )


class _Reads:
    """Reads over one version of the tables."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def head(self) -> Head:
        """See `Reads.head`."""
        return Head(len(self.tables.entries), self.tables.last_time)

    def entries(self, start: int, limit: int) -> Sequence[Stored]:
        """See `Reads.entries`."""
        return self.tables.entries[start : start + limit]

    def tree_head(self) -> TreeHead | None:
        """See `Reads.tree_head`."""
        return self.tables.tree

    def hashes(self, level: int, start: int, limit: int) -> Sequence[bytes]:
        """See `Reads.hashes`."""
        if level == 0:
            return [bytes.fromhex(entry.leaf) for entry in self.entries(start, limit)]
        count = sum(1 for at, _ in self.tables.hashes if at == level)
        return [self.tables.hashes[level, index] for index in range(start, min(start + limit, count))]

    def row(self, kind: str, key: str) -> bytes | None:
        """See `Reads.row`."""
        return self.tables.state.get((kind, key))

    def rows_among(self, kind: str, keys: Collection[str]) -> dict[str, bytes]:
        """See `Reads.rows_among`."""
        return {key: body for key in keys if (body := self.tables.state.get((kind, key))) is not None}

    def rows(self, kind: str, prefix: str) -> Iterator[tuple[str, bytes]]:
        """See `Reads.rows`."""
        found = [(key, body) for (name, key), body in self.tables.state.items() if name == kind and key.startswith(prefix)]
        return iter(sorted(found))

    def kinds(self) -> Sequence[str]:
        """See `Reads.kinds`."""
        return sorted({kind for kind, _ in self.tables.state})

    def progress(self, source: str) -> Progress:
        """See `Reads.progress`."""
        return self.tables.progress.get(source, Progress(0, 0))

    def seen(self, source: str, index: int) -> str | None:
        """See `Reads.seen`."""
        return self.tables.inbox.get((source, index))

    def relayed(self) -> int:
        """See `Reads.relayed`."""
        return self.tables.relayed

    def parked(self) -> Sequence[Parked]:
        """See `Reads.parked`."""
        return [self.tables.parked[at] for at in sorted(self.tables.parked)]

    def recorded(self, command_id: str) -> Recorded | None:
        """See `Transaction.recorded`."""
        return self.tables.commands.get(command_id)

    def recorded_among(self, command_ids: Collection[str]) -> dict[str, Recorded]:
        """See `Transaction.recorded_among`."""
        return {name: self.tables.commands[name] for name in command_ids if name in self.tables.commands}


class MemoryTransaction(_Reads):
    """Writes into a copy of its own, which the commit puts in the place of the tables. `broken`: its session has ended."""

    broken = False

    def record_command(self, command_id: str, recorded: Recorded) -> None:
        """See `Transaction.record_command`."""
        self._insert(self.tables.commands, command_id, recorded)

    def append(self, entries: Iterable[tuple[Stored, datetime]]) -> None:
        """See `Transaction.append`."""
        rows = list(entries)
        start = len(self.tables.entries)
        if any(entry.index < start for entry, _ in rows):
            raise sqlite3.IntegrityError("an index is taken")
        continues = [entry.index for entry, _ in rows] == list(range(start, start + len(rows)))
        assert continues, "entries must continue the log"
        self.tables.entries += [entry for entry, _ in rows]
        if rows:
            self.tables.last_time = rows[-1][1]

    def put_tree(self, head: TreeHead, hashes: Iterable[tuple[int, int, bytes]]) -> None:
        """See `Transaction.put_tree`."""
        self.tables.tree = head
        for level, index, hash_ in hashes:
            self._insert(self.tables.hashes, (level, index), hash_)

    def put_rows(self, rows: Iterable[tuple[str, str, bytes | None]]) -> None:
        """See `Transaction.put_rows`."""
        for kind, key, body in rows:
            if body is None:
                self.tables.state.pop((kind, key), None)
            else:
                self.tables.state[kind, key] = body

    def accept(self, source: str, index: int, leaf: str) -> None:
        """See `Transaction.accept`."""
        self._insert(self.tables.inbox, (source, index), leaf)

    def advance(self, source: str, progress: Progress) -> None:
        """See `Transaction.advance`."""
        self.tables.progress[source] = progress

    def park(self, parked: Parked) -> None:
        """See `Transaction.park`."""
        self.tables.parked.setdefault((parked.source, parked.index), parked)

    def unpark(self, source: str, index: int) -> None:
        """See `Transaction.unpark`."""
        self.tables.parked.pop((source, index), None)

    def has_parked(self, source: str, stream: str) -> bool:
        """See `Transaction.has_parked`."""
        return any((parked.source, parked.stream) == (source, stream) for parked in self.tables.parked.values())

    def _insert(self, table: dict[K, V], key: K, value: V) -> None:
        if key in table:
            raise sqlite3.IntegrityError("a key is taken")
        table[key] = value


@dataclass
class Disk:
    """Where tables survive a crash. At most one transaction is open; a second one would have to wait for it."""

    tables: Tables = field(default_factory=Tables)
    open: MemoryTransaction | None = None


class MemoryStore:
    """See `Store`. Any number of them may work on one disk, as processes do on one database."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk

    def take_over(self) -> int:
        """See `Store.take_over`. The session of a writer in the middle of a transaction is ended by the database."""
        if self.disk.open is not None:
            self.disk.open.broken = True
            self.disk.open = None
        self.disk.tables = replace(self.disk.tables, epoch=self.disk.tables.epoch + 1)
        return self.disk.tables.epoch

    @contextmanager
    def transaction(self, epoch: int) -> Generator[MemoryTransaction]:
        """See `Store.transaction`."""
        disk = self.disk
        assert disk.open is None, "this transaction would wait for ever"
        if disk.tables.epoch != epoch:
            raise FencedError(f"epoch {epoch} is over: the log is written under epoch {disk.tables.epoch}")
        transaction = disk.open = MemoryTransaction(disk.tables.copy())
        try:
            yield transaction
            if transaction.broken:
                raise sqlite3.OperationalError("the session has ended")
            transaction.tables.relayed = disk.tables.relayed
            disk.tables = transaction.tables
        finally:
            if disk.open is transaction:
                disk.open = None

    @contextmanager
    def read(self) -> Generator[_Reads]:
        """See `Store.read`."""
        yield _Reads(self.disk.tables)

    def mark_relayed(self, length: int) -> None:
        """See `Store.mark_relayed`."""
        if length > len(self.disk.tables.entries):
            raise sqlite3.IntegrityError("more is acknowledged than there is")
        self.disk.tables = replace(self.disk.tables, relayed=max(self.disk.tables.relayed, length))

    def close(self) -> None:
        """See `Store.close`."""
