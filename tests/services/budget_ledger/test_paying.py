"""Payments, recoveries and what is left unspent, case by case."""

import pytest

from services.budget_ledger.model import CloseEnvelope, ConfirmPayment, Decommit
from services.kernel.form import MalformedError, from_json, to_json
from services.kernel.people import Role
from tests.services.budget_ledger.desk import ENVELOPE, Desk, commit, confirm, due, hand, order, reserve

AWARD = 6_000_000
ADVANCE = 5_400_000


def decommit(amount: int, decommit_id: str = "a-1.1.settled") -> Decommit:
    return Decommit(envelope_id=ENVELOPE, reservation_id="a-1.1", decommit_id=decommit_id, amount_cents=amount, reason="unspent")


def test_advance_and_balance_are_paid_by_two_hands_each() -> None:
    desk = Desk().awarded()
    desk.do(due("advance", ADVANCE))
    assert desk.one(order("advance", ADVANCE)).ordered_by == "treasurer-1"
    paid = desk.one(confirm("advance"))
    assert (paid.payment_id, paid.amount_cents, paid.confirmed_by) == ("a-1.1.advance", ADVANCE, "accountant-1")
    desk.paid("balance", AWARD - ADVANCE)
    envelope = desk.envelope()
    assert (envelope.committed_cents, envelope.paid_cents, envelope.ordered_cents) == (AWARD, AWARD, 0)


def test_nothing_is_ordered_that_is_not_due() -> None:
    desk = Desk().awarded()
    assert desk.code(order("advance", ADVANCE)) == "not_due"
    assert desk.code(confirm("advance")) == "not_ordered"
    desk.do(due("advance", ADVANCE))
    assert desk.do(due("advance", ADVANCE)) == ()
    assert desk.code(due("advance", 1)) == "due_differs"
    assert desk.code(order("advance", ADVANCE - 1)) == "wrong_amount"
    assert desk.code(confirm("advance")) == "not_ordered"


def test_a_payment_goes_out_once() -> None:
    desk = Desk().awarded().paid("advance", ADVANCE)
    assert desk.code(order("advance", ADVANCE)) == "already_ordered"
    assert desk.code(confirm("advance")) == "already_confirmed"


def test_no_hand_does_two_steps() -> None:
    desk = Desk().awarded()
    desk.do(due("advance", ADVANCE))
    assert desk.code(order("advance", ADVANCE), hand("minister", Role.TREASURER)) == "same_hand"
    desk.do(order("advance", ADVANCE))
    both = hand("treasurer-1", Role.TREASURER, Role.ACCOUNTANT)
    assert desk.code(confirm("advance"), both) == "same_hand"
    desk.do(confirm("advance"))
    desk.do(due("recovery", 1))
    desk.do(order("recovery", 1))
    assert desk.code(confirm("recovery"), both) == "same_hand"


def test_only_a_commitment_is_paid() -> None:
    desk = Desk().registered()
    assert desk.code(due("advance", 1)) == "unknown_reservation"
    desk.do(reserve("a-1.1", AWARD))
    assert desk.code(due("advance", 1)) == "not_committed"
    assert desk.code(decommit(1)) == "not_committed"
    desk.do(commit("a-1.1", AWARD))
    assert desk.code(due("advance", AWARD + 1)) == "exceeds_commitment"


def test_a_payment_on_its_way_counts_as_spent() -> None:
    desk = Desk().awarded()
    desk.do(due("advance", ADVANCE))
    desk.do(due("balance", AWARD))
    desk.do(order("advance", ADVANCE))
    assert desk.code(order("balance", AWARD)) == "exceeds_commitment"
    assert desk.code(decommit(AWARD - ADVANCE + 1)) == "exceeds_commitment"
    assert desk.one(decommit(AWARD - ADVANCE)).available_cents == 150_000_000 - ADVANCE


def test_what_is_decommitted_is_available_and_off_the_cap() -> None:
    desk = Desk().awarded().paid("advance", ADVANCE)
    desk.do(decommit(400_000))
    assert desk.do(decommit(400_000)) == ()
    assert desk.code(decommit(300_000)) == "id_reused"
    assert desk.code(decommit(200_001, "a-1.1.more")) == "exceeds_commitment"
    assert (desk.envelope().committed_cents, desk.held("body-1")) == (5_600_000, 5_600_000)
    assert desk.one(reserve("a-2.1", 400_000)).cap_left_cents == 0


def test_money_that_came_back_can_be_awarded_again() -> None:
    desk = Desk().awarded().paid("advance", ADVANCE)
    assert desk.code(due("recovery", ADVANCE + 1)) == "exceeds_paid"
    desk.do(due("recovery", 2_400_000))
    desk.do(decommit(600_000))
    ordered = desk.one(order("recovery", 2_400_000))
    assert (ordered.recovery_id, desk.envelope().available_cents) == ("a-1.1.recovery", 150_000_000 - ADVANCE)
    recovered = desk.one(confirm("recovery"))
    assert recovered.available_cents == 150_000_000 - 3_000_000
    envelope = desk.envelope()
    assert (envelope.committed_cents, envelope.paid_cents, envelope.recovered_cents) == (3_000_000, ADVANCE, 2_400_000)
    assert envelope.paid_cents - envelope.recovered_cents == envelope.committed_cents
    assert desk.one(reserve("a-2.1", 3_000_000)).cap_left_cents == 0
    assert desk.code(order("recovery", 2_400_000)) == "already_ordered"


def test_a_closed_envelope_pays_what_it_owes() -> None:
    desk = Desk().awarded()
    desk.do(CloseEnvelope(envelope_id=ENVELOPE))
    assert desk.paid("advance", ADVANCE).envelope().paid_cents == ADVANCE


def test_a_commitment_known_again_after_it_shrank() -> None:
    desk = Desk().awarded().paid("advance", ADVANCE)
    desk.do(decommit(600_000))
    desk.paid("recovery", 1_000_000)
    assert desk.do(commit("a-1.1", AWARD)) == ()


def test_an_account_number_is_no_bank_reference() -> None:
    body = to_json(confirm("advance"))
    for reference in ("+++090/9337/55493+++", "2021-07-15:0001"):
        assert from_json(ConfirmPayment, {**body, "bankReference": reference}).bank_reference == reference
    with pytest.raises(MalformedError, match="no account number"):
        from_json(ConfirmPayment, {**body, "bankReference": "BE68539007547034"})
