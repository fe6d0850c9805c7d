"""Witnesses, after C2SP tlog-cosignature: others who saw a log at this size, and found that it had only grown.

A witness signs a checkpoint together with the time at which it did so. Its line stands in the note beside the log's own:

    — witness.example/w1 <base64 of key id, 8 bytes of time, 64 bytes of signature>
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from services.tlog.notes import VerifierKey, opened, signed

_TIME_BYTES = 8


@dataclass(frozen=True)
class WitnessKey(VerifierKey):
    """The public half of a witness's key. As text: `<name>+<key id, 8 hex digits>+<base64 of 0x04 and the 32 bytes>`."""

    kind: ClassVar[bytes] = b"\x04"

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether the signature, time first, is this witness's over the checkpoint's text."""
        time = int.from_bytes(signature[:_TIME_BYTES], "big")
        message = f"cosignature/v1\ntime {time}\n{text}"
        return len(signature) > _TIME_BYTES and signed(self.public, message.encode(), signature[_TIME_BYTES:])


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What the other lines of a note are worth to whoever knows these witnesses; each key once."""

    good: tuple[str, ...] = ()
    """Names of witnesses that have signed."""
    broken: tuple[str, ...] = ()
    """Names of witnesses with a line that is not over this text."""
    foreign: tuple[str, ...] = ()
    """`name+id` of lines that are neither the log's own nor of a known witness."""


@dataclass(frozen=True, slots=True)
class Quorum:
    """Which witnesses somebody knows, and how many of them must have signed."""

    witnesses: tuple[WitnessKey, ...] = ()
    wanted: int = 0

    def fault(self, found: Cosigned) -> str:
        """What keeps a checkpoint from being accepted; empty if enough have signed and no line of theirs is broken."""
        words: list[str] = []
        if len(found.good) < self.wanted:
            words.append(f"cosigned by {len(found.good)} of the {self.wanted} witnesses that are wanted")
        if found.broken:
            words.append(f"the line of {', '.join(found.broken)} is not over this checkpoint")
        missing = [key.name for key in self.witnesses if key.name not in (*found.good, *found.broken)]
        if words and missing:
            words.append(f"there is none of {', '.join(missing)}")
        if words and found.foreign:
            words.append(f"not known here is {', '.join(found.foreign)}")
        return "; ".join(words)


def cosigned(note: str, witnesses: Sequence[WitnessKey]) -> Cosigned:
    """Look at the lines of a checkpoint that are not the log's own. Whether the log itself has signed is `notes.verify`'s question.

    Raises:
        NoteError: if it is no checkpoint.
    """
    checkpoint, text, signatures = opened(note)
    known = {(key.name, key.id): key for key in witnesses}
    good, broken, foreign = dict[str, None](), dict[str, None](), dict[str, None]()
    for name, id_, signature in signatures:
        key = known.get((name, id_))
        if key is None and name != checkpoint.origin:
            foreign[f"{name}+{id_.hex()}"] = None
        elif key is not None:
            (good if key.verifies(text, signature) else broken)[name] = None
    return Cosigned(tuple(name for name in good if name not in broken), tuple(broken), tuple(foreign))
