"""Committed money on its way: what is due, payments and recoveries with two hands each, and what will not be spent."""

from services.budget_ledger.events import Decommitted, DueNoted, Event, Paid, PaymentOrdered, Recovered, RecoveryOrdered, Refused
from services.budget_ledger.model import (
    ConfirmPayment,
    ConfirmRecovery,
    Decommit,
    DueKind,
    DueStatus,
    NoteDue,
    OrderPayment,
    OrderRecovery,
    RefusalCode,
)
from services.budget_ledger.records import Decommitment, Due, Reservation
from services.budget_ledger.refusing import committed, refuse
from services.budget_ledger.reserving import available
from services.kernel.decider import State


def decommit(command: Decommit, state: State) -> tuple[Event, ...]:
    """Give back a part that is neither paid, net of what came back, nor ordered."""
    reservation = committed(state, command)
    if isinstance(reservation, Refused):
        return (reservation,)
    earlier = state.get(Decommitment, command.envelope_id, command.reservation_id, command.decommit_id)
    if earlier is not None:
        same = earlier.amount_cents == command.amount_cents
        return (
            ()
            if same
            else (refuse(command, RefusalCode.ID_REUSED, f"it gave back {earlier.amount_cents} cents", about=reservation),)
        )
    if command.amount_cents > reservation.free_cents:
        return (_too_much(command, reservation),)
    return (
        Decommitted(
            envelope_id=reservation.envelope_id,
            call_id=reservation.call_id,
            application_id=reservation.application_id,
            applicant=reservation.applicant,
            reservation_id=reservation.reservation_id,
            decommit_id=command.decommit_id,
            amount_cents=command.amount_cents,
            available_cents=available(state, reservation.envelope_id) + command.amount_cents,
            reason=command.reason,
        ),
    )


def note_due(command: NoteDue, state: State) -> tuple[Event, ...]:
    """Each kind once for an award, and never more than may be paid or can come back."""
    reservation = committed(state, command)
    if isinstance(reservation, Refused):
        return (reservation,)
    earlier = state.get(Due, command.envelope_id, command.reservation_id, command.kind)
    if earlier is not None:
        same = earlier.amount_cents == command.amount_cents
        return (
            () if same else (refuse(command, RefusalCode.DUE_DIFFERS, f"{earlier.amount_cents} cents are due", about=reservation),)
        )
    if command.amount_cents > _most(reservation, command.kind):
        return (_too_much(command, reservation, command.kind),)
    return (
        DueNoted(
            envelope_id=reservation.envelope_id,
            call_id=reservation.call_id,
            application_id=reservation.application_id,
            applicant=reservation.applicant,
            reservation_id=reservation.reservation_id,
            kind=command.kind,
            amount_cents=command.amount_cents,
        ),
    )


def order(command: OrderPayment | OrderRecovery, state: State, hand: str) -> tuple[Event, ...]:
    """Order exactly what is due, by another hand than the one that approved the award."""
    kind = DueKind(command.kind) if isinstance(command, OrderPayment) else DueKind.RECOVERY
    reservation = committed(state, command)
    if isinstance(reservation, Refused):
        return (reservation,)
    due = state.get(Due, command.envelope_id, command.reservation_id, kind)
    if due is None:
        return (refuse(command, RefusalCode.NOT_DUE, f"no {kind} is due", about=reservation),)
    if (refused := _why_not(command, reservation, due, hand)) is not None:
        return (refused,)
    if isinstance(command, OrderPayment):
        return (_payment_ordered(command, reservation, hand),)
    return (_recovery_ordered(command, reservation, hand),)


def confirm(command: ConfirmPayment | ConfirmRecovery, state: State, hand: str) -> tuple[Event, ...]:
    """What the bank did, confirmed by another hand than the one that ordered it."""
    kind = DueKind(command.kind) if isinstance(command, ConfirmPayment) else DueKind.RECOVERY
    reservation = committed(state, command)
    if isinstance(reservation, Refused):
        return (reservation,)
    due = state.get(Due, command.envelope_id, command.reservation_id, kind)
    if due is None or due.status is DueStatus.NOTED:
        return (refuse(command, RefusalCode.NOT_ORDERED, f"no {kind} was ordered", about=reservation),)
    if due.status is DueStatus.CONFIRMED:
        return (refuse(command, RefusalCode.ALREADY_CONFIRMED, f"the {kind} is {due.status}", about=reservation),)
    if hand == due.ordered_by:
        return (refuse(command, RefusalCode.SAME_HAND, f"the same hand ordered the {kind}", about=reservation),)
    if isinstance(command, ConfirmPayment):
        return (_paid(command, reservation, due, hand),)
    return (_recovered(command, reservation, due, hand, available(state, command.envelope_id)),)


