"""From a log alone: decide every command again, demand the same events, and fold them into state."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.kernel import canonical
from services.kernel.decider import At, Decider, MemoryState
from services.kernel.entry import Entry, Part, tagged
from services.kernel.form import MalformedError, from_json, to_json
from services.kernel.ports import Stored


class DivergedError(RuntimeError):
    """The log does not follow from its own commands, or is not the log that it says it is. Names the index."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a log with the events that it led to, out of one entry or several parts."""

    first: Entry
    events: tuple[Any, ...]


def steps(name: str, entries: Iterable[Stored]) -> Iterable[Step]:
    """Read entries as steps, checking that indices have no gap and bytes match their leaf hashes.

    Raises:
        DivergedError: naming the first index at fault.
    """
    first: Entry | None = None
    events: list[Any] = []
    read = 0
    for expected, stored in enumerate(entries):
        here = f"{name}/{expected}"
        entry = _entry(here, stored)
        if (entry.log, entry.index, stored.index) != (name, expected, expected):
            raise DivergedError(f"{here}: here stands {entry.log}/{entry.index}")
        part = entry.part or Part(number=1, of=1)
        if part.number != read + 1 or part.number > part.of:
            raise DivergedError(f"{here}: here stands part {part.number} of {part.of}, {read} came before")
        if first is None:
            first, events = entry, []
        events += entry.events
        read = part.number % part.of
        if not read:
            yield Step(first, tuple(events))
            first = None
    if first is not None:
        raise DivergedError(f"{name}/{first.index}: the log ends before the last part of its answer")


def _entry(here: str, stored: Stored) -> Entry:
    if canonical.leaf(stored.value) != stored.leaf:
        raise DivergedError(f"{here}: its bytes do not match leaf {stored.leaf}")
    try:
        return Entry.from_bytes(stored.value)
    except MalformedError as error:
        raise DivergedError(f"{here}: no entry: {error}") from error


def replay(decider: Decider, steps_of_log: Iterable[Step], state: MemoryState | None = None) -> MemoryState:
    """Decide each command of a log again over the state before it, and demand the recorded events; gives the last state.

    Raises:
        DivergedError: naming the first entry that decides otherwise now.
    """
    state = MemoryState() if state is None else state
    commands = {kind.__name__: kind for kind in decider.commands}
    for step in steps_of_log:
        entry = step.first
        kind = commands.get(str(entry.command["type"]))
        if kind is None:
            raise DivergedError(f"{entry.log}/{entry.index}: unknown command {entry.command['type']}; a newer version wrote it")
        try:
            command: Any = from_json(kind, dict(entry.command))
        except MalformedError as error:
            raise DivergedError(f"{entry.log}/{entry.index}: {kind.__name__} can no longer be read: {error}") from error
        again = tuple(tagged(event) for event in decider.run(command, state, At(actor=entry.actor, now=entry.time)))
        if again != step.events:
            raise DivergedError(f"{entry.log}/{entry.index}: {kind.__name__} led to other events than recorded")
    return state


def rows(state: MemoryState) -> dict[tuple[str, str], bytes]:
    """State as the bytes that a store would keep, by kind and key."""
    return {at: canonical.encode(to_json(record)) for at, record in state.records.items()}
