"""Waiting for records without waiting for ever."""

from collections.abc import Iterator
from time import monotonic

from services.kernel.ports import Message, Subscription

PATIENCE_SECONDS = 60


def incoming(subscription: Subscription) -> Iterator[Message]:
    """Records as they come, until the one who iterates has enough; fails when it takes too long."""
    deadline = monotonic() + PATIENCE_SECONDS
    while monotonic() < deadline:
        yield from subscription.poll(0.2)
    raise AssertionError(f"no more records came within {PATIENCE_SECONDS} s")
