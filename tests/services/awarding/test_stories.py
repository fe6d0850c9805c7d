"""The stories that a reader remembers, from the ranking to the agreement, with the money in the ledger's hands."""

from datetime import timedelta

from services.awarding.events import (
    AgreementAccepted,
    AwardGranted,
    AwardRefused,
    DecisionProposed,
    DecisionReopened,
    DecommitRequested,
    ProposalCompleted,
    ProposalHalted,
    ReservationRequested,
    ReservePlaceKept,
    WaitListed,
)
from services.awarding.model import NoteReserved
from services.awarding.records import Stage
from services.awarding.terms import Outcome
from tests.services.awarding.desk import START, Ask, Desk, call, codes, only, refusal
from tests.strategies import CALL_ID, ENVELOPE_ID


def test_twenty_five_at_the_cap_fill_the_envelope_and_the_twenty_sixth_waits() -> None:
    desk = Desk.open([Ask(id=f"f{n:02}") for n in range(1, 27)], call())
    desk.propose()
    told = desk.approve()
    granted = [event for event in told if isinstance(event, AwardGranted)]
    assert [event.application_id for event in granted] == [f"f{n:02}" for n in range(1, 26)]
    assert sum(event.amount_cents for event in granted) == 150_000_000 == desk.ledger.used
    waits = only(told, WaitListed)
    assert (waits.application_id, waits.position, waits.rank) == ("f26", 1, 26)
    assert desk.file("f26").decision is not None
    assert desk.outcomes()["f26"] == "wait_list"


def test_without_a_reserve_list_the_twenty_sixth_is_refused_because_the_money_is_used_up() -> None:
    desk = Desk.open([Ask(id=f"f{n:02}") for n in range(1, 27)], call(reserve_list=False))
    desk.propose()
    no = only(desk.approve(), AwardRefused)
    assert (no.application_id, no.ground, no.detail) == (
        "f26",
        "envelope_exhausted",
        "6000000 cents requested, 0 cents available",
    )
    assert no.appeal_until == START + timedelta(days=30)


def test_an_exact_fit_leaves_nobody_waiting() -> None:
    desk = Desk.open([Ask(id="a", cents=4_000_000), Ask(id="b", cents=6_000_000)], call(budget=10_000_000))
    desk.propose()
    desk.approve()
    assert desk.outcomes() == {"a": "award 4000000", "b": "award 6000000"}
    assert desk.ledger.used == 10_000_000


def test_files_are_put_to_the_ledger_one_at_a_time() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b")], call())
    desk.slow = True
    assert codes(desk.propose()) == ["ProposalOpened", "ReservationRequested"]
    request = only(tuple(desk.events), ReservationRequested)
    assert request == ReservationRequested(
        call_id=CALL_ID,
        application_id="a",
        applicant="body-a",
        partners=(),
        award_id="a.1",
        envelope_id=ENVELOPE_ID,
        amount_cents=6_000_000,
        currency="EUR",
        expires_at=START + timedelta(days=90),
    )
    assert codes(desk.post()) == ["DecisionProposed", "ReservationRequested"]
    assert codes(desk.post()) == ["DecisionProposed", "ProposalCompleted"]


def test_at_the_cut_what_is_left_becomes_a_partial_award_under_the_same_name() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b"), Ask(id="c", cents=1_000_000)], call(budget=8_500_000))
    told = desk.propose()
    asked = [(e.award_id, e.amount_cents) for e in told if isinstance(e, ReservationRequested)]
    assert asked == [("a.1", 6_000_000), ("b.1", 6_000_000), ("b.1", 2_500_000), ("c.1", 1_000_000)]
    (partial,) = [e for e in told if isinstance(e, DecisionProposed) and e.outcome is Outcome.PARTIAL_AWARD]
    assert (partial.application_id, partial.amount_cents) == ("b", 2_500_000)
    assert (partial.ground, partial.detail) == ("envelope_exceeded", "6000000 cents requested, 2500000 cents available")
    granted = [event for event in desk.approve() if isinstance(event, AwardGranted)]
    assert [(e.amount_cents, e.requested_cents) for e in granted] == [(6_000_000, 6_000_000), (2_500_000, 6_000_000)]
    assert desk.outcomes()["c"] == "wait_list"


def test_no_smaller_file_jumps_ahead_where_a_larger_one_no_longer_fits() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b"), Ask(id="c", cents=500_000)], call(budget=6_600_000))
    told = desk.propose()
    assert [e.application_id for e in told if isinstance(e, ReservationRequested)] == ["a", "b"]
    details = [e.detail for e in told if isinstance(e, DecisionProposed)]
    assert details == [
        "rank 1, 6000000 cents requested",
        "6000000 cents requested, 600000 cents available",
        "rank 3, envelope used up at rank 2",
    ]
    waits = [(e.application_id, e.position) for e in desk.approve() if isinstance(e, WaitListed)]
    assert waits == [("b", 1), ("c", 2)]


