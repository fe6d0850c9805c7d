"""What is drawn from a seed: moments, numbers, orders."""

import random  # noqa: TID251 - the only source of chance here; a seed names it
import threading
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws from a seed."""

    def __init__(self, seed: int, rounds: int) -> None:
        self.seed, self.rounds = seed, rounds
        self._random = random.Random(seed)

    def wait(self) -> None:
        """Let the load run for a while."""
        threading.Event().wait(self._random.uniform(0.3, 2.0))

    def number(self, least: int, most: int) -> int:
        """A number, small ones as often as large ones: each magnitude is equally likely."""
        return min(most, int(least * (most / least) ** self._random.random() + 0.5))

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """In some order."""
        return self._random.sample(things, len(things))
