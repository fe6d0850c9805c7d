"""Commands and events of the intake service; field for field the messages in `protos/grants/intake`.

What they are made of stands in `values`, what the service keeps in `records`. Those about the data itself stand in `custody`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from services.intake.custody import CustodyCommand, CustodyEvent
from services.intake.values import MAX_BODIES, Body, BodyId, Content, FiledContent, Finding, Fits, InadmissibleReason, RefusalCode
from services.kernel.form import Between, Digest, Id, Line
from services.kernel.rules import CallRules, Cents, Code

# Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishCall:
    """Open a call under these rules; `call_file` is the document that states them (officer)."""

    call_id: Id
    rules: Annotated[CallRules, Fits(28_000)]
    call_file: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolBodies:
    """List bodies that may file, or correct their particulars; repeat for more than one command holds (officer)."""

    call_id: Id
    bodies: Annotated[tuple[Body, ...], Between(1, MAX_BODIES), Fits(28_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDeadline:
    """Give the call another deadline, for everybody (officer)."""

    call_id: Id
    deadline: datetime
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantExtension:
    """Give one applicant a later deadline; it takes the place of an earlier extension (officer)."""

    call_id: Id
    applicant: BodyId
    deadline: datetime
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeBodies:
    """Note that a body has gone over into another one (officer)."""

    call_id: Id
    from_body: BodyId
    into_body: BodyId
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDraft:
    """Keep an application that is not complete yet. `application_id` is the call's id, a point, and a word (applicant)."""

    call_id: Id
    application_id: Id
    content: FiledContent


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """File the draft (applicant)."""

    call_id: Id
    application_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """File again with other content, while time is open; gives a new receipt (applicant)."""

    call_id: Id
    application_id: Id
    content: FiledContent


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take a file back, until the call is closed (applicant)."""

    call_id: Id
    application_id: Id
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """Let one file be submitted or amended until an instant, also after the call was closed (officer)."""

    call_id: Id
    application_id: Id
    until: datetime
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCall:
    """End the intake once every deadline has passed (officer, or by time)."""

    call_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareAdmissible:
    """Let a file go on to the jury; `note` is required where it corrects the other outcome (officer)."""

    call_id: Id
    application_id: Id
    note: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareInadmissible:
    """Keep a file from the jury; `note` is required where it corrects the other outcome (officer)."""

    call_id: Id
    application_id: Id
    reasons: Annotated[tuple[InadmissibleReason, ...], Between(1, 20)]
    note: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteBeneficiary:
    """Note who was granted an award in any call; goes to every log of this service (system)."""

    of_call: Id
    application_id: Id
    bodies: Annotated[tuple[BodyId, ...], Between(1, 301)]
    project_start: date
    project_end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DropBeneficiary:
    """Note that an award was declined: its bodies are no beneficiaries; goes to every log of this service (system)."""

    of_call: Id
    application_id: Id


Command = (
    PublishCall
    | EnrolBodies
    | MoveDeadline
    | GrantExtension
    | MergeBodies
    | SaveDraft
    | Submit
    | Amend
    | Withdraw
    | Reopen
    | CloseCall
    | DeclareAdmissible
    | DeclareInadmissible
    | NoteBeneficiary
    | DropBeneficiary
    | CustodyCommand
)


# Events


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPublished:
    """A call, with all its rules."""

    call_id: Id
    rules: CallRules
    call_file: Digest
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BodiesEnrolled:
    """Bodies that may file in the call; a body named before is corrected."""

    call_id: Id
    bodies: tuple[Body, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineMoved:
    """The call has another deadline."""

    call_id: Id
    before: datetime
    deadline: datetime
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionGranted:
    """One applicant has a later deadline."""

    call_id: Id
    applicant: Id
    deadline: datetime
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class BodiesMerged:
    """A body has gone over into another one: its files, extension and past awards now count for that one."""

    call_id: Id
    envelope_id: Id
    from_body: Id
    into_body: Id
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSaved:
    """A draft; `version` counts the drafts of the file from 1."""

    call_id: Id
    application_id: Id
    applicant: Id
    version: int
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSubmitted:
    """A file taken in. `version` counts its submissions from 1; `receipt` is the SHA-256 that proves content and time."""

    call_id: Id
    application_id: Id
    applicant: Id
    version: int
    content: Content
    received_at: datetime
    receipt: Digest
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationWithdrawn:
    """A file taken back by its applicant."""

    call_id: Id
    application_id: Id
    applicant: Id
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationReopened:
    """A file that may be submitted or amended until an instant. A file found inadmissible is undecided again."""

    call_id: Id
    application_id: Id
    applicant: Id
    until: datetime
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class CallClosed:
    """The intake is over; `applications` counts the files submitted and not withdrawn."""

    call_id: Id
    closed_at: datetime
    applications: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationDeclaredAdmissible:
    """A file that goes on to the jury, as last submitted."""

    call_id: Id
    application_id: Id
    applicant: Id
    partners: tuple[Id, ...]
    requested_cents: Cents
    purposes: tuple[Code, ...]
    project_start: date
    project_end: date
    submitted_at: datetime
    declared_by: Id
    note: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationDeclaredInadmissible:
    """A file that does not go on, and why."""

    call_id: Id
    application_id: Id
    applicant: Id
    reasons: tuple[InadmissibleReason, ...]
    note: Line | None = None
    declared_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class BeneficiaryNoted:
    """Bodies that hold an award; `call_id` and `application_id` are those of the award."""

    call_id: Id
    application_id: Id
    bodies: tuple[Id, ...]
    project_start: date
    project_end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BeneficiaryDropped:
    """Bodies that hold this award no longer."""

    call_id: Id
    application_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleFundingFlagged:
    """A file whose project may be paid twice: by an award (`other_call`, `other_application`) or a declared subsidy."""

    call_id: Id
    application_id: Id
    applicant: Id
    other_call: Id | None = None
    other_application: Id | None = None
    detail: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that was not carried out, and why."""

    call_id: Id
    application_id: Id | None = None
    command: Id
    code: RefusalCode
    detail: Line


Event = (
    CallPublished
    | BodiesEnrolled
    | DeadlineMoved
    | ExtensionGranted
    | BodiesMerged
    | DraftSaved
    | ApplicationSubmitted
    | ApplicationWithdrawn
    | ApplicationReopened
    | CallClosed
    | ApplicationDeclaredAdmissible
    | ApplicationDeclaredInadmissible
    | BeneficiaryNoted
    | BeneficiaryDropped
    | DoubleFundingFlagged
    | Refused
    | CustodyEvent
)