def test_a_joint_file_uses_up_the_cap_of_its_partners_and_the_walk_goes_on() -> None:
    joint = Ask(id="joint", cents=5_500_000, partners=("body-own",))
    desk = Desk.open([joint, Ask(id="own"), Ask(id="other")], call())
    told = desk.propose()
    (no,) = [e for e in told if isinstance(e, DecisionProposed) and e.outcome is Outcome.REFUSE]
    assert (no.application_id, no.ground) == ("own", "cap_exceeded")
    assert no.detail == "6000000 cents requested, 500000 cents available"
    desk.approve()
    assert desk.outcomes() == {"joint": "award 5500000", "own": "refuse", "other": "award 6000000"}


def test_what_the_cap_leaves_can_be_a_partial_award() -> None:
    joint = Ask(id="joint", cents=4_000_000, partners=("body-own",))
    desk = Desk.open([joint, Ask(id="own")], call())
    told = desk.propose()
    (partial,) = [e for e in told if isinstance(e, DecisionProposed) and e.outcome is Outcome.PARTIAL_AWARD]
    assert (partial.amount_cents, partial.ground) == (2_000_000, "cap_exceeded")


def test_who_misses_a_minimum_is_refused_without_asking_for_money() -> None:
    desk = Desk.open([Ask(id="a", eligible=False), Ask(id="b")], call())
    told = desk.propose()
    assert [e.application_id for e in told if isinstance(e, ReservationRequested)] == ["b"]
    no = only(desk.approve(), AwardRefused)
    assert (no.application_id, no.ground, no.detail) == ("a", "below_minimum", "below_minimum_total")


def test_after_a_decline_the_next_proposal_serves_the_reserve_list_in_order() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b"), Ask(id="c"), Ask(id="d")], call(budget=6_000_000))
    desk.propose()
    desk.approve()
    freed = desk.decline("a")
    assert codes(freed) == ["AwardDeclined", "DecommitRequested"]
    assert only(freed, DecommitRequested).amount_cents == 6_000_000
    assert desk.ledger.used == 0
    told = desk.propose()
    assert [e.application_id for e in told if isinstance(e, ReservationRequested)] == ["b", "c"]
    kept = only(told, ReservePlaceKept)
    assert (kept.application_id, kept.available_cents) == ("c", 0)
    assert only(told, ProposalCompleted).decisions == 1
    assert only(desk.approve(2), AwardGranted).award_id == "b.2"  # the second time that b was put to the ledger
    assert [desk.file(name).stage for name in "abcd"] == [Stage.DECLINED, Stage.GRANTED, Stage.WAITING, Stage.WAITING]


def test_a_proposal_that_changes_nothing_needs_no_approval() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b")], call(budget=6_000_000))
    desk.propose()
    desk.approve()
    told = desk.propose()
    assert codes(told) == ["ProposalOpened", "ReservationRequested", "ReservePlaceKept", "ProposalCompleted"]
    assert refusal(desk.approve(2)) == "already_approved"
    desk.decline("a")
    assert only(desk.propose(), DecisionProposed).application_id == "b"


def test_an_upheld_appeal_with_money_left_is_served_first_on_its_own_ground() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b"), Ask(id="c", eligible=False)], call(budget=6_000_000))
    desk.propose()
    desk.approve()
    desk.appeal("c")
    assert codes(desk.judge("c", upheld=True)) == ["AppealDecided", "DecisionReopened"]
    desk.decline("a")
    told = desk.propose()
    decision = only(told, DecisionProposed)
    assert (decision.application_id, decision.outcome, decision.ground) == ("c", Outcome.AWARD, "the plan was misread indeed")
    desk.approve(2)
    assert desk.outcomes() == {"a": "award 6000000", "b": "wait_list", "c": "award 6000000"}


def test_an_upheld_appeal_without_money_gives_a_place_on_the_reserve_list() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b", eligible=False)], call(budget=6_000_000))
    desk.propose()
    desk.approve()
    desk.appeal("b")
    desk.judge("b", upheld=True)
    decision = only(desk.propose(), DecisionProposed)
    assert (decision.outcome, decision.ground) == (Outcome.WAIT_LIST, "the plan was misread indeed")
    assert only(desk.approve(2), WaitListed).position == 1


def test_a_file_with_an_open_appeal_is_served_from_the_reserve_list_and_the_appeal_then_changes_nothing() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b")], call(budget=6_000_000))
    desk.propose()
    desk.approve()
    desk.appeal("b")
    desk.decline("a")
    desk.propose()
    assert refusal(desk.judge("b", upheld=True)) == "file_in_proposal"
    desk.approve(2)
    assert desk.file("b").stage is Stage.GRANTED
    assert codes(desk.judge("b", upheld=True)) == ["AppealDecided"]
    assert desk.file("b").stage is Stage.GRANTED


