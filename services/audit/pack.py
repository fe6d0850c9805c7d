"""An export as a folder, read without trusting it.

README.md             what this is and how to look at it
deployment.json       form, deployment, shards, version of the program; hashes of what no entry vouches for
keys.txt              the logs' public keys, one a line
schemas/protos.binpb  the contract, as a protobuf FileDescriptorSet
audit.pyz             the desk in one file, for a Python without anything else
verify_receipt.py     checks receipts with nothing but Python
calls/<sha256>.toml   the call files, each under its hash
documents.sha256      the hash of every document that an entry names, and that entry
logs/<service>-<shard>/checkpoint, tile/…     one log each, after C2SP tlog-tiles
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from services.audit.faults import FaultError, PackError
from services.audit.logs import names
from services.kernel.ports import Stored
from services.tlog import notes, tiles, tree
from services.tlog.notes import Checkpoint, NoteError, VerifierKey
from services.tlog.tiles import TileError, Tiles
from services.tlog.witnesses import Quorum, WitnessKey

FORM = "1"
DEPLOYMENT, KEYS, SCHEMAS, CALLS, DOCUMENTS, LOGS = (
    "deployment.json",
    "keys.txt",
    "schemas/protos.binpb",
    "calls",
    "documents.sha256",
    "logs",
)
_MAX_SHARDS = 64
_DEPLOYMENT = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in its log: leaf and hashes on the way to the root of the checkpoint."""

    log: str
    index: int
    size: int
    leaf: bytes
    hashes: tuple[bytes, ...]

    def told(self) -> dict[str, Any]:
        """As JSON, in hexadecimal."""
        return {"leaf": self.leaf.hex(), "treeSize": str(self.size), "inclusion": [hash_.hex() for hash_ in self.hashes]}


