"""What happens inside one transaction of a log: commands decided, entries appended, other logs' entries taken in, each once.

    inbox -> command id -> decide -> append -> state -> offset -> tree, checkpoint

Nothing here begins or ends a transaction: that is the writer's (`writer.py`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from services.kernel.canonical import MAX_ENTRY_BYTES, encode, leaf
from services.kernel.decider import At, Decider
from services.kernel.entry import Cause, Entry, Part, composed, encoded_body_digest, tagged
from services.kernel.people import Actor
from services.kernel.ports import Clock, CorruptLogError, Parked, Progress, Recorded, Stored, Transaction
from services.runtime import metrics
from services.runtime.checkpoints import Checkpoints
from services.runtime.state import RowState
from services.runtime.tracing import Followed

_ROOM = 4_096
"""Bytes of an entry kept free for what stands around its events when a long answer is cut into parts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command led to: where it is recorded, and its events as tagged JSON. `repeated`: recorded by an earlier try."""

    log: str
    index: int
    leaf: str
    time: datetime
    repeated: bool
    events: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)  # without slots: `encoded` stays with it
class Order:
    """A command on its way in."""

    command_id: str
    command: Any
    actor: Actor
    cause: Cause | None = None
    trace: str = ""
    """The `traceparent` under which it is followed, if it is; no part of what is recorded."""

    @cached_property
    def encoded(self) -> bytes:
        """The command as an entry holds it."""
        return encode(tagged(self.command))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An entry of another log, in its turn. `fault` says why it cannot be taken in; then it is parked with its stream."""

    source: str
    index: int
    leaf: str
    stream: str
    value: bytes
    next_position: int
    orders: tuple[Order, ...] = ()
    fault: str | None = None


