"""From a log alone: the same events and the same state again, or the index of the entry that says otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.budget_ledger.model import OpenEnvelope
from services.budget_ledger.records import Envelope
from services.kernel.canonical import leaf
from services.kernel.decider import At, MemoryState
from services.kernel.entry import Entry, Part, tagged
from services.kernel.ports import Stored
from services.runtime.replay import DivergedError, Step, replay, rows, steps
from tests.runtime.serving import LEDGER, TREASURER, open_envelope

LOG = "budget_ledger/0"
NOON = datetime(2021, 5, 11, 12, tzinfo=UTC)


def entry(index: int, command: OpenEnvelope, events: Sequence[Any]) -> Entry:
    return Entry(
        deployment="local",
        log=LOG,
        index=index,
        stream=command.envelope_id,
        time=NOON + timedelta(seconds=index),
        command_id=f"open-{index}",
        command=tagged(command),
        actor=TREASURER,
        cause=None,
        events=tuple(tagged(event) for event in events),
    )


def history() -> list[Entry]:
    """Three envelopes, the second opened twice."""
    state, found = MemoryState(), []
    for index, name in enumerate(["a", "b", "b", "c"]):
        command = open_envelope(name, budget_cents=100 + index)
        found.append(
            entry(index, command, LEDGER.decider.run(command, state, At(actor=TREASURER, now=NOON + timedelta(seconds=index))))
        )
    return found


def stored(entries: Sequence[Entry]) -> list[Stored]:
    values = [(entry.index, entry.stream, entry.to_bytes()) for entry in entries]
    return [Stored(index, stream, value, leaf(value)) for index, stream, value in values]


def told(log: Sequence[Stored], name: str = LOG) -> str:
    with pytest.raises(DivergedError) as caught:
        replay(LEDGER.decider, steps(name, log))
    return str(caught.value)


def test_a_log_gives_its_state_again() -> None:
    state = replay(LEDGER.decider, steps(LOG, stored(history())))
    assert [envelope.envelope_id for envelope in state.all(Envelope)] == ["a", "b", "c"]
    assert [key for _, key in rows(state) if _ == "Envelope"] == ["a", "b", "c"]


def test_a_log_may_be_replayed_piece_by_piece() -> None:
    whole = replay(LEDGER.decider, steps(LOG, stored(history())))
    state = MemoryState()
    for step in steps(LOG, stored(history())):
        replay(LEDGER.decider, [step], state)
    assert rows(state) == rows(whole)


def changed(index: int, change: Callable[[Entry], Entry]) -> list[Stored]:
    """The history with one entry changed and its leaf made anew, as a forger would."""
    return stored([change(entry) if entry.index == index else entry for entry in history()])


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (changed(1, lambda e: replace(e, events=())), f"{LOG}/1: OpenEnvelope led to other events than recorded"),
        (changed(2, lambda e: replace(e, events=history()[1].events)), f"{LOG}/2: OpenEnvelope led to other events"),
        (
            changed(3, lambda e: replace(e, command={**e.command, "budgetCents": "999"})),
            f"{LOG}/3: OpenEnvelope led to other events",
        ),
        (
            changed(0, lambda e: replace(e, command={**e.command, "budgetCents": "0"})),
            f"{LOG}/0: OpenEnvelope can no longer be read",
        ),
        (changed(0, lambda e: replace(e, command={"type": "Invent"})), f"{LOG}/0: unknown command Invent"),
        (changed(1, lambda e: replace(e, index=7)), f"{LOG}/1: here stands {LOG}/7"),
        (changed(1, lambda e: replace(e, log="intake/0")), f"{LOG}/1: here stands intake/0/1"),
        (stored(history()[1:]), f"{LOG}/0: here stands {LOG}/1"),
        (stored([*history()[:2], history()[3]]), f"{LOG}/2: here stands {LOG}/3"),
        (stored([*history()[:2], *history()[1:]]), f"{LOG}/2: here stands {LOG}/1"),
        (changed(2, lambda e: replace(e, part=Part(number=2, of=2))), f"{LOG}/2: here stands part 2 of 2, 0 came before"),
        (changed(2, lambda e: replace(e, part=Part(number=1, of=2))), f"{LOG}/3: here stands part 1 of 1, 1 came before"),
        (changed(3, lambda e: replace(e, part=Part(number=1, of=2))), f"{LOG}/3: the log ends before the last part"),
    ],
)
def test_the_first_entry_at_fault_is_named(log: list[Stored], words: str) -> None:
    assert told(log).startswith(words)


def test_bytes_that_are_not_those_of_their_leaf_are_named() -> None:
    log = stored(history())
    spoiled = log[2].value.replace(b"agency", b"agence")
    assert told([*log[:2], replace(log[2], value=spoiled), log[3]]).startswith(f"{LOG}/2: its bytes do not match leaf")
    assert told([*log[:2], Stored(2, "b", b"{}", leaf(b"{}")), log[3]]).startswith(f"{LOG}/2: no entry")


def test_an_answer_in_parts_is_one_step() -> None:
    first, second = history()[0], history()[1]
    parts = [
        replace(first, part=Part(number=1, of=2)),
        replace(second, part=Part(number=2, of=2), command={"type": "OpenEnvelope"}),
    ]
    found: list[Step] = list(steps(LOG, stored(parts)))
    assert [(step.first.index, len(step.events)) for step in found] == [(0, 2)]


def test_a_changed_rule_is_noticed() -> None:
    def generous(command: Any, state: Any, at: At) -> tuple[Any, ...]:
        return tuple(
            replace(event, budget_cents=event.budget_cents + 1) if type(event).__name__ == "EnvelopeOpened" else event
            for event in LEDGER.decider.decide(command, state, at)
        )

    with pytest.raises(DivergedError, match=f"{LOG}/0: OpenEnvelope led to other events than recorded"):
        replay(replace(LEDGER.decider, decide=generous), steps(LOG, stored(history())))
