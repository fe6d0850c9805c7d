"""What the scoring service keeps in mind: its state, record by record."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar

from services.kernel.decider import Record
from services.kernel.form import Digest, Id, Line
from services.kernel.rules import CallRules, Cents, Code
from services.scoring.model import ApplicationRanked, ConflictGround, Score, Scores


class ModerationStatus(StrEnum):
    """Where a criterion stands on which the assessors lay too far apart."""

    OPEN = "open"
    MODERATED = "moderated"
    LIFTED = "lifted"
    """The points that led to it no longer stand, or no longer lie too far apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Record):
    """The rules of a call."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    rules: CallRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Record):
    """An application. `ranked`: a ranking has been established with it, so that its assessments are no longer revised."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id")
    call_id: Id
    application_id: Id
    applicant: Id
    partners: tuple[Id, ...]
    requested_cents: Cents
    submitted_at: datetime
    dropped: bool = False
    ranked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessor(Record):
    """A member of the jury."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "assessor")
    call_id: Id
    assessor: Id
    organisation: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict(Record):
    """A conflict of interest that was declared; it is never taken back."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id", "assessor")
    call_id: Id
    application_id: Id
    assessor: Id
    ground: ConflictGround


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment(Record):
    """An assessor of an application, with the last points given (none yet: empty). `void`: ended by a conflict."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id", "assessor")
    call_id: Id
    application_id: Id
    assessor: Id
    version: int = 0
    points: Scores
    note: Digest | None = None
    void: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation(Record):
    """A criterion on which the assessors lay too far apart; `points` and `ground` are the chair's, once moderated."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id", "criterion")
    call_id: Id
    application_id: Id
    criterion: Code
    low: Score
    high: Score
    status: ModerationStatus
    points: Score | None = None
    ground: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked(Record):
    """The last place of an application, as it was recorded."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id")
    call_id: Id
    application_id: Id
    place: ApplicationRanked


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking(Record):
    """The last ranking of a call."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    version: int
    ranked: int
    minimum_total: Fraction
