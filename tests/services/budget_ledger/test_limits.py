"""The envelope and the cap, case by case."""

from datetime import timedelta

from services.budget_ledger.core import DECIDER
from services.budget_ledger.events import CallTermsNoted, EnvelopeOpened, Refused, ReservationDeferred, Reserved
from services.budget_ledger.model import CloseEnvelope, Expire, MergeApplicants, OpenEnvelope, Release
from services.kernel.rules import CapCounts
from tests.services.budget_ledger.desk import CALL, ENVELOPE, LATER, Desk, commit, register, reserve

CAP = 6_000_000


def merge(gone: str, into: str) -> MergeApplicants:
    return MergeApplicants(envelope_id=ENVELOPE, from_body=gone, into_body=into)


def release(reservation_id: str) -> Release:
    return Release(envelope_id=ENVELOPE, reservation_id=reservation_id, reason="not awarded")


def test_the_26th_project_at_the_cap_is_refused() -> None:
    desk = Desk().registered()
    for n in range(25):
        desk.do(reserve(f"a-{n}.1", CAP, applicant=f"body-{n}"))
        desk.do(commit(f"a-{n}.1", CAP))
    assert desk.envelope().committed_cents == 150_000_000
    refused = desk.one(reserve("a-25.1", CAP, applicant="body-25"))
    assert (refused.code, refused.available_cents, refused.cap_left_cents) == ("envelope_exceeded", 0, CAP)
    assert (refused.call_id, refused.application_id, refused.reservation_id) == (CALL, "a-25", "a-25.1")


def test_what_is_only_reserved_counts_against_the_envelope() -> None:
    desk = Desk().registered(budget=10_000_000)
    desk.do(reserve("a-1.1", CAP, applicant="body-1"))
    assert desk.code(reserve("a-2.1", CAP, applicant="body-2")) == "envelope_exceeded"


def test_a_refused_request_may_be_made_again_for_what_is_left() -> None:
    desk = Desk().registered(budget=10_000_000)
    desk.do(reserve("a-1.1", CAP, applicant="body-1"))
    refused = desk.one(reserve("a-2.1", CAP, applicant="body-2"))
    reserved = desk.one(reserve("a-2.1", refused.available_cents, applicant="body-2"))
    assert isinstance(reserved, Reserved)
    assert (reserved.amount_cents, reserved.available_cents, reserved.cap_left_cents) == (4_000_000, 0, 2_000_000)


def test_a_joint_file_counts_in_full_for_each_member() -> None:
    desk = Desk().registered()
    desk.do(reserve("a-1.1", 4_000_000, applicant="body-1", partners=("body-2",)))
    assert (desk.held("body-1"), desk.held("body-2"), desk.envelope().reserved_cents) == (4_000_000, 4_000_000, 4_000_000)
    refused = desk.one(reserve("a-2.1", 2_000_001, applicant="body-2"))
    assert (refused.code, refused.cap_left_cents) == ("cap_exceeded", 2_000_000)
    refused = desk.one(reserve("a-3.1", 2_000_001, applicant="body-3", partners=("body-1",)))
    assert (refused.code, refused.cap_left_cents) == ("cap_exceeded", 2_000_000)


def test_where_the_lead_only_counts_partners_stay_free() -> None:
    desk = Desk().registered(counts=CapCounts.LEAD_ONLY)
    desk.do(reserve("a-1.1", CAP, applicant="body-1", partners=("body-2",)))
    assert isinstance(desk.one(reserve("a-2.1", CAP, applicant="body-2")), Reserved)


def test_the_cap_holds_over_two_calls_on_one_envelope() -> None:
    desk = Desk().registered()
    desk.do(register("call-2021-2"))
    desk.do(reserve("a-1.1", 5_000_000))
    assert desk.code(reserve("b-1.1", 1_000_001, call_id="call-2021-2")) == "cap_exceeded"
    assert isinstance(desk.one(reserve("b-1.1", 1_000_000, call_id="call-2021-2")), Reserved)


