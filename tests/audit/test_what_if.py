"""What if: under the call's own rules the record, under others a simulation that no service takes for anything else."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.message import Message as Proto

from services.audit.cores import CORES
from services.audit.faults import PackError
from services.audit.logs import MemoryLogs
from services.audit.whatif import MARK, Other, WhatIf, what_if
from services.kernel.canonical import encode, leaf
from services.kernel.form import MalformedError, from_json
from services.kernel.ports import Message, Stored
from services.kernel.rules import TieBreak, TieStep
from services.runtime.reader import Interpreter
from services.runtime.relay import incoming, topic
from services.standalone.registry import SPECS
from tests.audit import packs

CALL, ROUND_2 = "radicalisation-2021", "radicalisation-2021-round2"


@pytest.fixture(scope="module")
def logs() -> MemoryLogs:
    return packs.in_memory()


@pytest.mark.parametrize("call", [CALL, ROUND_2])
def test_under_its_own_rules_a_call_comes_out_as_it_did(logs: MemoryLogs, call: str) -> None:
    found = what_if(logs, call, Other())
    assert (found.as_recorded, found.moved()) == (True, [])


def test_a_smaller_envelope_awards_in_rank_order_until_it_is_used_up(logs: MemoryLogs) -> None:
    found = what_if(logs, CALL, Other(envelope_cents=30_000_000))
    awarded = sorted(fate.rank or 0 for fate in found.after.values() if fate.outcome == "award")
    assert awarded == list(range(1, len(awarded) + 1))
    assert sum(fate.amount_cents for fate in found.after.values()) == 30_000_000
    assert all(found.after[name].outcome == "wait_list" for name in found.moved())
    assert all("envelope_exhausted" in found.why(name) for name in found.moved())


def test_a_lower_cap_cuts_everybody_to_it(logs: MemoryLogs) -> None:
    found = what_if(logs, CALL, Other(cap_cents=3_000_000))
    assert {fate.amount_cents for fate in found.after.values() if fate.outcome == "partial_award"} == {3_000_000}
    assert all("cap_exceeded" in found.why(name) for name in found.moved())


def test_another_tie_break_moves_those_that_were_equal(logs: MemoryLogs) -> None:
    found = what_if(logs, ROUND_2, Other(tie_break=(TieStep(by=TieBreak.SMALLER_REQUEST),)))
    assert found.as_recorded
    for name in found.moved():
        assert found.before[name].total == found.after[name].total


def test_a_higher_own_share_leaves_out_who_falls_short_of_it(logs: MemoryLogs) -> None:
    with pytest.raises(PackError, match="no_applications"):
        what_if(logs, CALL, Other(own_percent=100))


@pytest.mark.parametrize(
    "other",
    [
        Other(weights={"beauty": 3}),
        Other(tie_break=(TieStep(by=TieBreak.CRITERION, criterion="beauty"),)),
    ],
)
def test_rules_by_which_nothing_can_be_ranked_are_a_wrong_call(logs: MemoryLogs, other: Other) -> None:
    with pytest.raises(PackError):
        what_if(logs, CALL, other)


def test_an_envelope_below_what_others_hold_is_a_wrong_call(logs: MemoryLogs) -> None:
    with pytest.raises(PackError, match="held"):
        what_if(logs, ROUND_2, Other(envelope_cents=1))


def test_a_call_that_was_never_proposed_on_is_a_wrong_call(logs: MemoryLogs) -> None:
    with pytest.raises(PackError):
        what_if(logs, "call-1999", Other())


def texts(value: Any) -> Any:
    """The outcome with all numbers as text, as an entry would have them."""
    if isinstance(value, Mapping):
        return {name: texts(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [texts(item) for item in value]
    return value if isinstance(value, bool) else str(value)


@pytest.fixture(scope="module")
def outcome(logs: MemoryLogs) -> WhatIf:
    return what_if(logs, CALL, Other(envelope_cents=30_000_000))


def test_the_outcome_says_what_it_is(outcome: WhatIf) -> None:
    assert next(iter(outcome.told())) == MARK
    json.dumps(outcome.told())


@pytest.mark.parametrize("service", SPECS)
def test_no_service_takes_the_outcome_in(outcome: WhatIf, service: str) -> None:
    events: dict[str, dict[str, type[Proto]]] = {name: {} for name in SPECS}
    for value in (json.dumps(outcome.told()).encode(), encode(texts(outcome.told()))):
        for source in SPECS[service].sources or ("intake",):
            log = f"{source}/0"
            headers = (("log", log.encode()), ("index", b"0"), ("leaf", leaf(value).encode()))
            assert incoming(log, Message(topic(source), 0, 0, b"", value, headers)) is None, "a reader sets it aside"
            interpreter = Interpreter(SPECS[service], shard=0, shards=1, events=events)
            arrival = interpreter.arrival(log, Stored(0, "", value, leaf(value)), 1)
            assert (arrival.fault is not None, arrival.orders) == (True, ()), "nor does an owner's copy lead to a command"


@pytest.mark.parametrize("service", CORES)
def test_no_command_has_its_form(outcome: WhatIf, service: str) -> None:
    for kind in CORES[service].commands:
        with pytest.raises(MalformedError):
            from_json(kind, texts(outcome.told()))