def test_a_reservation_that_runs_out_before_the_approval_voids_the_decision_and_the_file_comes_first() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b"), Ask(id="c")], call(budget=12_000_000))
    desk.propose()
    assert [e.ground for e in desk.wait(days=90) if isinstance(e, DecisionReopened)] == ["reservation_expired"] * 2
    assert codes(desk.approve()) == ["ProposalApproved", "DecisionApproved", "WaitListed"]
    told = desk.propose()
    asked = [e.award_id for e in told if isinstance(e, ReservationRequested)]
    assert asked == ["a.2", "b.2", "c.2"]
    desk.approve(2)
    assert desk.outcomes() == {"a": "award 6000000", "b": "award 6000000", "c": "wait_list"}


def test_a_reservation_that_runs_out_on_the_way_to_the_commitment_reopens_the_decision() -> None:
    desk = Desk.open([Ask(id="a")], call())
    desk.propose()
    desk.slow = True
    desk.wait(days=90)
    assert "CommitmentRequested" in codes(desk.approve())
    assert codes(desk.post()) == ["DecisionReopened"]
    assert codes(desk.post()) == []
    assert not any(isinstance(event, AwardGranted) for event in desk.events)
    desk.slow = False
    desk.propose()
    assert only(desk.approve(2), AwardGranted).award_id == "a.2"


def test_a_closed_envelope_halts_the_walk_and_decides_nothing_about_the_file() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b")], call())
    desk.ledger.closed = True
    halted = only(desk.propose(), ProposalHalted)
    assert (halted.application_id, halted.code) == ("a", "envelope_closed")
    assert refusal(desk.approve()) == "not_complete"
    desk.ledger.closed = False
    told = desk.propose()
    assert [e.award_id for e in told if isinstance(e, ReservationRequested)] == ["a.2", "b.1"]
    assert only(told, ProposalCompleted).proposal == 1
    desk.approve()
    assert desk.outcomes() == {"a": "award 6000000", "b": "award 6000000"}


def test_the_agreement_makes_the_advance_due_in_whole_cents() -> None:
    desk = Desk.open([Ask(id="a", cents=1_000_001)], call())
    desk.propose()
    desk.approve()
    accepted = only(desk.accept("a"), AgreementAccepted)
    assert (accepted.award_id, accepted.amount_cents, accepted.advance_cents) == ("a.1", 1_000_001, 800_000)
    assert refusal(desk.decline("a")) == "agreement_accepted"
    assert refusal(desk.accept("a")) == "agreement_accepted"


def test_who_withdraws_while_the_ledger_is_asked_gives_the_turn_to_the_next() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b")], call())
    desk.slow = True
    desk.propose()
    assert codes(desk.withdraw("a")) == ["ApplicationDropped", "ReservationReleaseRequested", "ReservationRequested"]
    desk.deliver()
    assert codes(desk.withdraw("a")) == []
    assert list(desk.ledger.held) == ["b.1"]
    assert desk.file("a").stage is Stage.DROPPED


def test_who_withdraws_after_the_proposal_frees_the_reservation() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b")], call())
    desk.propose()
    assert codes(desk.withdraw("a")) == ["ApplicationDropped", "ReservationReleaseRequested"]
    assert [e.application_id for e in desk.approve() if isinstance(e, AwardGranted)] == ["b"]


def test_who_withdraws_while_the_commitment_is_awaited_is_not_granted_and_the_money_is_freed() -> None:
    desk = Desk.open([Ask(id="a")], call())
    desk.propose()
    desk.slow = True
    desk.approve()
    assert codes(desk.withdraw("a")) == ["ApplicationDropped"]
    assert codes(desk.post()) == ["DecommitRequested"]
    assert (desk.ledger.used, desk.file("a").stage) == (0, Stage.DROPPED)
    assert desk.step(desk.delivered[-1]) == ()


def test_who_withdraws_after_the_award_gives_it_back() -> None:
    desk = Desk.open([Ask(id="a")], call())
    desk.propose()
    desk.approve()
    assert codes(desk.withdraw("a")) == ["AwardDeclined", "DecommitRequested", "ApplicationDropped"]
    assert desk.ledger.used == 0


def test_the_ledgers_answers_twice_and_late_change_nothing() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b")], call(budget=8_000_000))
    desk.propose()
    desk.approve()
    before = dict(desk.state.records)
    late = NoteReserved(call_id=CALL_ID, award_id="a.7", amount_cents=1)
    for note in (*desk.delivered, late):
        assert desk.give(note) == ()
    assert desk.state.records == before
