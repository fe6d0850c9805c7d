"""What the intake promises: calls, applications and admissibility, each step by the one whose step it is.

- A file is submitted or amended only by its applicant, complete by the call's form, and while its time is open: by the
  server's clock, before the call's deadline as moved, the applicant's extension, or the reopening of this one file.
- Where the call says so, a body takes part in one live file at most, and a beneficiary of an excluded call in none.
- Every submission has a receipt that its content, id and time alone determine.
- A call closes when every deadline, extension and reopening has passed, and never earlier.
- A file is judged only when it can change no more; a judgement is corrected by another one with a note, never edited.
- Findings and double funding are shown to the officer; they keep nobody out.
- A closed file changes no more. What is kept of it outlives the call's terms only until another hand has approved its end.
- What is void, and who reads a sealed note, is recorded before it happens.

Nothing here is refused for being early: a beneficiary may be noted before or after a file, and is flagged either way.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from services.intake import admissibility, beneficiaries, calling, erasing, filing, retention
from services.intake.calling import Outcome
from services.intake.custody import (
    ApproveRetention,
    CloseFile,
    EraseSubject,
    OpenNote,
    PlanRetention,
    SealNote,
)
from services.intake.evolution import evolve
from services.intake.model import (
    Amend,
    CloseCall,
    Command,
    DeclareAdmissible,
    DeclareInadmissible,
    DropBeneficiary,
    EnrolBodies,
    Event,
    GrantExtension,
    MergeBodies,
    MoveDeadline,
    NoteBeneficiary,
    PublishCall,
    Refused,
    Reopen,
    SaveDraft,
    Submit,
    Withdraw,
)
from services.intake.records import (
    Award,
    Benefit,
    Call,
    Closing,
    Destroyed,
    Disposed,
    Draft,
    Enrolled,
    Erasure,
    Extension,
    File,
    Note,
    Plan,
    Reopening,
    Taking,
)
from services.intake.values import Fault, RefusalCode
from services.intake.window import all_over
from services.kernel.decider import At, Decider, State
from services.kernel.form import instant
from services.kernel.people import Role

_OfFile = Submit | Amend | Withdraw | Reopen | DeclareAdmissible | DeclareInadmissible | CloseFile
_OfCall = EnrolBodies | MoveDeadline | GrantExtension | MergeBodies | SaveDraft | CloseCall
_OfData = EraseSubject | PlanRetention | ApproveRetention | SealNote | OpenNote


def decide(command: Command, state: State, at: At) -> tuple[Event, ...]:
    """The events that a command leads to; a command that is not carried out leads to one `Refused`."""
    outcome = _outcome(command, state, at)
    return (refused(command, outcome.code, outcome.detail),) if isinstance(outcome, Fault) else outcome


def refused(command: Command, code: str, detail: str) -> Refused:
    """The refusal of a command."""
    return Refused(
        call_id=_call_id(command),
        application_id=getattr(command, "application_id", None),
        command=type(command).__name__,
        code=RefusalCode(code),
        detail=detail,
    )


def _outcome(command: Command, state: State, at: At) -> Outcome:
    match command:
        case PublishCall():
            return calling.publish(command, state, at)
        case NoteBeneficiary():
            return beneficiaries.note(command, state)
        case DropBeneficiary():
            return beneficiaries.drop(command, state)
        case _:
            call = state.get(Call, command.call_id)
            if call is None:
                return Fault(RefusalCode.UNKNOWN_CALL, command.call_id)
            if isinstance(command, _OfFile):
                return _about_file(command, call, state, at)
            return _about_data(command, call, state, at) if isinstance(command, _OfData) else _about_call(command, call, state, at)


def _about_call(command: _OfCall, call: Call, state: State, at: At) -> Outcome:
    match command:
        case EnrolBodies():
            return calling.enrol(command, call, state)
        case MoveDeadline():
            return calling.move_deadline(command, call, at)
        case GrantExtension():
            return calling.extend(command, call, state, at)
        case MergeBodies():
            return calling.merge(command, call, state)
        case CloseCall():
            return calling.close(command, call, state, at)
        case SaveDraft():
            return filing.save_draft(command, call, state, at)
        case _:
            assert_never(command)


def _about_data(command: _OfData, call: Call, state: State, at: At) -> Outcome:
    match command:
        case EraseSubject():
            return erasing.erase(command, at)
        case PlanRetention():
            return retention.plan(command, call, state, at)
        case ApproveRetention():
            return retention.approve(command, call, state, at)
        case SealNote():
            return erasing.seal(command, state, at)
        case OpenNote():
            return erasing.open_note(command, state, at)
        case _:
            assert_never(command)


def _about_file(command: _OfFile, call: Call, state: State, at: At) -> Outcome:  # noqa: PLR0911 - one return a command
    file = state.get(File, command.call_id, command.application_id)
    if file is None:
        return Fault(RefusalCode.UNKNOWN_APPLICATION, command.application_id)
    closing = state.get(Closing, command.call_id, command.application_id)
    if closing is not None:
        return Fault(RefusalCode.FILE_CLOSED, f"closed at {instant(closing.closed_at)}")
    match command:
        case Submit():
            return filing.submit(command, call, file, state, at)
        case Amend():
            return filing.amend(command, call, file, state, at)
        case Withdraw():
            return filing.withdraw(command, call, file, at)
        case Reopen():
            return admissibility.reopen(command, file, at)
        case DeclareAdmissible():
            return admissibility.declare_admissible(command, call, file, state, at)
        case DeclareInadmissible():
            return admissibility.declare_inadmissible(command, call, file, state, at)
        case CloseFile():
            return retention.close_file(command, call, file, state, at)
        case _:
            assert_never(command)


def _due(state: State, now: datetime) -> Iterator[tuple[str, Command]]:
    """Close the calls whose time is over. A client's command id has no `/`: nobody can take this one first."""
    for call in tuple(state.all(Call)):
        if not call.closed and all_over(call, state, now):
            yield f"due/{call.call_id}/close", CloseCall(call_id=call.call_id)


