"""Proof that an event is what the feed's signed log says: asked for at the feed, believed only by the log's public key.

Three things are held together: the checkpoint is signed by the key; the leaf hash that the event names is in the tree of that
checkpoint, at the place that the event names; and the entry with that leaf hash has the event. The entry is given for events of
which the call publishes everything; of others the leaf is proven, which pins what an auditor will find.

And the log is held to what it was: the largest checkpoint under which an event was proven is kept, and each other one must be
proven to be of the same log, which has only grown between the two. So a log that was set back, or that went on in two ways, shows
also if that was while nobody read.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.subscriber.event import CutError, Event, FeedError
from services.subscriber.web import Web
from services.tlog.notes import Checkpoint, NoteError, VerifierKey, verify
from services.tlog.proofs import HEADER
from services.tlog.tree import HASH_BYTES, leaf_hash, verify_consistency, verify_inclusion

_MAX_HASHES = 64


class ProofError(FeedError):
    """An event is not proven: do not use it, and ask the operator."""


class ForkError(ProofError):
    """Two checkpoints, both signed, that are not shown to be of one log that only grew. `evidence` is both notes, to be kept."""

    def __init__(self, kept: "Signed", shown: "Signed", fault: str) -> None:
        super().__init__(f"{kept.checkpoint.origin} {fault}: kept was {kept}, shown is {shown}, both signed: keep them as evidence")
        self.evidence = f"{kept.note}\n{shown.note}"


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint whose signature was verified, and its note."""

    checkpoint: Checkpoint
    note: str

    def __str__(self) -> str:
        return f"{self.checkpoint.size} entries with root {b64encode(self.checkpoint.root).decode()}"


@dataclass(frozen=True, slots=True)
class Proof:
    """A C2SP tlog-proof taken apart; nothing in it is proven yet."""

    index: int
    hashes: tuple[bytes, ...]
    note: str


