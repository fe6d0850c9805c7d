"""Signed notes and checkpoints, after C2SP signed-note and tlog-checkpoint: who says that a log has this size and this root.

    oproep/vlaanderen/awarding/0
    1742
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — oproep/vlaanderen/awarding/0 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurm…

The first line, the origin, is the log's name for life and the name of its key. More lines of signatures may follow: of a
key that is to take over, of witnesses. A reader passes over those of keys that it does not know.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import ClassVar, Self

from services.tlog import verify_receipt
from services.tlog.tree import HASH_BYTES

_ID_BYTES = 4
_LINES = 3
"""Of a checkpoint: origin, size, root."""
_MAX_NOTE_CHARS = 100_000
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_SIGNATURE = re.compile(r"\u2014 (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def origin(deployment: str, log: str) -> str:
    """What a log's checkpoints and keys are named, for life."""
    return f"oproep/{deployment}/{log}"


class NoteError(ValueError):
    """The note or key is not well-formed, or is not signed by whom it should be."""


@dataclass(frozen=True)
class VerifierKey:
    """The public half of a log's key. As text: `<name>+<key id, 8 hex digits>+<base64 of 0x01 and the 32 bytes>`."""

    name: str
    public: bytes
    kind: ClassVar[bytes] = b"\x01"
    """What is signed with it: the text of a note as it is."""

    def __post_init__(self) -> None:
        """Hold the name to its form."""
        if not _NAME.fullmatch(self.name):
            raise NoteError(f"key name {self.name!r}: empty, or with a space or a plus")

    @cached_property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(self.kind + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key's text.

        Raises:
            NoteError: if it is no Ed25519 key of this kind, or its id is not that of its name and bytes.
        """
        name, id_, encoded = [*text.strip().split("+", 2), "", ""][:3]
        public = _base64(encoded)
        if public[:1] != cls.kind or len(public) != 1 + HASH_BYTES:
            raise NoteError(f"{text!r} is no Ed25519 key of kind 0x{cls.kind.hex()}, written name+id+base64")
        key = cls(name, public[1:])
        if key.id.hex() != id_:
            raise NoteError(f"{text!r}: the id of this name and key is {key.id.hex()}")
        return key

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether the signature is this key's over the text."""
        return signed(self.public, text.encode(), signature)


class SigningKey:
    """The private half, under the name of one log."""

    def __init__(self, name: str, seed: bytes) -> None:
        """A key from its 32 secret bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - see `signed`

        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def line(self, text: str) -> str:
        """The signature line under a text."""
        signature = b64encode(self.verifier.id + self._private.sign(text.encode())).decode()
        return f"\u2014 {self.verifier.name} {signature}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's size and root at one moment."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def sign(checkpoint: Checkpoint, keys: Iterable[SigningKey]) -> str:
    """The checkpoint as a note with a line for each key."""
    text = checkpoint.text()
    return text + "\n" + "".join(key.line(text) for key in keys)


def unverified(note: str) -> Checkpoint:
    """What a note says, whoever signed it: to find out which keys to look for.

    Raises:
        NoteError: if it is no checkpoint.
    """
    return opened(note)[0]


def verify(note: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The checkpoint of a note that its log has signed: by one of `keys` whose name is the origin.

    Lines of unknown keys are passed over; a line of a known key must be right.

    Raises:
        NoteError: if it is no checkpoint, or not signed so.
    """
    checkpoint, text, signatures = opened(note)
    found = False
    for name, id_, signature in signatures:
        for key in keys:
            if (key.name, key.id) == (name, id_):
                if not key.verifies(text, signature):
                    raise NoteError(f"the signature of {name}+{id_.hex()} is not over this text")
                found = found or name == checkpoint.origin
    if not found:
        raise NoteError(f"not signed by a known key of {checkpoint.origin}")
    return checkpoint


def signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature is the key's over the message; by Python alone where it has no `cryptography`."""
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an auditor's Python may have nothing but itself
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    except ImportError:
        return verify_receipt.signed(public, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def opened(note: str) -> tuple[Checkpoint, str, list[tuple[str, bytes, bytes]]]:
    """A note taken apart, unverified: checkpoint, signed text, and of each signature the name, key id and bytes.

    Raises:
        NoteError: if it is no checkpoint.
    """
    text, blank, signed = note.rpartition("\n\n")
    text += "\n"
    if not blank or not signed.endswith("\n") or _CONTROL.search(note) or len(note) > _MAX_NOTE_CHARS:
        raise NoteError("no signed note: a text, an empty line, and lines of signatures")
    signatures: list[tuple[str, bytes, bytes]] = []
    for line in signed.removesuffix("\n").split("\n"):
        match = _SIGNATURE.fullmatch(line)
        data = _base64(match["signature"]) if match else b""
        if match is None or len(data) <= _ID_BYTES:
            raise NoteError(f"no line of a signature: {line[:200]!r}")
        signatures.append((match["name"], data[:_ID_BYTES], data[_ID_BYTES:]))
    return _checkpoint(text), text, signatures


def _checkpoint(text: str) -> Checkpoint:
    """A checkpoint from its text; lines of extension after the third are signed but mean nothing here."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < _LINES or not all(lines) or not _SIZE.fullmatch(lines[1]) or len(digest := _base64(lines[2])) != HASH_BYTES:
        raise NoteError("no checkpoint: a line each for origin, size and root in base64")
    return Checkpoint(lines[0], int(lines[1]), digest)


def _base64(text: str) -> bytes:
    """The bytes of standard base64, written in the one way there is.

    Raises:
        NoteError: if it is anything else.
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise NoteError(f"no base64: {text[:100]!r}") from error
    if b64encode(data).decode() != text:
        raise NoteError(f"base64 with bits that mean nothing: {text[:100]!r}")
    return data
