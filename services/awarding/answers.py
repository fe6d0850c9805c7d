"""How this service says no, and what most commands must find first."""

from services.awarding.events import Refused
from services.awarding.model import (
    AcceptAgreement,
    Approve,
    Command,
    DecideAppeal,
    Decline,
    DropApplication,
    LodgeAppeal,
    NoteCommitted,
    NoteLedgerRefused,
    NoteRanked,
    NoteReleased,
    NoteReserved,
)
from services.awarding.records import Call, File, Merger, Proposal, Ranking, application_of
from services.awarding.terms import RefusalCode
from services.kernel.decider import At, State

ByApplicant = Decline | LodgeAppeal | AcceptAgreement
AboutApplication = NoteRanked | Decline | LodgeAppeal | DecideAppeal | AcceptAgreement | DropApplication
FromLedger = NoteReserved | NoteCommitted | NoteReleased | NoteLedgerRefused


def refused(command: Command, code: str, detail: str) -> Refused:
    """The refusal of a command, about the application, award or proposal that it names."""
    return Refused(
        call_id=command.call_id,
        application_id=command.application_id if isinstance(command, AboutApplication) else None,
        award_id=command.award_id if isinstance(command, FromLedger) else None,
        proposal=command.proposal if isinstance(command, Approve) else None,
        command=type(command).__name__,
        code=RefusalCode(code),
        detail=detail,
    )


def rules_of(state: State, call_id: str) -> Call:
    """The call of a file that has been proposed: only a known call gets a proposal, so it is there."""
    call = state.get(Call, call_id)
    if call is None:
        raise AssertionError(f"call {call_id} has a proposal but no rules")
    return call


def proposal_of(state: State, call_id: str) -> Proposal:
    """The open proposal of a call: there is one as long as a file waits for the ledger."""
    proposal = state.get(Proposal, call_id)
    if proposal is None:
        raise AssertionError(f"call {call_id} has asked the ledger without a proposal")
    return proposal


def known_file(command: AboutApplication, state: State) -> File | Refused:
    """The file of a command."""
    file = state.get(File, command.call_id, command.application_id)
    return file or refused(command, RefusalCode.UNKNOWN_APPLICATION, "not in the ranking of this call")


def own_file(command: ByApplicant, state: State, at: At) -> File | Refused:
    """The file of a command, if the actor's organisation is its applicant, or the body into which that has gone over."""
    file = known_file(command, state)
    if isinstance(file, Refused) or acts_for(state, command.call_id, file.applicant) == at.actor.organisation:
        return file
    return refused(command, RefusalCode.NOT_OWNER, "only the applicant of the file may do this")


def acts_for(state: State, call_id: str, body: str) -> str:
    """The body that acts for `body` today."""
    while merger := state.get(Merger, call_id, body):
        body = merger.into_body
    return body


def awaited(command: FromLedger, state: State) -> File | None:
    """The file whose latest reservation the ledger speaks of; None if that question is no longer open."""
    file = state.get(File, command.call_id, application_of(command.award_id))
    return file if file is not None and file.award_id == command.award_id else None


def ranked_files(state: State, call_id: str) -> list[File]:
    """All files of the ranking that counts, in rank order."""
    ranking = state.get(Ranking, call_id)
    version = 0 if ranking is None else ranking.version
    return sorted((f for f in state.all(File, call_id) if f.version == version), key=lambda f: (f.rank, f.application_id))
