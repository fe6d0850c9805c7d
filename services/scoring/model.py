"""Commands and events of the scoring service; field for field the messages in `protos/grants/scoring`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from services.kernel.form import Between, Digest, Id, Line
from services.kernel.rules import CallRules, Cents, Code

Score = Annotated[int, Between(0, 1000)]
"""Points on one criterion; the call's own scale may be shorter."""
Scores = Annotated[Mapping[str, Score], Between(0, 100)]
"""Points by criterion."""


class RefusalCode(StrEnum):
    """Why a command was not carried out."""

    NOT_AUTHORISED = "not_authorised"
    ID_REUSED = "id_reused"
    CALL_EXISTS = "call_exists"
    RULES_UNUSABLE = "rules_unusable"
    APPLICATION_EXISTS = "application_exists"
    UNKNOWN_CALL = "unknown_call"
    UNKNOWN_APPLICATION = "unknown_application"
    APPLICATION_DROPPED = "application_dropped"
    UNKNOWN_ASSESSOR = "unknown_assessor"
    CONFLICT = "conflict"
    NOT_ASSIGNED = "not_assigned"
    NOT_ENOUGH_ASSESSORS = "not_enough_assessors"
    UNKNOWN_CRITERION = "unknown_criterion"
    CRITERION_MISSING = "criterion_missing"
    POINTS_OUT_OF_RANGE = "points_out_of_range"
    ALREADY_RANKED = "already_ranked"
    MODERATION_NOT_DEMANDED = "moderation_not_demanded"
    NO_APPLICATIONS = "no_applications"
    ASSESSMENTS_MISSING = "assessments_missing"
    MODERATION_OPEN = "moderation_open"


class ConflictGround(StrEnum):
    """What makes a person no impartial judge of an application."""

    FAMILY = "family"
    EMPLOYMENT = "employment"
    BOARD = "board"
    ADVICE = "advice"
    OTHER = "other"
    ORGANISATION = "organisation"
    """The person's organisation is the applicant or a partner: found without anybody declaring it."""


# Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterCall:
    """Learn the rules of a call."""

    call_id: Id
    rules: CallRules


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterApplication:
    """Take in an application that was declared admissible."""

    call_id: Id
    application_id: Id
    applicant: Id
    partners: tuple[Id, ...]
    requested_cents: Cents
    submitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DropApplication:
    """Leave out an application that was withdrawn or declared inadmissible."""

    call_id: Id
    application_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolAssessor:
    """Put a person on the jury of a call, or correct the organisation of one who is."""

    call_id: Id
    assessor: Id
    organisation: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareConflict:
    """Declare a conflict of interest: one's own, or as the chair that of `assessor`."""

    call_id: Id
    application_id: Id
    ground: ConflictGround
    assessor: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Give every application the assessors that it still lacks."""

    call_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Assess:
    """Score an application on every criterion; `note` names a document with the reasons. A second time revises the first."""

    call_id: Id
    application_id: Id
    points: Scores
    note: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderate:
    """Set the points of a criterion on which the assessors lie too far apart."""

    call_id: Id
    application_id: Id
    criterion: Code
    points: Score
    ground: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """Establish the ranking."""

    call_id: Id


Command = RegisterCall | RegisterApplication | DropApplication | EnrolAssessor | DeclareConflict | Assign | Assess | Moderate | Rank


# Events


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRegistered:
    """A call whose applications will be scored by these rules."""

    call_id: Id
    rules: CallRules


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRegistered:
    """An application that takes part. With other content than before, what was scored no longer counts."""

    call_id: Id
    application_id: Id
    applicant: Id
    partners: tuple[Id, ...]
    requested_cents: Cents
    submitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationDropped:
    """An application that takes part no longer."""

    call_id: Id
    application_id: Id
    applicant: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessorEnrolled:
    """A member of the jury, with the organisation that decides about conflicts."""

    call_id: Id
    assessor: Id
    organisation: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictDeclared:
    """A person who never judges this application. `voids`: an assignment, and its assessment if any, end by it."""

    call_id: Id
    application_id: Id
    applicant: Id
    assessor: Id
    ground: ConflictGround
    declared_by: Id
    voids: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessorAssigned:
    """An assessor who is to score an application."""

    call_id: Id
    application_id: Id
    applicant: Id
    assessor: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentSubmitted:
    """One assessor's points; the last version counts. `lifts` names the criteria that need no moderation any more."""

    call_id: Id
    application_id: Id
    applicant: Id
    assessor: Id
    version: int
    points: Scores
    note: Digest | None = None
    lifts: tuple[Code, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerationDemanded:
    """All have scored, and on this criterion they lie too far apart: from `low` to `high` points."""

    call_id: Id
    application_id: Id
    applicant: Id
    criterion: Code
    low: Score
    high: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionModerated:
    """The points that count on a criterion in the place of the assessors' mean."""

    call_id: Id
    application_id: Id
    applicant: Id
    criterion: Code
    points: Score
    ground: Line
    moderated_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What one assessor gave."""

    assessor: Id
    points: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionResult:
    """One criterion of a ranked application. `mean` is the mean of `inputs`, or the moderated points where there are any."""

    criterion: Code
    weight: int
    scale: int
    minimum: int
    mean: Fraction
    moderated: Score | None = None
    moderation_ground: Line | None = None
    inputs: tuple[Points, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRanked:
    """An application's place in a version of the ranking, with all that the place follows from.

    `total` is the weighted mean of mean points by scale, from 0 to 1. `fails` names the minima that are not reached
    (`below_minimum:<criterion>`, `below_minimum_total`); `tie_path` the steps that separate it from neighbours with an equal
    total (`criterion:<code>`, `smaller_request`, `earlier_submission`, `application_id`).
    """

    call_id: Id
    version: int
    rank: int
    application_id: Id
    applicant: Id
    partners: tuple[Id, ...]
    requested_cents: Cents
    submitted_at: datetime
    total: Fraction
    eligible: bool
    fails: tuple[Id, ...]
    criteria: tuple[CriterionResult, ...]
    tie_path: tuple[Id, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingEstablished:
    """The ranking is complete: `ranked` places were recorded just before."""

    call_id: Id
    version: int
    ranked: int
    minimum_total: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that was not carried out, and why."""

    call_id: Id
    application_id: Id | None = None
    command: Id
    code: RefusalCode
    detail: Line


Event = (
    CallRegistered
    | ApplicationRegistered
    | ApplicationDropped
    | AssessorEnrolled
    | ConflictDeclared
    | AssessorAssigned
    | AssessmentSubmitted
    | ModerationDemanded
    | CriterionModerated
    | ApplicationRanked
    | RankingEstablished
    | Refused
)
