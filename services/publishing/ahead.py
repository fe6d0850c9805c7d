"""State as it will be: over the one that `decide` was given, with what its events so far have changed."""

from collections.abc import Iterator
from typing import Any, TypeVar

from services.kernel.decider import Record, State

R = TypeVar("R", bound=Record)


class Ahead:
    """Reads through to the state beneath; what is put here stays here."""

    def __init__(self, beneath: State) -> None:
        self._beneath = beneath
        self._changed: dict[tuple[str, str], Any] = {}

    def get(self, kind: type[R], *key: str) -> R | None:
        """See `State.get`."""
        at = (kind.__name__, "/".join(key))
        return self._changed[at] if at in self._changed else self._beneath.get(kind, *key)

    def all(self, kind: type[R], *prefix: str) -> Iterator[R]:
        """See `State.all`."""
        start = "".join(part + "/" for part in prefix)
        found: dict[str, R | None] = {record.key(): record for record in self._beneath.all(kind, *prefix)}
        found |= {key: r for (name, key), r in self._changed.items() if name == kind.__name__ and (key + "/").startswith(start)}
        return iter([record for _, record in sorted(found.items()) if record is not None])

    def put(self, record: Record) -> None:
        """See `MutableState.put`."""
        self._changed[type(record).__name__, record.key()] = None if record.gone() else record
