"""Events of the budget ledger; field for field the messages in `protos/grants/budget_ledger`."""

from dataclasses import dataclass
from datetime import datetime

from services.budget_ledger.model import BankReference, DueKind, Partners, PaymentKind, RefusalCode, Year
from services.kernel.form import Id, Line
from services.kernel.rules import CapCounts, Cents, CentsOrZero, Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeOpened:
    """An envelope: the money of one budget year."""

    envelope_id: Id
    budget_year: Year
    budget_cents: Cents
    currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTermsNoted:
    """A call that spends from the envelope, and the cap that it sets."""

    envelope_id: Id
    call_id: Id
    cap_cents: Cents
    cap_counts: CapCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationDeferred:
    """A reservation asked for before its call was known here; it is decided when the call is."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    reservation_id: Id
    applicant: Id
    partners: Partners
    amount_cents: Cents
    currency: Currency
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """Money set aside. `counted` are the bodies whose use of the envelope grew by it, each under `cap_cents`."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    partners: Partners
    reservation_id: Id
    amount_cents: Cents
    currency: Currency
    counted: tuple[Id, ...]
    cap_cents: Cents
    available_cents: CentsOrZero
    cap_left_cents: CentsOrZero
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """Reserved money bound to a decision; `returned_cents` of the reservation went back."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    reservation_id: Id
    amount_cents: Cents
    returned_cents: CentsOrZero
    available_cents: CentsOrZero
    approved_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A reservation given up; `amount_cents` went back, 0 if it was deferred."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    reservation_id: Id
    amount_cents: CentsOrZero
    available_cents: CentsOrZero
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """A reservation that ran out; `amount_cents` went back, 0 if it was deferred."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    reservation_id: Id
    amount_cents: CentsOrZero
    available_cents: CentsOrZero


@dataclass(frozen=True, slots=True, kw_only=True)
class Decommitted:
    """A part of a commitment given back."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    reservation_id: Id
    decommit_id: Id
    amount_cents: Cents
    available_cents: CentsOrZero
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNoted:
    """A sum that is to be paid or recovered."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    reservation_id: Id
    kind: DueKind
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrdered:
    """A payment on its way to the bank."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    reservation_id: Id
    payment_id: Id
    kind: PaymentKind
    amount_cents: Cents
    ordered_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A payment that the bank has carried out."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    reservation_id: Id
    payment_id: Id
    kind: PaymentKind
    amount_cents: Cents
    bank_reference: BankReference
    confirmed_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryOrdered:
    """A sum claimed back from the applicant."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    reservation_id: Id
    recovery_id: Id
    amount_cents: Cents
    ordered_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A sum that came back: the commitment shrank by it, and it can be awarded again."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    reservation_id: Id
    recovery_id: Id
    amount_cents: Cents
    available_cents: CentsOrZero
    bank_reference: BankReference
    confirmed_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeClosed:
    """Nothing more is reserved from this envelope."""

    envelope_id: Id
    closed_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicantsMerged:
    """`from_body` now counts as `into_body`, which holds `held_cents` of the envelope."""

    envelope_id: Id
    from_body: Id
    into_body: Id
    held_cents: CentsOrZero


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that was not carried out, and why. A refused Reserve tells what would have fitted."""

    envelope_id: Id
    call_id: Id | None = None
    application_id: Id | None = None
    reservation_id: Id | None = None
    command: Id
    code: RefusalCode
    detail: Line
    available_cents: CentsOrZero | None = None
    cap_left_cents: CentsOrZero | None = None


Event = (
    EnvelopeOpened
    | CallTermsNoted
    | ReservationDeferred
    | Reserved
    | Committed
    | Released
    | Expired
    | Decommitted
    | DueNoted
    | PaymentOrdered
    | Paid
    | RecoveryOrdered
    | Recovered
    | EnvelopeClosed
    | ApplicantsMerged
    | Refused
)
