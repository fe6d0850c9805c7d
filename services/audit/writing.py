"""How an export is laid down: the same for whoever has the entries, wherever they come from."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from services.audit import alone, pack
from services.audit.faults import PackError
from services.audit.receipt import SCRIPT
from services.tlog import notes, tiles
from services.tlog.notes import Checkpoint, SigningKey

README = """\
# Export of the logs of {deployment}

All that was decided, by whom and on what ground: every command and every event of every service, in the bytes in which they were
stored. Nothing in here is personal beyond opaque ids. With Python 3.11 or later and nothing else, without any network:

    python audit.pyz verify .   is every entry the one that was signed, and do the logs fit each other
    python audit.pyz replay .   does every decision follow from the rules, and do the sums hold at every step
    python audit.pyz --help     everything as of a moment, one award from end to end

`audit.pyz` comes from those whom you audit. With the program from elsewhere (oproep {version}, from its source) you need not trust
it: `oproep audit` has the same commands, and tables for Excel, SQL, a printed report, two exports compared, what-if.

Without any program, the logs are plain files: `logs/<service>-<shard>/tile/entries/…` holds the entries as JSON, each behind
its length in two bytes (C2SP tlog-tiles); `checkpoint` has the number of entries and the root of the RFC 6962 tree over
them, signed (C2SP signed-note). Compare `keys.txt` with keys that you have from somewhere else than this folder.

`calls` holds the call files with the rules, `documents.sha256` the hash of every document that an entry names, `schemas` the
contract, and `verify_receipt.py` checks a receipt (`oproep audit receipt`) with nothing but Python.
"""


def begin(directory: Path, *, deployment: str, shards: int, version: str) -> None:
    """Make the folder with what it says about itself.

    Raises:
        PackError: if something is there already: an export is never written over another one.
    """
    if directory.exists() and any(directory.iterdir()):
        raise PackError(f"{directory} is not empty; allowed: a new folder")
    (directory / pack.CALLS).mkdir(parents=True, exist_ok=True)
    about = {"form": pack.FORM, "deployment": deployment, "shards": str(shards), "version": version}
    _tell(directory, about)
    (directory / "README.md").write_text(README.format(deployment=deployment, version=version), "utf-8")


def write_log(directory: Path, log: str, entries: Iterable[bytes]) -> Checkpoint:
    """Write a log's tiles and bundles; gives size and root, under the name `log` alone."""
    frontier = tiles.write(directory / pack.LOGS / log.replace("/", "-"), entries)
    return Checkpoint(log, frontier.size, frontier.root())


def write_note(directory: Path, log: str, note: str) -> None:
    """Write a log's signed checkpoint."""
    place = directory / pack.LOGS / log.replace("/", "-")
    place.mkdir(parents=True, exist_ok=True)
    (place / "checkpoint").write_text(note, "utf-8")


def signed(deployment: str, found: Checkpoint, seed: bytes) -> tuple[str, str]:
    """A note of whoever holds the deployment's key over what was written, and the key that verifies it."""
    name = notes.origin(deployment, found.origin)
    key = SigningKey(name, seed)
    return notes.sign(Checkpoint(name, found.size, found.root), [key]), str(key.verifier)


def end(
    directory: Path, *, keys: Sequence[str], calls: Mapping[str, bytes], documents: Iterable[tuple[str, str]], schemas: bytes
) -> None:
    """Write what goes beside the logs: keys, call files by hash, documents (hash, entry), the contract."""
    (directory / pack.KEYS).write_text("".join(key + "\n" for key in dict.fromkeys(keys)), "utf-8")
    for name, content in calls.items():
        (directory / pack.CALLS / f"{name}.toml").write_bytes(content)
    lines = [f"{name}  {entry}\n" for name, entry in documents]
    (directory / pack.DOCUMENTS).write_text("".join(lines), "utf-8")
    (directory / pack.SCHEMAS).parent.mkdir(exist_ok=True)
    beside = {pack.SCHEMAS: schemas, alone.NAME: alone.build(), SCRIPT.name: SCRIPT.read_bytes()}
    for name, content in beside.items():
        (directory / name).write_bytes(content)
    about = json.loads((directory / pack.DEPLOYMENT).read_text("utf-8"))
    _tell(directory, {**about, "files": {name: sha256(content).hexdigest() for name, content in beside.items()}})


def _tell(directory: Path, about: Mapping[str, object]) -> None:
    (directory / pack.DEPLOYMENT).write_text(json.dumps(about, indent=2) + "\n", "utf-8")
