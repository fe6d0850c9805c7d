"""From a log alone: decide every command again, demand the same events, and fold them into state."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.kernel import canonical
from services.kernel.decider import At, Decider, MemoryState
from services.kernel.entry import Entry, tagged
from services.kernel.form import from_json, to_json
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
    for expected, stored in enumerate(entries):
        entry = Entry.from_bytes(stored.value)
        if (entry.log, entry.index, stored.index) != (name, expected, expected):
            raise DivergedError(f"{name}/{expected}: here stands {entry.log}/{entry.index}")
        if canonical.leaf(stored.value) != stored.leaf:
            raise DivergedError(f"{name}/{expected}: its bytes do not match leaf {stored.leaf}")
        if entry.part is None or entry.part.number == 1:
            first, events = entry, []
        if first is None:
            raise DivergedError(f"{name}/{expected}: part {entry.part} stands without its first")
        events += entry.events
        if entry.part is None or entry.part.number == entry.part.of:
            yield Step(first, tuple(events))


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
        command: Any = from_json(kind, dict(entry.command))
        again = tuple(tagged(event) for event in decider.run(command, state, At(actor=entry.actor, now=entry.time)))
        if again != step.events:
            raise DivergedError(f"{entry.log}/{entry.index}: {kind.__name__} led to other events than recorded")
    return state


def rows(state: MemoryState) -> dict[tuple[str, str], bytes]:
    """State as the bytes that a store would keep, by kind and key."""
    return {at: canonical.encode(to_json(record)) for at, record in state.records.items()}
