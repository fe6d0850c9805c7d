"""The applicant's hand: draft, submit, amend, withdraw. Only who owns a file touches it, and only while its time is open."""

from services.intake.beneficiaries import flags
from services.intake.calling import Outcome
from services.intake.checks import content_fault, size_fault
from services.intake.findings import findings
from services.intake.model import Amend, ApplicationSubmitted, ApplicationWithdrawn, DraftSaved, SaveDraft, Submit, Withdraw
from services.intake.records import Call, Draft, Enrolled, File
from services.intake.values import MAX_APPLICATION_ID, Content, Fault, FileStatus, RefusalCode
from services.intake.window import time_fault
from services.kernel.canonical import digest, encode
from services.kernel.decider import At, State
from services.kernel.form import instant, to_json

_WRONG_STATUS = {
    FileStatus.DRAFT: Fault(RefusalCode.NOT_SUBMITTED, "only a draft"),
    FileStatus.SUBMITTED: Fault(RefusalCode.ALREADY_SUBMITTED, "amend it instead"),
    FileStatus.ADMISSIBLE: Fault(RefusalCode.ALREADY_DECIDED, "declared admissible"),
    FileStatus.INADMISSIBLE: Fault(RefusalCode.ALREADY_DECIDED, "declared inadmissible"),
    FileStatus.WITHDRAWN: Fault(RefusalCode.ALREADY_WITHDRAWN, "file a new application"),
}


def receipt(application_id: str, content: Content, received_at: str) -> str:
    """The receipt of a submission: SHA-256 of the canonical JSON of its id, content and time (RFC 3339, as in the event).

    Whoever holds the content can compute it again and show that exactly this was received at that instant.
    """
    return digest(encode({"applicationId": application_id, "content": to_json(content), "receivedAt": received_at}))


def save_draft(command: SaveDraft, call: Call, state: State, at: At) -> Outcome:
    """Keep a draft, complete or not."""
    file = state.get(File, command.call_id, command.application_id)
    fault = (
        _id_fault(command.call_id, command.application_id)
        or _owner_fault(file, at)
        or _names_owner(command.content, at)
        or _successor_fault(command.content, call, state)
        or _status_fault(file, FileStatus.DRAFT)
        or time_fault(call, command.application_id, command.content.applicant, state, at.now)
        or size_fault(command.content)
    )
    if fault is not None:
        return fault
    draft = state.get(Draft, command.call_id, command.application_id)
    return (
        DraftSaved(
            call_id=command.call_id,
            application_id=command.application_id,
            applicant=command.content.applicant,
            version=1 if draft is None else draft.version + 1,
            content=command.content,
        ),
    )


def submit(command: Submit, call: Call, file: File, state: State, at: At) -> Outcome:
    """File the draft as it stands."""
    draft = state.get(Draft, command.call_id, command.application_id)
    assert draft is not None, "a file begins with a draft"  # noqa: S101 - a broken invariant stops the process
    fault = (
        _owner_fault(file, at)
        or _status_fault(file, FileStatus.DRAFT)
        or time_fault(call, file.application_id, file.applicant, state, at.now)
        or content_fault(draft.content, file.application_id, call, state)
    )
    return fault or _submitted(call, file, draft.content, state, at)


def amend(command: Amend, call: Call, file: File, state: State, at: At) -> Outcome:
    """File again, with other content."""
    fault = (
        _owner_fault(file, at)
        or _names_owner(command.content, at)
        or _status_fault(file, FileStatus.SUBMITTED)
        or time_fault(call, file.application_id, file.applicant, state, at.now)
        or content_fault(command.content, file.application_id, call, state)
    )
    return fault or _submitted(call, file, command.content, state, at)


def withdraw(command: Withdraw, call: Call, file: File, at: At) -> Outcome:
    """Take a file back; after closing, an applicant declines an award instead."""
    if (fault := _owner_fault(file, at)) is not None:
        return fault
    if file.status in (FileStatus.DRAFT, FileStatus.WITHDRAWN):
        return _WRONG_STATUS[file.status]
    if call.closed:
        return Fault(RefusalCode.CALL_CLOSED, "the intake of this call is over")
    return (
        ApplicationWithdrawn(
            call_id=file.call_id, application_id=file.application_id, applicant=file.applicant, reason=command.reason
        ),
    )


def _submitted(call: Call, file: File, content: Content, state: State, at: At) -> Outcome:
    submitted = ApplicationSubmitted(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=content.applicant,
        version=file.version + 1,
        content=content,
        received_at=at.now,
        receipt=receipt(file.application_id, content, instant(at.now)),
        findings=findings(content, call.rules),
    )
    return (submitted, *flags(call.call_id, file.application_id, content, state))


def _id_fault(call_id: str, application_id: str) -> Fault | None:
    """Ids of applications, and of the awards named after them, must differ between calls: an envelope may serve several."""
    start, _, word = application_id.rpartition(".")
    if start == call_id and word and len(application_id) <= MAX_APPLICATION_ID:
        return None
    allowed = f"{call_id}. and a word without a point, at most {MAX_APPLICATION_ID} characters"
    return Fault(RefusalCode.WRONG_APPLICATION_ID, allowed)


def _owner_fault(file: File | None, at: At) -> Fault | None:
    if file is None or file.applicant == at.actor.organisation:
        return None
    return Fault(RefusalCode.NOT_OWNER, "the file of another applicant")


def _names_owner(content: Content, at: At) -> Fault | None:
    if content.applicant == at.actor.organisation:
        return None
    return Fault(RefusalCode.NOT_OWNER, "content.applicant: another body than the one that files")


def _successor_fault(content: Content, call: Call, state: State) -> Fault | None:
    body = state.get(Enrolled, call.call_id, content.applicant)
    if body is None or body.merged_into is None:
        return None
    return Fault(RefusalCode.MERGED_BODY, f"{content.applicant} went over into {body.merged_into}")


def _status_fault(file: File | None, wanted: FileStatus) -> Fault | None:
    return None if file is None or file.status is wanted else _WRONG_STATUS[file.status]
