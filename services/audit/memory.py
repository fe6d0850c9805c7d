"""What an auditor remembers from one export to the next: keys, checkpoints and leaf hashes of what was found sound.

It lies apart from every export, and changes only after everything in an export was checked and no fault was found. With
32 bytes for each entry it tells not only that a log was rewritten, but at which entry that starts.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.audit.pack import KEYS, read_keys
from services.tlog import notes
from services.tlog.notes import Checkpoint, NoteError, VerifierKey
from services.tlog.tree import HASH_BYTES

OWN_STATE = Path("~/.local/state/oproep-audit")
"""Where it lies if nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Before:
    """A log as it was accepted last: size, root, and the leaf hashes of all entries."""

    checkpoint: Checkpoint
    leaves: bytes

    def agrees_until(self, leaves: bytes | bytearray) -> int:
        """How many entries from the first on are the same."""
        shorter = min(len(self.leaves), len(leaves))
        if self.leaves[:shorter] == leaves[:shorter]:
            return shorter // HASH_BYTES
        low, high = 0, shorter // HASH_BYTES - 1  # the first that differs lies in [low, high]
        while low < high:
            middle = (low + high) // 2
            start, end = low * HASH_BYTES, (middle + 1) * HASH_BYTES
            low, high = (middle + 1, high) if self.leaves[start:end] == leaves[start:end] else (low, middle)
        return low


class MemoryFileError(RuntimeError):
    """What the auditor remembers is damaged. Nobody may carry on over it."""


class Memory:
    """The auditor's own state, in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keys(self, deployment: str) -> list[VerifierKey] | None:
        """The keys under which a deployment's logs were accepted; None if none ever was."""
        file = self._directory / deployment / KEYS
        return read_keys(file) if file.exists() else None

    def logs(self, deployment: str) -> list[str]:
        """The logs of a deployment that were accepted."""
        found = sorted((self._directory / deployment).glob("*/checkpoint"))
        return ["/".join(file.parent.name.rsplit("-", 1)) for file in found]

    def before(self, deployment: str, log: str) -> Before | None:
        """A log as it was accepted last, or None.

        Raises:
            MemoryFileError: if what lies there does not belong together.
        """
        place = self._place(deployment, log)
        if not (place / "checkpoint").exists():
            return None
        try:
            checkpoint = notes.unverified((place / "checkpoint").read_text("utf-8"))
            leaves = (place / "leaves").read_bytes()[: checkpoint.size * HASH_BYTES]
        except (OSError, UnicodeDecodeError, NoteError) as error:
            raise MemoryFileError(f"{place}: {error}") from error
        if len(leaves) != checkpoint.size * HASH_BYTES:
            raise MemoryFileError(f"{place}: {len(leaves) // HASH_BYTES} leaves for {checkpoint.size} entries")
        return Before(checkpoint, leaves)

    def advance(self, deployment: str, accepted: Mapping[str, tuple[str, bytes | bytearray]], keys: Sequence[VerifierKey]) -> None:
        """Remember an export in which everything was sound: of each log the note and the leaves, and by which keys.

        A key that signs beside a trusted one is not trusted by that: anybody can add a line to a note.
        """
        for log, (note, leaves) in accepted.items():
            place = self._place(deployment, log)
            place.mkdir(parents=True, exist_ok=True)
            _replace(place / "leaves", bytes(leaves))  # first: more leaves than the checkpoint needs do no harm
            _replace(place / "checkpoint", note.encode())
        _replace(self._directory / deployment / KEYS, "".join(f"{key}\n" for key in keys).encode())

    def _place(self, deployment: str, log: str) -> Path:
        return self._directory / deployment / log.replace("/", "-")


def _replace(file: Path, content: bytes) -> None:
    """Put content in the place of a file at once: an interruption leaves the old one."""
    scratch = file.with_suffix(".new")
    with scratch.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    scratch.replace(file)
