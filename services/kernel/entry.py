"""An entry of a log: one command, who gave it and why, and the events that it led to, as one set of bytes.

The bytes are a CloudEvents 1.0 structured event in canonical JSON. What is stored, hashed, sent over Kafka and given to an
auditor is this and nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from services.kernel.canonical import MAX_ENTRY_BYTES, decode, digest, encode
from services.kernel.form import Digest, Id, Json, Line, MalformedError, Raw, from_json, instant, to_json
from services.kernel.people import Actor

__all__ = ["Cause", "Entry", "Part", "body_digest", "composed", "encoded_body_digest", "tagged"]

_SPEC = "1.0"
_CONTENT = "application/json"
_ACTOR_MEMBERS = 3


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
        return composed(
            deployment=self.deployment,
            log=self.log,
            index=self.index,
            stream=self.stream,
            time=self.time,
            command_id=self.command_id,
            command=encode(dict(self.command)),
            actor=self.actor,
            cause=self.cause,
            events=[encode(dict(event)) for event in self.events],
            part=self.part,
        )

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
        if (outer.specversion, outer.datacontenttype) != (_SPEC, _CONTENT):
            raise MalformedError("specversion", f"{outer.specversion}, {outer.datacontenttype}", f"{_SPEC}, {_CONTENT}")
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
            actor=_actor(data.actor),
            cause=data.cause,
            events=data.events,
            part=data.part,
        )


def composed(
    *,
    deployment: str,
    log: str,
    index: int,
    stream: str,
    time: datetime,
    command_id: str,
    command: bytes,
    actor: Actor,
    cause: Cause | None,
    events: Iterable[bytes],
    part: Part | None,
) -> bytes:
    """The canonical bytes of an entry whose command and events are in canonical JSON already: nothing is written twice.

    Raises:
        ValueError: if they would be longer than `MAX_ENTRY_BYTES`.
    """
    outer = encode(
        {
            "datacontenttype": _CONTENT,
            "id": f"{log}/{index}",
            "source": f"/{deployment}/{log}",
            "specversion": _SPEC,
            "subject": stream,
            "time": instant(time),
            "type": f"grants.{log.partition('/')[0]}.v1.Entry",
        }
    )
    data = (  # by name, as all members
        b'"actor":' + _encoded_actor(actor),
        b"" if cause is None else b',"cause":' + encode(to_json(cause)),
        b',"command":' + command,
        b',"commandId":' + encode(command_id),
        b',"events":[' + b",".join(events) + b"]",
        b"" if part is None else b',"part":' + encode(to_json(part)),
    )
    value = b'{"data":{' + b"".join(data) + b"}," + outer[1:]
    if len(value) > MAX_ENTRY_BYTES:
        raise ValueError(f"entry {log}/{index} has {len(value)} bytes, at most {MAX_ENTRY_BYTES} fit")
    return value


def tagged(value: object) -> dict[str, Json]:
    """A command or event as JSON with its type's name."""
    return {"type": type(value).__name__, **to_json(value)}


def body_digest(command: object, actor: Actor) -> str:
    """What makes two commands the same: type, content and the hand that gave it."""
    return encoded_body_digest(encode(tagged(command)), actor)


def encoded_body_digest(command: bytes, actor: Actor) -> str:
    """The same of a command that is in canonical JSON already, with its type's name."""
    return digest(b'{"actor":' + encode(actor.id) + b',"command":' + command + b"}")


def _actor(data: Raw) -> Actor:
    """The actor of an entry: few hands give many commands, so most were read before."""
    if len(data) == _ACTOR_MEMBERS and isinstance(data.get("roles"), list):
        try:
            return _known_actor(data["id"], data["organisation"], tuple(data["roles"]))
        except (KeyError, TypeError):  # something else is there, or a list where a text should be: the reader says so
            pass
    return from_json(Actor, data, "data.actor")


@lru_cache(maxsize=1024)
def _known_actor(name: str, organisation: str, roles: tuple[str, ...]) -> Actor:
    return from_json(Actor, {"id": name, "organisation": organisation, "roles": list(roles)}, "data.actor")


@lru_cache(maxsize=1024)
def _encoded_actor(actor: Actor) -> bytes:
    return encode(to_json(actor))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    command: Raw
    command_id: Line
    actor: Raw
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
