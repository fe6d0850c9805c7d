"""The bus port over Kafka. Positions are Kafka's offsets; topics must exist (see `topics`).

No group and no committed offset: how far a log has been read is kept in the reader's store, in the transaction of its effects.
No Kafka transaction either: readers go by (log, index), so a repeated record does no harm.
"""

import socket
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from time import monotonic
from typing import Any

from services.kernel.ports import BusError, CorruptLogError, Message, Outgoing
from services.runtime.kafka_access import PLAIN, KafkaAccess

kafka: Any = import_module("kafka")  # the type stubs that checkers carry are of an older version
errors: Any = import_module("kafka.errors")
checksums: Any = import_module("kafka.record.util")

_PATIENCE_SECONDS = 30
"""How long a record may take, retries included: longer than a cluster needs to notice a dead broker and choose a leader."""
_MARGIN_SECONDS = 5
_KNOCK_SECONDS = 2
_CLOSE_SECONDS = 2
_FETCH_WAIT_MS = 50
_POLL_MS = 500
_BATCH_BYTES = 512 * 1_024
"""Of records for one partition. A broker appends a batch whole or not at all."""
_COMMON: dict[str, Any] = {
    "reconnect_backoff_max_ms": 1_000,
    "metadata_max_age_ms": 30_000,
    "allow_auto_create_topics": False,
    "metrics_enabled": False,
}


class KafkaBus:
    """Topics of a Kafka cluster. `brokers` is `HOST:PORT,HOST:PORT`.

    `patience_seconds` bounds everything: it is what a record may take in all. A single request, the first contact, and the
    silence after which a subscription asks whether the brokers are there at all have a third of it.
    """

    def __init__(
        self, brokers: str, access: KafkaAccess = PLAIN, *, client: str = "oproep", patience_seconds: int = _PATIENCE_SECONDS
    ) -> None:
        if checksums.crc32c_c is None:
            raise RuntimeError("the package crc32c is missing: without it every record costs nine times as much")
        self._brokers, self._access = brokers.split(","), access
        self._patience_seconds = patience_seconds
        third_ms = patience_seconds * 1_000 // 3
        self._common: dict[str, Any] = {
            **_COMMON,
            "bootstrap_servers": self._brokers,
            "client_id": client,
            "bootstrap_timeout_ms": third_ms,
            "request_timeout_ms": third_ms,
        }

    def publisher(self) -> "KafkaPublisher":
        """See `Bus.publisher`."""
        return KafkaPublisher(self._producer, self._patience_seconds + _MARGIN_SECONDS)

    def subscribe(self, topic: str, partition: int, position: int) -> "KafkaSubscription":
        """See `Bus.subscribe`.

        Raises:
            BusError: if the partition does not answer.
            CorruptLogError: if it does not reach from before `position` to it: its topic was made anew, or cut.
        """
        where = kafka.TopicPartition(topic, partition)
        consumer = self._consumer(where)
        try:
            return KafkaSubscription(consumer, where, position, self._patience_seconds / 3)
        except BaseException:
            consumer.close(autocommit=False)
            raise

    def last(self, topic: str, partition: int, count: int) -> Sequence[Message]:
        """See `Bus.last`."""
        where = kafka.TopicPartition(topic, partition)
        consumer = self._consumer(where)
        try:
            return _last(consumer, where, count, monotonic() + self._patience_seconds)
        finally:
            consumer.close(autocommit=False)

    def _consumer(self, where: Any) -> Any:
        self._knock()
        with _translated(_name(where)):
            return kafka.KafkaConsumer(
                **self._common,
                **self._access.client(),
                group_id=None,
                enable_auto_commit=False,
                isolation_level="read_committed",
                # Every subscription says where to begin, at the earliest record if nothing was read. An offset that is not there
                # means that the topic is not the one that was read before: never begin anew by itself.
                auto_offset_reset="none",
                fetch_max_wait_ms=_FETCH_WAIT_MS,
                fetch_min_bytes=1,
            )

    def _knock(self) -> None:
        """Make sure that some broker listens: a client that finds none leaves a thread behind, and relays try for days."""
        for broker in self._brokers:
            host, _, port = broker.rpartition(":")
            with suppress(OSError), socket.create_connection((host, int(port)), timeout=_KNOCK_SECONDS):
                return
        raise BusError(f"no broker listens at {','.join(self._brokers)}")

    def _producer(self) -> Any:
        self._knock()
        return kafka.KafkaProducer(
            **self._common,
            **self._access.client(),
            acks="all",
            enable_idempotence=True,
            delivery_timeout_ms=self._patience_seconds * 1_000,
            max_block_ms=self._common["bootstrap_timeout_ms"],
            # Nothing leaves before its batch is full or `publish` has said all: so what fits into a batch stays together.
            batch_size=_BATCH_BYTES,
            linger_ms=self._common["request_timeout_ms"],
        )


