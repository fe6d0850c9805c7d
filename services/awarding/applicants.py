"""What follows from what applicants do: decline, appeal, accept the agreement, withdraw."""

from datetime import timedelta

from services.awarding.answers import known_file, own_file, refused, rules_of
from services.awarding.events import (
    AgreementAccepted,
    AppealDecided,
    AppealLodged,
    ApplicationDropped,
    AwardDeclined,
    Event,
    Refused,
)
from services.awarding.ledger import current_walk, decommit
from services.awarding.model import AcceptAgreement, DecideAppeal, Decline, DropApplication, LodgeAppeal
from services.awarding.records import File, Ruling, Stage, Withdrawal
from services.awarding.terms import RefusalCode
from services.awarding.walk import release, reopen
from services.kernel.decider import At, State

_UNDER_WAY = (Stage.ASKED, Stage.PROPOSED, Stage.APPROVED, Stage.LEAVING)


def decline(command: Decline, state: State, at: At) -> tuple[Event, ...]:
    """Give an award back; nobody else gets the money before an officer proposes again."""
    file = own_file(command, state, at)
    if isinstance(file, Refused):
        return (file,)
    return _unbound(command, file) or _given_back(file, state, command.reason)


def accept_agreement(command: AcceptAgreement, state: State, at: At) -> tuple[Event, ...]:
    """Be bound by the agreement; the advance is rounded down to whole cents."""
    file = own_file(command, state, at)
    if isinstance(file, Refused):
        return (file,)
    if no := _unbound(command, file):
        return no
    rules = rules_of(state, file.call_id).rules
    return (
        AgreementAccepted(
            call_id=file.call_id,
            application_id=file.application_id,
            applicant=file.applicant,
            partners=file.partners,
            award_id=file.award_id,
            envelope_id=rules.envelope.envelope_id,
            amount_cents=file.asked_cents,
            advance_cents=file.asked_cents * rules.paying.advance_percent // 100,
            agreement=command.agreement,
        ),
    )


def _unbound(command: Decline | AcceptAgreement, file: File) -> tuple[Event, ...]:
    """The refusal of what needs a granted award without an agreement; empty if there is one."""
    if file.stage is Stage.GRANTED:
        return ()
    if file.stage is Stage.ACCEPTED:
        return (refused(command, RefusalCode.AGREEMENT_ACCEPTED, "the agreement has been accepted"),)
    return (refused(command, RefusalCode.NOT_GRANTED, f"this file is {file.stage.value}"),)


def lodge_appeal(command: LodgeAppeal, state: State, at: At) -> tuple[Event, ...]:
    """Contest the current decision, once, within the days of the call; the last instant counts."""
    file = own_file(command, state, at)
    if isinstance(file, Refused):
        return (file,)
    decision = _contestable(command, file)
    if isinstance(decision, Refused):
        return (decision,)
    days = rules_of(state, file.call_id).rules.awarding.appeal_days
    if decision.decided_at is None or at.now > decision.decided_at + timedelta(days=days):
        return (refused(command, RefusalCode.APPEAL_TOO_LATE, f"more than {days} days after the decision"),)
    return (
        AppealLodged(
            call_id=file.call_id,
            application_id=file.application_id,
            applicant=file.applicant,
            proposal=decision.proposal,
            ground=command.ground,
        ),
    )


def _contestable(command: LodgeAppeal, file: File) -> Ruling | Refused:
    """The current decision, if it gives no money and no appeal has been lodged against it."""
    if file.appeal is not None and file.appeal.open:
        return refused(command, RefusalCode.APPEAL_OPEN, "an appeal on this file is open")
    decision = file.decision
    if file.stage is Stage.DROPPED or decision is None:
        return refused(command, RefusalCode.NOT_APPEALABLE, f"this file is {file.stage.value}")
    if decision.outcome.is_award:
        return refused(command, RefusalCode.NOT_APPEALABLE, f"the decision is {decision.outcome.value}")
    if file.appeal is not None and file.appeal.proposal == decision.proposal:
        return refused(command, RefusalCode.ALREADY_APPEALED, "an appeal against this decision has been decided")
    return decision


def decide_appeal(command: DecideAppeal, state: State, at: At) -> tuple[Event, ...]:
    """Uphold or dismiss. An upheld appeal reopens the file, unless it was served or left in the meantime."""
    file = known_file(command, state)
    if isinstance(file, Refused):
        return (file,)
    if file.appeal is None or not file.appeal.open:
        return (refused(command, RefusalCode.NO_OPEN_APPEAL, "no appeal on this file is open"),)
    if at.actor.id in file.appeal.hands:
        return (refused(command, RefusalCode.SAME_HAND, "who proposed or approved the decision may not judge the appeal"),)
    if file.stage in _UNDER_WAY:
        return (refused(command, RefusalCode.FILE_IN_PROPOSAL, f"this file is {file.stage.value}"),)
    decided = AppealDecided(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        upheld=command.upheld,
        ground=command.ground,
        decided_by=at.actor.id,
    )
    if not command.upheld or file.stage not in (Stage.REFUSED, Stage.WAITING):
        return (decided,)
    return decided, reopen(file, command.ground)


def drop(command: DropApplication, state: State, at: At) -> tuple[Event, ...]:
    """Take a withdrawn application out, wherever it stands, and free the money held for it."""
    if state.get(Withdrawal, command.call_id, command.application_id) is not None:
        return ()
    dropped = ApplicationDropped(call_id=command.call_id, application_id=command.application_id, applicant=command.applicant)
    file = state.get(File, command.call_id, command.application_id)
    if file is None:
        return (dropped,)
    if file.stage is Stage.ACCEPTED:
        return (refused(command, RefusalCode.AGREEMENT_ACCEPTED, "the agreement has been accepted"),)
    if file.stage is Stage.GRANTED:
        return (*_given_back(file, state, "withdrawn"), dropped)
    if file.stage is Stage.ASKED:
        return (dropped, _released(file, state), *current_walk(state, file.call_id, at).go_on())
    holds = file.proposed is not None and file.proposed.amount_cents > 0
    return (dropped, _released(file, state)) if holds else (dropped,)


def _released(file: File, state: State) -> Event:
    return release(file, rules_of(state, file.call_id).rules.envelope.envelope_id, "withdrawn")


def _given_back(file: File, state: State, reason: str) -> tuple[Event, Event]:
    declined = AwardDeclined(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        award_id=file.award_id,
        reason=reason,
    )
    return declined, decommit(file, state, reason)
