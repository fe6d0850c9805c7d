"""What the budget ledger promises: no cent is awarded twice, none above the envelope, none above an applicant's cap.

At every entry of its log, for each envelope:

- available + reserved + committed = budget, none of them below 0;
- what a body holds, reserved and committed, alone or (if the call counts so) in a group, is at most the cap;
- a reservation is resolved at most once: committed, released or expired;
- ordered + paid - recovered <= committed, for each award and in sum.

Money that came back shrinks the commitment by as much, so it is available again: until the envelope is closed at the end of its
budget year it can be awarded once more.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any, assert_never, get_args

from services.budget_ledger import envelopes, paying, reserving
from services.budget_ledger.checks import CHECKS
from services.budget_ledger.effects import evolve
from services.budget_ledger.events import Event, Refused
from services.budget_ledger.model import (
    CloseEnvelope,
    Command,
    Commit,
    ConfirmPayment,
    ConfirmRecovery,
    Decommit,
    Expire,
    MergeApplicants,
    NoteDue,
    OpenEnvelope,
    OrderPayment,
    OrderRecovery,
    RefusalCode,
    RegisterCall,
    Release,
    ReservationStatus,
    Reserve,
)
from services.budget_ledger.records import CallTerms, Decommitment, Due, Envelope, Merger, Reservation, Running, Use, moment
from services.budget_ledger.refusing import refuse
from services.kernel.decider import At, Decider, Record, State
from services.kernel.people import Role

AUTHORITY: Mapping[type, frozenset[Role]] = {
    RegisterCall: frozenset({Role.SYSTEM}),
    OpenEnvelope: frozenset({Role.TREASURER}),
    Reserve: frozenset({Role.SYSTEM}),
    Commit: frozenset({Role.SYSTEM}),
    Release: frozenset({Role.SYSTEM, Role.TREASURER}),
    Expire: frozenset({Role.SYSTEM}),
    Decommit: frozenset({Role.SYSTEM}),
    NoteDue: frozenset({Role.SYSTEM}),
    OrderPayment: frozenset({Role.TREASURER}),
    ConfirmPayment: frozenset({Role.ACCOUNTANT}),
    OrderRecovery: frozenset({Role.TREASURER}),
    ConfirmRecovery: frozenset({Role.ACCOUNTANT}),
    CloseEnvelope: frozenset({Role.TREASURER}),
    MergeApplicants: frozenset({Role.SYSTEM}),
}


def decide(command: Command, state: State, at: At) -> tuple[Event, ...]:  # noqa: C901, PLR0911, PLR0912 - one case a command
    """What a command leads to; nothing if it asks for what is so already."""
    if getattr(command, "amount_cents", 1) <= 0:
        return (refuse(command, RefusalCode.NON_POSITIVE_AMOUNT, "an amount is at least one cent"),)
    match command:
        case RegisterCall():
            return envelopes.register_call(command, state, at.now)
        case OpenEnvelope():
            return envelopes.open_envelope(command, state)
        case Reserve():
            return reserving.reserve(command, state, at.now)
        case Commit():
            return reserving.commit(command, state, at.now)
        case Release():
            return reserving.release(command, state)
        case Expire():
            return reserving.expire(command, state, at.now)
        case Decommit():
            return paying.decommit(command, state)
        case NoteDue():
            return paying.note_due(command, state)
        case OrderPayment() | OrderRecovery():
            return paying.order(command, state, at.actor.id)
        case ConfirmPayment() | ConfirmRecovery():
            return paying.confirm(command, state, at.actor.id)
        case CloseEnvelope():
            return envelopes.close_envelope(command, state, at.actor.id)
        case MergeApplicants():
            return envelopes.merge_applicants(command, state)
        case _:
            assert_never(command)


def due(state: State, now: datetime) -> Iterable[tuple[str, Expire]]:
    """Reservations whose time is over, the first to end first."""
    for running in takewhile(lambda running: running.ends <= moment(now), state.all(Running)):
        reservation = state.get(Reservation, running.envelope_id, running.reservation_id)
        assert reservation is not None, "what runs was reserved or deferred"  # noqa: S101 - a broken log stops the process
        if reservation.status is ReservationStatus.RESERVED or reserving.waits(reservation, state):
            command = Expire(envelope_id=reservation.envelope_id, reservation_id=reservation.reservation_id)
            yield f"{reservation.key()}/expire", command


def _reads(command: Command) -> Iterable[tuple[type[Record], tuple[str, ...]]]:
    """The reservation that a command is about, and the use of the body that asks for money."""
    if isinstance(command, Reserve):
        yield Use, (command.envelope_id, command.applicant)
    if (reservation_id := getattr(command, "reservation_id", None)) is not None:
        yield Reservation, (command.envelope_id, reservation_id)


def _refused(command: Command, code: str, detail: str) -> Refused:
    return refuse(command, RefusalCode(code), detail)


def _envelope(command: Any) -> str:
    envelope_id: str = command.envelope_id
    return envelope_id


DECIDER = Decider(
    service="budget_ledger",
    commands=get_args(Command),
    events=get_args(Event),
    records=(Envelope, CallTerms, Use, Reservation, Running, Due, Decommitment, Merger),
    decide=decide,
    evolve=evolve,
    stream=_envelope,
    shard=_envelope,
    authority=AUTHORITY,
    refused=_refused,
    reads=_reads,
    due=due,
    checks=CHECKS,
)
