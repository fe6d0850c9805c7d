"""What each event changes. Sums move in one place, `_moved`, for the envelope and for every body that counts alike."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from services.budget_ledger.events import (
    ApplicantsMerged,
    CallTermsNoted,
    Committed,
    Decommitted,
    DueNoted,
    EnvelopeClosed,
    EnvelopeOpened,
    Event,
    Expired,
    Paid,
    PaymentOrdered,
    Recovered,
    RecoveryOrdered,
    Refused,
    Released,
    ReservationDeferred,
    Reserved,
)
from services.budget_ledger.model import DueKind, DueStatus, ReservationStatus
from services.budget_ledger.records import (
    CallTerms,
    Decommitment,
    Due,
    Envelope,
    Merger,
    Reservation,
    Use,
    present_bodies,
    running,
    use_of,
)
from services.kernel.decider import Record, State, replace


def evolve(event: Event, state: State) -> tuple[Record, ...]:
    """The records that an event changes, all worked out before the first is stored."""
    return tuple(_changes(event, state))


def _changes(event: Event, state: State) -> Iterable[Record]:  # noqa: C901, PLR0911, PLR0912 - one case an event
    match event:
        case EnvelopeOpened():
            return (
                Envelope(
                    envelope_id=event.envelope_id,
                    budget_year=event.budget_year,
                    budget_cents=event.budget_cents,
                    currency=event.currency,
                ),
            )
        case CallTermsNoted():
            return (
                CallTerms(
                    envelope_id=event.envelope_id,
                    call_id=event.call_id,
                    cap_cents=event.cap_cents,
                    cap_counts=event.cap_counts,
                ),
            )
        case ReservationDeferred():
            deferred = _asked(event, ReservationStatus.DEFERRED, ())
            return (deferred, running(deferred))
        case Reserved():
            return _reserved(event, state)
        case Committed() | Released() | Expired():
            return _resolved(event, state)
        case Decommitted():
            return _decommitted(event, state)
        case DueNoted():
            return (
                Due(
                    envelope_id=event.envelope_id,
                    reservation_id=event.reservation_id,
                    kind=event.kind,
                    amount_cents=event.amount_cents,
                ),
            )
        case PaymentOrdered() | RecoveryOrdered():
            return _ordered(event, state)
        case Paid() | Recovered():
            return _confirmed(event, state)
        case EnvelopeClosed():
            return (replace(_envelope(state, event.envelope_id), closed=True),)
        case ApplicantsMerged():
            return _merged(event, state)
        case Refused():
            return ()
        case _:
            assert_never(event)


def _asked(event: ReservationDeferred | Reserved, status: ReservationStatus, counted: tuple[str, ...]) -> Reservation:
    return Reservation(
        envelope_id=event.envelope_id,
        reservation_id=event.reservation_id,
        call_id=event.call_id,
        application_id=event.application_id,
        applicant=event.applicant,
        partners=event.partners,
        amount_cents=event.amount_cents,
        currency=event.currency,
        expires_at=event.expires_at,
        status=status,
        counted=counted,
    )


def _reserved(event: Reserved, state: State) -> Iterator[Record]:
    reservation = _asked(event, ReservationStatus.RESERVED, event.counted)
    yield reservation
    deferred = state.get(Reservation, event.envelope_id, event.reservation_id)
    if deferred is not None:
        yield running(deferred, over=True)
    yield running(reservation)
    for record in _moved(reservation, state, reserved=event.amount_cents):
        yield replace(record, limit_cents=event.cap_cents) if isinstance(record, Use) else record


def _resolved(event: Committed | Released | Expired, state: State) -> Iterator[Record]:
    reservation = _reservation(state, event)
    yield running(reservation, over=True)
    match event:
        case Committed():
            yield replace(
                reservation,
                status=ReservationStatus.COMMITTED,
                committed_cents=event.amount_cents,
                approved_by=event.approved_by,
            )
            given_up = event.amount_cents + event.returned_cents
            yield from _moved(reservation, state, reserved=-given_up, committed=event.amount_cents)
        case Released():
            yield replace(reservation, status=ReservationStatus.RELEASED)
            yield from _moved(reservation, state, reserved=-event.amount_cents)
        case Expired():
            yield replace(reservation, status=ReservationStatus.EXPIRED)
            yield from _moved(reservation, state, reserved=-event.amount_cents)


def _decommitted(event: Decommitted, state: State) -> Iterator[Record]:
    reservation = _reservation(state, event)
    yield Decommitment(
        envelope_id=event.envelope_id,
        reservation_id=event.reservation_id,
        decommit_id=event.decommit_id,
        amount_cents=event.amount_cents,
    )
    yield replace(
        reservation,
        committed_cents=reservation.committed_cents - event.amount_cents,
        decommitted_cents=reservation.decommitted_cents + event.amount_cents,
    )
    yield from _moved(reservation, state, committed=-event.amount_cents)


def _ordered(event: PaymentOrdered | RecoveryOrdered, state: State) -> Iterator[Record]:
    kind = DueKind(event.kind) if isinstance(event, PaymentOrdered) else DueKind.RECOVERY
    yield replace(_due(state, event, kind), status=DueStatus.ORDERED, ordered_by=event.ordered_by)
    if isinstance(event, PaymentOrdered):
        reservation = _reservation(state, event)
        yield replace(reservation, ordered_cents=reservation.ordered_cents + event.amount_cents)
        yield from _moved(reservation, state, ordered=event.amount_cents)


def _confirmed(event: Paid | Recovered, state: State) -> Iterator[Record]:
    kind = DueKind(event.kind) if isinstance(event, Paid) else DueKind.RECOVERY
    amount = event.amount_cents
    yield replace(_due(state, event, kind), status=DueStatus.CONFIRMED)
    reservation = _reservation(state, event)
    if isinstance(event, Paid):
        yield replace(
            reservation,
            ordered_cents=reservation.ordered_cents - amount,
            paid_cents=reservation.paid_cents + amount,
        )
        yield from _moved(reservation, state, ordered=-amount, paid=amount)
    else:
        yield replace(
            reservation,
            committed_cents=reservation.committed_cents - amount,
            recovered_cents=reservation.recovered_cents + amount,
        )
        yield from _moved(reservation, state, committed=-amount, recovered=amount)


def _merged(event: ApplicantsMerged, state: State) -> Iterator[Record]:
    yield Merger(envelope_id=event.envelope_id, from_body=event.from_body, into_body=event.into_body)
    yield replace(use_of(state, event.envelope_id, event.from_body), held_cents=0)
    into = use_of(state, event.envelope_id, event.into_body)
    yield replace(into, held_cents=event.held_cents, limit_cents=max(into.limit_cents, event.held_cents))


def _moved(
    reservation: Reservation,
    state: State,
    *,
    reserved: int = 0,
    committed: int = 0,
    ordered: int = 0,
    paid: int = 0,
    recovered: int = 0,
) -> Iterator[Envelope | Use]:
    """The envelope, and the use of each body that the reservation counts for, after sums have moved."""
    if reservation.status is ReservationStatus.DEFERRED:
        return  # it holds nothing, and its envelope may not be open
    envelope = _envelope(state, reservation.envelope_id)
    yield replace(
        envelope,
        reserved_cents=envelope.reserved_cents + reserved,
        committed_cents=envelope.committed_cents + committed,
        ordered_cents=envelope.ordered_cents + ordered,
        paid_cents=envelope.paid_cents + paid,
        recovered_cents=envelope.recovered_cents + recovered,
    )
    if reserved + committed:
        for body in present_bodies(state, reservation.envelope_id, reservation.counted):
            use = use_of(state, reservation.envelope_id, body)
            yield replace(use, held_cents=use.held_cents + reserved + committed)


def _envelope(state: State, envelope_id: str) -> Envelope:
    envelope = state.get(Envelope, envelope_id)
    assert envelope is not None, f"envelope {envelope_id} was never opened"  # noqa: S101 - a broken log stops the process
    return envelope


def _reservation(
    state: State, event: Committed | Released | Expired | Decommitted | PaymentOrdered | RecoveryOrdered | Paid | Recovered
) -> Reservation:
    reservation = state.get(Reservation, event.envelope_id, event.reservation_id)
    assert reservation is not None, f"reservation {event.reservation_id} was never made"  # noqa: S101 - a broken log stops the process
    return reservation


def _due(state: State, event: PaymentOrdered | RecoveryOrdered | Paid | Recovered, kind: DueKind) -> Due:
    due = state.get(Due, event.envelope_id, event.reservation_id, kind)
    assert due is not None, f"{kind} of {event.reservation_id} was never due"  # noqa: S101 - a broken log stops the process
    return due
