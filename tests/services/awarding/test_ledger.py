"""The ledger's rarer answers, given by hand."""

import pytest

from services.awarding.events import (
    DecisionProposed,
    DecisionReopened,
    ProposalHalted,
    ReservationRequested,
    ReservePlaceKept,
    WaitListed,
)
from services.awarding.model import Approve, NoteLedgerRefused, NoteReleased, NoteReserved, Propose
from services.awarding.records import Stage
from services.awarding.terms import Asked, Ending, Outcome
from tests.services.awarding.desk import MINISTER, OFFICER, Ask, Desk, call, codes, only
from tests.strategies import CALL_ID


def no(award: str, code: str, asked: Asked = Asked.RESERVE, available: int | None = None) -> NoteLedgerRefused:
    return NoteLedgerRefused(call_id=CALL_ID, award_id=award, asked=asked, code=code, available_cents=available)


def yes(award: str, cents: int = 6_000_000) -> NoteReserved:
    return NoteReserved(call_id=CALL_ID, award_id=award, amount_cents=cents)


def approved() -> Desk:
    """`a` is approved, and the ledger has not said anything about the commitment."""
    desk = Desk.open([Ask(id="a")], call())
    desk.propose()
    desk.step(Approve(call_id=CALL_ID, proposal=1), MINISTER)
    desk.mail.clear()
    return desk


def asked(*asks: Ask) -> Desk:
    """The first file was put to the ledger, which has not answered."""
    desk = Desk.open(list(asks), call())
    desk.step(Propose(call_id=CALL_ID), OFFICER)
    desk.mail.clear()
    return desk


@pytest.mark.parametrize("code", ["already_expired", "already_released", "unknown_reservation"])
def test_a_commitment_without_a_reservation_reopens_the_decision(code: str) -> None:
    desk = approved()
    assert codes(desk.step(no("a.1", code, Asked.COMMIT))) == ["DecisionReopened"]
    assert desk.step(no("a.1", code, Asked.COMMIT)) == ()


def test_a_commitment_refused_while_the_reservation_lasts_also_lets_go_of_it() -> None:
    desk = approved()
    told = desk.step(no("a.1", "envelope_closed", Asked.COMMIT))
    assert codes(told) == ["DecisionReopened", "ReservationReleaseRequested"]
    assert only(told, DecisionReopened).ground == "commitment_refused"


def test_a_commitment_that_was_made_before_is_no_refusal() -> None:
    desk = approved()
    assert desk.step(no("a.1", "already_committed", Asked.COMMIT)) == ()
    assert desk.file("a").stage is Stage.APPROVED


@pytest.mark.parametrize(("code", "told"), [("already_expired", []), ("envelope_closed", ["ReservationReleaseRequested"])])
def test_who_was_leaving_is_not_reopened_by_a_refused_commitment(code: str, told: list[str]) -> None:
    desk = approved()
    desk.withdraw("a")
    assert codes(desk.step(no("a.1", code, Asked.COMMIT))) == told
    assert desk.file("a").stage in (Stage.LEAVING, Stage.DROPPED)


def test_a_request_that_the_ledger_put_off_and_let_run_out_halts_the_walk() -> None:
    desk = asked(Ask(id="a"), Ask(id="b"))
    halted = only(desk.step(NoteReleased(call_id=CALL_ID, award_id="a.1", ending=Ending.EXPIRED)), ProposalHalted)
    assert (halted.application_id, halted.code) == ("a", "reservation_expired")
    assert only(desk.step(Propose(call_id=CALL_ID), OFFICER), ReservationRequested).award_id == "a.2"


def test_an_answer_to_an_earlier_attempt_or_an_earlier_amount_is_late() -> None:
    desk = asked(Ask(id="a"))
    desk.step(no("a.1", "envelope_closed"))
    desk.step(Propose(call_id=CALL_ID), OFFICER)
    assert desk.step(yes("a.1")) == ()
    assert desk.step(no("a.1", "envelope_exceeded", available=0)) == ()
    smaller = no("a.2", "envelope_exceeded", available=2_000_000)
    assert only(desk.step(smaller), ReservationRequested).amount_cents == 2_000_000
    assert desk.step(smaller) == ()
    assert desk.step(yes("a.2", 6_000_000)) == ()
    assert only(desk.step(yes("a.2", 2_000_000)), DecisionProposed).outcome is Outcome.PARTIAL_AWARD


def test_who_is_on_the_reserve_list_stays_there_if_the_rest_goes_to_another_call_in_the_meantime() -> None:
    desk = asked(Ask(id="a"))
    desk.step(no("a.1", "envelope_exceeded", available=0))
    desk.approve()
    desk.step(Propose(call_id=CALL_ID), OFFICER)
    desk.step(no("a.2", "envelope_exceeded", available=2_000_000))
    assert only(desk.step(no("a.2", "envelope_exceeded", available=0)), ReservePlaceKept).available_cents == 0
    assert desk.file("a").stage is Stage.WAITING


def test_an_upheld_appeal_does_not_lend_its_ground_to_a_new_refusal() -> None:
    desk = Desk.open([Ask(id="a", partners=("body-b",)), Ask(id="b", eligible=False)], call())
    desk.propose()
    desk.approve()
    desk.appeal("b")
    desk.judge("b", upheld=True)
    decision = only(desk.propose(), DecisionProposed)
    assert (decision.outcome, decision.ground) == (Outcome.REFUSE, "cap_exceeded")


def test_the_position_counts_who_waits_already() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b"), Ask(id="c", eligible=False)], call(budget=6_000_000))
    desk.propose()
    desk.approve()
    desk.appeal("c")
    desk.judge("c", upheld=True)
    desk.propose()
    waits = only(desk.approve(2), WaitListed)
    assert (waits.application_id, waits.position) == ("c", 2)


def test_a_withdrawn_file_that_was_to_be_refused_has_no_reservation_to_release() -> None:
    desk = Desk.open([Ask(id="a", eligible=False)], call())
    desk.propose()
    assert codes(desk.withdraw("a")) == ["ApplicationDropped"]
    assert codes(desk.approve()) == ["ProposalApproved"]
