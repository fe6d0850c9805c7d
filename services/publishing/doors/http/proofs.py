"""Proof of an event: that the entry which tells it stands in the signed log of the feed; and of that log, that it only grows.

    /v1/events/<sequence>/proof         the inclusion proof with the log's checkpoint (c2sp.org/tlog-proof)
    /v1/events/<sequence>/entry         the bytes of the entry, where the call publishes all that they hold
    /v1/log/checkpoint                  the log's last checkpoint (c2sp.org/tlog-checkpoint)
    /v1/log/consistency/<old>/<new>     the proof that the log of `new` entries begins with that of `old`

The proof alone shows that the leaf hash which the event names (`feedleaf`) is in the log; whoever has the entry too, from here or
from an export for auditors, sees that the event is in the entry. An entry holds the fact as another service told it, so it is given
only if the call publishes every member of that fact. The proof of consistency is for whoever has kept a checkpoint: a log that was
set back or changed since has none.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.kernel.ports import Reads
from services.publishing.doors import DoorContext
from services.publishing.doors.http.answers import Problem, negotiated, only, page
from services.publishing.events import PUBLIC
from services.publishing.feed import PublicEvent
from services.publishing.terms import MoveKind, Published
from services.tlog.notes import unverified
from services.tlog.proofs import consistency_proof, tlog_proof
from services.tlog.tree import TILE_HEIGHT, Node, consistency, inclusion, root

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_TEXT = "text/plain"
_STRUCTURED = "application/cloudevents+json"

_OF_CALLS = frozenset({"NoteCall", "NoteDeadline", "NoteClosing", "NoteRanking"})
"""Facts about a call itself: all of it is published."""
_OF_AWARDS: Mapping[str, Collection[Published]] = {
    "NoteGrant": (
        Published.PARTNERS,
        Published.REQUESTED,
        Published.RANK,
        Published.DECIDED_ON,
        Published.PROJECT_PERIOD,
    ),
    "NoteMove": (),
    "NoteSettlement": (Published.PAID, Published.FINAL_GRANT),
    "NoteRefusal": (Published.REFUSALS, Published.RANK, Published.DECIDED_ON),
}
"""What a call must publish, besides applicant, amount and outcome, for the fact to hold nothing else. Other facts are not given."""
_FREE_MOVES = (MoveKind.COMMITTED, MoveKind.DECOMMITTED)
"""Moves of money that show in the sums which every award has; the others are payments, or come of the final report."""


def routes(context: DoorContext) -> list[BaseRoute]:
    """The routes of this door."""
    door = _Proofs(context)
    return [
        Route("/v1/events/{sequence}/proof", door.proof),
        Route("/v1/events/{sequence}/entry", door.entry),
        Route("/v1/log/checkpoint", door.checkpoint),
        Route("/v1/log/consistency/{old}/{new}", door.consistency),
    ]


class _Proofs:
    """Answers from the log of a feed; in threads, as it reads."""

    def __init__(self, context: DoorContext) -> None:
        self._feed, self._views = context.feed, context.views

    def proof(self, request: Request) -> Response:
        """The inclusion proof of the entry that tells an event, in the tree of the last checkpoint."""
        negotiated(request, (_TEXT,))
        event = self._event(request)
        index = event.entry.index
        with self._feed.store.read() as reads:
            note, size = _checkpoint(reads)
            text = tlog_proof(index, inclusion(index, size, _nodes(reads)), note)
        return page(request, text.encode(), _TEXT, closed=False)

    def checkpoint(self, request: Request) -> Response:
        """The last checkpoint of the log."""
        negotiated(request, (_TEXT,))
        only(request)
        with self._feed.store.read() as reads:
            note, _ = _checkpoint(reads)
        return page(request, note.encode(), _TEXT, closed=False)

    def consistency(self, request: Request) -> Response:
        """The proof that the log has only grown between two sizes that it has had."""
        negotiated(request, (_TEXT,))
        only(request)
        old, new = (_size(request, name) for name in ("old", "new"))
        with self._feed.store.read() as reads:
            _, size = _checkpoint(reads)
            if new > size:
                raise Problem(404, "beyond_the_end", f"the log has {size} entries, not {new}", field="new")
            if not 1 <= old <= new:
                raise Problem(400, "out_of_range", f"old: {old} is out of range; allowed: 1 to {new}", field="old")
            text = consistency_proof(old, consistency(old, new, _nodes(reads)))
        return page(request, text.encode(), _TEXT, closed=False)

    def entry(self, request: Request) -> Response:
        """The bytes of the entry that tells an event."""
        media_type = negotiated(request, (_STRUCTURED, "application/json"))
        event = self._event(request)
        with self._feed.store.read() as reads:
            value = reads.entries(event.entry.index, 1)[0].value
        call = self._views.call(event.call_id)
        if call is None or not may_be_shown(json.loads(value)["data"], frozenset(call.published)):
            detail = f"the entry of event {event.sequence} holds more than its call publishes; its leaf hash is {event.entry.leaf}"
            raise Problem(403, "not_published", detail, leaf=event.entry.leaf)
        return page(request, value, media_type, closed=False)

    def _event(self, request: Request) -> PublicEvent:
        only(request)
        return self._feed.event(self._feed.position(request.path_params["sequence"]))


def may_be_shown(entry: Mapping[str, Any], published: Collection[str]) -> bool:
    """Whether an entry's content holds nothing but what a call lets the world know."""
    command = entry["command"]
    kind = command["type"]
    if kind in _OF_CALLS:
        needed: set[str] = set()
        internal: set[str] = set()
    elif kind in _OF_AWARDS:
        needed, internal = {Published.APPLICANT, Published.AMOUNT, Published.OUTCOME, *_OF_AWARDS[kind]}, {_noted(kind)}
        if kind == "NoteMove" and command["move"]["kind"] not in _FREE_MOVES:
            needed |= {Published.PAID, Published.FINAL_GRANT}
    else:
        return False
    return needed <= set(published) and all(event["type"] in PUBLIC or event["type"] in internal for event in entry["events"])


def _noted(command: str) -> str:
    """The event that says again what the command says: NoteMove, MoveNoted."""
    return command.removeprefix("Note") + "Noted"


def _size(request: Request, name: str) -> int:
    """A number of entries in the path.

    Raises:
        Problem: 400 if it is none.
    """
    text: str = request.path_params[name]
    if not _SIZE.fullmatch(text):
        raise Problem(400, "malformed", f"{name}: {text[:80]!r} is no number of entries; allowed: 1, 2, 3 …", field=name)
    return int(text)


def _checkpoint(reads: Reads) -> tuple[str, int]:
    """The last checkpoint, signed, and how many entries it is of.

    Raises:
        Problem: 404 if the log is not signed.
    """
    head = reads.tree_head()
    if head is None or head.checkpoint is None:
        raise Problem(404, "not_signed", "the log of this feed has no signed checkpoint; its operator has not given it a key")
    return head.checkpoint, unverified(head.checkpoint).size


def _nodes(reads: Reads) -> Node:
    """The hashes of the log's tree."""

    def node(level: int, number: int) -> bytes:
        height = level % TILE_HEIGHT
        return root(reads.hashes(level // TILE_HEIGHT, number << height, 1 << height))

    return node