def test_a_body_at_its_cap_is_told_so_even_when_the_envelope_is_empty() -> None:
    desk = Desk().registered(budget=CAP)
    desk.do(reserve("a-1.1", CAP, applicant="body-1"))
    assert desk.code(reserve("a-2.1", 1, applicant="body-1")) == "cap_exceeded"
    assert desk.code(reserve("a-3.1", 1, applicant="body-2")) == "envelope_exceeded"


def test_a_live_reservation_asked_for_again_says_nothing_and_another_under_its_id_is_refused() -> None:
    desk = Desk().registered()
    desk.do(reserve("a-1.1", 1000))
    assert desk.do(reserve("a-1.1", 1000)) == ()
    assert desk.code(reserve("a-1.1", 2000)) == "id_reused"
    desk.do(release("a-1.1"))
    assert desk.code(reserve("a-1.1", 1000)) == "already_released"


def test_a_commitment_of_less_gives_the_rest_back() -> None:
    desk = Desk().registered()
    desk.do(reserve("a-1.1", 5_000_000, partners=("body-2",)))
    committed = desk.one(commit("a-1.1", 3_000_000))
    assert (committed.returned_cents, committed.available_cents) == (2_000_000, 147_000_000)
    assert (desk.held("body-1"), desk.held("body-2")) == (3_000_000, 3_000_000)
    assert desk.do(commit("a-1.1", 3_000_000)) == ()
    assert desk.code(commit("a-1.1", 2_000_000)) == "already_committed"


def test_a_commitment_keeps_to_its_reservation() -> None:
    desk = Desk().registered()
    desk.do(reserve("a-1.1", 5_000_000))
    assert desk.code(commit("a-1.1", 5_000_001)) == "exceeds_reservation"
    assert desk.code(commit("a-1.1", 0)) == "non_positive_amount"
    assert desk.code(commit("a-2.1", 1)) == "unknown_reservation"
    assert desk.code(commit("a-1.1", 1, call_id="call-2021-2")) == "unknown_reservation"


def test_a_reservation_is_resolved_once() -> None:
    desk = Desk().registered()
    for name in ("a-1.1", "a-2.1", "a-3.1"):
        desk.do(reserve(name, 1_000_000))
    desk.do(commit("a-1.1", 1_000_000))
    desk.do(release("a-2.1"))
    desk.now = LATER
    desk.do(Expire(envelope_id=ENVELOPE, reservation_id="a-3.1"))
    held = desk.envelope()
    assert desk.code(release("a-1.1")) == "already_committed"
    assert desk.code(Expire(envelope_id=ENVELOPE, reservation_id="a-1.1")) == "already_committed"
    assert desk.code(commit("a-2.1", 1_000_000)) == "already_released"
    assert desk.do(release("a-2.1")) == ()
    assert desk.code(release("a-3.1")) == "already_expired"
    assert desk.envelope() == held
    assert (held.reserved_cents, held.committed_cents, held.available_cents) == (0, 1_000_000, 149_000_000)


def test_a_reservation_expires_by_the_time_that_was_observed() -> None:
    desk = Desk().registered()
    desk.do(reserve("a-1.1", CAP))
    assert desk.code(Expire(envelope_id=ENVELOPE, reservation_id="a-1.1")) == "not_expired"
    assert not list(DECIDER.due(desk.state, LATER - timedelta(microseconds=1)))
    desk.now = LATER
    assert desk.code(commit("a-1.1", CAP)) == "already_expired"
    asked = list(DECIDER.due(desk.state, LATER))
    assert asked == list(DECIDER.due(desk.state, LATER + timedelta(days=1))), "the same id however often it is asked"
    ((_, expire),) = asked
    assert desk.one(expire).available_cents == 150_000_000
    assert not list(DECIDER.due(desk.state, LATER))
    assert desk.code(reserve("a-2.1", 1, expires_at=LATER)) == "already_expired"


