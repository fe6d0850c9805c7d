"""Money set aside for a decision and what becomes of it: Reserve, then Commit, Release or Expire."""

from datetime import datetime

from services.budget_ledger.events import Committed, Event, Expired, Refused, Released, ReservationDeferred, Reserved
from services.budget_ledger.model import Commit, Expire, RefusalCode, Release, ReservationStatus, Reserve
from services.budget_ledger.records import CallTerms, Envelope, Reservation, present_bodies, use_of
from services.budget_ledger.refusing import Left, refuse, resolved
from services.kernel.decider import State
from services.kernel.rules import CapCounts

_REQUEST = ("call_id", "application_id", "applicant", "partners", "amount_cents", "currency", "expires_at")
_NOT_HERE = "no such reservation in this envelope"


def reserve(command: Reserve, state: State, now: datetime) -> tuple[Event, ...]:
    """Under the cap first, then under the envelope: a cap concerns one applicant, an empty envelope everybody after."""
    earlier = state.get(Reservation, command.envelope_id, command.reservation_id)
    terms = state.get(CallTerms, command.envelope_id, command.call_id)
    if earlier is not None and (earlier.status is not ReservationStatus.DEFERRED or terms is None):
        return _once_more(command, earlier)
    if command.expires_at <= now:
        return (refuse(command, RefusalCode.ALREADY_EXPIRED, "it would expire at once"),)
    if terms is None:
        return (_deferred(command),)
    envelope = state.get(Envelope, command.envelope_id)
    assert envelope is not None, "a call's terms are noted after its envelope was opened"  # noqa: S101 - a broken log stops the process
    if command.currency != envelope.currency:
        return (refuse(command, RefusalCode.CURRENCY_MISMATCH, f"the envelope is in {envelope.currency}"),)
    if envelope.closed:
        return (refuse(command, RefusalCode.ENVELOPE_CLOSED, "nothing more is reserved from it"),)
    return (_within_limits(command, state, envelope, terms),)


def commit(command: Commit, state: State, now: datetime) -> tuple[Event, ...]:
    """Bind up to what was reserved, while the reservation lasts; the rest goes back."""
    reservation = state.get(Reservation, command.envelope_id, command.reservation_id)
    if reservation is None or reservation.status is ReservationStatus.DEFERRED or reservation.call_id != command.call_id:
        return (refuse(command, RefusalCode.UNKNOWN_RESERVATION, _NOT_HERE),)
    if reservation.status is not ReservationStatus.RESERVED:
        same = (reservation.granted_cents, reservation.approved_by) == (command.amount_cents, command.approved_by)
        return () if same else (resolved(command, reservation),)
    if now >= reservation.expires_at:
        return (refuse(command, RefusalCode.ALREADY_EXPIRED, "its time is over", about=reservation),)
    returned = reservation.amount_cents - command.amount_cents
    if returned < 0:
        detail = f"{reservation.amount_cents} cents are reserved"
        return (refuse(command, RefusalCode.EXCEEDS_RESERVATION, detail, about=reservation),)
    return (
        Committed(
            envelope_id=reservation.envelope_id,
            call_id=reservation.call_id,
            application_id=reservation.application_id,
            applicant=reservation.applicant,
            reservation_id=reservation.reservation_id,
            amount_cents=command.amount_cents,
            returned_cents=returned,
            available_cents=available(state, reservation.envelope_id) + returned,
            approved_by=command.approved_by,
        ),
    )


def release(command: Release, state: State) -> tuple[Event, ...]:
    """Give back all that is reserved; nothing to say if that was done before."""
    reservation = state.get(Reservation, command.envelope_id, command.reservation_id)
    if reservation is None:
        return (refuse(command, RefusalCode.UNKNOWN_RESERVATION, _NOT_HERE),)
    if reservation.status is ReservationStatus.RELEASED:
        return ()
    if reservation.status in (ReservationStatus.COMMITTED, ReservationStatus.EXPIRED):
        return (resolved(command, reservation),)
    return (
        Released(
            envelope_id=reservation.envelope_id,
            call_id=reservation.call_id,
            application_id=reservation.application_id,
            applicant=reservation.applicant,
            reservation_id=reservation.reservation_id,
            amount_cents=reservation.held_cents,
            available_cents=available(state, reservation.envelope_id) + reservation.held_cents,
            reason=command.reason,
        ),
    )


