"""The officer's hand on a file: reopen it, and say whether it goes on to the jury."""

from services.intake.calling import Outcome
from services.intake.model import (
    ApplicationDeclaredAdmissible,
    ApplicationDeclaredInadmissible,
    ApplicationReopened,
    DeclareAdmissible,
    DeclareInadmissible,
    Reopen,
)
from services.intake.records import Call, File
from services.intake.values import Fault, FileStatus, RefusalCode
from services.intake.window import file_over
from services.kernel.decider import At, State
from services.kernel.form import instant


def reopen(command: Reopen, file: File, at: At) -> Outcome:
    """Give one file time until an instant. One that the jury may have in hand must first be taken back from it."""
    if file.status is FileStatus.WITHDRAWN:
        return Fault(RefusalCode.ALREADY_WITHDRAWN, "a withdrawn file stays withdrawn")
    if file.status is FileStatus.ADMISSIBLE:
        return Fault(RefusalCode.ALREADY_DECIDED, "declared admissible; declare it inadmissible first")
    if command.until <= at.now:
        return Fault(RefusalCode.NOT_LATER, f"{instant(command.until)} is over")
    return (
        ApplicationReopened(
            call_id=file.call_id,
            application_id=file.application_id,
            applicant=file.applicant,
            until=command.until,
            reason=command.reason,
        ),
    )


def declare_admissible(command: DeclareAdmissible, call: Call, file: File, state: State, at: At) -> Outcome:
    """Let a file go on, as it was last submitted."""
    fault = _decision_fault(call, file, state, at, outcome=FileStatus.ADMISSIBLE, note=command.note)
    if fault is not None:
        return fault
    assert file.submitted_at is not None, "a decided file was submitted"  # noqa: S101 - a broken invariant stops the process
    return (
        ApplicationDeclaredAdmissible(
            call_id=file.call_id,
            application_id=file.application_id,
            applicant=file.applicant,
            partners=file.partners,
            requested_cents=file.requested_cents,
            purposes=file.purposes,
            project_start=file.project_start,
            project_end=file.project_end,
            submitted_at=file.submitted_at,
            declared_by=at.actor.id,
            note=command.note,
        ),
    )


def declare_inadmissible(command: DeclareInadmissible, call: Call, file: File, state: State, at: At) -> Outcome:
    """Keep a file from the jury, for reasons."""
    fault = _decision_fault(call, file, state, at, outcome=FileStatus.INADMISSIBLE, note=command.note)
    return fault or (
        ApplicationDeclaredInadmissible(
            call_id=file.call_id,
            application_id=file.application_id,
            applicant=file.applicant,
            reasons=command.reasons,
            note=command.note,
            declared_by=at.actor.id,
        ),
    )


def _decision_fault(call: Call, file: File, state: State, at: At, *, outcome: FileStatus, note: str | None) -> Fault | None:
    """Why a file cannot be decided so. Another outcome than before is a correction, and says why in its note."""
    if file.status is FileStatus.DRAFT:
        return Fault(RefusalCode.NOT_SUBMITTED, "only a draft")
    if file.status is FileStatus.WITHDRAWN:
        return Fault(RefusalCode.ALREADY_WITHDRAWN, "withdrawn by the applicant")
    if not file_over(call, file, state, at.now):
        return Fault(RefusalCode.STILL_OPEN, "the applicant may still amend this file")
    if file.status is outcome:
        return Fault(RefusalCode.ALREADY_DECIDED, f"declared {outcome} before")
    if file.status is not FileStatus.SUBMITTED and note is None:
        return Fault(RefusalCode.NOTE_MISSING, f"declared {file.status} before: the note says why this changes")
    return None
