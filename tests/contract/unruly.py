"""A bus as bad as the port allows: it repeats records, delivers late, and mixes up the partitions. It never loses one, and
never brings two of one partition in the wrong order, except by repeating.
"""

from collections.abc import Sequence
from hashlib import sha256

from services.kernel.ports import Bus, Message, Outgoing, Publisher, Subscription


class Dice:
    """Decisions that look arbitrary and are the same for the same seed."""

    def __init__(self, seed: str) -> None:
        self._seed, self._throws = seed, 0

    def throw(self, sides: int) -> int:
        """A number from 0 to `sides - 1`."""
        self._throws += 1
        return int(sha256(f"{self._seed}/{self._throws}".encode()).hexdigest()[:8], 16) % sides


class UnrulyBus:
    """Wraps a bus."""

    def __init__(self, bus: Bus, seed: str) -> None:
        self._bus, self._seed = bus, seed

    def publisher(self) -> Publisher:
        """See `Bus.publisher`."""
        return _UnrulyPublisher(self._bus.publisher(), Dice(self._seed))

    def subscribe(self, topic: str, partition: int, position: int) -> Subscription:
        """See `Bus.subscribe`."""
        dice = Dice(f"{self._seed}/{topic}/{partition}/{position}")
        return _UnrulySubscription(self._bus.subscribe(topic, partition, position), dice)

    def last(self, topic: str, partition: int, count: int) -> Sequence[Message]:
        """See `Bus.last`."""
        return self._bus.last(topic, partition, count)


class _UnrulyPublisher:
    """Sends some of the records twice, and partition after partition."""

    def __init__(self, publisher: Publisher, dice: Dice) -> None:
        self._publisher, self._dice = publisher, dice

    def publish(self, records: Sequence[Outgoing]) -> None:
        partitions = sorted({(r.topic, r.partition) for r in records}, reverse=bool(self._dice.throw(2)))
        for partition in partitions:
            own = [r for r in records if (r.topic, r.partition) == partition]
            self._publisher.publish(own[: self._dice.throw(len(own) + 1)])  # a try that was not heard to succeed
            self._publisher.publish(own)

    def close(self) -> None:
        self._publisher.close()


class _UnrulySubscription:
    """Hands out a few records at a time, sometimes none, sometimes from a while ago on."""

    def __init__(self, subscription: Subscription, dice: Dice) -> None:
        self._subscription, self._dice = subscription, dice
        self._kept: list[Message] = []
        self._next = 0

    def poll(self, timeout_seconds: float) -> Sequence[Message]:
        self._kept += self._subscription.poll(timeout_seconds if self._next == len(self._kept) else 0)
        if not self._dice.throw(4):
            return []
        if not self._dice.throw(3):
            self._next -= self._dice.throw(min(self._next, 5) + 1)
        start, self._next = self._next, min(len(self._kept), self._next + 1 + self._dice.throw(4))
        return self._kept[start : self._next]

    def close(self) -> None:
        self._subscription.close()
