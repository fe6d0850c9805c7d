"""The public events; field for field the messages in `protos/grants/awards`. What is kept beside them stands in `noted`.

Each has its place in the feed (`sequence`), the entry that it tells of (`source`) and that entry's
instant (`occurred_at`). They are a contract with the outside: fields are added, never changed or removed.

Of an award four sums are told apart, each as it stands after the event: what the decision in force grants (`awarded_cents`), what
the ledger has bound (`committed_cents`), what was paid (`paid_cents`) and what came back (`recovered_cents`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated, get_args

from services.kernel.form import Between, Digest, Id, Line
from services.kernel.rules import AuthorityId, BudgetArticle, Cents, CentsOrZero, Code, Currency, Named, Translated
from services.publishing.noted import Noted
from services.publishing.terms import (
    Change,
    Count,
    Ground,
    Links,
    Number,
    Organisation,
    Sequence,
    Source,
)

Partners = Annotated[tuple[Organisation, ...], Between(0, 300)]
Purposes = Annotated[tuple[Code, ...], Between(0, 50)]
"""Codes of what the money is for; `CallPublished` has their words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPublished:
    """A call that is open, or will be. `published` names what is told of its awards.

    `authority_id` is the number of the authority, `budget_article` the article of the budget that the money is on, if the call file
    states them.
    """

    sequence: Sequence
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
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineMoved:
    """The call has another deadline, for everybody."""

    sequence: Sequence
    call_id: Id
    before: datetime
    deadline: datetime
    occurred_at: datetime
    source: Source
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class CallClosed:
    """The intake is over; `applications` counts the files that were submitted and not withdrawn."""

    sequence: Sequence
    call_id: Id
    closed_at: datetime
    applications: Count
    occurred_at: datetime
    source: Source
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingPublished:
    """The jury has established a ranking of `ranked` places; a higher `version` takes its place. It awards nothing."""

    sequence: Sequence
    call_id: Id
    version: Number
    ranked: Count
    minimum_total: Fraction
    occurred_at: datetime
    source: Source
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardGranted:
    """An award: approved, and bound by the ledger. `amount_cents` is what was granted."""

    sequence: Sequence
    call_id: Id
    award_id: Id
    application_id: Id
    organisation: Organisation
    partners: Partners
    purposes: Purposes
    amount_cents: Cents
    currency: Currency
    awarded_cents: CentsOrZero
    committed_cents: CentsOrZero
    paid_cents: CentsOrZero | None = None
    recovered_cents: CentsOrZero | None = None
    requested_cents: Cents | None = None
    decided_on: date | None = None
    project_start: date | None = None
    project_end: date | None = None
    ground: Ground
    occurred_at: datetime
    source: Source
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardRefused:
    """An application that got no award; an appeal may still lead to one."""

    sequence: Sequence
    call_id: Id
    application_id: Id
    organisation: Organisation
    partners: Partners
    purposes: Purposes
    requested_cents: Cents | None = None
    currency: Currency
    decided_on: date | None = None
    ground: Ground
    occurred_at: datetime
    source: Source
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardAmended:
    """An award that is no longer what it was: `amount_cents` is by how much the commitment changed, 0 by a merger of bodies."""

    sequence: Sequence
    call_id: Id
    award_id: Id
    application_id: Id
    organisation: Organisation
    partners: Partners
    purposes: Purposes
    amount_cents: Change
    currency: Currency
    awarded_cents: CentsOrZero
    committed_cents: CentsOrZero
    paid_cents: CentsOrZero | None = None
    recovered_cents: CentsOrZero | None = None
    requested_cents: Cents | None = None
    decided_on: date | None = None
    project_start: date | None = None
    project_end: date | None = None
    ground: Ground
    occurred_at: datetime
    source: Source
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardWithdrawn:
    """An award that is none any more, before anything was paid: `amount_cents`, below 0, is by how much the commitment changed."""

    sequence: Sequence
    call_id: Id
    award_id: Id
    application_id: Id
    organisation: Organisation
    partners: Partners
    purposes: Purposes
    amount_cents: Change
    currency: Currency
    awarded_cents: CentsOrZero
    committed_cents: CentsOrZero
    paid_cents: CentsOrZero | None = None
    recovered_cents: CentsOrZero | None = None
    requested_cents: Cents | None = None
    decided_on: date | None = None
    project_start: date | None = None
    project_end: date | None = None
    ground: Ground
    occurred_at: datetime
    source: Source
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMade:
    """A payment that the bank has carried out: `amount_cents`, an advance or a balance."""

    sequence: Sequence
    call_id: Id
    award_id: Id
    application_id: Id
    payment_id: Id
    organisation: Organisation
    partners: Partners
    purposes: Purposes
    amount_cents: Cents
    currency: Currency
    awarded_cents: CentsOrZero
    committed_cents: CentsOrZero
    paid_cents: CentsOrZero
    recovered_cents: CentsOrZero
    requested_cents: Cents | None = None
    decided_on: date | None = None
    project_start: date | None = None
    project_end: date | None = None
    ground: Ground
    occurred_at: datetime
    source: Source
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardSettled:
    """What an award comes to by its final report: `amount_cents`. What is still to be paid, or to be given back, is on its way."""

    sequence: Sequence
    call_id: Id
    award_id: Id
    application_id: Id
    organisation: Organisation
    partners: Partners
    purposes: Purposes
    amount_cents: CentsOrZero
    currency: Currency
    accepted_cents: CentsOrZero
    balance_cents: CentsOrZero | None = None
    recovery_cents: CentsOrZero | None = None
    limit: Code
    awarded_cents: CentsOrZero
    committed_cents: CentsOrZero
    paid_cents: CentsOrZero | None = None
    recovered_cents: CentsOrZero | None = None
    requested_cents: Cents | None = None
    decided_on: date | None = None
    project_start: date | None = None
    project_end: date | None = None
    ground: Ground
    occurred_at: datetime
    source: Source
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardRecovered:
    """Money that came back: `amount_cents`. The commitment has shrunk by it."""

    sequence: Sequence
    call_id: Id
    award_id: Id
    application_id: Id
    recovery_id: Id
    organisation: Organisation
    partners: Partners
    purposes: Purposes
    amount_cents: Cents
    currency: Currency
    awarded_cents: CentsOrZero
    committed_cents: CentsOrZero
    paid_cents: CentsOrZero
    recovered_cents: CentsOrZero
    requested_cents: Cents | None = None
    decided_on: date | None = None
    project_start: date | None = None
    project_end: date | None = None
    ground: Ground
    occurred_at: datetime
    source: Source
    links: Links


AwardEvent = AwardGranted | AwardAmended | AwardWithdrawn | PaymentMade | AwardSettled | AwardRecovered
"""The public events about an award that was granted: all have its sums, its organisation and its ground."""
CallEvent = CallPublished | DeadlineMoved | CallClosed | RankingPublished
Public = CallEvent | AwardEvent | AwardRefused
Event = Public | Noted

PUBLIC = tuple(kind.__name__ for kind in (*get_args(CallEvent), *get_args(AwardEvent), AwardRefused))
"""The names of the public events."""
