"""What must be so when everything is at rest again, whatever happened before."""

from collections.abc import Mapping, Sequence

from services.kernel import canonical
from services.kernel.entry import Entry
from services.kernel.ports import Stored
from services.runtime.replay import replay, rows, steps
from services.runtime.sql_store import SqlStore, open_store
from services.standalone.registry import SPECS
from services.tlog.tree import Frontier
from tests.chaos.load import Load
from tests.chaos.yard import LEDGER, READER, Yard, until

_LOG, _READERS_LOG = f"{LEDGER}/0", f"{READER}/0"


def faults(yard: Yard, load: Load) -> list[str]:
    """Wait for rest, then say what is not as it must be; nothing if all is well. What was found on the way is enough."""
    if load.faults:
        return load.faults
    ledger, reader = (open_store(yard.store, name, SPECS[name.partition("/")[0]].decider.checks) for name in (_LOG, _READERS_LOG))
    try:
        until(lambda: _next(reader) == _length(ledger), "the reader to have read the whole log")
        return [*_log_faults(ledger, load), *_reader_faults(ledger, reader)]
    finally:
        ledger.close()
        reader.close()


def _log_faults(store: SqlStore, load: Load) -> list[str]:
    """The log against itself, against the state beside it, and against what callers were told."""
    with store.read() as reads:
        entries = reads.entries(0, 10**9)
        kept = {(kind, key): body for kind in reads.kinds() for key, body in reads.rows(kind, "")}
    decider = SPECS[LEDGER].decider
    told = ["state is not what the log folds to"] if rows(replay(decider, steps(_LOG, entries))) != kept else []
    return [*told, *_missing(entries, load.acknowledged), *_forks(entries, load)]


def lost(store: str, load: Load) -> list[str]:
    """A look at the ledger's log right after the harm, at rest or not: what was acknowledged before the look must be there."""
    told = dict(load.acknowledged)
    ledger = open_store(store, _LOG, SPECS[LEDGER].decider.checks)
    try:
        with ledger.read() as reads:
            return _missing(reads.entries(0, 10**9), told)
    finally:
        ledger.close()


def _missing(entries: Sequence[Stored], acknowledged: Mapping[str, tuple[int, str]]) -> list[str]:
    """Commands that stand in the log otherwise than callers were told, or twice."""
    by_id: dict[str, list[int]] = {}
    for stored in entries:
        by_id.setdefault(Entry.from_bytes(stored.value).command_id, []).append(stored.index)
    doubled = [f"{name} stands at {indices}" for name, indices in by_id.items() if len(indices) > 1]
    return doubled + [
        f"{name} was acknowledged at {index}, stands at {by_id.get(name)}"
        for name, (index, leaf) in acknowledged.items()
        if by_id.get(name) != [index] or entries[index].leaf != leaf
    ]


def _forks(entries: Sequence[Stored], load: Load) -> list[str]:
    """Signed heads that were shown and are not heads of this log, or were signed by another key than the rest."""
    tree = Frontier()
    roots = {0: tree.root()}
    for stored in entries:
        tree.append(bytes.fromhex(stored.leaf))
        roots[tree.size] = tree.root()
    told = [f"{len(load.keys)} keys have signed heads of one log"] if len(load.keys) > 1 else []
    return told + [
        f"a head of size {head.size} was shown that is none of this log" for head in load.heads if roots.get(head.size) != head.root
    ]


def _reader_faults(ledger: SqlStore, reader: SqlStore) -> list[str]:
    """Every entry was taken in, under its own leaf, once, in order."""
    told: list[str] = []
    with ledger.read() as source, reader.read() as reads:
        told += [
            f"{_LOG}/{stored.index} was taken in as {seen}"
            for stored in source.entries(0, 10**9)
            if (seen := reads.seen(_LOG, stored.index)) != stored.leaf
        ]
        if parked := reads.parked():
            told.append(f"{len(parked)} records are parked, the first because {parked[0].reason}")
        own = [Entry.from_bytes(stored.value) for stored in reads.entries(0, 10**9)]
        if any(canonical.leaf(stored.value) != stored.leaf for stored in reads.entries(0, 10**9)):
            told.append(f"{_READERS_LOG} does not match its leaves")
    causes = [entry.cause.index for entry in own if entry.cause is not None and entry.cause.log == _LOG]
    if causes != sorted(causes):
        told.append("the reader acted in another order than the log's")
    ids = [entry.command_id for entry in own]
    if len(set(ids)) != len(ids):
        told.append("the reader applied something twice")
    return told


def _next(store: SqlStore) -> int:
    with store.read() as reads:
        return reads.progress(_LOG).next_index


def _length(store: SqlStore) -> int:
    with store.read() as reads:
        return reads.head().length