class Prover:
    """Proves events of one feed. `keys` are those of its log; `entries`: also the entry must be given, of every event.

    `kept` is the checkpoint that an earlier run has kept, as a signed note; empty if there is none.
    """

    def __init__(self, web: Web, keys: Sequence[VerifierKey], *, entries: bool = False, kept: str = "") -> None:
        """Begin with what was kept.

        Raises:
            ProofError: if none of the keys has signed it.
        """
        self._web, self._keys, self._entries = web, tuple(keys), entries
        self.largest = self._verified(kept, "the checkpoint that was kept, whose key must be named too") if kept else None
        """The largest checkpoint under which an event was proven."""
        self._agreed: Checkpoint | None = None
        """The one that was last found to be of the same log."""
        self.leaf_only = 0
        """Events whose entry was not given."""

    def check(self, event: Event) -> str:
        """Prove an event; gives the checkpoint to keep, as a signed note.

        Raises:
            ProofError: with what does not hold.
            CutError: if the feed did not answer.
        """
        leaf = event.attributes.get("feedleaf", "")
        proof = parse(self._ask(event, "proof", "text/plain"), event)
        shown = self._verified(proof.note, f"{event.place}: its checkpoint")
        checkpoint = shown.checkpoint
        if str(proof.index) != event.attributes.get("feedindex"):
            raise ProofError(f"{event.place} says that it is in entry {event.attributes.get('feedindex')}; proven is {proof.index}")
        if not verify_inclusion(_bytes(leaf), proof.index, checkpoint.size, proof.hashes, checkpoint.root):
            raise ProofError(f"{event.place}: leaf {leaf} is not entry {proof.index} of {checkpoint.origin}")
        if event.attributes.get("source") != f"/{checkpoint.origin.partition('/')[2]}":
            raise ProofError(f"{event.place} is of {event.attributes.get('source')}, its proof of {checkpoint.origin}")
        self.same_log(shown)
        self._in_entry(event, leaf)
        if self.largest is None or checkpoint.size > self.largest.checkpoint.size:
            self.largest = shown
        return self.largest.note

    def look(self) -> None:
        """Hold the log as it stands now against what was kept, also if there is no event to prove.

        Raises:
            ProofError: if it is not the same log, or says nothing any more.
            CutError: if the feed did not answer.
        """
        if self.largest is None:
            return
        try:
            note = self._web.get("/v1/log/checkpoint", "text/plain").content.decode("utf-8", "replace")
        except FeedError as error:
            raise ProofError(f"{self.largest.checkpoint.origin} had {self.largest}, and tells of none now: {error}") from error
        self.same_log(self._verified(note, "the checkpoint of the feed"))

    def close(self) -> None:
        """Give back connections."""
        self._web.close()

    def same_log(self, shown: Signed) -> None:
        """Hold a checkpoint against the one that was kept: the larger log must begin with the smaller one.

        Raises:
            ForkError: if that is not proven.
            CutError: if the feed did not answer.
        """
        kept = self.largest
        if kept is None or shown.checkpoint in {kept.checkpoint, self._agreed}:
            return
        if kept.checkpoint.origin != shown.checkpoint.origin:
            raise ForkError(kept, shown, f"is another log than {shown.checkpoint.origin}")
        if kept.checkpoint.size == shown.checkpoint.size:
            raise ForkError(kept, shown, f"has two roots at {kept.checkpoint.size} entries")
        old, new = sorted((kept.checkpoint, shown.checkpoint), key=lambda checkpoint: checkpoint.size)
        if not verify_consistency(old.size, old.root, new.size, new.root, self._between(kept, shown, old.size, new.size)):
            raise ForkError(kept, shown, "has not only grown")
        self._agreed = shown.checkpoint

    def _between(self, kept: Signed, shown: Signed, old: int, new: int) -> list[bytes]:
        """The consistency proof between two sizes, as the feed gives it."""
        try:
            text = self._web.get(f"/v1/log/consistency/{old}/{new}", "text/plain").content
        except FeedError as error:
            raise ForkError(kept, shown, f"gives no proof that it has only grown ({error})") from error
        try:
            first, *lines = text.decode().removesuffix("\n").split("\n")
            if first != f"old {old}":
                raise ValueError(f"it begins {first[:50]!r}")  # noqa: TRY301 - all that may be wrong with a text, told in one way
            return _hashes(lines)
        except ValueError as error:
            raise ForkError(kept, shown, f"gives what is no proof that it has only grown ({error})") from error

    def _verified(self, note: str, what: str) -> Signed:
        try:
            return Signed(verify(note, self._keys), note)
        except NoteError as error:
            raise ProofError(f"{what}: {error}") from error

    def _in_entry(self, event: Event, leaf: str) -> None:
        try:
            value = self._ask(event, "entry", "application/cloudevents+json")
        except CutError:
            raise
        except FeedError as error:
            if self._entries:
                raise ProofError(f"{event.place}: its entry is not given: {error}") from error
            self.leaf_only += 1
            return
        if leaf_hash(value).hex() != leaf:
            raise ProofError(f"{event.place}: what is given as its entry has another hash than {leaf}")
        said: Any = json.loads(value)
        if said["time"] != event.attributes.get("time") or {"type": event.type, **event.data} not in said["data"]["events"]:
            raise ProofError(f"{event.place} is not what its entry says")

    def _ask(self, event: Event, what: str, accept: str) -> bytes:
        return self._web.get(f"/v1/events/{event.place.sequence}/{what}", accept).content


def parse(data: bytes, event: Event) -> Proof:
    """Take a proof apart.

    Raises:
        ProofError: if it is none.
    """
    try:
        head, _, note = data.decode().partition("\n\n")
        first, *lines = head.split("\n")
        lines = lines[1:] if lines and lines[0].startswith("extra ") else lines
        word, _, index = lines[0].partition(" ")
        hashes = tuple(_hashes(lines[1:]))
        if first != HEADER or word != "index" or not (index.isascii() and index.isdigit()):
            raise ValueError(f"it begins {first[:50]!r}")  # noqa: TRY301 - all that may be wrong with a text, told in one way
    except (ValueError, IndexError) as error:
        raise ProofError(f"{event.place}: no proof ({HEADER}): {error}") from error
    return Proof(int(index), hashes, note)


def _hashes(lines: Sequence[str]) -> list[bytes]:
    """The hashes of a proof.

    Raises:
        ValueError: if a line is none, or there are more than any log needs.
    """
    hashes = [b64decode(line, validate=True) for line in lines]
    if len(hashes) > _MAX_HASHES or any(len(hash_) != HASH_BYTES for hash_ in hashes):
        raise ValueError(f"it has {len(hashes)} hashes; allowed: {_MAX_HASHES}, of {HASH_BYTES} bytes each")
    return hashes


def _bytes(leaf: str) -> bytes:
    try:
        return bytes.fromhex(leaf)
    except ValueError:
        return b""
