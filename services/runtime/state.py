"""A core's state over the rows of a store: read-only beside the writer, or read and written inside its transaction."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from services.kernel.canonical import decode, encode
from services.kernel.decider import Record
from services.kernel.form import from_json, to_json
from services.kernel.ports import Reads, Transaction

R = TypeVar("R", bound=Record)
_CACHED_RECORDS = 50_000


class RowView:
    """State as one read transaction shows it."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def get(self, kind: type[R], *key: str) -> R | None:
        """See `State.get`."""
        body = self._reads.row(kind.__name__, "/".join(key))
        return None if body is None else from_json(kind, decode(body))

    def all(self, kind: type[R], *prefix: str) -> Iterator[R]:
        """See `State.all`."""
        if prefix and (exact := self.get(kind, *prefix)) is not None:
            yield exact
        for _, body in self._reads.rows(kind.__name__, "".join(part + "/" for part in prefix)):
            yield from_json(kind, decode(body))


class RowState:
    """A writer's state. Decoded records are kept from one transaction to the next while this writer is the only one."""

    def __init__(self) -> None:
        self._cache: dict[tuple[str, str], Any] = {}
        self._dirty: dict[tuple[str, str], Record] = {}
        self._tx: Transaction | None = None

    def enter(self, tx: Transaction) -> None:
        """Use the rows of this transaction from now on."""
        if len(self._cache) > _CACHED_RECORDS:
            self._cache.clear()
        self._tx = tx

    def forget(self) -> None:
        """Drop everything: the transaction was rolled back."""
        self._cache.clear()
        self._dirty.clear()

    def flush(self) -> None:
        """Write what has changed."""
        if self._dirty:
            self._rows().put_rows(
                (kind, key, None if record.gone() else encode(to_json(record))) for (kind, key), record in self._dirty.items()
            )
            self._dirty.clear()

    def fetch(self, wanted: Iterable[tuple[type[Record], tuple[str, ...]]]) -> None:
        """Read records that will be asked for, all of a kind at once; also that there is none is remembered."""
        missing: dict[type[Record], set[str]] = {}
        for kind, key in wanted:
            name = "/".join(key)
            if (kind.__name__, name) not in self._cache:
                missing.setdefault(kind, set()).add(name)
        for kind, names in missing.items():
            found = self._rows().rows_among(kind.__name__, names)
            for name in names:
                self._cache[kind.__name__, name] = from_json(kind, decode(found[name])) if name in found else None

    def get(self, kind: type[R], *key: str) -> R | None:
        """See `State.get`."""
        at = (kind.__name__, "/".join(key))
        if at not in self._cache:
            body = self._rows().row(*at)
            self._cache[at] = None if body is None else from_json(kind, decode(body))
        found: R | None = self._cache[at]
        return found

    def all(self, kind: type[R], *prefix: str) -> Iterator[R]:
        """See `State.all`."""
        self.flush()
        name = kind.__name__
        if prefix and (exact := self.get(kind, *prefix)) is not None:
            yield exact
        for key, body in self._rows().rows(name, "".join(part + "/" for part in prefix)):
            if (name, key) not in self._cache:
                self._cache[name, key] = from_json(kind, decode(body))
            yield self._cache[name, key]

    def put(self, record: Record) -> None:
        """See `MutableState.put`."""
        at = (type(record).__name__, record.key())
        self._dirty[at] = record
        self._cache[at] = None if record.gone() else record

    def _rows(self) -> Transaction:
        assert self._tx is not None, "no transaction"  # noqa: S101 - a broken invariant stops the process
        return self._tx
