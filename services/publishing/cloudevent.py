"""Public events as CloudEvents 1.0: as one JSON document (structured), or as a body with headers (binary).

Both say the same. `time` and `id` come from the log, so the same event is the same bytes by whichever door and however often it is
read. Extension attributes, all lower case as the specification wants them: `partitionkey` (the call), `sequence` (20 digits, so
that texts sort as numbers do), `sourcelog`, `sourceindex`, `sourceleaf` (the entry that it tells of), `feedindex`, `feedleaf` (the
entry that tells it).
"""

from collections.abc import Mapping

from services.kernel import canonical
from services.kernel.form import Json, instant
from services.publishing.feed import PublicEvent

TYPE_PREFIX = "grants.awards.v1."
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
JSON = "application/json"
PROTOBUF = "application/protobuf"


def attributes(event: PublicEvent, *, source: str, content_type: str = JSON) -> dict[str, str]:
    """All attributes of an event, by name. `source` is `Feed.source`, the same at every door."""
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": TYPE_PREFIX + event.type,
        "subject": event.subject,
        "time": instant(event.time),
        "datacontenttype": content_type,
        "partitionkey": event.call_id,
        "sequence": f"{event.sequence:020d}",
        "sourcelog": event.source.log,
        "sourceindex": str(event.source.index),
        "sourceleaf": event.source.leaf,
        "feedindex": str(event.entry.index),
        "feedleaf": event.entry.leaf,
    }


def structured(event: PublicEvent, *, source: str) -> dict[str, Json]:
    """The event as one JSON object."""
    return {**attributes(event, source=source), "data": dict(event.data)}


def structured_bytes(event: PublicEvent, *, source: str) -> bytes:
    """The event as canonical JSON (RFC 8785): the same bytes for ever."""
    return canonical.encode(structured(event, source=source))


def binary(event: PublicEvent, *, source: str, prefix: str = "ce_", content_type: str = JSON) -> Mapping[str, str]:
    """The headers of binary mode, `ce_` for Kafka, `ce-` for HTTP. The content type is not among them, as it has its own."""
    told = attributes(event, source=source, content_type=content_type)
    return {prefix + name: value for name, value in told.items() if name != "datacontenttype"}


def body(event: PublicEvent) -> bytes:
    """The body of binary mode: the data as canonical JSON."""
    return canonical.encode(dict(event.data))
