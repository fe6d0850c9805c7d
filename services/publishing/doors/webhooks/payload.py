"""What a delivery says: the event in short, for a receiver who reads the rest where the link leads, or the whole of it."""

from enum import StrEnum

from services.kernel import canonical
from services.kernel.form import Json, instant
from services.publishing.cloudevent import TYPE_PREFIX
from services.publishing.feed import PublicEvent

TEST = "Test"
_IDS = ("callId", "applicationId", "awardId")


class Payload(StrEnum):
    """How much a delivery says."""

    THIN = "thin"
    """Type, time, ids, place and link."""
    FULL = "full"
    """All that the feed says of the event."""


def payload(event: PublicEvent, form: Payload, *, base: str) -> bytes:
    """The body of a delivery: canonical JSON, the same bytes at each attempt. `base` is the feed's public address, if any."""
    data = dict(event.data) if form is Payload.FULL else {name: event.data[name] for name in _IDS if name in event.data}
    told: dict[str, Json] = {
        "type": TYPE_PREFIX + event.type,
        "timestamp": instant(event.time),
        "id": event.id,
        "sequence": str(event.sequence),
        "subject": event.subject,
        "data": data,
    }
    if base:
        told["link"] = f"{base}/v1/events/{event.sequence}"
    return canonical.encode(told)
