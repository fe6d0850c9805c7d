"""An entry of a log: one command, who gave it and why, and the events that it led to, as one set of bytes.

The bytes are a CloudEvents 1.0 structured event in canonical JSON. What is stored, hashed, sent over Kafka and given to an
auditor is this and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.kernel.canonical import MAX_ENTRY_BYTES, decode, digest, encode
from services.kernel.form import Digest, Id, Json, Line, MalformedError, Raw, from_json, instant, to_json
from services.kernel.people import Actor

__all__ = ["Cause", "Entry", "Part", "body_digest", "tagged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The entry of another log that made a service act, pinned by its leaf hash."""

    log: Line
    index: int
    leaf: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which piece this is of an answer too long for one entry; pieces stand next to each other in the log."""

    number: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, as read or about to be written. `command` and `events` are tagged JSON: `{"type": name, ...}`."""

    deployment: str
    log: str
    index: int
    stream: str
    time: datetime
    command_id: str
    command: Mapping[str, Json]
    actor: Actor
    cause: Cause | None
    events: tuple[Mapping[str, Json], ...]
    part: Part | None = None

    def to_bytes(self) -> bytes:
        """The canonical bytes.

        Raises:
            ValueError: if they would be longer than `MAX_ENTRY_BYTES`.
        """
        data: dict[str, Any] = {
            "actor": to_json(self.actor),
            "command": dict(self.command),
            "commandId": self.command_id,
            "events": [dict(event) for event in self.events],
        }
        if self.cause is not None:
            data["cause"] = to_json(self.cause)
        if self.part is not None:
            data["part"] = to_json(self.part)
        service = self.log.partition("/")[0]
        value = encode(
            {
                "data": data,
                "datacontenttype": "application/json",
                "id": f"{self.log}/{self.index}",
                "source": f"/{self.deployment}/{self.log}",
                "specversion": "1.0",
                "subject": self.stream,
                "time": instant(self.time),
                "type": f"grants.{service}.v1.Entry",
            }
        )
        if len(value) > MAX_ENTRY_BYTES:
            raise ValueError(f"entry {self.log}/{self.index} has {len(value)} bytes, at most {MAX_ENTRY_BYTES} fit")
        return value

    @classmethod
    def from_bytes(cls, value: bytes) -> "Entry":
        """Read an entry and check its form.

        Raises:
            MalformedError: naming the field at fault.
        """
        outer = from_json(_Envelope, decode(value))
        log, _, index = outer.id.rpartition("/")
        if not index.isdecimal() or outer.source.rpartition(log)[2] or outer.type != f"grants.{log.partition('/')[0]}.v1.Entry":
            raise MalformedError("id", f"{outer.id!r} does not agree with source and type", "<log>/<index>")
        data = outer.data
        _check_tag(data.command, "data.command")
        for number, event in enumerate(data.events):
            _check_tag(event, f"data.events[{number}]")
        return cls(
            deployment=outer.source[1 : -len(log) - 1],
            log=log,
            index=int(index),
            stream=outer.subject,
            time=outer.time,
            command_id=data.command_id,
            command=data.command,
            actor=data.actor,
            cause=data.cause,
            events=data.events,
            part=data.part,
        )


def tagged(value: object) -> dict[str, Json]:
    """A command or event as JSON with its type's name."""
    return {"type": type(value).__name__, **to_json(value)}


def body_digest(command: object, actor: Actor) -> str:
    """What makes two commands the same: type, content and the hand that gave it."""
    return digest(encode({"command": tagged(command), "actor": actor.id}))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    command: Raw
    command_id: Line
    actor: Actor
    events: tuple[Raw, ...]
    cause: Cause | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Envelope:
    specversion: str
    id: Line
    source: Line
    type: Id
    subject: Line
    time: datetime
    datacontenttype: str
    data: _Data


def _check_tag(body: Mapping[str, Any], path: str) -> None:
    if not isinstance(body.get("type"), str):
        raise MalformedError(f"{path}.type", "missing", "the name of a command or event")
