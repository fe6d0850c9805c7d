"""Commands of the budget ledger and the values they are made of; field for field the messages in `protos/grants/budget_ledger`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from services.kernel.form import Between, Id, Line, Matches
from services.kernel.rules import CapCounts, Cents, Currency

Year = Annotated[int, Between(2000, 2200)]
Partners = Annotated[tuple[Id, ...], Between(0, 300)]
BankReference = Annotated[
    str,
    Matches(
        r"(?![A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$)[A-Za-z0-9+][A-Za-z0-9._:/+-]{0,34}",
        "the bank's number of the transaction: 1 to 35 of A-Z a-z 0-9 . _ : / + -, and no account number",
    ),
]


class RefusalCode(StrEnum):
    """Why a command was not carried out."""

    ENVELOPE_EXCEEDED = "envelope_exceeded"
    CAP_EXCEEDED = "cap_exceeded"
    UNKNOWN_RESERVATION = "unknown_reservation"
    ALREADY_COMMITTED = "already_committed"
    ALREADY_RELEASED = "already_released"
    ALREADY_EXPIRED = "already_expired"
    EXCEEDS_RESERVATION = "exceeds_reservation"
    EXCEEDS_COMMITMENT = "exceeds_commitment"
    ID_REUSED = "id_reused"
    ENVELOPE_CLOSED = "envelope_closed"
    NON_POSITIVE_AMOUNT = "non_positive_amount"
    CURRENCY_MISMATCH = "currency_mismatch"
    NOT_AUTHORISED = "not_authorised"
    UNKNOWN_ENVELOPE = "unknown_envelope"
    ENVELOPE_DIFFERS = "envelope_differs"
    TERMS_DIFFER = "terms_differ"
    NOT_COMMITTED = "not_committed"
    NOT_EXPIRED = "not_expired"
    NOT_DUE = "not_due"
    DUE_DIFFERS = "due_differs"
    WRONG_AMOUNT = "wrong_amount"
    ALREADY_ORDERED = "already_ordered"
    NOT_ORDERED = "not_ordered"
    ALREADY_CONFIRMED = "already_confirmed"
    EXCEEDS_PAID = "exceeds_paid"
    SAME_HAND = "same_hand"
    SAME_BODY = "same_body"
    ALREADY_MERGED = "already_merged"


class PaymentKind(StrEnum):
    """Which payment of an award."""

    ADVANCE = "advance"
    BALANCE = "balance"


class DueKind(StrEnum):
    """What an award may owe or be owed; each at most once."""

    ADVANCE = "advance"
    BALANCE = "balance"
    RECOVERY = "recovery"


class ReservationStatus(StrEnum):
    """Where a reservation stands. It leaves `reserved` at most once."""

    DEFERRED = "deferred"
    """Asked for before its call was known here; holds nothing yet."""
    RESERVED = "reserved"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"


class DueStatus(StrEnum):
    """Where a due sum stands."""

    NOTED = "noted"
    ORDERED = "ordered"
    CONFIRMED = "confirmed"


# Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterCall:
    """Learn what a published call says about its envelope and its cap."""

    envelope_id: Id
    call_id: Id
    budget_year: Year
    budget_cents: Cents
    currency: Currency
    cap_cents: Cents
    cap_counts: CapCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEnvelope:
    """Set up the money of a budget year."""

    envelope_id: Id
    budget_year: Year
    budget_cents: Cents
    currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Set money aside for a decision that is being taken."""

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
class Commit:
    """Bind reserved money to an approved decision; what the decision leaves of the reservation is given back."""

    envelope_id: Id
    call_id: Id
    application_id: Id
    reservation_id: Id
    amount_cents: Cents
    approved_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Give reserved money back."""

    envelope_id: Id
    reservation_id: Id
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """Give back what was reserved for longer than it might be."""

    envelope_id: Id
    reservation_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Decommit:
    """Give back a part of a commitment that will not be spent."""

    envelope_id: Id
    reservation_id: Id
    decommit_id: Id
    amount_cents: Cents
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDue:
    """Note a sum that is to be paid or recovered."""

    envelope_id: Id
    reservation_id: Id
    kind: DueKind
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPayment:
    """Order a payment that is due."""

    envelope_id: Id
    reservation_id: Id
    kind: PaymentKind
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPayment:
    """Confirm that the bank has carried out a payment order."""

    envelope_id: Id
    reservation_id: Id
    kind: PaymentKind
    bank_reference: BankReference


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecovery:
    """Claim back a sum that was paid too much."""

    envelope_id: Id
    reservation_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRecovery:
    """Confirm that the claimed sum came back."""

    envelope_id: Id
    reservation_id: Id
    bank_reference: BankReference


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEnvelope:
    """End the awarding from an envelope; what is reserved or committed runs its course."""

    envelope_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeApplicants:
    """Count one body's use as another's from now on."""

    envelope_id: Id
    from_body: Id
    into_body: Id


Command = (
    RegisterCall
    | OpenEnvelope
    | Reserve
    | Commit
    | Release
    | Expire
    | Decommit
    | NoteDue
    | OrderPayment
    | ConfirmPayment
    | OrderRecovery
    | ConfirmRecovery
    | CloseEnvelope
    | MergeApplicants
)
