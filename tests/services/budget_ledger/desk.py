"""A ledger at a desk: commands in short words over a state in memory, and every event that they led to."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from services.budget_ledger.core import AUTHORITY, DECIDER
from services.budget_ledger.events import Event, Refused
from services.budget_ledger.model import (
    Commit,
    ConfirmPayment,
    ConfirmRecovery,
    DueKind,
    NoteDue,
    OrderPayment,
    OrderRecovery,
    PaymentKind,
    RegisterCall,
    Reserve,
)
from services.budget_ledger.records import Envelope, Reservation, Use
from services.kernel.decider import At, MemoryState
from services.kernel.people import Actor, Role
from services.kernel.rules import CapCounts

ENVELOPE = "envelope-2021"
CALL = "call-2021-1"
START = datetime(2021, 6, 1, 8, 0, tzinfo=UTC)
LATER = START + timedelta(days=90)
"""When reservations expire, unless a test says otherwise."""


def hand(person: str, *roles: Role) -> Actor:
    return Actor(id=person, organisation="agency", roles=roles)


HANDS = {
    Role.SYSTEM: hand("service:awarding", Role.SYSTEM),
    Role.TREASURER: hand("treasurer-1", Role.TREASURER),
    Role.ACCOUNTANT: hand("accountant-1", Role.ACCOUNTANT),
}


@dataclass
class Desk:
    state: MemoryState = field(default_factory=MemoryState)
    events: list[Event] = field(default_factory=list)
    now: datetime = START

    def do(self, command: Any, actor: Actor | None = None) -> tuple[Event, ...]:
        by = actor or HANDS[min(AUTHORITY[type(command)])]
        events = DECIDER.run(command, self.state, At(actor=by, now=self.now))
        self.events += events
        return events

    def one(self, command: Any, actor: Actor | None = None) -> Any:
        (event,) = self.do(command, actor)
        return event

    def code(self, command: Any, actor: Actor | None = None) -> str:
        event = self.one(command, actor)
        assert isinstance(event, Refused), event
        return event.code

    def envelope(self) -> Envelope:
        envelope = self.state.get(Envelope, ENVELOPE)
        assert envelope is not None
        return envelope

    def reservation(self, reservation_id: str) -> Reservation:
        reservation = self.state.get(Reservation, ENVELOPE, reservation_id)
        assert reservation is not None
        return reservation

    def held(self, body: str) -> int:
        use = self.state.get(Use, ENVELOPE, body)
        return 0 if use is None else use.held_cents

    def registered(self, **terms: Any) -> "Desk":
        self.do(register(**terms))
        return self

    def awarded(self, reservation_id: str = "a-1.1", amount: int = 6_000_000, *, applicant: str = "body-1") -> "Desk":
        """Register, reserve and commit."""
        self.do(register())
        self.do(reserve(reservation_id, amount, applicant=applicant))
        self.do(commit(reservation_id, amount))
        return self

    def paid(self, kind: str, amount: int, reservation_id: str = "a-1.1") -> "Desk":
        """Note a payment as due, order and confirm it."""
        self.do(due(kind, amount, reservation_id))
        self.do(order(kind, amount, reservation_id))
        self.do(confirm(kind, reservation_id))
        return self


def register(
    call_id: str = CALL,
    *,
    budget: int = 150_000_000,
    cap: int = 6_000_000,
    counts: CapCounts = CapCounts.LEAD_AND_PARTNERS,
    currency: str = "EUR",
) -> RegisterCall:
    return RegisterCall(
        envelope_id=ENVELOPE,
        call_id=call_id,
        budget_year=2021,
        budget_cents=budget,
        currency=currency,
        cap_cents=cap,
        cap_counts=counts,
    )


def reserve(
    reservation_id: str,
    amount: int,
    *,
    applicant: str = "body-1",
    partners: tuple[str, ...] = (),
    call_id: str = CALL,
    currency: str = "EUR",
    expires_at: datetime = LATER,
) -> Reserve:
    return Reserve(
        envelope_id=ENVELOPE,
        call_id=call_id,
        application_id=reservation_id.partition(".")[0],
        reservation_id=reservation_id,
        applicant=applicant,
        partners=partners,
        amount_cents=amount,
        currency=currency,
        expires_at=expires_at,
    )


def commit(reservation_id: str, amount: int, *, approved_by: str = "minister", call_id: str = CALL) -> Commit:
    return Commit(
        envelope_id=ENVELOPE,
        call_id=call_id,
        application_id=reservation_id.partition(".")[0],
        reservation_id=reservation_id,
        amount_cents=amount,
        approved_by=approved_by,
    )


def due(kind: str, amount: int, reservation_id: str = "a-1.1") -> NoteDue:
    return NoteDue(envelope_id=ENVELOPE, reservation_id=reservation_id, kind=DueKind(kind), amount_cents=amount)


def order(kind: str, amount: int, reservation_id: str = "a-1.1") -> OrderPayment | OrderRecovery:
    if kind == DueKind.RECOVERY:
        return OrderRecovery(envelope_id=ENVELOPE, reservation_id=reservation_id, amount_cents=amount)
    return OrderPayment(envelope_id=ENVELOPE, reservation_id=reservation_id, kind=PaymentKind(kind), amount_cents=amount)


def confirm(kind: str, reservation_id: str = "a-1.1", reference: str = "2021/000123") -> ConfirmPayment | ConfirmRecovery:
    if kind == DueKind.RECOVERY:
        return ConfirmRecovery(envelope_id=ENVELOPE, reservation_id=reservation_id, bank_reference=reference)
    return ConfirmPayment(envelope_id=ENVELOPE, reservation_id=reservation_id, kind=PaymentKind(kind), bank_reference=reference)