class KafkaPublisher:
    """See `Publisher`. After a failure it begins again with a new producer: the old one may have records under way.

    Records for one partition that fit into a batch (512 KiB) are there all or none, as on the local bus.
    """

    def __init__(self, connect: Callable[[], Any], timeout_seconds: float) -> None:
        self._connect, self._timeout_seconds = connect, timeout_seconds
        self._producer: Any = None

    def publish(self, records: Sequence[Outgoing]) -> None:
        """See `Publisher.publish`."""
        try:
            with _translated("publishing"):
                self._producer = self._producer or self._connect()
                pending = [self._send(record) for record in records]
                self._producer.flush(timeout=self._timeout_seconds)  # the producer itself gives up first
                for future in pending:
                    future.get(timeout=0)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """See `Publisher.close`."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(errors.KafkaTimeoutError):  # of records given up: its thread forgets them by itself
                producer.close(timeout=_CLOSE_SECONDS)

    def _send(self, record: Outgoing) -> Any:
        if record.partition not in self._producer.partitions_for(record.topic):
            raise BusError(f"{record.topic} has no partition {record.partition}")
        return self._producer.send(
            record.topic, record.value, key=record.key, headers=list(record.headers), partition=record.partition
        )


class KafkaSubscription:
    """See `Subscription`."""

    def __init__(self, consumer: Any, partition: Any, position: int, silence_seconds: float) -> None:
        self._consumer, self._partition, self._silence_seconds = consumer, partition, silence_seconds
        self._name = _name(partition)
        self._quiet_since = monotonic()
        self._check_reach(position)
        with _translated(self._name):
            consumer.assign([partition])
            consumer.seek(partition, position)

    def poll(self, timeout_seconds: float) -> Sequence[Message]:
        """See `Subscription.poll`.

        Raises:
            BusError: if no broker has answered for a while.
            CorruptLogError: if the partition has lost records that it had.
        """
        with _translated(self._name):
            records = self._consumer.poll(timeout_ms=int(timeout_seconds * 1_000)).get(self._partition, [])
        if records:
            self._quiet_since = monotonic()
        elif monotonic() - self._quiet_since > self._silence_seconds:
            self._check_reach(self._consumer.position(self._partition))
            self._quiet_since = monotonic()
        return [_message(record) for record in records]

    def close(self) -> None:
        """See `Subscription.close`."""
        self._consumer.close(autocommit=False)

    def _check_reach(self, position: int) -> None:
        """Make sure that the partition answers and still has everything from `position` on."""
        with _translated(self._name):
            begin, end = _reach(self._consumer, self._partition)
        if not begin <= position <= end:
            raise CorruptLogError(f"{self._name} holds offsets {begin} to {end}, but was read up to {position}")


def _last(consumer: Any, where: Any, count: int, deadline: float) -> list[Message]:
    found: list[Message] = []
    with _translated(_name(where)):
        begin, end = _reach(consumer, where)
        consumer.assign([where])
        consumer.seek(where, max(begin, end - count))
        while consumer.position(where) < end:
            if monotonic() > deadline:
                raise BusError(f"{_name(where)} ends at {end}, and its last records do not come")
            found += [_message(record) for record in consumer.poll(timeout_ms=_POLL_MS).get(where, [])]
    return found


def _reach(consumer: Any, where: Any) -> tuple[int, int]:
    """The offsets of the first record and of the next one."""
    return consumer.beginning_offsets([where])[where], consumer.end_offsets([where])[where]


def _name(where: Any) -> str:
    return f"{where.topic}/{where.partition}"


def _message(record: Any) -> Message:
    headers = tuple((name, value or b"") for name, value in record.headers)
    return Message(record.topic, record.partition, record.offset, record.key or b"", record.value or b"", headers)


@contextmanager
def _translated(what: str) -> Generator[None]:
    """Kafka's errors in the words of the port."""
    try:
        yield
    except (errors.OffsetOutOfRangeError, errors.LogTruncationError) as error:
        raise CorruptLogError(f"{what}: records that were read are gone: {error}") from error
    except errors.KafkaError as error:
        raise BusError(f"{what}: {error!r}") from error
