"""State in memory for logs of a million entries: records of a kind are found by the start of their key without reading all."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from typing import TypeVar

from services.kernel.decider import MemoryState, Record

R = TypeVar("R", bound=Record)


class SortedState(MemoryState):
    """As `MemoryState`, with the keys of each kind in order. `changed` hears of every record that is put."""

    def __init__(self, changed: Callable[[Record], None] = lambda _record: None) -> None:
        super().__init__()
        self._changed = changed
        self._keys: dict[str, list[str]] = {}

    def all(self, kind: type[R], *prefix: str) -> Iterator[R]:
        """See `State.all`. What is put meanwhile does not change what is given."""
        name, keys = kind.__name__, self._keys.get(kind.__name__, [])
        if not prefix:
            return self._each(name, keys)
        exact, start = "/".join(prefix), "".join(part + "/" for part in prefix)
        inside = keys[bisect_left(keys, start) : bisect_left(keys, start[:-1] + "0")]  # "0" comes right after "/"
        return self._each(name, [exact, *inside] if (name, exact) in self.records else inside)

    def put(self, record: Record) -> None:
        """See `MutableState.put`."""
        name, key = type(record).__name__, record.key()
        known, gone = (name, key) in self.records, record.gone()
        if known and gone:
            keys = self._keys[name]
            del keys[bisect_left(keys, key)]
        elif not known and not gone:
            insort(self._keys.setdefault(name, []), key)
        super().put(record)
        self._changed(record)

    def _each(self, name: str, keys: list[str]) -> Iterator[R]:
        return iter([self.records[name, key] for key in keys])
