"""An event as a record: CloudEvents in binary mode, as its protocol binding for Kafka has it; and a record's place in the feed.

The key is the call, for whoever spreads the records further; the topic itself has one partition, since the feed has one order.
"""

import re
from dataclasses import dataclass
from typing import Literal

from grants.awards.v1 import awards_pb2

from services.kernel.ports import Message, Outgoing
from services.publishing import cloudevent
from services.publishing.feed import PublicEvent
from services.runtime import convert

TOPIC = "grants.awards.v1"
PARTITION = 0
PREFIX = "ce_"
Format = Literal["json", "protobuf"]
CONTENT_TYPES: dict[Format, str] = {"json": cloudevent.JSON, "protobuf": cloudevent.PROTOBUF}
_ID = re.compile(r"([0-9a-f]{16})/(0|[1-9][0-9]{0,19})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record belongs: which history, which event of it, and the leaf of the entry that tells it."""

    sequence: int
    feed_id: str
    leaf: str


def record(event: PublicEvent, *, source: str, form: Format) -> Outgoing:
    """The event as a record of the topic. `source` is the feed's, the same at every door."""
    kind = CONTENT_TYPES[form]
    told = cloudevent.binary(event, source=source, prefix=PREFIX, content_type=kind)
    headers = (("content-type", kind.encode()), *((name, value.encode()) for name, value in told.items()))
    return Outgoing(TOPIC, PARTITION, event.call_id.encode(), body(event, form), headers)


def body(event: PublicEvent, form: Format) -> bytes:
    """What the record holds: canonical JSON, or the message of `grants.awards.v1` that the type names."""
    if form == "json":
        return cloudevent.body(event)
    kind = getattr(awards_pb2, event.type)
    sent: bytes = kind(**convert.members(kind.DESCRIPTOR, event.data)).SerializeToString(deterministic=True)
    return sent


def place(message: Message) -> Place | None:
    """Where the record belongs; None if it is none of the feed's."""
    match = _ID.fullmatch(message.header(f"{PREFIX}id") or "")
    leaf = message.header(f"{PREFIX}feedleaf")
    return None if match is None or leaf is None else Place(int(match[2]), match[1], leaf)


def size(outgoing: Outgoing) -> int:
    """Bytes that the record takes, at most: a few stand for each length."""
    headers = sum(len(name) + len(value) + 6 for name, value in outgoing.headers)
    return len(outgoing.key) + len(outgoing.value) + headers + 32
