"""The contract of the topic as AsyncAPI 3: `asyncapi.json`, written by `python -m services.publishing.doors.kafka.asyncapi`.

Nothing in it is said twice: schemas are made from the events, the topic's settings from `deploy/topics.toml`, the headers from what
`cloudevent` gives. Only `examples.json` is kept as it is: an event of each type, out of the call of 2021.
"""

import json
import sys
from pathlib import Path
from typing import Any

from services.publishing import events
from services.publishing.cloudevent import JSON, PROTOBUF, TYPE_PREFIX
from services.publishing.doors.kafka.records import PARTITION, PREFIX, TOPIC
from services.publishing.schemas import PREFIX as SCHEMA
from services.publishing.schemas import schemas
from services.runtime import topics

FILE = Path(__file__).with_name("asyncapi.json")
EXAMPLES = Path(__file__).with_name("examples.json")
_BINDING = "0.5.0"
_LEAF = "^[0-9a-f]{64}$"
_INDEX = "^(0|[1-9][0-9]*)$"
_HEADERS: dict[str, tuple[str, str]] = {
    "content-type": (f"^({JSON}|{PROTOBUF})$", "What the record holds; one deployment sends one of the two."),
    "ce_specversion": (r"^1\.0$", "CloudEvents 1.0, binary mode."),
    "ce_id": (
        "^[0-9a-f]{16}/(0|[1-9][0-9]*)$",
        "The name of the feed's history, and the event's place in it; a place to resume from.",
    ),
    "ce_source": ("^/[a-z0-9][a-z0-9.-]{0,59}/publishing/[0-9]+$", "The deployment and the log that tells the event."),
    "ce_type": (f"^{TYPE_PREFIX.replace('.', '[.]')}[A-Za-z]+$", "The type: pass over those that you do not know."),
    "ce_subject": ("^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$", "The award, the application or the call that it is about."),
    "ce_time": ("Z$", "When it was told, in UTC. Order of time is order of sequence."),
    "ce_partitionkey": ("^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$", "The call; also the record's key."),
    "ce_sequence": (
        "^[0-9]{20}$",
        "The place in the feed, 0, 1, 2 … without a gap. Pass over what is not greater than the last.",
    ),
    "ce_sourcelog": ("^[a-z_]+/[0-9]+$", "The log of the entry that the event tells of."),
    "ce_sourceindex": (_INDEX, "That entry's place in its log."),
    "ce_sourceleaf": (_LEAF, "That entry's leaf hash (RFC 6962)."),
    "ce_feedindex": (_INDEX, "The place, in the log of the feed, of the entry that tells the event."),
    "ce_feedleaf": (_LEAF, "The leaf hash of that entry."),
}


def document() -> dict[str, Any]:
    """The contract as it was last written."""
    read: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return read


def made() -> dict[str, Any]:
    """The contract, out of the code."""
    examples = json.loads(EXAMPLES.read_text("utf-8"))
    return {
        "asyncapi": "3.1.0",
        "id": f"urn:oproep:{TOPIC}",
        "info": _info(),
        "defaultContentType": JSON,
        "servers": _servers(),
        "channels": {"feed": _channel()},
        "operations": {"tell": _operation()},
        "components": {
            "messages": {name: _message(name, examples[name]) for name in events.PUBLIC},
            "schemas": {"Headers": _headers(), **schemas()},
            "securitySchemes": {
                "password": {"type": "scramSha512", "description": "A user and a password, from whoever runs the brokers."}
            },
        },
    }


def _info() -> dict[str, Any]:
    return {
        "title": "Feed of awards",
        "version": "1.0.0",
        "description": (
            "What a public authority tells of its grant calls: calls, awards and their amounts, payments, corrections. Each event"
            " is one record, in the order of the feed, kept for ever. A record may be there twice: go by ce_sequence. Within v1,"
            " types and members are added, never changed or removed. The same events are read over HTTP: see the guide for"
            " integrators."
        ),
        "contact": {"name": "The deployment's operator", "url": "https://oproep.example/contact", "email": "feed@oproep.example"},
        "license": {"name": "EUPL-1.2", "url": "https://joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12"},
        "tags": [{"name": "grants"}, {"name": "awards"}, {"name": "cloudevents"}],
    }


def _servers() -> dict[str, Any]:
    return {
        "outside": {
            "host": "{brokers}",
            "protocol": "kafka-secure",
            "description": "The listener for readers outside, with TLS and a password.",
            "variables": {"brokers": {"description": "HOST:PORT of the brokers", "default": "kafka.oproep.example:9094"}},
            "security": [{"$ref": "#/components/securitySchemes/password"}],
        },
        "inside": {
            "host": "localhost:9092",
            "protocol": "kafka",
            "description": "A cluster on this machine, for trying it out.",
        },
    }


def _channel() -> dict[str, Any]:
    (topic,) = (topic for topic in topics.wanted(topics.SHIPPED, shards=1) if topic.name == TOPIC)
    settings = {
        "cleanup.policy": [topic.config["cleanup.policy"]],
        "retention.ms": int(topic.config["retention.ms"]),
        "retention.bytes": int(topic.config["retention.bytes"]),
        "max.message.bytes": int(topic.config["max.message.bytes"]),
    }
    return {
        "address": TOPIC,
        "title": "The feed",
        "description": f"One partition, {PARTITION}, so that there is one order. Nothing is ever deleted or compacted.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in events.PUBLIC},
        "bindings": {
            "kafka": {
                "topic": TOPIC,
                "partitions": topic.partitions,
                "replicas": topic.replicas,
                "topicConfiguration": settings,
                "bindingVersion": _BINDING,
            }
        },
    }


def _operation() -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": "#/channels/feed"},
        "title": "Tell of calls and awards",
        "summary": "The publishing service tells, everybody else reads.",
        "messages": [{"$ref": f"#/channels/feed/messages/{name}"} for name in events.PUBLIC],
    }


def _message(name: str, example: dict[str, Any]) -> dict[str, Any]:
    words = schemas()[name]["description"]
    return {
        "name": TYPE_PREFIX + name,
        "title": name,
        "summary": words,
        "contentType": JSON,
        "headers": {"$ref": f"{SCHEMA}Headers"},
        "payload": {"$ref": SCHEMA + name},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "The id of the call."},
                "bindingVersion": _BINDING,
            }
        },
        "examples": [{"name": name, "summary": "Out of the call of 2021.", **example}],
        "x-protobuf": {"contentType": PROTOBUF, "file": "protos/grants/awards/v1/awards.proto", "message": TYPE_PREFIX + name},
    }


def _headers() -> dict[str, Any]:
    """Every header is there in every record, and is text."""
    told = {
        name: {"type": "string", "pattern": pattern, "description": words} | ({"format": "date-time"} if name == "ce_time" else {})
        for name, (pattern, words) in _HEADERS.items()
    }
    return {"type": "object", "required": list(told), "properties": told}


def written() -> str:
    """The contract as the file has it."""
    assert all(name == "content-type" or name.startswith(PREFIX) for name in _HEADERS)  # noqa: S101 - a slip of the pen
    return json.dumps(made(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), "utf-8")
    sys.stdout.write(f"{FILE.name}\n")