def _stream(command: Command) -> str:
    """One file, or the call where no file is meant."""
    return getattr(command, "application_id", None) or _call_id(command)


def _shard(command: Command) -> str:
    """One call; a beneficiary concerns every call."""
    return "*" if isinstance(command, NoteBeneficiary | DropBeneficiary) else command.call_id


def _call_id(command: Command) -> str:
    return command.of_call if isinstance(command, NoteBeneficiary | DropBeneficiary) else command.call_id


_OFFICER, _APPLICANT, _SYSTEM = frozenset({Role.OFFICER}), frozenset({Role.APPLICANT}), frozenset({Role.SYSTEM})
_PARTNERS = frozenset(Role) - {Role.AUDITOR, Role.OPERATOR, Role.SYSTEM}
"""Whoever works on calls and files. Which organisations may read a note, the note says."""

DECIDER = Decider(
    service="intake",
    commands=Command.__args__,
    events=Event.__args__,
    records=(
        Call,
        Enrolled,
        Extension,
        Reopening,
        Draft,
        File,
        Taking,
        Award,
        Benefit,
        Closing,
        Plan,
        Disposed,
        Erasure,
        Destroyed,
        Note,
    ),
    decide=decide,
    evolve=evolve,
    stream=_stream,
    shard=_shard,
    authority={
        PublishCall: _OFFICER,
        EnrolBodies: _OFFICER,
        MoveDeadline: _OFFICER,
        GrantExtension: _OFFICER,
        MergeBodies: _OFFICER,
        SaveDraft: _APPLICANT,
        Submit: _APPLICANT,
        Amend: _APPLICANT,
        Withdraw: _APPLICANT,
        Reopen: _OFFICER,
        CloseCall: _OFFICER | _SYSTEM,
        DeclareAdmissible: _OFFICER,
        DeclareInadmissible: _OFFICER,
        NoteBeneficiary: _SYSTEM,
        DropBeneficiary: _SYSTEM,
        EraseSubject: _OFFICER,
        CloseFile: _OFFICER,
        PlanRetention: _OFFICER,
        ApproveRetention: _OFFICER | {Role.DECISION_MAKER},
        SealNote: _PARTNERS,
        OpenNote: _PARTNERS,
    },
    refused=refused,
    due=_due,
)
