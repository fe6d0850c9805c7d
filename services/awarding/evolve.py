"""What each event changes in the state."""

from collections.abc import Callable, Iterable
from typing import assert_never

from services.awarding import events as e
from services.awarding.proposing import reopened
from services.awarding.records import (
    Appeal,
    Call,
    File,
    Merger,
    Proposal,
    ProposalStage,
    Ranking,
    Ruling,
    Stage,
    Withdrawal,
)
from services.kernel.decider import Record, State, replace

_ProposalEvent = e.ProposalOpened | e.ProposalHalted | e.ProposalCompleted | e.ProposalApproved


def evolve(event: e.Event, state: State) -> Iterable[Record]:  # noqa: PLR0911 - one return a kind of event
    """The records that change by the event."""
    match event:
        case e.CallRegistered():
            return (Call(call_id=event.call_id, rules=event.rules),)
        case e.PlaceNoted():
            return _placed(event, state)
        case e.RankingNoted():
            return (replace(_ranking(state, event.call_id, event.version), ranked=event.ranked),)
        case e.MergerNoted():
            return (Merger(call_id=event.call_id, from_body=event.from_body, into_body=event.into_body),)
        case e.ProposalHalted():
            return (*_proposal(event, state), *_file(event, state, lambda f: replace(f, stage=f.before)))
        case e.ProposalOpened() | e.ProposalCompleted() | e.ProposalApproved():
            return _proposal(event, state)
        case e.ApplicationDropped():
            gone = Withdrawal(call_id=event.call_id, application_id=event.application_id)
            return (gone, *_file(event, state, _left))
        case e.ReservationReleaseRequested() | e.DecommitRequested():
            return _file(event, state, _freed)
        case e.CommitmentRequested() | e.Refused():
            return ()
        case _:
            return _file(event, state, lambda file: _filed(event, file))


_Filed = (
    e.ReservationRequested
    | e.DecisionProposed
    | e.ReservePlaceKept
    | e.DecisionApproved
    | e.AwardGranted
    | e.AwardRefused
    | e.WaitListed
    | e.AwardDeclined
    | e.AppealLodged
    | e.AppealDecided
    | e.DecisionReopened
    | e.AgreementAccepted
)


def _filed(event: _Filed, file: File) -> File:  # noqa: C901, PLR0911, PLR0912 - one case an event
    match event:
        case e.ReservationRequested():
            return _asked(event, file)
        case e.DecisionProposed():
            return replace(file, stage=Stage.PROPOSED, proposed=_ruling(event))
        case e.ReservePlaceKept():
            return replace(file, stage=Stage.WAITING)
        case e.DecisionApproved():
            return _decided(event, file)
        case e.AwardGranted():
            return replace(file, stage=Stage.GRANTED)
        case e.AwardRefused():
            return replace(file, stage=Stage.REFUSED)
        case e.WaitListed():
            return replace(file, stage=Stage.WAITING)
        case e.AwardDeclined():
            return replace(file, stage=Stage.DECLINED)
        case e.AppealLodged():
            return replace(file, appeal=Appeal(proposal=event.proposal, hands=_hands(file.decision), open=True))
        case e.AppealDecided():
            appeal = None if file.appeal is None else replace(file.appeal, open=False)
            return replace(file, appeal=appeal, upheld=event.ground if event.upheld else file.upheld)
        case e.DecisionReopened():
            return replace(file, stage=Stage.REOPENED, proposed=None)
        case e.AgreementAccepted():
            return replace(file, stage=Stage.ACCEPTED)
        case _:
            assert_never(event)


def _file(
    event: _Filed | e.ProposalHalted | e.ApplicationDropped | e.ReservationReleaseRequested | e.DecommitRequested,
    state: State,
    change: Callable[[File], File],
) -> Iterable[File]:
    """The file of an event, changed; none where a file was withdrawn before it was ranked."""
    file = state.get(File, event.call_id, event.application_id)
    return () if file is None else (change(file),)


def _placed(event: e.PlaceNoted, state: State) -> Iterable[Record]:
    ranking = _ranking(state, event.call_id, event.version)
    gone = state.get(Withdrawal, event.call_id, event.application_id) is not None
    file = File(
        call_id=event.call_id,
        application_id=event.application_id,
        applicant=event.applicant,
        version=event.version,
        rank=event.rank,
        partners=event.partners,
        requested_cents=event.requested_cents,
        eligible=event.eligible,
        fails=event.fails,
        stage=Stage.DROPPED if gone else Stage.RANKED,
    )
    return replace(ranking, noted=ranking.noted + 1), file


def _ranking(state: State, call_id: str, version: int) -> Ranking:
    known = state.get(Ranking, call_id)
    return known if known is not None and known.version == version else Ranking(call_id=call_id, version=version)


def _proposal(event: _ProposalEvent, state: State) -> Iterable[Proposal]:
    last = state.get(Proposal, event.call_id)
    if isinstance(event, e.ProposalOpened):
        return (reopened(last, event),)
    if last is None:
        return ()
    match event:
        case e.ProposalHalted():
            stage = ProposalStage.HALTED
        case e.ProposalCompleted():
            stage = ProposalStage.COMPLETE if event.decisions else ProposalStage.CLOSED
        case e.ProposalApproved():
            stage = ProposalStage.CLOSED
        case _:
            assert_never(event)
    return (replace(last, stage=stage),)


def _asked(event: e.ReservationRequested, file: File) -> File:
    again = file.stage is Stage.ASKED
    return replace(
        file,
        stage=Stage.ASKED,
        before=file.before if again else file.stage,
        attempts=file.attempts if again else file.attempts + 1,
        asked_cents=event.amount_cents,
        limited_by=event.limited_by,
    )


def _ruling(event: e.DecisionProposed) -> Ruling:
    return Ruling(
        proposal=event.proposal,
        outcome=event.outcome,
        amount_cents=event.amount_cents,
        ground=event.ground,
        detail=event.detail,
        proposed_by=event.proposed_by,
    )


def _decided(event: e.DecisionApproved, file: File) -> File:
    """The proposed decision becomes the current one. What is no award gets its stage from the event that tells the applicant."""
    if file.proposed is None:
        return file
    decision = replace(file.proposed, approved_by=event.approved_by, decided_at=event.decided_at)
    stage = Stage.APPROVED if event.outcome.is_award else file.stage
    return replace(file, stage=stage, decision=decision, proposed=None)


def _left(file: File) -> File:
    stage = Stage.LEAVING if file.stage is Stage.APPROVED else Stage.DROPPED
    return replace(file, stage=stage, proposed=None)


def _freed(file: File) -> File:
    """Once the money of a file that was leaving is asked back, the ledger's answer to its commitment is dealt with."""
    return replace(file, stage=Stage.DROPPED) if file.stage is Stage.LEAVING else file


def _hands(decision: Ruling | None) -> tuple[str, ...]:
    """Who proposed and who approved a decision."""
    if decision is None:
        return ()
    return (decision.proposed_by,) if decision.approved_by is None else (decision.proposed_by, decision.approved_by)
