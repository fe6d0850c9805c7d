"""Proof that an event is what the feed's signed log says: asked for at the feed, believed only by the log's public key.

Three things are held together: the checkpoint is signed by the key; the leaf hash that the event names is in the tree of that
checkpoint, at the place that the event names; and the entry with that leaf hash has the event. The entry is given for events of
which the call publishes everything; of others the leaf is proven, which pins what an auditor will find.
"""

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.subscriber.event import CutError, Event, FeedError
from services.subscriber.web import Web
from services.tlog.notes import Checkpoint, NoteError, VerifierKey, verify
from services.tlog.proofs import HEADER
from services.tlog.tree import leaf_hash, verify_inclusion

_MAX_HASHES = 64


class ProofError(FeedError):
    """An event is not proven: do not use it, and ask the operator."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A C2SP tlog-proof taken apart; nothing in it is proven yet."""

    index: int
    hashes: tuple[bytes, ...]
    note: str


class Prover:
    """Proves events of one feed. `keys` are those of its log; `entries`: also the entry must be given, of every event."""

    def __init__(self, web: Web, keys: Sequence[VerifierKey], *, entries: bool = False) -> None:
        self._web, self._keys, self._entries = web, tuple(keys), entries
        self.largest: Checkpoint | None = None
        """The largest checkpoint seen."""
        self.leaf_only = 0
        """Events whose entry was not given."""

    def check(self, event: Event) -> None:
        """Prove an event.

        Raises:
            ProofError: with what does not hold.
            CutError: if the feed did not answer.
        """
        leaf = event.attributes.get("feedleaf", "")
        proof = parse(self._ask(event, "proof", "text/plain"), event)
        try:
            checkpoint = verify(proof.note, self._keys)
        except NoteError as error:
            raise ProofError(f"{event.place}: its checkpoint: {error}") from error
        if str(proof.index) != event.attributes.get("feedindex"):
            raise ProofError(f"{event.place} says that it is in entry {event.attributes.get('feedindex')}; proven is {proof.index}")
        if not verify_inclusion(_bytes(leaf), proof.index, checkpoint.size, proof.hashes, checkpoint.root):
            raise ProofError(f"{event.place}: leaf {leaf} is not entry {proof.index} of {checkpoint.origin}")
        if event.attributes.get("source") != f"/{checkpoint.origin.partition('/')[2]}":
            raise ProofError(f"{event.place} is of {event.attributes.get('source')}, its proof of {checkpoint.origin}")
        self.same_log(checkpoint)
        self._in_entry(event, leaf)

    def close(self) -> None:
        """Give back connections."""
        self._web.close()

    def same_log(self, checkpoint: Checkpoint) -> None:
        """Two checkpoints of one size have one root, or the log shows different people different things."""
        known = self.largest
        if known is not None and known.size == checkpoint.size and known.root != checkpoint.root:
            raise ProofError(f"{checkpoint.origin} has two roots at {checkpoint.size} entries, both signed: keep them as evidence")
        if known is None or checkpoint.size > known.size:
            self.largest = checkpoint

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
        hashes = tuple(b64decode(line, validate=True) for line in lines[1:])
        if first != HEADER or word != "index" or not (index.isascii() and index.isdigit()) or len(hashes) > _MAX_HASHES:
            raise ValueError(f"it begins {first[:50]!r}")  # noqa: TRY301 - all that may be wrong with a text, told in one way
    except (ValueError, IndexError) as error:
        raise ProofError(f"{event.place}: no proof ({HEADER}): {error}") from error
    return Proof(int(index), hashes, note)


def _bytes(leaf: str) -> bytes:
    try:
        return bytes.fromhex(leaf)
    except ValueError:
        return b""
