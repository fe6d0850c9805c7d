"""Each log testifies to the others: where a service acted on another's entry, it recorded that entry's leaf."""

from array import array
from collections.abc import Iterator, Mapping, Sequence

from services.audit.faults import Fault
from services.kernel.entry import Entry
from services.tlog.tree import HASH_BYTES

CHANGED = "an entry from here on was changed"
"""How a fault begins that is known by the root alone."""


class Causes:
    """All causes of all logs, in columns, as there may be one for each entry."""

    def __init__(self, logs: Sequence[str]) -> None:
        self._logs = list(logs)
        self._numbers = {log: number for number, log in enumerate(logs)}
        self._where, self._index = array("H"), array("Q")
        self._of, self._at, self._leaves = array("H"), array("Q"), bytearray()
        self._foreign: list[Fault] = []

    def __len__(self) -> int:
        """How many entries have a cause."""
        return len(self._where)

    def note(self, log: str, index: int, entry: Entry) -> None:
        """Take in an entry."""
        cause = entry.cause
        if cause is None:
            return
        if cause.log not in self._numbers:
            self._foreign.append(Fault(log, index, f"its cause is in {cause.log}, which is no log of this deployment"))
            return
        self._where.append(self._numbers[log])
        self._index.append(index)
        self._of.append(self._numbers[cause.log])
        self._at.append(cause.index)
        self._leaves += bytes.fromhex(cause.leaf)

    def narrowed(self, found: Sequence[Fault], leaves: Mapping[str, bytes | bytearray]) -> list[Fault]:
        """The faults found in single logs, sharpened by what other logs say, and those that only show between logs.

        `leaves`: of the logs that could be read to the end. Where a log does not have the root that was signed, the first
        entry that another log has seen with other bytes is where it starts, as far as anybody can tell. Where a log is
        sound in itself, the fault lies with the entry that names it.
        """
        starts = {fault.log: fault.index for fault in found}
        changed = {fault.log: fault for fault in found if fault.words.startswith(CHANGED)}
        more: list[Fault] = []
        for log, index, source, at, leaf in self._all():
            if index >= starts.get(log, index + 1) or source not in leaves:
                continue  # what is wrong there is said already
            here = leaves[source][at * HASH_BYTES : (at + 1) * HASH_BYTES]
            if not here:
                more.append(Fault(log, index, f"its cause {source}/{at} is not in this export"))
            elif here != leaf and source in changed:
                if changed[source].index == starts[source] or at < changed[source].index:
                    changed[source] = Fault(source, at, f"{CHANGED}: {log}/{index} acted on other bytes")
            elif here != leaf:
                more.append(Fault(log, index, f"its cause {source}/{at} had other bytes when it was acted on"))
        return [*(changed.get(fault.log, fault) for fault in found), *sorted({*self._foreign, *more})]

    def _all(self) -> Iterator[tuple[str, int, str, int, bytes]]:
        """(log, index, log of the cause, its index, its leaf as it was)."""
        for number, (log, index, source, at) in enumerate(zip(self._where, self._index, self._of, self._at, strict=True)):
            leaf = bytes(self._leaves[number * HASH_BYTES : (number + 1) * HASH_BYTES])
            yield self._logs[log], index, self._logs[source], at, leaf
