"""State as it will be: what is decided but not yet recorded lies over what is."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from services.kernel.decider import Record, State

R = TypeVar("R", bound=Record)


class Ahead:
    """A `State` for deciding the next step of one command that takes several."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._records: dict[tuple[str, str], Any] = {}

    def get(self, kind: type[R], *key: str) -> R | None:
        """See `State.get`."""
        over: R | None = self._records.get((kind.__name__, "/".join(key)))
        if over is None:
            return self._state.get(kind, *key)
        return None if over.gone() else over

    def all(self, kind: type[R], *prefix: str) -> Iterator[R]:
        """See `State.all`."""
        start = "".join(part + "/" for part in prefix)
        found: dict[str, R] = {record.key(): record for record in self._state.all(kind, *prefix)}
        found |= {k: r for (name, k), r in self._records.items() if name == kind.__name__ and (k + "/").startswith(start)}
        return iter([found[key] for key in sorted(found) if not found[key].gone()])

    def put_all(self, records: Iterable[Record]) -> None:
        """Lay records over what is there."""
        self._records |= {(type(record).__name__, record.key()): record for record in records}
