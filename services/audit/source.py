"""The entries of an export, as every table and report of the desk reads them.

Nothing is proven here: whether the entries are the ones that were signed is what `oproep audit verify` says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge

from services.audit.faults import FaultError
from services.audit.logs import Logs
from services.kernel.entry import Entry
from services.kernel.form import Json, MalformedError
from services.kernel.people import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event with what surrounds it: `number` counts the events of its entry from 0, `command` is what led to it."""

    log: str
    index: int
    number: int
    time: datetime
    command: str
    actor: Actor
    kind: str
    body: Mapping[str, Json]

    def text(self, name: str) -> str:
        """A member as text; empty if it is not there."""
        value = self.body.get(name, "")
        return value if isinstance(value, str) else ""

    def number_of(self, name: str) -> int:
        """A whole number, such as a sum in cents; 0 if it is not there."""
        return int(self.text(name) or "0")


def entries(logs: Logs, names: Sequence[str] | None = None) -> Iterator[Entry]:
    """All entries, or those of some logs, in the order of their times; within a log, in the order of the log.

    Raises:
        FaultError: naming the first entry that cannot be read.
    """
    return merge(*(_of(logs, name) for name in (logs.names() if names is None else names)), key=lambda entry: entry.time)


def events(of: Iterable[Entry]) -> Iterator[Event]:
    """The events of entries, one by one."""
    for entry in of:
        for number, body in enumerate(entry.events):
            yield Event(
                log=entry.log,
                index=entry.index,
                number=number,
                time=entry.time,
                command=str(entry.command["type"]),
                actor=entry.actor,
                kind=str(body["type"]),
                body=body,
            )


def _of(logs: Logs, name: str) -> Iterator[Entry]:
    for index, stored in enumerate(logs.entries(name)):
        try:
            entry = Entry.from_bytes(stored.value)
        except MalformedError as error:
            raise FaultError(name, index, f"no entry: {error}") from error
        if (entry.log, entry.index) != (name, index):
            raise FaultError(name, index, f"here stands {entry.log}/{entry.index}")
        yield entry
