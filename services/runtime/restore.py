"""A log made whole again from its own published entries: in an empty store, or in one that lacks the last of them.

Nothing is decided. Entries are appended as they are and folded into state, with the ids of their commands, under one tree. Other
logs are read on from where the store had read them, in an empty store from their first entry: what an entry led to before is
known by the ids of its commands, and what was set aside is set aside again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from services.kernel.canonical import encode
from services.kernel.decider import Decider
from services.kernel.entry import encoded_body_digest
from services.kernel.form import MalformedError, from_json
from services.kernel.ports import Bus, BusError, Recorded, Store, Stored, Transaction
from services.runtime.checkpoints import Checkpoints
from services.runtime.intact import check_end
from services.runtime.relay import incoming, topic
from services.runtime.replay import DivergedError, Step, steps
from services.runtime.state import RowState
from services.tlog.notes import SigningKey, origin

_BATCH = 500
_POLL_SECONDS = 1.0
_PATIENCE_POLLS = 60


@dataclass(frozen=True, slots=True)
class Restored:
    """How many entries a log had, how many were published, and how many it has now."""

    log: str
    before: int
    published: int
    length: int


def restore(
    store: Store,
    decider: Decider,
    published: Iterable[Stored],
    *,
    deployment: str,
    name: str,
    keys: Sequence[SigningKey] = (),
) -> Restored:
    """Append what the log lacks of `published`, which are its entries from the first on. `keys` sign the checkpoint.

    A writer of this log that still runs ends, if there is anything to append. What is there is compared and never changed.

    Raises:
        DivergedError: naming the first entry that is not what it says, or is another one in the store. Entries before it may have
            been appended.
        CorruptLogError: if the end of the log is not as a writer leaves it.
    """
    with store.read() as reads:
        before = check_end(reads, name)
    work = _Work(store, decider, Checkpoints(origin(deployment, name), keys), deployment)
    answers = _answers(name, published)
    count = 0
    while batch := list(islice(answers, _BATCH)):
        count += sum(len(values) for _, values in batch)
        work.compare(batch, before)
        work.append([answer for answer in batch if answer[0].first.index >= before])
    with store.read() as reads:
        return Restored(name, before, count, check_end(reads, name))


def from_bus(bus: Bus, name: str) -> Iterator[Stored]:
    """All entries of a log that the bus has now, in order, each once.

    Raises:
        DivergedError: if two records with one index differ, or one is missing.
        BusError: if the bus does not bring them.
    """
    service, _, shard = name.partition("/")
    last = bus.last(topic(service), int(shard), 1)
    leaves: list[str] = []
    beyond = -1
    for stored in _all(bus, name, last[-1].position if last else -1):
        if stored.index == len(leaves):
            leaves.append(stored.leaf)
            yield stored
        elif stored.index > len(leaves):
            beyond = max(beyond, stored.index)  # perhaps what is before it was sent again later
        elif leaves[stored.index] != stored.leaf:
            raise DivergedError(f"{name}/{stored.index}: the bus has two entries with this index")
    if beyond >= len(leaves):
        raise DivergedError(f"{name}/{len(leaves)}: the bus does not have it, and has {name}/{beyond}")


def _all(bus: Bus, name: str, end: int) -> Iterator[Stored]:
    """The entries in the records of a log's partition up to position `end`."""
    service, _, shard = name.partition("/")
    subscription = bus.subscribe(topic(service), int(shard), 0)
    at, quiet = -1, 0
    try:
        while at < end:
            messages = subscription.poll(_POLL_SECONDS)
            quiet = 0 if messages else quiet + 1
            if quiet > _PATIENCE_POLLS:
                raise BusError(f"{name}: the bus has brought records up to {at} of {end} and is quiet")
            for message in messages:
                at = max(at, message.position)
                if (stored := incoming(name, message)) is not None:
                    yield stored
    finally:
        subscription.close()


_Answer = tuple[Step, tuple[Stored, ...]]
"""A command with its events, and the entries in which it stands."""


def _answers(name: str, published: Iterable[Stored]) -> Iterator[_Answer]:
    read: list[Stored] = []

    def noted() -> Iterator[Stored]:
        for stored in published:
            read.append(stored)
            yield stored

    for step in steps(name, noted()):
        yield step, tuple(read)
        read.clear()


class _Work:
    """Writes what a writer would have written, had it decided this."""

    def __init__(self, store: Store, decider: Decider, tree: Checkpoints, deployment: str) -> None:
        self._store, self._decider, self._tree, self._deployment = store, decider, tree, deployment
        self._state = RowState()
        self._events = {kind.__name__: kind for kind in decider.events}
        self._epoch: int | None = None

    def compare(self, batch: Sequence[_Answer], length: int) -> None:
        """Hold entries against those of the store, which has `length`."""
        values = [stored for _, values in batch for stored in values if stored.index < length]
        with self._store.read() as reads:
            leaves = reads.hashes(0, batch[0][0].first.index, len(values))
        for stored, leaf in zip(values, leaves, strict=True):
            if stored.leaf != leaf.hex():
                raise DivergedError(f"{batch[0][0].first.log}/{stored.index}: has leaf {leaf.hex()} here, and {stored.leaf} there")

    def append(self, batch: Sequence[_Answer]) -> None:
        """Append answers and what follows from them, in one transaction."""
        if not batch:
            return
        if self._epoch is None:
            self._epoch = self._store.take_over()
        with self._store.transaction(self._epoch) as tx:
            self._state.enter(tx)
            self._tree.enter(tx)
            for step, values in batch:
                self._take(tx, step, values)
            self._state.flush()
            self._tree.flush()

    def _take(self, tx: Transaction, step: Step, values: Sequence[Stored]) -> None:
        entry = step.first
        here = f"{entry.log}/{entry.index}"
        if entry.deployment != self._deployment:
            raise DivergedError(f"{here}: is of deployment {entry.deployment}, and this is {self._deployment}")
        if tx.recorded(entry.command_id) is not None:
            raise DivergedError(f"{here}: its command {entry.command_id} was recorded before")
        for body in step.events:
            self._decider.apply(self._event(here, body), self._state)
        tx.append((Stored(stored.index, entry.stream, stored.value, stored.leaf), entry.time) for stored in values)
        body = encoded_body_digest(encode(dict(entry.command)), entry.actor)
        tx.record_command(entry.command_id, Recorded(body, entry.index, len(values)))
        self._tree.append(stored.leaf for stored in values)

    def _event(self, here: str, body: dict[str, Any]) -> Any:
        kind = self._events.get(body["type"])
        if kind is None:
            raise DivergedError(f"{here}: unknown event {body['type']}; a newer version wrote it")
        try:
            return from_json(kind, body)
        except MalformedError as error:
            raise DivergedError(f"{here}: {body['type']} can no longer be read: {error}") from error
