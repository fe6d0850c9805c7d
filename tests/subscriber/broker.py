"""As much of a Kafka consumer as a subscriber uses, over a list of records; it breaks when a test says so."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from kafka.errors import KafkaConnectionError


@dataclass(frozen=True, slots=True)
class Recorded:
    headers: Sequence[tuple[str, bytes]]
    value: bytes


@dataclass(frozen=True, slots=True)
class Found:
    offset: int
    headers: Sequence[tuple[str, bytes]]
    value: bytes


class Broker:
    """A partition. Every so many polls, the connection breaks."""

    def __init__(self, records: Sequence[Recorded], *, begin: int = 0, breaks_every: int | None = None, at_once: int = 500) -> None:
        self.records, self.begin, self.breaks_every, self.at_once = records, begin, breaks_every, at_once
        self.polls = self.broken = 0

    def consumer(self, **_settings: Any) -> "Consumer":
        """In the place of `KafkaConsumer`."""
        return Consumer(self)


class Consumer:
    def __init__(self, broker: Broker) -> None:
        self._broker, self._position = broker, 0

    def assign(self, partitions: Sequence[Any]) -> None:
        (self._where,) = partitions

    def beginning_offsets(self, partitions: Sequence[Any]) -> dict[Any, int]:
        return dict.fromkeys(partitions, self._broker.begin)

    def end_offsets(self, partitions: Sequence[Any]) -> dict[Any, int]:
        return dict.fromkeys(partitions, self._broker.begin + len(self._broker.records))

    def seek(self, _partition: Any, position: int) -> None:
        self._position = position

    def position(self, _partition: Any) -> int:
        return self._position

    def poll(self, **_settings: Any) -> dict[Any, Sequence[Found]]:
        broker = self._broker
        broker.polls += 1
        if broker.breaks_every and broker.polls % (broker.breaks_every + 1) == 0:
            broker.broken += 1
            raise KafkaConnectionError("gone")
        start, self._position = self._position, min(self._position + broker.at_once, len(broker.records))
        return {self._where: [Found(n, *astuple(broker.records[n])) for n in range(start, self._position)]}

    def close(self, *, autocommit: bool) -> None:
        assert not autocommit
