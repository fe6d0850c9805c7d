"""A store whose every call is a point where something may happen: `point(place)` is told before it, and may raise."""

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from services.kernel.ports import Parked, Progress, Reads, Recorded, Store, Stored, Transaction

Point = Callable[[str], None]


class Crash(BaseException):
    """The process ends here, as by a power cut: what it had in memory is gone."""


class WatchedTransaction:
    """A transaction with a point before each write; reads go straight through."""

    def __init__(self, transaction: Transaction, point: Point) -> None:
        self._transaction, self._point = transaction, point
        self.head, self.entries = transaction.head, transaction.entries
        self.tree_head, self.hashes, self.put_tree = transaction.tree_head, transaction.hashes, transaction.put_tree
        self.row, self.rows, self.kinds = transaction.row, transaction.rows, transaction.kinds
        self.progress, self.seen, self.relayed = transaction.progress, transaction.seen, transaction.relayed
        self.rows_among, self.recorded_among = transaction.rows_among, transaction.recorded_among
        self.parked, self.recorded, self.has_parked = transaction.parked, transaction.recorded, transaction.has_parked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    def record_command(self, command_id: str, recorded: Recorded) -> None:
        """See `Transaction.record_command`."""
        self._point("command")
        self._transaction.record_command(command_id, recorded)

    def append(self, entries: Iterable[tuple[Stored, datetime]]) -> None:
        """See `Transaction.append`."""
        self._point("append")
        self._transaction.append(entries)

    def put_rows(self, rows: Iterable[tuple[str, str, bytes | None]]) -> None:
        """See `Transaction.put_rows`."""
        self._point("state")
        self._transaction.put_rows(rows)

    def accept(self, source: str, index: int, leaf: str) -> None:
        """See `Transaction.accept`."""
        self._point("inbox")
        self._transaction.accept(source, index, leaf)

    def advance(self, source: str, progress: Progress) -> None:
        """See `Transaction.advance`."""
        self._point("offset")
        self._transaction.advance(source, progress)

    def park(self, parked: Parked) -> None:
        """See `Transaction.park`."""
        self._point("park")
        self._transaction.park(parked)

    def unpark(self, source: str, index: int) -> None:
        """See `Transaction.unpark`."""
        self._point("park")
        self._transaction.unpark(source, index)


class WatchedStore:
    """See `Store`. Places: `take over`, `begin`, each write, `commit`, `committed`, `read`, `mark`, `marked`."""

    def __init__(self, store: Store, point: Point) -> None:
        self.inner, self._point = store, point

    def take_over(self) -> int:
        """See `Store.take_over`."""
        self._point("take over")
        return self.inner.take_over()

    @contextmanager
    def transaction(self, epoch: int) -> Generator[Transaction]:
        """See `Store.transaction`."""
        self._point("begin")
        with self.inner.transaction(epoch) as transaction:
            yield WatchedTransaction(transaction, self._point)
            self._point("commit")
        self._point("committed")

    def read(self) -> AbstractContextManager[Reads]:
        """See `Store.read`."""
        self._point("read")
        return self.inner.read()

    def mark_relayed(self, length: int) -> None:
        """See `Store.mark_relayed`."""
        self._point("mark")
        self.inner.mark_relayed(length)
        self._point("marked")

    def close(self) -> None:
        """See `Store.close`."""
        self.inner.close()