class Batch:
    """One transaction of a log, under way."""

    def __init__(
        self,
        *,
        deployment: str,
        name: str,
        decider: Decider,
        tx: Transaction,
        state: RowState,
        checkpoints: Checkpoints,
        clock: Clock,
        followed: Followed,
    ) -> None:
        self._followed, self._told = followed, list[tuple[Order, Answer]]()
        self._deployment, self._name, self._decider, self._tx, self._state = deployment, name, decider, tx, state
        self._checkpoints = checkpoints
        head = tx.head()
        self.length = head.length
        now = clock.now()
        self._now = now if head.last_time is None else max(head.last_time, now)
        self._pending: list[tuple[Stored, datetime]] = []
        self._known: dict[str, Recorded | None] = {}
        self._outcomes: Counter[tuple[str, str]] = Counter()

    def finish(self) -> None:
        """Write entries, state and tree; the commit follows."""
        self._append()
        self._state.flush()
        self._checkpoints.flush()

    def count(self) -> None:
        """Tell the metrics what is durable now, and those who follow a command."""
        for order, answer in self._told:
            kind = type(order.command).__name__
            self._followed.tell(order.trace, answer.index, kind, answer.events, repeated=answer.repeated)
        metrics.log_length.labels(self._name).set(self.length)
        for (command, outcome), number in self._outcomes.items():
            metrics.commands.labels(self._decider.service, command, outcome).inc(number)

    def execute_all(self, orders: Sequence[Order]) -> list[Answer]:
        """Commands, one after the other; what they need of the store is fetched for all at once."""
        self._fetch(orders)
        return [self.execute(order) for order in orders]

    def execute(self, order: Order) -> Answer:
        """One command, or the recorded answer to it."""
        answer = self._answer(order)
        if order.trace:
            self._told.append((order, answer))
        return answer

    def _answer(self, order: Order) -> Answer:
        body = encoded_body_digest(order.encoded, order.actor)
        if order.command_id not in self._known:
            self._known[order.command_id] = self._tx.recorded(order.command_id)
        earlier = self._known[order.command_id]
        if earlier is not None:
            return self._recorded(order, earlier, same=earlier.body == body)
        at = At(actor=order.actor, now=self._now)
        events = tuple(tagged(event) for event in self._decider.run(order.command, self._state, at))
        parts = _parts(order, [encode(event) for event in events])
        stored = [self._entry(order, events=part, number=number, of=len(parts)) for number, part in enumerate(parts, 1)]
        recorded = self._known[order.command_id] = Recorded(body, stored[0].index, len(stored))
        self._tx.record_command(order.command_id, recorded)
        outcome = "refused" if any(event["type"] == "Refused" for event in events) else "accepted"
        self._outcomes[type(order.command).__name__, outcome] += 1
        return Answer(self._name, stored[0].index, stored[0].leaf, self._now, False, events)  # noqa: FBT003 - a field of the answer

    def receive_all(self, arrivals: Sequence[Arrival]) -> None:
        """See `Writer.receive`."""
        self._fetch([order for arrival in arrivals for order in arrival.orders])
        for arrival in arrivals:
            self.receive(arrival)

    def receive(self, arrival: Arrival) -> None:
        """One entry of another log, exactly once."""
        progress = self._tx.progress(arrival.source)
        if arrival.index < progress.next_index:
            if self._tx.seen(arrival.source, arrival.index) != arrival.leaf:
                raise CorruptLogError(f"{arrival.source}/{arrival.index} was taken in before with other bytes")
            return
        if arrival.index > progress.next_index:
            raise CorruptLogError(f"{arrival.source}/{arrival.index} came before {arrival.source}/{progress.next_index}")
        self._tx.accept(arrival.source, arrival.index, arrival.leaf)
        self._tx.advance(arrival.source, Progress(arrival.index + 1, max(arrival.next_position, progress.position)))
        reason = arrival.fault or ("held behind an earlier record" if self._held(arrival) else None)
        if reason is not None:
            self._tx.park(Parked(arrival.source, arrival.index, arrival.stream, reason, arrival.value))
            return
        for order in arrival.orders:
            self.execute(order)

    def park(self, parked: Parked, next_position: int) -> None:
        """Set a foreign record aside."""
        self._tx.park(parked)
        progress = self._tx.progress(parked.source)
        self._tx.advance(parked.source, Progress(progress.next_index, max(progress.position, next_position)))

    def replay(self, source: str, stream: str, read: Callable[[Parked], Arrival]) -> int:
        """See `Writer.replay`."""
        done = 0
        for parked in self._tx.parked():
            if (parked.source, parked.stream) != (source, stream):
                continue
            arrival = read(parked)
            if arrival.fault is not None:
                break
            self._tx.unpark(source, parked.index)
            for order in arrival.orders:
                self.execute(order)
            done += 1
        return done

    def sweep(self, actor: Actor) -> datetime:
        """See `Writer.sweep`."""
        for command_id, command in tuple(self._decider.due(self._state, self._now)):
            self.execute(Order(command_id=command_id, command=command, actor=actor))
        return self._now

    def _fetch(self, orders: Sequence[Order]) -> None:
        """Look up what the orders will ask for."""
        ids = {order.command_id for order in orders} - self._known.keys()
        self._known |= dict.fromkeys(ids) | self._tx.recorded_among(ids)
        self._state.fetch(wanted for order in orders for wanted in self._decider.reads(order.command))

    def _held(self, arrival: Arrival) -> bool:
        return self._tx.has_parked(arrival.source, arrival.stream)

    def _entry(self, order: Order, *, events: Sequence[bytes], number: int, of: int) -> Stored:
        stream = self._decider.stream(order.command)
        value = composed(
            deployment=self._deployment,
            log=self._name,
            index=self.length,
            stream=stream,
            time=self._now,
            command_id=order.command_id,
            command=order.encoded if number == 1 else encode({"type": type(order.command).__name__}),
            actor=order.actor,
            cause=order.cause,
            events=events,
            part=None if of == 1 else Part(number=number, of=of),
        )
        stored = Stored(self.length, stream, value, leaf(value))
        self._pending.append((stored, self._now))
        self._followed.keep(self.length, order.trace)
        self.length += 1
        return stored

    def _append(self) -> None:
        self._tx.append(self._pending)
        self._checkpoints.append(stored.leaf for stored, _ in self._pending)
        self._pending = []

    def _recorded(self, order: Order, earlier: Recorded, *, same: bool) -> Answer:
        self._append()
        entries = self._tx.entries(earlier.first_index, earlier.parts)
        first = Entry.from_bytes(entries[0].value)
        if same:
            events = tuple(event for stored in entries for event in Entry.from_bytes(stored.value).events)
        else:
            refused = self._decider.refused(order.command, "id_reused", f"recorded as {self._name}/{earlier.first_index}")
            events = (tagged(refused),)
        return Answer(self._name, entries[0].index, entries[0].leaf, first.time, True, events)  # noqa: FBT003 - a field of the answer


def _parts(order: Order, events: Sequence[bytes]) -> list[list[bytes]]:
    """Cut a long answer so that each part fits in an entry. The command stands whole in the first part."""
    parts: list[list[bytes]] = [[]]
    used = _ROOM + len(order.encoded)
    for event in events:
        size = len(event) + 1
        if used + size > MAX_ENTRY_BYTES and (parts[-1] or len(parts) == 1):
            parts.append([])
            used = _ROOM
        parts[-1].append(event)
        used += size
    return parts