def test_a_reserve_that_comes_before_its_call_waits_for_it() -> None:
    desk = Desk()
    assert isinstance(desk.one(reserve("a-1.1", CAP, applicant="body-1")), ReservationDeferred)
    desk.do(reserve("a-2.1", CAP, applicant="body-1"))
    desk.do(reserve("b-1.1", CAP, applicant="body-1", call_id="call-2021-2"))
    assert desk.do(reserve("a-1.1", CAP, applicant="body-1")) == ()
    assert desk.code(commit("a-1.1", CAP)) == "unknown_reservation"
    opened, noted, reserved, refused = desk.do(register())
    assert isinstance(opened, EnvelopeOpened)
    assert isinstance(noted, CallTermsNoted)
    assert isinstance(reserved, Reserved)
    assert isinstance(refused, Refused)
    assert (reserved.reservation_id, refused.reservation_id, refused.command) == ("a-1.1", "a-2.1", "Reserve")
    assert (refused.code, refused.cap_left_cents) == ("cap_exceeded", 0), "decided over what the one before it left"
    assert isinstance(desk.one(reserve("a-2.1", 1, applicant="body-2")), Reserved)


def test_a_reserve_whose_call_never_comes_expires() -> None:
    desk = Desk()
    desk.do(reserve("a-1.1", CAP))
    desk.do(reserve("a-2.1", CAP))
    assert desk.one(release("a-2.1")).amount_cents == 0
    desk.now = LATER
    ((_, expire),) = DECIDER.due(desk.state, LATER)
    assert desk.one(expire).amount_cents == 0
    assert len(desk.do(register())) == 2, "nothing is left to decide"
    assert desk.envelope().reserved_cents == 0


def test_a_call_that_names_other_numbers_for_the_envelope_is_refused() -> None:
    desk = Desk()
    opening = OpenEnvelope(envelope_id=ENVELOPE, budget_year=2021, budget_cents=150_000_000, currency="EUR")
    assert isinstance(desk.one(opening), EnvelopeOpened)
    assert desk.do(opening) == ()
    assert desk.code(register(budget=150_000_001)) == "envelope_differs"
    assert isinstance(desk.one(register()), CallTermsNoted)
    assert desk.do(register()) == ()
    assert desk.code(register(cap=1)) == "terms_differ"


def test_another_currency_is_refused() -> None:
    assert Desk().registered().code(reserve("a-1.1", 1, currency="USD")) == "currency_mismatch"


def test_a_closed_envelope_reserves_nothing_more_and_keeps_its_promises() -> None:
    desk = Desk().registered()
    desk.do(reserve("a-1.1", CAP))
    desk.do(CloseEnvelope(envelope_id=ENVELOPE))
    assert desk.do(CloseEnvelope(envelope_id=ENVELOPE)) == ()
    assert desk.code(reserve("a-2.1", 1, applicant="body-2")) == "envelope_closed"
    assert desk.one(commit("a-1.1", CAP)).amount_cents == CAP


def test_merged_bodies_add_up_and_what_they_were_granted_stays() -> None:
    desk = Desk().registered()
    desk.do(reserve("a-1.1", 5_000_000, applicant="body-1"))
    desk.do(reserve("a-2.1", 4_000_000, applicant="body-2"))
    assert desk.one(merge("body-2", "body-1")).held_cents == 9_000_000
    assert desk.do(merge("body-2", "body-1")) == ()
    assert desk.code(merge("body-2", "body-3")) == "already_merged"
    assert desk.code(reserve("a-3.1", 1, applicant="body-2")) == "cap_exceeded"
    assert desk.one(commit("a-2.1", 4_000_000)).amount_cents == 4_000_000, "above the cap, and valid"
    desk.do(release("a-1.1"))
    assert desk.held("body-1") == 4_000_000
    assert desk.one(reserve("a-4.1", 2_000_000, applicant="body-2")).counted == ("body-1",)
    assert desk.code(reserve("a-5.1", 1, applicant="body-1")) == "cap_exceeded"


def test_a_file_of_two_bodies_that_merge_counts_once() -> None:
    desk = Desk().registered()
    desk.do(reserve("a-1.1", 5_000_000, applicant="body-1", partners=("body-2", "body-3")))
    assert desk.one(merge("body-2", "body-1")).held_cents == 5_000_000
    assert desk.one(merge("body-1", "body-4")).held_cents == 5_000_000
    assert desk.code(merge("body-4", "body-4")) == "same_body"
    assert desk.do(merge("body-4", "body-2")) == (), "they are one already"
    desk.do(release("a-1.1"))
    assert [desk.held(f"body-{n}") for n in range(1, 5)] == [0, 0, 0, 0]