def expire(command: Expire, state: State, now: datetime) -> tuple[Event, ...]:
    """Give back what was reserved until `now` or earlier. A deferred Reserve ends so too: its call never came."""
    reservation = state.get(Reservation, command.envelope_id, command.reservation_id)
    if reservation is None:
        return (refuse(command, RefusalCode.UNKNOWN_RESERVATION, _NOT_HERE),)
    if reservation.status is ReservationStatus.EXPIRED:
        return ()
    if reservation.status in (ReservationStatus.COMMITTED, ReservationStatus.RELEASED):
        return (resolved(command, reservation),)
    if now < reservation.expires_at:
        return (refuse(command, RefusalCode.NOT_EXPIRED, "it still has time", about=reservation),)
    return (
        Expired(
            envelope_id=reservation.envelope_id,
            call_id=reservation.call_id,
            application_id=reservation.application_id,
            applicant=reservation.applicant,
            reservation_id=reservation.reservation_id,
            amount_cents=reservation.held_cents,
            available_cents=available(state, reservation.envelope_id) + reservation.held_cents,
        ),
    )


def waits(reservation: Reservation, state: State) -> bool:
    """Whether the reservation is deferred and its call still unknown. Once the call is known, it was decided."""
    deferred = reservation.status is ReservationStatus.DEFERRED
    return deferred and state.get(CallTerms, reservation.envelope_id, reservation.call_id) is None


def asked(reservation: Reservation) -> Reserve:
    """The command that a deferred reservation came from."""
    return Reserve(
        envelope_id=reservation.envelope_id,
        call_id=reservation.call_id,
        application_id=reservation.application_id,
        reservation_id=reservation.reservation_id,
        applicant=reservation.applicant,
        partners=reservation.partners,
        amount_cents=reservation.amount_cents,
        currency=reservation.currency,
        expires_at=reservation.expires_at,
    )


def available(state: State, envelope_id: str) -> int:
    """What may still be reserved; 0 from an envelope that is not open yet."""
    envelope = state.get(Envelope, envelope_id)
    return 0 if envelope is None else envelope.available_cents


def _once_more(command: Reserve, earlier: Reservation) -> tuple[Event, ...]:
    """A reservation id that is taken: the same request again says nothing new, unless its money is gone."""
    if earlier.status in (ReservationStatus.RELEASED, ReservationStatus.EXPIRED):
        return (resolved(command, earlier),)
    if all(getattr(command, name) == getattr(earlier, name) for name in _REQUEST):
        return ()
    return (refuse(command, RefusalCode.ID_REUSED, f"the id stands for {earlier.amount_cents} cents of {earlier.application_id}"),)


def _deferred(command: Reserve) -> ReservationDeferred:
    return ReservationDeferred(
        envelope_id=command.envelope_id,
        call_id=command.call_id,
        application_id=command.application_id,
        reservation_id=command.reservation_id,
        applicant=command.applicant,
        partners=command.partners,
        amount_cents=command.amount_cents,
        currency=command.currency,
        expires_at=command.expires_at,
    )


def _within_limits(command: Reserve, state: State, envelope: Envelope, terms: CallTerms) -> Reserved | Refused:
    members = (command.applicant, *(command.partners if terms.cap_counts is CapCounts.LEAD_AND_PARTNERS else ()))
    counted = present_bodies(state, envelope.envelope_id, members)
    left_of_cap = min(max(0, terms.cap_cents - use_of(state, envelope.envelope_id, body).held_cents) for body in counted)
    left = Left(available_cents=envelope.available_cents, cap_left_cents=left_of_cap)
    if command.amount_cents > left_of_cap:
        return refuse(command, RefusalCode.CAP_EXCEEDED, f"{left_of_cap} cents are left under the cap", left=left)
    if command.amount_cents > envelope.available_cents:
        detail = f"{envelope.available_cents} cents are left in the envelope"
        return refuse(command, RefusalCode.ENVELOPE_EXCEEDED, detail, left=left)
    return Reserved(
        envelope_id=command.envelope_id,
        call_id=command.call_id,
        application_id=command.application_id,
        applicant=command.applicant,
        partners=command.partners,
        reservation_id=command.reservation_id,
        amount_cents=command.amount_cents,
        currency=command.currency,
        counted=counted,
        cap_cents=terms.cap_cents,
        available_cents=envelope.available_cents - command.amount_cents,
        cap_left_cents=left_of_cap - command.amount_cents,
        expires_at=command.expires_at,
    )
