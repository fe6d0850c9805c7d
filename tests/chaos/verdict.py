"""What must be so when everything is at rest again, whatever happened before."""

from services.kernel import canonical
from services.kernel.entry import Entry
from services.runtime.replay import replay, rows, steps
from services.runtime.sql_store import SqlStore, open_store
from services.standalone.registry import SPECS
from tests.chaos.load import Load
from tests.chaos.yard import LEDGER, READER, Yard, until

_LOG, _READERS_LOG = f"{LEDGER}/0", f"{READER}/0"


def faults(yard: Yard, load: Load) -> list[str]:
    """Wait for rest, then say what is not as it must be; nothing if all is well."""
    ledger, reader = (open_store(yard.store, name, SPECS[name.partition("/")[0]].decider.checks) for name in (_LOG, _READERS_LOG))
    try:
        until(lambda: _next(reader) == _length(ledger), "the reader to have read the whole log")
        return [*load.faults, *_log_faults(ledger, load), *_reader_faults(ledger, reader)]
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
    by_id: dict[str, list[int]] = {}
    for stored in entries:
        by_id.setdefault(Entry.from_bytes(stored.value).command_id, []).append(stored.index)
    told += [f"{name} stands at {indices}" for name, indices in by_id.items() if len(indices) > 1]
    told += [
        f"{name} was acknowledged at {index}, stands at {by_id.get(name)}"
        for name, (index, leaf) in load.acknowledged.items()
        if by_id.get(name) != [index] or entries[index].leaf != leaf
    ]
    return told


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
