"""Exports to try the desk with: a recorded history as a folder, signed with a key of the tests."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.audit import writing
from services.audit.cores import CORES
from services.audit.documents import documents
from services.audit.logs import MemoryLogs
from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.ports import Stored

SEED, OTHER_SEED = bytes(range(32)), bytes(range(1, 33))
CALLS = Path(__file__).with_name("calls")
GOLDEN = Path(__file__).parents[1] / "golden" / "0.1"


def history() -> dict[str, list[Stored]]:
    """The logs of the first release's demonstration. A service that it did not have yet has recorded nothing."""
    return {f"{service}/0": _read(service) for service in CORES}


def in_memory() -> MemoryLogs:
    """The same, to be read from memory."""
    logs = history()
    return MemoryLogs(Entry.from_bytes(logs["intake/0"][0].value).deployment, logs)


def lay_down(
    directory: Path, logs: Mapping[str, Sequence[bytes]], *, seed: bytes = SEED, deployment: str = "demo", shards: int = 1
) -> None:
    """Write a whole export of these entries. The call files lie there under the names that the entries give them."""
    writing.begin(directory, deployment=deployment, shards=shards, version="0")
    keys: list[str] = []
    for log, values in logs.items():
        note, key = writing.signed(deployment, writing.write_log(directory, log, values), seed)
        writing.write_note(directory, log, note)
        keys.append(key)
    writing.end(
        directory, keys=keys, calls={f.stem: f.read_bytes() for f in CALLS.iterdir()}, documents=_documents(logs), schemas=b"\n"
    )


def _documents(logs: Mapping[str, Sequence[bytes]]) -> list[tuple[str, str]]:
    entries = [Entry.from_bytes(value) for values in logs.values() for value in values]
    return [(name, f"{entry.log}/{entry.index}") for entry in entries for name in documents(entry)]


def _read(service: str) -> list[Stored]:
    file = GOLDEN / f"{service}.jsonl.gz"
    lines = gzip.decompress(file.read_bytes()).splitlines() if file.exists() else []
    return [Stored(index, Entry.from_bytes(line).stream, line, leaf(line)) for index, line in enumerate(lines)]


def values(logs: Mapping[str, Sequence[Stored]]) -> dict[str, list[bytes]]:
    """The bytes alone."""
    return {log: [stored.value for stored in entries] for log, entries in logs.items()}
