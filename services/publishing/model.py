"""Commands of the publishing service; field for field the messages in `protos/grants/publishing`.

All are given by the system: each notes a fact of another service. None is ever too early.
"""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated

from services.kernel.form import Between, Digest, Id, Line
from services.kernel.rules import AuthorityId, BudgetArticle, Cents, Code, Currency, Named, Translated
from services.publishing.terms import (
    Body,
    Count,
    Decision,
    Grant,
    Kbo,
    Move,
    Number,
    Refusal,
    Settlement,
    Source,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCall:
    """Note a call, with what is told of it and what it lets be told of its awards."""

    call_id: Id
    title: Translated
    authority: Translated
    authority_id: AuthorityId | None = None
    legal_basis: Line
    envelope_id: Id
    budget_article: BudgetArticle | None = None
    budget_year: int
    budget_cents: Cents
    cap_cents: Cents
    currency: Currency
    own_share_percent: int
    applicant_kinds: tuple[Code, ...]
    regions: tuple[Line, ...]
    opens_at: datetime
    deadline: datetime
    zone: Line
    project_start: date
    project_end: date
    purposes: tuple[Named, ...]
    published: tuple[Code, ...]
    call_file: Digest
    occurred_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDeadline:
    """Note that the call has another deadline."""

    call_id: Id
    before: datetime
    deadline: datetime
    occurred_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteClosing:
    """Note that the intake is over."""

    call_id: Id
    closed_at: datetime
    applications: Count
    occurred_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteBodies:
    """Note bodies that may file in the call, or what they are called from now on."""

    call_id: Id
    bodies: Annotated[tuple[Body, ...], Between(1, 100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFile:
    """Note what an admissible application asks money for; the last time counts."""

    call_id: Id
    application_id: Id
    partners: Annotated[tuple[Kbo, ...], Between(0, 300)]
    requested_cents: Cents
    purposes: Annotated[tuple[Code, ...], Between(0, 50)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteScore:
    """Note the total score of an application in a version of the ranking."""

    call_id: Id
    application_id: Id
    version: Number
    total: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRanking:
    """Note that a version of the ranking is complete."""

    call_id: Id
    version: Number
    ranked: Count
    minimum_total: Fraction
    occurred_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePlace:
    """Note the version of the ranking by which an application is decided on; the last time counts."""

    call_id: Id
    application_id: Id
    version: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDecision:
    """Note an approved decision to award."""

    call_id: Id
    award_id: Id
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteGrant:
    """Note an award that was granted."""

    call_id: Id
    award_id: Id
    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRefusal:
    """Note an application that was refused."""

    call_id: Id
    application_id: Id
    refusal: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteMerger:
    """Note that a body has gone over into another one, which holds its awards from here on."""

    call_id: Id
    from_body: Kbo
    into_body: Kbo
    occurred_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteMove:
    """Note what the ledger did with the money of an award."""

    call_id: Id
    award_id: Id
    move: Move


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSettlement:
    """Note what the final report makes of an award."""

    call_id: Id
    award_id: Id
    settlement: Settlement


Command = (
    NoteCall
    | NoteDeadline
    | NoteClosing
    | NoteBodies
    | NoteFile
    | NoteScore
    | NoteRanking
    | NotePlace
    | NoteDecision
    | NoteGrant
    | NoteRefusal
    | NoteMerger
    | NoteMove
    | NoteSettlement
)
