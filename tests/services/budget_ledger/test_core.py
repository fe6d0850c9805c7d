"""What the ledger promises, over arbitrary histories."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.budget_ledger.core import AUTHORITY, DECIDER
from services.budget_ledger.events import Refused
from services.budget_ledger.model import (
    CloseEnvelope,
    Decommit,
    DueKind,
    DueStatus,
    Expire,
    MergeApplicants,
    RegisterCall,
    Release,
    ReservationStatus,
)
from services.budget_ledger.records import Due, Envelope, Reservation, Use
from services.kernel.decider import MemoryState
from services.kernel.form import from_json, to_json
from services.kernel.people import Actor, Role
from services.kernel.rules import CapCounts
from tests.services.budget_ledger.books import Books
from tests.services.budget_ledger.desk import ENVELOPE, START, Desk, commit, confirm, due, hand, order, register, reserve

BODIES = st.sampled_from(["body-1", "body-2", "body-3", "body-4"])
CALLS = st.sampled_from(["call-1", "call-2"])
IDS = st.sampled_from([f"a-{n}.1" for n in range(1, 5)])
KINDS = st.sampled_from(list(DueKind))
PEOPLE = st.sampled_from(["person-1", "person-2"])
TERMS = {
    "call-1": register("call-1", budget=100, cap=40),
    "call-2": register("call-2", budget=100, cap=30, counts=CapCounts.LEAD_ONLY),
}
"""Two calls on one envelope so small that every limit is met."""


class Histories(RuleBasedStateMachine):
    """Any commands in any order; after each, the books are added up anew."""

    def __init__(self) -> None:
        super().__init__()
        self.desk, self.books = Desk(), Books()

    def give(self, command: Any, actor: Actor | None = None) -> None:
        before = dict(self.desk.state.records)
        events = self.desk.do(command, actor)
        if all(isinstance(event, Refused) for event in events):
            assert self.desk.state.records == before, "a refusal changes nothing"
        for event in events:
            assert from_json(type(event), to_json(event)) == event, "an event keeps within the limits of its fields"
        self.books.take(events)

    @initialize(calls=st.sampled_from([["call-1", "call-2"], ["call-2", "call-1"], ["call-1"]]))
    def begins(self, calls: list[str]) -> None:
        for call in calls:
            self.give(TERMS[call])

    @rule(name=IDS, part=st.integers(1, 4), steps=st.integers(1, 12))
    def goes_on(self, name: str, part: int, steps: int) -> None:
        """What usually comes next for a reservation, so that histories get as far as money that came back."""
        for _ in range(steps):
            reservation = self.desk.state.get(Reservation, ENVELOPE, name)
            if reservation is None:
                self.give(reserve(name, 10 * part, call_id="call-1", applicant=f"body-{part}"))
            elif reservation.status is ReservationStatus.RESERVED:
                self.give(commit(name, reservation.amount_cents, call_id=reservation.call_id))
            else:
                self.goes_on_paying(reservation, part)

    def goes_on_paying(self, reservation: Reservation, part: int) -> None:
        name = reservation.reservation_id
        for kind in DueKind:
            noted = self.desk.state.get(Due, ENVELOPE, name, kind)
            most = reservation.outstanding_cents if kind is DueKind.RECOVERY else reservation.free_cents
            if noted is None and most > 0:
                return self.give(due(kind, max(1, most * part // 3), name))  # sometimes a third too much
            if noted is not None and noted.status is DueStatus.NOTED:
                return self.give(order(kind, noted.amount_cents, name))
            if noted is not None and noted.status is DueStatus.ORDERED:
                return self.give(confirm(kind, name))
        return None

    @rule(
        name=IDS,
        call=CALLS,
        lead=BODIES,
        partners=st.lists(BODIES, max_size=2, unique=True).map(tuple),
        amount=st.integers(0, 45),
        days=st.integers(-1, 9),
    )
    def reserves(self, *, name: str, call: str, lead: str, partners: tuple[str, ...], amount: int, days: int) -> None:
        expires_at = START + timedelta(days=days)
        self.give(reserve(name, amount, call_id=call, applicant=lead, partners=partners, expires_at=expires_at))

    @rule(name=IDS, less=st.integers(-2, 20), person=PEOPLE)
    def commits(self, name: str, less: int, person: str) -> None:
        reservation = self.desk.state.get(Reservation, ENVELOPE, name)
        amount, call = (
            (10, "call-1") if reservation is None else (reservation.amount_cents - max(0, less - 10), reservation.call_id)
        )
        self.give(commit(name, amount + min(less, 0), approved_by=person, call_id=call))

    @rule(name=IDS, expires=st.booleans())
    def ends(self, name: str, expires: bool) -> None:  # noqa: FBT001 - drawn by the machine
        end = Expire(envelope_id=ENVELOPE, reservation_id=name)
        self.give(end if expires else Release(envelope_id=ENVELOPE, reservation_id=name, reason="given up"))

    @rule(days=st.integers(0, 4))
    def time_passes(self, days: int) -> None:
        self.desk.now += timedelta(days=days)
        for _, command in tuple(DECIDER.due(self.desk.state, self.desk.now)):
            self.give(command)
        assert not list(DECIDER.due(self.desk.state, self.desk.now)), "what time made due is done"

    @rule(name=IDS, which=st.sampled_from(["x", "y"]), amount=st.integers(-1, 45))
    def decommits(self, name: str, which: str, amount: int) -> None:
        self.give(
            Decommit(
                envelope_id=ENVELOPE, reservation_id=name, decommit_id=f"{name}.{which}", amount_cents=amount, reason="unspent"
            )
        )

    @rule(name=IDS, kind=KINDS, amount=st.integers(1, 45))
    def falls_due(self, name: str, kind: DueKind, amount: int) -> None:
        self.give(due(kind, amount, name))

    @rule(name=IDS, kind=KINDS, person=PEOPLE, off=st.sampled_from([0, 0, 0, 1]))
    def orders(self, name: str, kind: DueKind, person: str, off: int) -> None:
        noted = self.desk.state.get(Due, ENVELOPE, name, kind)
        amount = 1 if noted is None else noted.amount_cents
        self.give(order(kind, amount + off, name), hand(person, Role.TREASURER))

    @rule(name=IDS, kind=KINDS, person=PEOPLE)
    def confirms(self, name: str, kind: DueKind, person: str) -> None:
        self.give(confirm(kind, name), hand(person, Role.ACCOUNTANT))

    @rule(what=st.integers(0, 5), call=CALLS, gone=BODIES, into=BODIES)
    def seldom_happens(self, what: int, call: str, gone: str, into: str) -> None:
        if what == 0:
            self.give(MergeApplicants(envelope_id=ENVELOPE, from_body=gone, into_body=into))
        elif what == 1 and len(self.desk.events) > 25:
            self.give(CloseEnvelope(envelope_id=ENVELOPE))
        else:
            self.give(TERMS[call])

    @invariant()
    def records_agree_with_the_books(self) -> None:
        envelope = self.desk.state.get(Envelope, ENVELOPE)
        accounts = self.books.accounts
        if envelope is not None:
            assert envelope.reserved_cents == sum(a.reserved for a in accounts.values())
            assert envelope.committed_cents == sum(a.committed for a in accounts.values())
            assert envelope.ordered_cents == sum(a.ordered for a in accounts.values())
            assert envelope.paid_cents == sum(a.paid for a in accounts.values())
            assert envelope.recovered_cents == sum(a.recovered for a in accounts.values())
            assert envelope.available_cents + envelope.reserved_cents + envelope.committed_cents == envelope.budget_cents
            assert envelope.available_cents >= 0
        uses = {use.applicant: use for use in self.desk.state.all(Use)}
        for body in self.books.bodies() | set(uses):
            assert (uses[body].held_cents if body in uses else 0) == (self.books.use(body) if body not in self.books.gone else 0)
        assert all(use.held_cents <= use.limit_cents for use in uses.values())
        if not self.books.gone:
            assert all(use.limit_cents <= 40 for use in uses.values()), "only a merger may pass the cap"

    def teardown(self) -> None:
        again = MemoryState()
        for event in self.desk.events:
            DECIDER.apply(event, again)
        assert again.records == self.desk.state.records, "the log alone gives the state"


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("kind", DECIDER.commands, ids=lambda kind: kind.__name__)
def test_only_the_roles_of_the_table_may_give_a_command(kind: type) -> None:
    command = _any(kind)
    for role in Role:
        desk = Desk()
        refused = [e for e in desk.do(command, hand("person-1", role)) if isinstance(e, Refused) and e.code == "not_authorised"]
        assert bool(refused) == (role not in AUTHORITY[kind])


def test_each_command_has_roles_and_no_role_is_a_persons_and_a_services_beside_release() -> None:
    assert set(AUTHORITY) == set(DECIDER.commands)
    shared = [kind for kind, roles in AUTHORITY.items() if Role.SYSTEM in roles and len(roles) > 1]
    assert shared == [Release]


def _any(kind: type) -> Any:
    examples: list[Any] = [
        register(),
        reserve("a-1.1", 1),
        commit("a-1.1", 1),
        due("advance", 1),
        order("advance", 1),
        order("recovery", 1),
        confirm("advance"),
        confirm("recovery"),
        Release(envelope_id=ENVELOPE, reservation_id="a-1.1", reason="given up"),
        Expire(envelope_id=ENVELOPE, reservation_id="a-1.1"),
        Decommit(envelope_id=ENVELOPE, reservation_id="a-1.1", decommit_id="d", amount_cents=1, reason="unspent"),
        CloseEnvelope(envelope_id=ENVELOPE),
        MergeApplicants(envelope_id=ENVELOPE, from_body="body-1", into_body="body-2"),
    ]
    found = next((example for example in examples if isinstance(example, kind)), None)
    return found or from_json(kind, {k: v for k, v in to_json(register()).items() if k in _opening(kind)})


def _opening(kind: type) -> set[str]:
    return {"envelopeId", "budgetYear", "budgetCents", "currency"} if kind is not RegisterCall else set()
