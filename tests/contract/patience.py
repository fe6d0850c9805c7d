"""Waiting for records, and for a bus that is away, without waiting for ever."""

from collections.abc import Callable, Iterator
from time import monotonic
from typing import TypeVar

from services.kernel.ports import BusError, Message, Subscription

T = TypeVar("T")

PATIENCE_SECONDS = 120


def incoming(subscription: Subscription) -> Iterator[Message]:
    """Records as they come, until the one who iterates has enough; fails when it takes too long."""
    deadline = monotonic() + PATIENCE_SECONDS
    while monotonic() < deadline:
        yield from subscription.poll(0.2)
    raise AssertionError(f"no more records came within {PATIENCE_SECONDS} s")


def insist(act: Callable[[], T]) -> T:
    """Do it as relays and readers do: again while the bus is away; fails when it is away for too long."""
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except BusError:
            if monotonic() > deadline:
                raise
