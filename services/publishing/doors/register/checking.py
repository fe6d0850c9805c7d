"""How a reader can check an event: whether its log is signed, and whether the entry that tells it may be read by everybody."""

import json
from dataclasses import dataclass

from services.publishing.doors.http.proofs import may_be_shown
from services.publishing.feed import Feed, PublicEvent
from services.publishing.records import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """What there is to check an event with. `readable`: the call publishes all that the entry holds, so its bytes are given."""

    sequence: int
    origin: str
    index: int
    leaf: str
    signed: bool
    readable: bool


def checking(feed: Feed, event: PublicEvent, call: Call) -> Checking:
    """How to check an event of a call."""
    with feed.store.read() as reads:
        head = reads.tree_head()
        entry = json.loads(reads.entries(event.entry.index, 1)[0].value)
    return Checking(
        sequence=event.sequence,
        origin=feed.origin,
        index=event.entry.index,
        leaf=event.entry.leaf,
        signed=head is not None and head.checkpoint is not None,
        readable=may_be_shown(entry["data"], frozenset(call.published)),
    )
