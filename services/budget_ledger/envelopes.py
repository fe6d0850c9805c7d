"""Envelopes and who draws on them: opening, a call's terms, mergers of bodies, closing."""

from collections.abc import Iterator
from datetime import datetime

from services.budget_ledger.ahead import Ahead
from services.budget_ledger.effects import evolve
from services.budget_ledger.events import ApplicantsMerged, CallTermsNoted, EnvelopeClosed, EnvelopeOpened, Event
from services.budget_ledger.model import CloseEnvelope, MergeApplicants, OpenEnvelope, RefusalCode, RegisterCall
from services.budget_ledger.records import CallTerms, Envelope, Merger, Reservation, Running, present_bodies, present_body, use_of
from services.budget_ledger.refusing import refuse
from services.budget_ledger.reserving import asked, reserve, waits
from services.kernel.decider import State


def open_envelope(command: OpenEnvelope, state: State) -> tuple[Event, ...]:
    """Open it, or see that it stands open with the same numbers."""
    envelope = state.get(Envelope, command.envelope_id)
    if envelope is None:
        return (_opened(command),)
    return () if _same(command, envelope) else (refuse(command, RefusalCode.ENVELOPE_DIFFERS, _numbers(envelope)),)


def register_call(command: RegisterCall, state: State, now: datetime) -> tuple[Event, ...]:
    """Note the call's terms, open its envelope if need be, and decide what was asked for before, by reservation id."""
    envelope = state.get(Envelope, command.envelope_id)
    if envelope is not None and not _same(command, envelope):
        return (refuse(command, RefusalCode.ENVELOPE_DIFFERS, _numbers(envelope)),)
    terms = state.get(CallTerms, command.envelope_id, command.call_id)
    if terms is not None:
        same = (terms.cap_cents, terms.cap_counts) == (command.cap_cents, command.cap_counts)
        return (
            () if same else (refuse(command, RefusalCode.TERMS_DIFFER, f"the cap is {terms.cap_cents} cents, {terms.cap_counts}"),)
        )
    noted = CallTermsNoted(
        envelope_id=command.envelope_id, call_id=command.call_id, cap_cents=command.cap_cents, cap_counts=command.cap_counts
    )
    first: tuple[Event, ...] = (noted,) if envelope is not None else (_opened(command), noted)
    return (*first, *_asked_before(command, state, first, now))


def close_envelope(command: CloseEnvelope, state: State, hand: str) -> tuple[Event, ...]:
    """Close it; nothing to say if that was done before."""
    envelope = state.get(Envelope, command.envelope_id)
    if envelope is None:
        return (refuse(command, RefusalCode.UNKNOWN_ENVELOPE, "no such envelope"),)
    return () if envelope.closed else (EnvelopeClosed(envelope_id=command.envelope_id, closed_by=hand),)


def merge_applicants(command: MergeApplicants, state: State) -> tuple[Event, ...]:
    """Add up the use of two bodies; a file that counted for both counts once."""
    envelope_id, gone = command.envelope_id, command.from_body
    if state.get(Envelope, envelope_id) is None:
        return (refuse(command, RefusalCode.UNKNOWN_ENVELOPE, "no such envelope"),)
    if gone == command.into_body:
        return (refuse(command, RefusalCode.SAME_BODY, "a body cannot merge into itself"),)
    into = present_body(state, envelope_id, command.into_body)
    if present_body(state, envelope_id, gone) == into:
        return ()
    if (earlier := state.get(Merger, envelope_id, gone)) is not None:
        return (refuse(command, RefusalCode.ALREADY_MERGED, f"it merged into {earlier.into_body}"),)
    twice = sum(
        reservation.held_cents
        for reservation in state.all(Reservation, envelope_id)
        if {gone, into} <= set(present_bodies(state, envelope_id, reservation.counted))
    )
    held = use_of(state, envelope_id, gone).held_cents + use_of(state, envelope_id, into).held_cents - twice
    return (ApplicantsMerged(envelope_id=envelope_id, from_body=gone, into_body=into, held_cents=held),)


def _asked_before(command: RegisterCall, state: State, first: tuple[Event, ...], now: datetime) -> Iterator[Event]:
    """Decide each deferred reservation of the call over what the ones before it have left."""
    ahead = Ahead(state)
    names = sorted(r.reservation_id for r in state.all(Running) if r.envelope_id == command.envelope_id)
    running = [r for name in names if (r := state.get(Reservation, command.envelope_id, name)) is not None]
    waiting = [r for r in running if r.call_id == command.call_id and waits(r, state)]
    for event in first:
        ahead.put_all(evolve(event, ahead))
    for reservation in waiting:
        for event in reserve(asked(reservation), ahead, now):
            yield event
            ahead.put_all(evolve(event, ahead))


def _opened(command: OpenEnvelope | RegisterCall) -> EnvelopeOpened:
    return EnvelopeOpened(
        envelope_id=command.envelope_id,
        budget_year=command.budget_year,
        budget_cents=command.budget_cents,
        currency=command.currency,
    )


def _same(command: OpenEnvelope | RegisterCall, envelope: Envelope) -> bool:
    return (envelope.budget_year, envelope.budget_cents, envelope.currency) == (
        command.budget_year,
        command.budget_cents,
        command.currency,
    )


def _numbers(envelope: Envelope) -> str:
    return f"it was opened with {envelope.budget_cents} cents {envelope.currency} for {envelope.budget_year}"
