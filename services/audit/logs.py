"""What the desk reads: all logs of one deployment, from a folder or from memory; and up to where."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.audit.cores import CORES
from services.audit.faults import FaultError, PackError
from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.form import MalformedError, parse_instant
from services.kernel.ports import Stored
from services.runtime.replay import DivergedError, Step, steps

Watch = Callable[[str, Iterable[Stored], int], Iterable[Stored]]
"""Looks on while a log's entries go by: (log, entries, how many there are). A progress bar, or nothing."""


def unwatched(_log: str, entries: Iterable[Stored], _length: int) -> Iterable[Stored]:
    """Nobody looks on."""
    return entries


class Logs(Protocol):
    """All logs of a deployment."""

    @property
    def deployment(self) -> str:
        """Its name."""
        ...

    def names(self) -> Sequence[str]:
        """The logs, service by service and shard by shard."""
        ...

    def length(self, log: str) -> int:
        """How many entries a log has.

        Raises:
            FaultError: if that cannot be said.
        """
        ...

    def entries(self, log: str, start: int = 0) -> Iterator[Stored]:
        """A log's entries from an index on.

        Raises:
            FaultError: at the first that cannot be read.
        """
        ...


class MemoryLogs:
    """Logs held in memory, such as those of a deployment that was just played."""

    def __init__(self, deployment: str, logs: Mapping[str, Sequence[Stored]]) -> None:
        self.deployment, self._logs = deployment, logs

    def names(self) -> Sequence[str]:
        """See `Logs.names`."""
        return tuple(self._logs)

    def length(self, log: str) -> int:
        """See `Logs.length`."""
        return len(self._logs[log])

    def entries(self, log: str, start: int = 0) -> Iterator[Stored]:
        """See `Logs.entries`."""
        return iter(self._logs[log][start:])


@dataclass(frozen=True, slots=True)
class Cut:
    """A moment in all logs: entries until `time`, and of one log, if named, until an index. Both included."""

    time: datetime
    log: str = ""
    index: int = 0

    def holds(self, entry: Entry) -> bool:
        """Whether the entry had been written at that moment."""
        return entry.index <= self.index if entry.log == self.log else entry.time <= self.time


def cut(logs: Logs, text: str) -> Cut:
    """Read a moment: an instant with offset, or `LOG/INDEX`, which is when that entry was written.

    Raises:
        PackError: if it is neither, or there is no such entry.
    """
    log, _, index = text.rpartition("/")
    if log not in logs.names() or not (index.isascii() and index.isdecimal()):
        try:
            return Cut(parse_instant(text, "moment"))
        except MalformedError as error:
            allowed = "an instant with offset, such as 2021-05-11T18:00:00+02:00, or an entry, such as budget_ledger/0/17"
            raise PackError(f"{text!r} is no moment of this export; allowed: {allowed}") from error
    return Cut(entry_at(logs, log, int(index)).time, log, int(index))


def stored_at(logs: Logs, log: str, index: int) -> Stored:
    """One stored entry.

    Raises:
        PackError: if the log does not have it.
    """
    if log not in logs.names() or index >= logs.length(log):
        raise PackError(f"{log}/{index}: there is no such entry in this export")
    return next(logs.entries(log, index))


def entry_at(logs: Logs, log: str, index: int) -> Entry:
    """One entry; see `stored_at`."""
    return Entry.from_bytes(stored_at(logs, log, index).value)


def logs_of(logs: Logs, service: str) -> list[str]:
    """The logs of one service."""
    return [name for name in logs.names() if name.partition("/")[0] == service]


def until(logs: Logs, log: str, moment: Cut | None, watch: Watch = unwatched) -> Iterator[Step]:
    """A log's steps, until a moment if one is given.

    Raises:
        FaultError: at the first entry that is not what a writer leaves.
    """
    try:
        for step in steps(log, watch(log, logs.entries(log), logs.length(log))):
            if moment is not None and not moment.holds(step.first):
                return
            yield step
    except DivergedError as error:
        raise diverged(log, error) from error


def diverged(log: str, error: DivergedError) -> FaultError:
    """What a replay found, as a fault of the desk."""
    found = re.match(rf"{re.escape(log)}/(\d+): (.*)", str(error), re.DOTALL)
    assert found is not None, "a replay names the entry"  # noqa: S101 - a broken invariant stops the process
    return FaultError(log, int(found[1]), found[2])


def in_memory(deployment: str, values: Mapping[str, Sequence[bytes]]) -> MemoryLogs:
    """Logs from the bytes of their entries, which must be entries."""
    return MemoryLogs(
        deployment,
        {
            log: [Stored(n, Entry.from_bytes(value).stream, value, leaf(value)) for n, value in enumerate(entries)]
            for log, entries in values.items()
        },
    )


def names(shards: int) -> list[str]:
    """The logs of a deployment with that many shards."""
    return [f"{service}/{shard}" for service in CORES for shard in range(shards)]
