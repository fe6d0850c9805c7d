"""The feed of a recorded life: the call of 2021 in two rounds, as the other services left it in their logs."""

import json
from collections import defaultdict
from pathlib import Path
from random import Random  # noqa: TID251 - only its type: the test seeds it
from typing import Any

import pytest
from grants.awards.v1 import awards_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from services.budget_ledger.records import Reservation
from services.kernel.decider import At, MemoryState
from services.kernel.entry import Entry
from services.publishing.codec import SPEC
from services.publishing.core import DECIDER
from services.publishing.events import PUBLIC
from services.publishing.records import Award, Waiting
from services.runtime.convert import members
from services.runtime.replay import replay, steps
from services.standalone.registry import SPECS
from tests.golden.record import read
from tests.services.publishing.feeding import (
    ALL,
    LOG,
    RELEASE,
    Filled,
    arrival,
    filled,
    in_time,
    interpreter,
    recorded,
    shuffled,
    stating,
)

_MINE = {"sequence", "source", "type"}


def told(events: list[Any]) -> dict[str, list[str]]:
    """What was told of each award, application and call, in order, without places."""
    found: dict[str, list[str]] = defaultdict(list)
    for event in events:
        kind = type(event).__name__
        if kind in PUBLIC:
            about = getattr(event, "award_id", None) or f"{kind} {getattr(event, 'application_id', event.call_id)}"
            found[about].append(repr([getattr(event, name) for name in event.__slots__ if name not in _MINE]))
    return dict(found)


def hear(random: Random) -> tuple[MemoryState, list[Any]]:
    """The recorded history in one of its possible orders, heard by the core."""
    state, events, reading = MemoryState(), list[Any](), interpreter()
    for name, stored in shuffled(recorded(), random):
        for order in arrival(reading, name, stored, ALL).orders:
            at = At(actor=order.actor, now=Entry.from_bytes(stored.value).time)
            events += DECIDER.run(order.command, state, at)
    return state, events


USUAL = hear(Random(0))


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_however_the_logs_lie_between_each_other_each_award_is_told_the_same(random: Random) -> None:
    state, events = hear(random)
    assert told(events) == told(USUAL[1])
    assert not list(state.all(Waiting))


def test_the_feed_ends_with_the_sums_of_the_ledger() -> None:
    ledger = replay(SPECS["budget_ledger"].decider, steps("budget_ledger/0", read(RELEASE, "budget_ledger")))
    held = {r.reservation_id: r for r in ledger.all(Reservation) if r.granted_cents}
    awards = {award.award_id: award for award in USUAL[0].all(Award)}
    assert awards.keys() == held.keys()
    for award_id, award in awards.items():
        r = held[award_id]
        assert (award.committed_cents, award.paid_cents, award.recovered_cents) == (
            r.committed_cents,
            r.paid_cents,
            r.recovered_cents,
        )
        assert award.awarded_cents == (0 if award.state == "withdrawn" else r.granted_cents)


def test_nothing_of_persons_is_told(life: Filled) -> None:
    """No hand that gave a command or approved anything, and no one's own words."""
    hands, words = set[str](), set[str]()
    for log in recorded().values():
        for stored in log:
            entry = Entry.from_bytes(stored.value)
            hands.add(entry.actor.id)
            for event in entry.events:
                hands |= {str(value) for name, value in event.items() if name.endswith("By") and name != "limitedBy"}
                words |= {str(event[name]) for name in ("reason", "note", "detail") if name in event}
    said = json.dumps([dict(event.data) for event in life.feed.events(None, 10_000)], ensure_ascii=False)
    assert len(hands) > 5
    assert len(words) > 5
    assert not {hand for hand in hands if json.dumps(hand) in said}
    assert not {word for word in words if json.dumps(word, ensure_ascii=False) in said}


def test_the_log_is_decided_again_to_the_same_events(life: Filled) -> None:
    with life.store.read() as reads:
        log = reads.entries(0, 100_000)
    state = replay(SPEC.decider, steps(LOG, log))
    assert {award.award_id: award for award in state.all(Award)} == {award.award_id: award for award in life.views.awards()}


def test_a_call_that_publishes_little_tells_little(tmp_path_factory: pytest.TempPathFactory) -> None:
    with filled(tmp_path_factory.mktemp("little"), published=("purpose", "paid", "amount")) as feed:
        assert {event.type for event in feed.feed.events(None, 10_000)} == {
            "CallPublished",
            "DeadlineMoved",
            "CallClosed",
            "RankingPublished",
        }
        assert feed.views.awards() == []


def test_what_a_call_file_states_of_authority_and_budget_is_told(life: Filled, tmp_path: Path) -> None:
    with filled(tmp_path, stating(in_time(recorded()), authority_id="OVO123456", budget_article="AB0-1CD2EF-WT")) as feed:
        calls = [event for event in feed.feed.events(None, 10_000) if event.type == "CallPublished"]
        assert len(calls) > 1
        for event in calls:
            assert (event.data["authorityId"], event.data["budgetArticle"]) == ("OVO123456", "AB0-1CD2EF-WT")
            message = awards_pb2.CallPublished(**members(awards_pb2.CallPublished.DESCRIPTOR, event.data))
            assert (message.authority_id, message.budget_article) == ("OVO123456", "AB0-1CD2EF-WT")
        assert {(call.authority_id, call.budget_article) for call in feed.views.calls()} == {("OVO123456", "AB0-1CD2EF-WT")}
    for event in life.feed.events(None, 10_000):
        assert not {"authorityId", "budgetArticle"} & event.data.keys(), "not stated, so not told"
