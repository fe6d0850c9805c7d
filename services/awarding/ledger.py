"""What follows from the ledger's answers. One that is repeated, late, or about a question no longer open leads to nothing."""

from services.awarding.answers import awaited, proposal_of, rules_of
from services.awarding.events import AwardGranted, DecommitRequested, Event, ProposalHalted
from services.awarding.model import NoteCommitted, NoteLedgerRefused, NoteReleased, NoteReserved
from services.awarding.records import File, Stage
from services.awarding.terms import Asked, Ending, Ground, Limit
from services.awarding.walk import Walk, release, reopen
from services.kernel.decider import At, State

_ENDED = ("already_released", "already_expired", "unknown_reservation")
"""The ledger's codes for a reservation that holds no money: there is nothing left to release."""


def reserved(command: NoteReserved, state: State, at: At) -> tuple[Event, ...]:
    """The money is held: propose the award and go on with the next file."""
    file = awaited(command, state)
    if file is None or file.stage is not Stage.ASKED or command.amount_cents != file.asked_cents:
        return ()
    walk = current_walk(state, file.call_id, at)
    return walk.go_on(walk.award(file))


def committed(command: NoteCommitted, state: State) -> tuple[Event, ...]:
    """The money is bound: the award is granted, or freed at once if the applicant has left in the meantime."""
    file = awaited(command, state)
    if file is None or file.stage not in (Stage.APPROVED, Stage.LEAVING):
        return ()
    if file.stage is Stage.LEAVING:
        return (decommit(file, state, "withdrawn"),)
    return (_granted(file, state),)


def released(command: NoteReleased, state: State) -> tuple[Event, ...]:
    """The money is no longer held: a decision that rests on it is void."""
    file = awaited(command, state)
    if file is None:
        return ()
    ground = Ground.RESERVATION_EXPIRED if command.ending is Ending.EXPIRED else Ground.RESERVATION_RELEASED
    if file.stage is Stage.ASKED:
        # The ledger never held the money: it had set the request aside until it knew the call.
        return (_halted(file, state, ground.value),)
    held = file.stage is Stage.PROPOSED and file.proposed is not None and file.proposed.outcome.is_award
    return (reopen(file, ground.value),) if held or file.stage is Stage.APPROVED else ()


def ledger_refused(command: NoteLedgerRefused, state: State, at: At) -> tuple[Event, ...]:
    """The ledger did not reserve or not commit."""
    file = awaited(command, state)
    if file is None:
        return ()
    if command.asked is Asked.COMMIT:
        return _not_committed(file, command, state)
    if file.stage is not Stage.ASKED:
        return ()
    if command.code not in tuple(Limit):
        return (_halted(file, state, command.code),)
    limit = Limit(command.code)
    room = (command.available_cents if limit is Limit.ENVELOPE_EXCEEDED else command.cap_left_cents) or 0
    if room >= file.asked_cents:
        return ()  # it answers an earlier, larger request of this turn
    return current_walk(state, file.call_id, at).limited(file, limit, room)


def current_walk(state: State, call_id: str, at: At) -> Walk:
    """The walk of the open proposal."""
    return Walk.of(state, rules_of(state, call_id), proposal_of(state, call_id), at.now)


def decommit(file: File, state: State, reason: str) -> Event:
    """The request to free what the ledger has committed for a file."""
    return DecommitRequested(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        award_id=file.award_id,
        envelope_id=rules_of(state, file.call_id).rules.envelope.envelope_id,
        amount_cents=file.asked_cents,
        reason=reason,
    )


def _not_committed(file: File, command: NoteLedgerRefused, state: State) -> tuple[Event, ...]:
    """An approved award that the ledger cannot bind waits for a new decision; money still held for it is let go."""
    if file.stage not in (Stage.APPROVED, Stage.LEAVING) or command.code == "already_committed":
        return ()
    envelope_id = rules_of(state, file.call_id).rules.envelope.envelope_id
    freed = () if command.code in _ENDED else (release(file, envelope_id, f"commitment refused: {command.code}"),)
    if file.stage is Stage.LEAVING:
        return freed
    return (reopen(file, Ground.COMMITMENT_REFUSED.value), *freed)


def _granted(file: File, state: State) -> Event:
    rules = rules_of(state, file.call_id).rules
    if file.decision is None or file.decision.approved_by is None:
        raise AssertionError(f"{file.application_id} was committed without an approved decision")
    return AwardGranted(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        partners=file.partners,
        award_id=file.award_id,
        envelope_id=rules.envelope.envelope_id,
        amount_cents=file.decision.amount_cents,
        requested_cents=file.requested_cents,
        rank=file.rank,
        project_start=rules.awarding.project_start,
        project_end=rules.awarding.project_end,
        approved_by=file.decision.approved_by,
    )


def _halted(file: File, state: State, code: str) -> Event:
    return ProposalHalted(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        proposal=proposal_of(state, file.call_id).number,
        code=code,
    )
