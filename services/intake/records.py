"""What the intake service keeps: the state that its decisions read."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from services.intake.custody import PlannedDisposal
from services.intake.values import Body, Content, FileStatus
from services.kernel.decider import Record
from services.kernel.form import Digest, Id, Line
from services.kernel.rules import CallRules, CentsOrZero, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Record):
    """A call; `deadline` is where it stands after all moves."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    rules: CallRules
    deadline: datetime
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled(Record):
    """A body that may file in a call, unless it has gone over into another one. `absorbed` lists all that went over into it."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "body_id")
    call_id: Id
    body: Body
    merged_into: Id | None = None
    absorbed: tuple[Id, ...] = ()

    @property
    def body_id(self) -> str:
        """The body's number."""
        return self.body.body_id

    @property
    def numbers(self) -> tuple[str, ...]:
        """All numbers under which this body was ever known."""
        return (self.body_id, *self.absorbed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(Record):
    """The later deadline of one applicant."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "applicant")
    call_id: Id
    applicant: Id
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening(Record):
    """Until when one file may still be submitted or amended."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id")
    call_id: Id
    application_id: Id
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft(Record):
    """The latest draft of a file. Kept apart, as it is long and seldom read."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id")
    call_id: Id
    application_id: Id
    version: int
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Record):
    """An application. What it asks for is as last submitted; `version` counts submissions (0: a draft only)."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id")
    call_id: Id
    application_id: Id
    applicant: Id
    partners: tuple[Id, ...] = ()
    status: FileStatus = FileStatus.DRAFT
    version: int = 0
    requested_cents: CentsOrZero = 0
    purposes: tuple[Code, ...] = ()
    project_start: date
    project_end: date
    submitted_at: datetime | None = None

    @property
    def bodies(self) -> tuple[str, ...]:
        """The applicant and its partners."""
        return (self.applicant, *self.partners)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking(Record):
    """That a body takes part in a submitted file, as applicant or partner; `live` until it is withdrawn or goes on without it."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "body_id", "application_id")
    call_id: Id
    body_id: Id
    application_id: Id
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Award(Record):
    """An award in any call: who holds it, and for when. `live` until it is declined."""

    KEY: ClassVar[tuple[str, ...]] = ("of_call", "application_id")
    of_call: Id
    application_id: Id
    bodies: tuple[Id, ...]
    project_start: date
    project_end: date
    live: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit(Record):
    """That a body holds an award: finds the awards of a body without reading them all."""

    KEY: ClassVar[tuple[str, ...]] = ("body_id", "of_call", "application_id")
    body_id: Id
    of_call: Id
    application_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing(Record):
    """That a file is closed for good, and when."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id")
    call_id: Id
    application_id: Id
    closed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Record):
    """A list of what is to be destroyed."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "plan")
    call_id: Id
    plan: Id
    items: tuple[PlannedDisposal, ...]
    planned_by: Id
    approved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposed(Record):
    """That a class of data of a file was destroyed."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id", "data_class")
    call_id: Id
    application_id: Id
    data_class: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure(Record):
    """That a subject's keys of a group (`*`: of every group) made until an instant are void."""

    KEY: ClassVar[tuple[str, ...]] = ("subject", "group", "call_id")
    subject: Id
    group: Line
    call_id: Id
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed(Record):
    """A document that must not be kept, whoever brings it."""

    KEY: ClassVar[tuple[str, ...]] = ("document",)
    document: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Record):
    """A sealed note: whom it is about, who may open it. Its text is not here."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "note_id")
    call_id: Id
    note_id: Id
    subject: Id
    organisations: tuple[Id, ...]
    sealed_at: datetime