class Pack:
    """An export. Nothing that it gives has been verified, unless `verifying.verify` found no fault."""

    def __init__(self, directory: Path) -> None:
        """Open a folder.

        Raises:
            PackError: if it is no export at all.
        """
        self.directory = directory
        try:
            about: Any = json.loads((directory / DEPLOYMENT).read_bytes())
        except (OSError, ValueError) as error:
            raise PackError(f"{directory} is no export: {DEPLOYMENT} is missing or no JSON") from error
        about = cast("dict[str, Any]", about if isinstance(about, dict) else {})
        self.form, self.deployment = str(about.get("form", "")), str(about.get("deployment", ""))
        if not _DEPLOYMENT.fullmatch(self.deployment):  # it names a directory of the auditor's own state
            raise PackError(f"{directory / DEPLOYMENT}: deployment {self.deployment[:60]!r}; allowed: a name such as flanders-1")
        shards = str(about.get("shards", ""))
        if not (shards.isascii() and shards.isdecimal() and 0 < int(shards) <= _MAX_SHARDS):
            raise PackError(f"{directory / DEPLOYMENT}: shards {shards!r}; allowed: a number from 1 to {_MAX_SHARDS}")
        self._names = names(int(shards))
        files: Any = about.get("files")
        self.hashes_beside = cast("dict[str, Any]", files if isinstance(files, dict) else {})

    def names(self) -> Sequence[str]:
        """See `Logs.names`. What a deployment must have, whether the folder has it or not."""
        return self._names

    def place(self, log: str) -> Path:
        """Where a log lies."""
        return self.directory / LOGS / log.replace("/", "-")

    def note(self, log: str) -> str:
        """The signed checkpoint.

        Raises:
            FaultError: if there is none.
        """
        try:
            return (self.place(log) / "checkpoint").read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FaultError(log, 0, "its checkpoint is missing or no text") from error

    def checkpoint(self, log: str) -> Checkpoint:
        """What the checkpoint says, whoever signed it.

        Raises:
            FaultError: if it says nothing.
        """
        try:
            return notes.unverified(self.note(log))
        except NoteError as error:
            raise FaultError(log, 0, f"its checkpoint is {error}") from error

    def length(self, log: str) -> int:
        """See `Logs.length`."""
        return self.checkpoint(log).size

    def entries(self, log: str, start: int = 0) -> Iterator[Stored]:
        """See `Logs.entries`. The leaf is what the log's tiles say; the stream stands in the entry and is not read here."""
        size, hashes = self.length(log), self.hashes(log)
        for number in range(start // tiles.WIDTH, -(-size // tiles.WIDTH)):
            for index, value in self._bundle(log, number, size):
                if index >= start:
                    yield Stored(index, "", value, hashes.node(0, index).hex())

    def proof(self, log: str, index: int) -> Proof:
        """That an entry is in its log, from the tiles.

        Raises:
            FaultError: if a tile is missing.
        """
        size, hashes = self.length(log), self.hashes(log)
        return Proof(log, index, size, hashes.node(0, index), tuple(tree.inclusion(index, size, hashes.node)))

    def hashes(self, log: str) -> "Hashes":
        """The hashes in a log's tiles."""
        return Hashes(log, Tiles(self.place(log), self.length(log)))

    @cached_property
    def keys(self) -> list[VerifierKey]:
        """The keys that the export itself names."""
        return read_keys(self.directory / KEYS)

    def stray(self, log: str, size: int) -> str | None:
        """A tile or bundle that reaches beyond a log of `size` entries, if there is one."""
        place = self.place(log)
        for file in sorted((place / "tile").rglob("*")):
            named = tiles.parse_path(file.relative_to(place).as_posix()) if file.is_file() else None
            if named is not None:
                level, index, width = named
                if width > tiles.width_of(level, index, size):
                    return file.relative_to(place).as_posix()
        return None

    def _bundle(self, log: str, number: int, size: int) -> Iterator[tuple[int, bytes]]:
        """The entries of a bundle; of one that is spoiled those before the first that cannot be read."""
        width = tiles.width_of(tiles.ENTRIES, number, size)
        place, first = tiles.path(tiles.ENTRIES, number, width), number * tiles.WIDTH
        try:
            data = (self.place(log) / place).read_bytes()
        except OSError as error:
            raise FaultError(log, first, f"{place}: missing") from error
        try:
            values, fault = tiles.unbundle(data, place=place, start=first, width=width), None
        except TileError as error:
            values, fault = _leading(data, error.index - first), FaultError(log, error.index, str(error))
        yield from enumerate(values, first)
        if fault is not None:
            raise fault


class Hashes:
    """The hashes of a log's tiles; what is wrong with a tile is a fault of the log."""

    def __init__(self, log: str, found: Tiles) -> None:
        self._log, self._found = log, found

    def node(self, level: int, index: int) -> bytes:
        """See `tree.Node`.

        Raises:
            FaultError: if a tile is missing or not as it must be.
        """
        try:
            return self._found.node(level, index)
        except TileError as error:
            raise FaultError(self._log, error.index, str(error)) from error


def _leading(data: bytes, count: int) -> list[bytes]:
    """The first entries of a bundle, which are whole."""
    values: list[bytes] = []
    at = 0
    for _ in range(count):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        values.append(data[at + 2 : end])
        at = end
    return values


def read_keys(file: Path) -> list[VerifierKey]:
    """The public keys in a file, one a line.

    Raises:
        PackError: if one is no key, or there is no file.
    """
    try:
        return [VerifierKey.parse(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError, NoteError) as error:
        raise PackError(f"{file}: {error}") from error


def read_quorum(witnesses: Sequence[str], wanted: int | None) -> Quorum:
    """Witnesses by their keys, and how many of them must have signed; all of them if no number is given.

    Raises:
        PackError: if one is no key of a witness, or more are wanted than there are.
    """
    try:
        keys = tuple(dict.fromkeys(WitnessKey.parse(text) for text in witnesses))
    except NoteError as error:
        raise PackError(f"--witness: {error}") from error
    there = len({key.name for key in keys})
    if wanted is not None and not 0 < wanted <= there:
        raise PackError(f"--quorum: {wanted} of {there} witnesses; allowed: at least 1, and at most as many as --witness names")
    return Quorum(keys, there if wanted is None else wanted)
