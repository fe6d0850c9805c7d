"""What the feed promises, over arbitrary histories and interleavings; then the cases that a reader remembers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace
from random import Random  # noqa: TID251 - only its type: the test seeds it
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.decider import At, MemoryState
from services.kernel.people import Actor, Role
from services.publishing import events as e
from services.publishing.core import DECIDER
from services.publishing.events import PUBLIC
from services.publishing.model import NoteDeadline, NoteMove
from services.publishing.noted import Refused
from services.publishing.records import Award, EarlyRanking, Waiting
from services.publishing.terms import GroundCode, MoveKind, Published
from tests.services.publishing.histories import (
    ADVANCE,
    AMOUNT,
    CALL_ID,
    NOW,
    NOWHERE,
    START,
    End,
    award,
    ends,
    everything,
    facts,
    hear,
    interleaved,
    kbo,
    subsets,
)

some = settings(max_examples=60, deadline=None)
randoms = st.randoms(use_true_random=False)


def public(events: Sequence[Any]) -> list[Any]:
    return [event for event in events if type(event).__name__ in PUBLIC]


def by_award(events: Sequence[Any]) -> dict[str, list[Any]]:
    """The public events of each award, without their places."""
    found: dict[str, list[Any]] = defaultdict(list)
    for event in public(events):
        if hasattr(event, "award_id"):
            found[event.award_id].append(replace(event, sequence=0))
    return dict(found)


@some
@given(told=ends, published=subsets, merges=st.booleans(), random=randoms)
def test_places_are_counted_from_zero_without_a_gap(
    *, told: list[End], published: tuple[str, ...], merges: bool, random: Random
) -> None:
    _, events = hear(interleaved(facts(told, published, merges=merges), random))
    assert [event.sequence for event in public(events)] == list(range(len(public(events))))
    assert not [event for event in events if isinstance(event, Refused)]


@some
@given(told=ends, published=subsets, random=randoms)
def test_no_fact_is_too_early(*, told: list[End], published: tuple[str, ...], random: Random) -> None:
    history = facts(told, published)
    in_order = [command for log in history.logs.values() for command in log]
    (_, once), (state, events) = hear(in_order), hear(interleaved(history, random))
    assert by_award(events) == by_award(once)
    assert {repr(replace(event, sequence=0)) for event in public(events)} == {
        repr(replace(event, sequence=0)) for event in public(once)
    }
    assert not list(state.all(Waiting))
    assert not list(state.all(EarlyRanking))


@some
@given(told=ends, merges=st.booleans(), random=randoms)
def test_the_sums_are_those_of_the_ledger(*, told: list[End], merges: bool, random: Random) -> None:
    history = facts(told, everything, merges=merges)
    state, events = hear(interleaved(history, random))
    ledger: dict[str, dict[MoveKind, int]] = defaultdict(lambda: defaultdict(int))
    for command in history.logs["budget_ledger"]:
        ledger[command.award_id][command.move.kind] += command.move.amount_cents
    for number, end in enumerate(told):
        kept = state.get(Award, award(number))
        assert (kept is not None) == (end not in (End.REFUSED, End.LEFT))
        if kept is None:
            continue
        moves = ledger[kept.award_id]
        freed = moves[MoveKind.DECOMMITTED] + moves[MoveKind.UNSPENT] + moves[MoveKind.RECOVERED]
        assert kept.committed_cents == moves[MoveKind.COMMITTED] - freed
        assert kept.paid_cents == moves[MoveKind.ADVANCE] + moves[MoveKind.BALANCE]
        assert kept.recovered_cents == moves[MoveKind.RECOVERED]
        assert kept.awarded_cents == (0 if end is End.DECLINED else AMOUNT)
        changes = [event for event in by_award(events)[kept.award_id] if not isinstance(event, e.PaymentMade | e.AwardSettled)]
        assert kept.committed_cents == sum(
            -event.amount_cents if isinstance(event, e.AwardRecovered) else event.amount_cents for event in changes
        )


@some
@given(told=ends, published=subsets, merges=st.booleans(), random=randoms)
def test_nothing_is_told_that_the_call_does_not_publish(
    *, told: list[End], published: tuple[str, ...], merges: bool, random: Random
) -> None:
    _, events = hear(interleaved(facts(told, published, merges=merges), random))
    about = [event for event in public(events) if hasattr(event, "organisation")]
    if not {"applicant", "amount", "outcome"} <= set(published):
        assert not about
    for event in about:
        shown = {field.name for field in fields(event) if getattr(event, field.name) not in (None, ())}
        hidden = {member for name, members in _MEMBERS.items() if name not in published for member in members}
        assert not shown & hidden
        assert (event.ground.rank is None) or "rank" in published
        assert (event.ground.total is None) or "total" in published
        assert type(event).__name__ not in {_KINDS[name] for name in _KINDS if name not in published}


_MEMBERS = {
    Published.PARTNERS: {"partners"},
    Published.PURPOSE: {"purposes"},
    Published.REQUESTED: {"requested_cents"},
    Published.DECIDED_ON: {"decided_on"},
    Published.PROJECT_PERIOD: {"project_start", "project_end"},
    Published.PAID: {"paid_cents", "recovered_cents", "balance_cents", "recovery_cents"},
}
_KINDS = {Published.PAID: "PaymentMade", Published.FINAL_GRANT: "AwardSettled", Published.REFUSALS: "AwardRefused"}


@some
@given(told=ends, published=subsets, merges=st.booleans(), random=randoms)
def test_to_hear_it_again_says_nothing_new(*, told: list[End], published: tuple[str, ...], merges: bool, random: Random) -> None:
    history = facts(told, published, merges=merges)
    state, _ = hear(interleaved(history, random))
    before = dict(state.records)
    _, again = hear(interleaved(history, random), state)
    assert again == []
    assert state.records == before


def test_the_life_of_an_award_is_told_in_its_order() -> None:
    history = facts([End.RECOVERED], everything)
    late = [*history.logs["reporting"], *history.logs["budget_ledger"], *history.logs["awarding"]]
    early = [*late, *history.logs["scoring"], *history.logs["intake"]]
    told = by_award(hear(early)[1])[award(0)]
    kinds = [e.AwardGranted, e.PaymentMade, e.AwardSettled, e.AwardAmended, e.AwardRecovered]
    assert [type(event) for event in told] == kinds
    sums = [(event.awarded_cents, event.committed_cents, event.paid_cents, event.recovered_cents) for event in told]
    assert sums == [
        (AMOUNT, AMOUNT, 0, 0),
        (AMOUNT, AMOUNT, ADVANCE, 0),
        (AMOUNT, AMOUNT, ADVANCE, 0),
        (AMOUNT, ADVANCE, ADVANCE, 0),
        (AMOUNT, 60_000, ADVANCE, 30_000),
    ]
    assert [event.amount_cents for event in told] == [AMOUNT, ADVANCE, 60_000, -10_000, 30_000]


def test_an_award_that_was_given_back_is_withdrawn() -> None:
    state, events = hear(interleaved(facts([End.DECLINED], everything), Random(1)))
    (granted, withdrawn) = by_award(events)[award(0)]
    assert isinstance(granted, e.AwardGranted)
    assert isinstance(withdrawn, e.AwardWithdrawn)
    assert (withdrawn.amount_cents, withdrawn.awarded_cents, withdrawn.committed_cents) == (-AMOUNT, 0, 0)
    assert withdrawn.ground.code is GroundCode.DECLINED
    kept = state.get(Award, award(0))
    assert kept is not None
    assert kept.state == "withdrawn"


def test_an_award_that_was_never_granted_is_never_told() -> None:
    _, events = hear(interleaved(facts([End.LEFT], everything), Random(1)))
    assert by_award(events) == {}


def test_a_merger_amends_the_awards_of_both_the_lead_and_the_partner() -> None:
    history = facts([End.GRANTED, End.GRANTED, End.GRANTED], everything)
    state, _ = hear([command for log in history.logs.values() for command in log])
    merged = facts([End.GRANTED] * 3, everything, merges=True).logs["awarding"][-1]
    _, events = hear([replace(merged, from_body=kbo(1))], state)
    told = by_award(events)
    assert {award_id: [type(event) for event in events] for award_id, events in told.items()} == {
        award(0): [e.AwardAmended],
        award(1): [e.AwardAmended],
    }
    assert [told[award(n)][0].amount_cents for n in (0, 1)] == [0, 0]
    assert [body.kbo for body in told[award(0)][0].partners] == [kbo(3)]
    assert told[award(1)][0].organisation.kbo == kbo(3)
    assert told[award(1)][0].organisation.name == "Municipality 3"


def test_a_name_is_the_one_that_held_then() -> None:
    history = facts([End.PAID], everything)
    *before, paid = history.logs["budget_ledger"]
    intake, bodies = history.logs["intake"], history.logs["intake"][1]
    state, events = hear([*intake, *history.logs["scoring"], *history.logs["awarding"], *before])
    renamed = replace(bodies, bodies=(replace(bodies.bodies[0], name="New name"),))
    _, later = hear([renamed, paid], state)
    assert by_award(events)[award(0)][0].organisation.name == "Municipality 0"
    assert by_award(later)[award(0)][0].organisation.name == "New name"


def test_a_deadline_that_moves_there_and_back_is_told_twice_and_never_a_third_time() -> None:
    state, _ = hear(facts([], everything).logs["intake"])
    deadline = START.replace(month=6)
    there = NoteDeadline(
        call_id=CALL_ID, before=START, deadline=deadline, occurred_at=START, source=replace(NOWHERE, log="intake/0", index=7)
    )
    back = replace(there, before=deadline, deadline=START, source=replace(there.source, index=8))
    _, events = hear([there, there, back, there, back], state)
    assert [event.deadline for event in public(events)] == [deadline, START]


def test_what_contradicts_a_fact_is_refused_and_changes_nothing() -> None:
    history = facts([End.PAID], everything)
    state, _ = hear([command for log in history.logs.values() for command in log])
    paid = history.logs["budget_ledger"][-1]
    assert isinstance(paid, NoteMove)
    _, (refused,) = hear([replace(paid, move=replace(paid.move, amount_cents=1))], state)
    assert (refused.code, refused.command, refused.award_id) == ("fact_differs", "NoteMove", award(0))
    _, (unknown,) = hear([NoteDeadline(call_id="other", before=START, deadline=START, occurred_at=START, source=NOWHERE)], state)
    assert unknown.code == "unknown_call"


def test_only_the_system_notes_facts() -> None:
    officer = Actor(id="officer-1", organisation="agency", roles=(Role.OFFICER,))
    (refused,) = DECIDER.run(facts([], everything).logs["intake"][0], MemoryState(), At(actor=officer, now=NOW))
    assert refused.code == "not_authorised"