def _why_not(command: OrderPayment | OrderRecovery, reservation: Reservation, due: Due, hand: str) -> Refused | None:
    if due.status is not DueStatus.NOTED:
        return refuse(command, RefusalCode.ALREADY_ORDERED, f"the {due.kind} is {due.status}", about=reservation)
    if command.amount_cents != due.amount_cents:
        return refuse(command, RefusalCode.WRONG_AMOUNT, f"{due.amount_cents} cents are due", about=reservation)
    if hand == reservation.approved_by:
        return refuse(command, RefusalCode.SAME_HAND, "the same hand approved the award", about=reservation)
    if command.amount_cents > _most(reservation, due.kind):
        return _too_much(command, reservation, due.kind)
    return None


def _most(reservation: Reservation, kind: DueKind) -> int:
    return reservation.outstanding_cents if kind is DueKind.RECOVERY else reservation.free_cents


def _too_much(
    command: Decommit | NoteDue | OrderPayment | OrderRecovery, reservation: Reservation, kind: DueKind | None = None
) -> Refused:
    if kind is DueKind.RECOVERY:
        detail = f"{reservation.outstanding_cents} cents are paid and not recovered"
        return refuse(command, RefusalCode.EXCEEDS_PAID, detail, about=reservation)
    detail = f"{reservation.free_cents} cents of the commitment are neither paid nor ordered"
    return refuse(command, RefusalCode.EXCEEDS_COMMITMENT, detail, about=reservation)


def _payment_ordered(command: OrderPayment, reservation: Reservation, hand: str) -> PaymentOrdered:
    return PaymentOrdered(
        envelope_id=reservation.envelope_id,
        call_id=reservation.call_id,
        application_id=reservation.application_id,
        applicant=reservation.applicant,
        reservation_id=reservation.reservation_id,
        payment_id=f"{reservation.reservation_id}.{command.kind}",
        kind=command.kind,
        amount_cents=command.amount_cents,
        ordered_by=hand,
    )


def _recovery_ordered(command: OrderRecovery, reservation: Reservation, hand: str) -> RecoveryOrdered:
    return RecoveryOrdered(
        envelope_id=reservation.envelope_id,
        call_id=reservation.call_id,
        application_id=reservation.application_id,
        applicant=reservation.applicant,
        reservation_id=reservation.reservation_id,
        recovery_id=f"{reservation.reservation_id}.{DueKind.RECOVERY}",
        amount_cents=command.amount_cents,
        ordered_by=hand,
    )


def _paid(command: ConfirmPayment, reservation: Reservation, due: Due, hand: str) -> Paid:
    return Paid(
        envelope_id=reservation.envelope_id,
        call_id=reservation.call_id,
        application_id=reservation.application_id,
        applicant=reservation.applicant,
        reservation_id=reservation.reservation_id,
        payment_id=f"{reservation.reservation_id}.{command.kind}",
        kind=command.kind,
        amount_cents=due.amount_cents,
        bank_reference=command.bank_reference,
        confirmed_by=hand,
    )


def _recovered(command: ConfirmRecovery, reservation: Reservation, due: Due, hand: str, available_cents: int) -> Recovered:
    return Recovered(
        envelope_id=reservation.envelope_id,
        call_id=reservation.call_id,
        application_id=reservation.application_id,
        applicant=reservation.applicant,
        reservation_id=reservation.reservation_id,
        recovery_id=f"{reservation.reservation_id}.{DueKind.RECOVERY}",
        amount_cents=due.amount_cents,
        available_cents=available_cents + due.amount_cents,
        bank_reference=command.bank_reference,
        confirmed_by=hand,
    )
