"""Who may do what, and the name of every no."""

from dataclasses import replace

import pytest

from services.awarding.core import AUTHORITY, DECIDER
from services.awarding.model import (
    AcceptAgreement,
    Approve,
    DropApplication,
    LodgeAppeal,
    NoteMerger,
    NoteRanking,
    Propose,
    RegisterCall,
)
from services.awarding.records import Stage
from services.kernel.people import Actor, Role
from tests.services.awarding.desk import (
    AGREEMENT,
    MINISTER,
    OFFICER,
    SYSTEM,
    Ask,
    Desk,
    Ledger,
    applicant,
    call,
    codes,
    person,
    refusal,
)
from tests.strategies import CALL_ID

BOTH = Actor(id="official:both", organisation="agency", roles=(Role.OFFICER, Role.DECISION_MAKER))


def decided() -> Desk:
    """Money for one: `a` is granted, `b` waits, `c` is refused for its score."""
    desk = Desk.open([Ask(id="a"), Ask(id="b"), Ask(id="c", eligible=False)], call(budget=6_000_000))
    desk.propose()
    desk.approve()
    return desk


def empty() -> Desk:
    return Desk(rules=call(), ledger=Ledger(1, 1))


def test_every_command_has_its_roles_and_the_auditor_has_none() -> None:
    assert set(AUTHORITY) == set(DECIDER.commands)
    assert not any(Role.AUDITOR in roles or not roles for roles in AUTHORITY.values())
    assert refusal(decided().propose(person(Role.AUDITOR))) == "not_authorised"
    assert refusal(decided().approve(1, OFFICER)) == "not_authorised"


def test_a_proposal_needs_a_call_and_a_complete_ranking() -> None:
    desk = empty()
    assert refusal(desk.propose()) == "unknown_call"
    desk.give(RegisterCall(call_id=CALL_ID, rules=call()))
    assert refusal(desk.propose()) == "ranking_missing"
    desk.give(Ask(id="a").ranked(1))
    assert refusal(desk.propose()) == "ranking_missing"
    desk.give(NoteRanking(call_id=CALL_ID, version=1, ranked=2))
    assert refusal(desk.propose()) == "ranking_missing"
    desk.give(Ask(id="b").ranked(2))
    assert codes(desk.step(Propose(call_id=CALL_ID), OFFICER)) == ["ProposalOpened", "ReservationRequested"]


def test_the_ranking_may_come_before_the_call() -> None:
    desk = empty()
    desk.give(Ask(id="a").ranked(1))
    desk.give(NoteRanking(call_id=CALL_ID, version=1, ranked=1))
    desk.give(RegisterCall(call_id=CALL_ID, rules=call()))
    assert codes(desk.step(Propose(call_id=CALL_ID), OFFICER)) == ["ProposalOpened", "ReservationRequested"]


def test_an_empty_ranking_leaves_nothing_to_propose() -> None:
    assert refusal(Desk.open([], call()).propose()) == "nothing_to_propose"


def test_one_proposal_at_a_time() -> None:
    desk = Desk.open([Ask(id="a")], call())
    desk.slow = True
    desk.propose()
    assert refusal(desk.propose()) == "proposal_open"
    desk.deliver()
    assert refusal(desk.propose()) == "proposal_open"
    desk.approve()
    desk.deliver()
    assert refusal(desk.propose()) == "nothing_to_propose"


def test_a_later_version_of_the_ranking_counts_until_decisions_are_proposed() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b")], call(budget=6_000_000))
    desk.give(Ask(id="b").ranked(1, version=2))
    assert refusal(desk.propose()) == "ranking_missing"
    desk.give(NoteRanking(call_id=CALL_ID, version=2, ranked=1))
    assert desk.give(Ask(id="a").ranked(1, version=1)) == ()
    assert desk.give(NoteRanking(call_id=CALL_ID, version=1, ranked=2)) == ()
    desk.propose()
    desk.approve()
    assert desk.outcomes() == {"b": "award 6000000"}
    assert desk.give(Ask(id="a").ranked(1, version=3)) == ()
    assert refusal(desk.give(NoteRanking(call_id=CALL_ID, version=3, ranked=1))) == "ranking_closed"


def test_what_is_noted_twice_is_noted_once_and_a_contradiction_is_refused() -> None:
    desk = Desk.open([Ask(id="a")], call())
    assert desk.give(RegisterCall(call_id=CALL_ID, rules=call())) == ()
    assert refusal(desk.give(RegisterCall(call_id=CALL_ID, rules=call(partial=False)))) == "call_exists"
    assert desk.give(Ask(id="a").ranked(1)) == ()
    assert refusal(desk.give(Ask(id="a").ranked(2))) == "place_exists"
    assert desk.give(NoteRanking(call_id=CALL_ID, version=1, ranked=1)) == ()
    assert refusal(desk.give(NoteRanking(call_id=CALL_ID, version=1, ranked=2))) == "ranking_exists"


def test_who_proposed_may_not_approve() -> None:
    desk = Desk.open([Ask(id="a")], call())
    assert refusal(desk.approve()) == "unknown_proposal"
    desk.slow = True
    desk.propose(BOTH)
    assert refusal(desk.approve(2)) == "unknown_proposal"
    assert refusal(desk.approve()) == "not_complete"
    desk.deliver()
    assert refusal(desk.approve(1, BOTH)) == "same_hand"
    desk.approve()
    assert refusal(desk.approve()) == "already_approved"


