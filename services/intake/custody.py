"""Commands and events about what is kept of people: erasure, retention, sealed notes. As `model`, field for field in the protos.

Content never stands in any of them: only opaque ids, and documents by the hash that the logs have already.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from services.intake.values import Fits
from services.kernel.form import Between, Digest, Id, Line, Matches
from services.kernel.rules import Code

NoteId = Annotated[str, Matches(r"[a-z0-9][a-z0-9-]{0,59}", "lower case letters, digits and -, at most 60")]
MAX_PAPERS = 150
"""The most documents that one command or item names."""
Papers = Annotated[tuple[Digest, ...], Between(0, MAX_PAPERS)]
"""Documents to be destroyed. More than one command holds go into the next one."""

# Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseSubject:
    """Destroy what is kept of a subject outside of the logs: keys, contact, notes, and these documents (officer)."""

    call_id: Id
    subject: Id
    ground: Line
    documents: Papers = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseFile:
    """Say that a file is closed for good: nothing in it changes any more, and the terms of retention begin (officer)."""

    call_id: Id
    application_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposal:
    """One class of data of one file, and the documents that belong to it."""

    application_id: Id
    data_class: Code
    documents: Papers = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRetention:
    """Put up for approval what the call's rules no longer allow to be kept (officer)."""

    call_id: Id
    items: Annotated[tuple[Disposal, ...], Between(1, 40), Fits(16_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveRetention:
    """Have a plan carried out; needs another hand than the plan (officer, decision maker)."""

    call_id: Id
    plan: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class SealNote:
    """Announce a note about a subject that only these organisations may open; its text goes to the vault (a party to it)."""

    call_id: Id
    note_id: NoteId
    subject: Id
    organisations: Annotated[tuple[Id, ...], Between(1, 20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNote:
    """Ask to read a sealed note; only after this is recorded is it shown (a party to it)."""

    call_id: Id
    note_id: NoteId


CustodyCommand = EraseSubject | CloseFile | PlanRetention | ApproveRetention | SealNote | OpenNote


# Events


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectErased:
    """Whatever was kept of a subject until that instant is void: no key made by then opens anything any more."""

    call_id: Id
    subject: Id
    ground: Line
    documents: tuple[Digest, ...]
    erased_at: datetime
    erased_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class FileClosed:
    """A file is closed; `closed_at` starts the terms of retention."""

    call_id: Id
    application_id: Id
    applicant: Id
    closed_at: datetime
    closed_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDisposal:
    """What is to be destroyed, by which rule, and since when it may be."""

    application_id: Id
    applicant: Id
    data_class: Code
    rule: Id
    due_at: datetime
    documents: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPlanned:
    """A list that waits for approval by another hand; `plan` counts the plans of the call as r1, r2 and so on."""

    call_id: Id
    plan: Id
    items: tuple[PlannedDisposal, ...]
    planned_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionApproved:
    """A plan is to be carried out; what it destroys follows, one event each."""

    call_id: Id
    plan: Id
    approved_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDestroyed:
    """One class of data of one file is destroyed under a rule: these documents, and the applicant's keys of that group."""

    call_id: Id
    application_id: Id
    applicant: Id
    data_class: Code
    rule: Id
    plan: Id
    group: Line
    documents: tuple[Digest, ...]
    destroyed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSealed:
    """A note lies in the vault under a key of its own, for these organisations only."""

    call_id: Id
    note_id: NoteId
    subject: Id
    organisations: tuple[Id, ...]
    sealed_at: datetime
    sealed_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOpened:
    """Somebody was given a note to read."""

    call_id: Id
    note_id: NoteId
    subject: Id
    organisation: Id
    opened_at: datetime
    opened_by: Id


CustodyEvent = SubjectErased | FileClosed | RetentionPlanned | RetentionApproved | DataDestroyed | NoteSealed | NoteOpened
