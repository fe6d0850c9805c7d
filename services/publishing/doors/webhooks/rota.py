"""Whose turn it is: an attempt has a place for its first moments only, and endpoints known to be slow share half of the places.

So one that is prompt waits for no answer of another. One that falls silent, however many do so together, costs others those
moments, once: after that it is known to be slow until it is prompt again.

What goes on without a place needs no limit of its own. Places bound how many attempts begin in a second, and each of them ends
within its time: with 64 places of a second and 20 seconds for an attempt, there are never more than 1,280.
"""


class Rota:
    """The places of `at_once` attempts. One endpoint has one attempt at a time."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self._placed: dict[str, bool] = {}
        """Who has a place, and whether it is one of the half for those that are slow."""
        self.slow: set[str] = set()
        """Endpoints whose last attempt outlasted its place."""

    def begin(self, endpoint_id: str, *, failed: bool) -> bool:
        """Give an attempt a place, if there is one for it. `failed`: the attempt before came to nothing."""
        behind = failed or endpoint_id in self.slow
        if len(self._placed) >= self.at_once or (behind and sum(self._placed.values()) >= max(1, self.at_once // 2)):
            return False
        self._placed[endpoint_id] = behind
        return True

    def outlast(self, endpoint_id: str) -> None:
        """An attempt takes longer than it has a place for; it goes on without."""
        del self._placed[endpoint_id]
        self.slow.add(endpoint_id)

    def end(self, endpoint_id: str) -> None:
        """An attempt has ended, with its place or without."""
        if self._placed.pop(endpoint_id, None) is not None:
            self.slow.discard(endpoint_id)
