"""Proposing and approving: two hands for every decision."""

from datetime import timedelta

from services.awarding.answers import ranked_files, refused, rules_of
from services.awarding.events import (
    AwardRefused,
    CommitmentRequested,
    DecisionApproved,
    Event,
    ProposalApproved,
    ProposalOpened,
    WaitListed,
)
from services.awarding.model import Approve, Propose
from services.awarding.records import Call, File, Proposal, ProposalStage, Ranking, Ruling, Stage
from services.awarding.terms import Outcome, RefusalCode
from services.awarding.walk import Walk
from services.kernel.decider import At, State


def propose(command: Propose, state: State, at: At) -> tuple[Event, ...]:
    """Open a proposal, or carry on with one that was halted: the first file is put to the ledger."""
    call = state.get(Call, command.call_id)
    if call is None:
        return (refused(command, RefusalCode.UNKNOWN_CALL, "no such call is known here"),)
    ranking = state.get(Ranking, command.call_id)
    if ranking is None or not ranking.complete:
        return (refused(command, RefusalCode.RANKING_MISSING, "no complete ranking has come in"),)
    last = state.get(Proposal, command.call_id)
    if last is not None and last.stage in (ProposalStage.OPEN, ProposalStage.COMPLETE):
        return (refused(command, RefusalCode.PROPOSAL_OPEN, f"proposal {last.number} is {last.stage.value}"),)
    opened = ProposalOpened(call_id=command.call_id, proposal=_number(last), proposed_by=at.actor.id)
    walk = Walk.of(state, call, reopened(last, opened), at.now)
    if not walk.queue and (last is None or last.stage is ProposalStage.CLOSED):
        return (refused(command, RefusalCode.NOTHING_TO_PROPOSE, "no file waits for a decision"),)
    return (opened, *walk.go_on())


def reopened(last: Proposal | None, opened: ProposalOpened) -> Proposal:
    """The proposal that `opened` begins or carries on with."""
    before = last.proposers if last is not None and last.number == opened.proposal else ()
    return Proposal(
        call_id=opened.call_id,
        number=opened.proposal,
        stage=ProposalStage.OPEN,
        proposers=(*(hand for hand in before if hand != opened.proposed_by), opened.proposed_by),
    )


def _number(last: Proposal | None) -> int:
    if last is None:
        return 1
    return last.number if last.stage is ProposalStage.HALTED else last.number + 1


def approve(command: Approve, state: State, at: At) -> tuple[Event, ...]:
    """Approve all decisions of the proposal that still stand. Awards go to the ledger; the rest is final at once."""
    proposal = state.get(Proposal, command.call_id)
    if proposal is None or command.proposal > proposal.number:
        return (refused(command, RefusalCode.UNKNOWN_PROPOSAL, "no such proposal"),)
    if command.proposal < proposal.number or proposal.stage is ProposalStage.CLOSED:
        return (refused(command, RefusalCode.ALREADY_APPROVED, "this proposal is closed"),)
    if proposal.stage is not ProposalStage.COMPLETE:
        return (refused(command, RefusalCode.NOT_COMPLETE, f"this proposal is {proposal.stage.value}"),)
    if at.actor.id in proposal.proposers:
        return (refused(command, RefusalCode.SAME_HAND, "who proposed may not approve"),)
    call = rules_of(state, command.call_id)
    events: list[Event] = [ProposalApproved(call_id=command.call_id, proposal=proposal.number, approved_by=at.actor.id)]
    position = 1
    for file in ranked_files(state, command.call_id):
        if file.proposed is not None:
            events += _approved(file, file.proposed, call, position, at)
        if file.stage is Stage.WAITING or (file.proposed is not None and file.proposed.outcome is Outcome.WAIT_LIST):
            position += 1
    return tuple(events)


def _approved(file: File, ruling: Ruling, call: Call, position: int, at: At) -> tuple[Event, Event]:
    envelope_id = call.rules.envelope.envelope_id
    decision = DecisionApproved(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        proposal=ruling.proposal,
        outcome=ruling.outcome,
        amount_cents=ruling.amount_cents,
        ground=ruling.ground,
        detail=ruling.detail,
        approved_by=at.actor.id,
        decided_at=at.now,
        award_id=file.award_id if ruling.outcome.is_award else None,
        envelope_id=envelope_id if ruling.outcome.is_award else None,
    )
    if not ruling.outcome.is_award:
        return decision, _told(file, ruling, call, position, at)
    request = CommitmentRequested(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        award_id=file.award_id,
        envelope_id=envelope_id,
        amount_cents=ruling.amount_cents,
        approved_by=at.actor.id,
    )
    return decision, request


def _told(file: File, ruling: Ruling, call: Call, position: int, at: At) -> Event:
    """What an applicant without an award is told."""
    until = at.now + timedelta(days=call.rules.awarding.appeal_days)
    if ruling.outcome is Outcome.WAIT_LIST:
        return WaitListed(
            call_id=file.call_id,
            application_id=file.application_id,
            applicant=file.applicant,
            position=position,
            rank=file.rank,
            appeal_until=until,
        )
    return AwardRefused(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        ground=ruling.ground,
        detail=ruling.detail,
        rank=file.rank,
        appeal_until=until,
    )