def test_who_opened_a_proposal_that_another_carried_on_with_may_not_approve_it_either() -> None:
    desk = Desk.open([Ask(id="a")], call())
    desk.ledger.closed = True
    desk.propose(BOTH)
    desk.ledger.closed = False
    desk.propose()
    assert refusal(desk.approve(1, BOTH)) == "same_hand"
    assert "AwardGranted" in codes(desk.approve())


@pytest.mark.parametrize("name", ["b", "c"])
def test_only_an_award_that_was_granted_can_be_declined_or_agreed_to(name: str) -> None:
    desk = decided()
    assert refusal(desk.decline(name)) == "not_granted"
    assert refusal(desk.accept(name)) == "not_granted"


def test_only_the_applicant_acts_for_its_file() -> None:
    desk = decided()
    command = LodgeAppeal(call_id=CALL_ID, application_id="b", ground="ours")
    assert refusal(desk.give(command, applicant("body-a"))) == "not_owner"
    assert refusal(desk.give(replace(command, application_id="z"), applicant("body-z"))) == "unknown_application"


def test_after_a_merger_the_new_body_acts_for_the_file() -> None:
    desk = decided()
    merger = NoteMerger(call_id=CALL_ID, from_body="body-b", into_body="body-new")
    assert codes(desk.give(merger)) == ["MergerNoted"]
    assert desk.give(merger) == ()
    assert refusal(desk.give(NoteMerger(call_id=CALL_ID, from_body="body-new", into_body="body-b"))) == "merger_differs"
    assert refusal(desk.give(replace(merger, into_body="body-x"))) == "merger_differs"
    assert refusal(desk.appeal("b")) == "not_owner"
    command = LodgeAppeal(call_id=CALL_ID, application_id="b", ground="ours now")
    assert codes(desk.give(command, applicant("body-new"))) == ["AppealLodged"]


def test_an_appeal_is_in_time_to_the_last_instant_of_its_days() -> None:
    desk = decided()
    desk.wait(days=30)
    assert codes(desk.appeal("b")) == ["AppealLodged"]
    desk.now = desk.now.replace(microsecond=1)
    assert refusal(desk.appeal("c")) == "appeal_too_late"


def test_an_appeal_contests_a_refusal_or_a_place_on_the_reserve_list_once() -> None:
    desk = decided()
    assert refusal(desk.appeal("a")) == "not_appealable"
    desk.appeal("c")
    assert refusal(desk.appeal("c")) == "appeal_open"
    assert codes(desk.judge("c", upheld=False)) == ["AppealDecided"]
    assert refusal(desk.appeal("c")) == "already_appealed"
    assert refusal(desk.judge("c", upheld=True)) == "no_open_appeal"
    desk.withdraw("b")
    assert refusal(desk.appeal("b")) == "not_appealable"


def test_nothing_can_be_appealed_before_it_is_decided() -> None:
    desk = Desk.open([Ask(id="a", eligible=False)], call())
    desk.propose()
    assert refusal(desk.appeal("a")) == "not_appealable"


def test_who_proposed_or_approved_the_decision_may_not_judge_the_appeal() -> None:
    desk = Desk.open([Ask(id="a", eligible=False)], call())
    desk.propose(BOTH)
    desk.approve()
    desk.appeal("a")
    assert refusal(desk.judge("a", upheld=True, actor=BOTH)) == "same_hand"
    assert refusal(desk.judge("a", upheld=True, actor=MINISTER)) == "same_hand"
    assert codes(desk.judge("a", upheld=False)) == ["AppealDecided"]


def test_an_application_withdrawn_before_the_ranking_is_not_decided_on() -> None:
    desk = empty()
    assert codes(desk.withdraw("a")) == ["ApplicationDropped"]
    assert desk.withdraw("a") == ()
    desk.give(RegisterCall(call_id=CALL_ID, rules=call()))
    desk.give(Ask(id="a").ranked(1))
    desk.give(NoteRanking(call_id=CALL_ID, version=1, ranked=1))
    assert desk.file("a").stage is Stage.DROPPED
    assert refusal(desk.propose()) == "nothing_to_propose"


def test_an_accepted_agreement_is_not_undone_by_a_withdrawal() -> None:
    desk = decided()
    desk.accept("a")
    command = DropApplication(call_id=CALL_ID, application_id="a", applicant="body-a")
    assert refusal(desk.give(command, SYSTEM)) == "agreement_accepted"


def test_the_refusal_names_what_it_is_about() -> None:
    (event,) = decided().give(Approve(call_id=CALL_ID, proposal=9), MINISTER)
    assert (event.command, event.proposal, event.application_id) == ("Approve", 9, None)  # type: ignore[union-attr]  # a refusal
    assert AGREEMENT


def test_an_agreement_before_the_call_is_known_is_refused_like_any_other() -> None:
    """The ranking may come before the call; whoever is in it may ask for anything."""
    desk = empty()
    desk.give(Ask(id="a").ranked(1))
    answer = desk.give(AcceptAgreement(call_id=CALL_ID, application_id="a", agreement=AGREEMENT), applicant("body-a"))
    assert refusal(answer) == "not_granted"
