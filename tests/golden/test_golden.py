"""The histories of all releases, decided again: the same events, for ever."""

from dataclasses import replace
from typing import Any

import pytest

from services.kernel.canonical import leaf
from services.kernel.decider import At, State
from services.kernel.entry import Entry
from services.kernel.ports import Stored
from services.runtime.replay import DivergedError, replay, steps
from services.standalone.registry import SPECS
from tests.golden import record
from tests.golden.record import GOLDEN, read, releases

HISTORIES = [
    (release, service) for release in releases() for service in SPECS if (GOLDEN / release / f"{service}.jsonl.gz").exists()
]
YOUNGER = {"publishing"}
"""Services that no release has had yet."""
each = pytest.mark.parametrize(("release", "service"), HISTORIES)


def test_there_are_histories() -> None:
    kept = {service for _, service in HISTORIES}
    assert kept >= SPECS.keys() - YOUNGER


@each
def test_a_recorded_history_is_decided_as_it_was(release: str, service: str) -> None:
    log = read(release, service)
    assert log
    replay(SPECS[service].decider, steps(f"{service}/0", log))


@each
def test_a_spoiled_entry_is_noticed_by_its_index(release: str, service: str) -> None:
    log = read(release, service)
    at = next(stored.index for stored in reversed(log) if Entry.from_bytes(stored.value).events)
    entry = Entry.from_bytes(log[at].value)
    value = replace(entry, events=entry.events[:-1]).to_bytes()
    log[at] = Stored(at, entry.stream, value, leaf(value))
    with pytest.raises(DivergedError, match=f"{service}/0/{at}: "):
        replay(SPECS[service].decider, steps(f"{service}/0", log))


def test_a_changed_rule_is_noticed_where_it_first_matters() -> None:
    """A ledger that leaves the cap out of account lets through what was refused, or tells another rest."""
    decider = SPECS["budget_ledger"].decider

    def decide(command: Any, state: State, at: At) -> tuple[Any, ...]:
        changed = replace(command, cap_cents=command.cap_cents * 2) if hasattr(command, "cap_cents") else command
        return tuple(decider.decide(changed, state, at))

    release = releases()[0]
    with pytest.raises(DivergedError, match=r"budget_ledger/0/\d+: RegisterCall led to other events than recorded"):
        replay(replace(decider, decide=decide), steps("budget_ledger/0", read(release, "budget_ledger")))


def test_a_history_is_never_recorded_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    release = releases()[0]
    (tmp_path / release).mkdir()
    for file in (GOLDEN / release).iterdir():
        (tmp_path / release / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(record, "GOLDEN", tmp_path)
    spoiled = tmp_path / release / record.SUMS
    spoiled.write_text(spoiled.read_text("ascii").replace("a", "b"), "ascii")
    with pytest.raises(ValueError, match="not what was recorded"):
        read(release, "intake")
    with pytest.raises(FileExistsError):
        record.record(release)
