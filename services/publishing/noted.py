"""Events that no door ever shows: what the publishing service keeps until it can be told.

Field for field the messages in `protos/grants/publishing`.
"""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Annotated

from services.kernel.form import Between, Id, Line
from services.kernel.rules import Cents, Code
from services.publishing.terms import (
    Body,
    Count,
    Decision,
    Grant,
    Kbo,
    Move,
    Number,
    Refusal,
    RefusalCode,
    Settlement,
    Source,
    Step,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BodiesNoted:
    """Bodies that may file in the call; a body named before is corrected."""

    call_id: Id
    bodies: Annotated[tuple[Body, ...], Between(1, 100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileNoted:
    """What an admissible application asks money for."""

    call_id: Id
    application_id: Id
    partners: Annotated[tuple[Kbo, ...], Between(0, 300)]
    requested_cents: Cents
    purposes: Annotated[tuple[Code, ...], Between(0, 50)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreNoted:
    """The total score of an application in a version of the ranking."""

    call_id: Id
    application_id: Id
    version: Number
    total: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceNoted:
    """The version of the ranking by which an application is decided on."""

    call_id: Id
    application_id: Id
    version: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingNoted:
    """A ranking that came before its call."""

    call_id: Id
    version: Number
    ranked: Count
    minimum_total: Fraction
    occurred_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionNoted:
    """An approved decision to award; it is told when it is granted."""

    call_id: Id
    award_id: Id
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantNoted:
    """An award that was granted; it is told when all that it says is known."""

    call_id: Id
    award_id: Id
    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveNoted:
    """Something that happened to an award; it is told in its turn."""

    call_id: Id
    award_id: Id
    move: Move


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementNoted:
    """What the final report makes of an award; it is told in its turn."""

    call_id: Id
    award_id: Id
    settlement: Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalNoted:
    """A refused application; it is told if the call says so, when all that it says is known."""

    call_id: Id
    application_id: Id
    refusal: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class MergerNoted:
    """A body that has gone over into another one, in a call."""

    call_id: Id
    from_body: Kbo
    into_body: Kbo


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The next thing to tell of an award or an application is not told: the call does not publish it."""

    call_id: Id
    award_id: Id | None = None
    application_id: Id | None = None
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that was not carried out, and why."""

    call_id: Id
    award_id: Id | None = None
    application_id: Id | None = None
    command: Id
    code: RefusalCode
    detail: Line


Noted = (
    BodiesNoted
    | FileNoted
    | ScoreNoted
    | PlaceNoted
    | RankingNoted
    | DecisionNoted
    | GrantNoted
    | MoveNoted
    | SettlementNoted
    | RefusalNoted
    | MergerNoted
    | Passed
    | Refused
)
