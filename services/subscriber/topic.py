"""The door of the topic: records of Kafka, CloudEvents in binary mode, JSON or protobuf.

No offset is kept and no group is used. The topic has one partition, and the first record of an event never stands before the offset
that is its sequence: so the place is enough to find it again, also in a topic that was made anew.
"""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from time import monotonic
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from grants.awards.v1 import awards_pb2

from services.subscriber.event import CutError, Event, FeedError, Place, made

kafka: Any = import_module("kafka")  # the type stubs that checkers carry are of an older version
errors: Any = import_module("kafka.errors")

TOPIC = "grants.awards.v1"
_POLL_MS = 500
_SILENCE_SECONDS = 30
_HEADER = "ce_"


class Topic:
    """Reads the topic. `access` are further arguments of the client, such as those for TLS and a password."""

    live = False

    def __init__(self, brokers: str, access: Mapping[str, Any] | None = None, *, topic: str = TOPIC) -> None:
        self._brokers, self._access = brokers.split(","), dict(access or {})
        self._where = kafka.TopicPartition(topic, 0)
        self._consumer: Any = None
        self._highest, self._next = -1, 0
        """The last sequence that came, and the offset behind all records that came: a cut need not lead back over repetitions."""

    def events(self, after: Place | None) -> Iterator[Event]:
        """What there is after that place; earlier ones may come as well."""
        try:
            self._consumer = self._consumer or self._connect()
            start = after.sequence + 1 if after else 0
            yield from self._read(max(start, self._next) if start > self._highest else start)
        except errors.TopicAuthorizationFailedError as error:
            raise FeedError(f"{self._where.topic}: this user may not read it") from error
        except errors.KafkaError as error:
            self.close()
            raise CutError(f"{self._where.topic}: {error!r}") from error

    def close(self) -> None:
        """Give back connections."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(autocommit=False)

    def _connect(self) -> Any:
        consumer = kafka.KafkaConsumer(
            bootstrap_servers=self._brokers,
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            client_id="oproep-subscribe",
            **self._access,
        )
        consumer.assign([self._where])
        return consumer

    def _read(self, start: int) -> Iterator[Event]:
        begin = self._consumer.beginning_offsets([self._where])[self._where]
        end = self._consumer.end_offsets([self._where])[self._where]
        if begin or end < start:
            held = f"{self._where.topic} holds offsets {begin} to {end}"
            raise FeedError(f"{held}, and was read up to {start}: it was cut or made anew")
        self._consumer.seek(self._where, start)
        quiet_since = monotonic()
        while self._consumer.position(self._where) < end:
            for record in self._consumer.poll(timeout_ms=_POLL_MS).get(self._where, []):
                found = event(record.headers, record.value)
                self._highest, self._next = max(self._highest, found.place.sequence), record.offset + 1
                yield found
                quiet_since = monotonic()
            if monotonic() - quiet_since > _SILENCE_SECONDS:
                raise CutError(f"{self._where.topic} ends at {end}, and its last records do not come")


def event(headers: list[tuple[str, bytes]], value: bytes) -> Event:
    """An event out of a record.

    Raises:
        FeedError: if the record is none of the feed.
    """
    told = {name: (content or b"").decode("utf-8", "replace") for name, content in headers}
    attributes = {name.removeprefix(_HEADER): text for name, text in told.items() if name.startswith(_HEADER)}
    kind, content_type = attributes.get("type", "").rpartition(".")[2], told.get("content-type")
    try:
        data = json.loads(value) if content_type == "application/json" else _message(kind, content_type, value)
    except (ValueError, DecodeError) as error:
        raise FeedError(f"{attributes.get('id')}: no {content_type}: {error}") from error
    return made({**attributes, "datacontenttype": "application/json"}, data)


def _message(kind: str, content_type: str | None, value: bytes) -> dict[str, Any]:
    message = getattr(awards_pb2, kind, None)
    if content_type != "application/protobuf" or message is None:
        raise FeedError(f"a record of type {kind!r} as {content_type!r}, which this reader does not know")
    return MessageToDict(message.FromString(value), always_print_fields_with_no_presence=True)
