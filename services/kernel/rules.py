"""The rules of a call, as data. A call file states them, `CallPublished` carries them, every core decides by them.

No rule of any particular call stands in Python: what differs between calls is a field here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from services.kernel.form import Between, Id, Line, Matches

Cents = Annotated[int, Between(1, 2**53 - 1)]
"""A sum of money in cents: at least one, and exact in every JSON reader."""
CentsOrZero = Annotated[int, Between(0, 2**53 - 1)]
Currency = Annotated[str, Matches("[A-Z]{3}", "an ISO 4217 code such as EUR")]
Code = Annotated[str, Matches("[a-z][a-z0-9_]{0,59}", "lower case letters, digits and _, first a letter, at most 60")]
Translated = Mapping[str, Line]
"""The same words by language: `nl` and `en`."""
AuthorityId = Annotated[str, Matches("OVO[0-9]{6}", "a number of the Flemish register of organisations: OVO and 6 digits")]
BudgetArticle = Annotated[str, Between(1, 40)]


class CapCounts(StrEnum):
    """Whose use of the envelope counts against the cap in a budget year."""

    LEAD_AND_PARTNERS = "lead_and_partners"
    """Every file in which a body takes part, alone or in a group, counts in full for each of its members."""
    LEAD_ONLY = "lead_only"


class ShareBase(StrEnum):
    """What the co-financing share is a share of."""

    TOTAL_COST = "total_cost"
    GRANT = "grant"


class FieldKind(StrEnum):
    """What a form field holds."""

    TEXT = "text"
    AMOUNT = "amount"
    INTEGER = "integer"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


class TieBreak(StrEnum):
    """One step of the order that separates equal scores."""

    CRITERION = "criterion"
    SMALLER_REQUEST = "smaller_request"
    EARLIER_SUBMISSION = "earlier_submission"
    APPLICATION_ID = "application_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The money: one envelope a budget year, which several calls may share."""

    envelope_id: Id
    budget_year: Annotated[int, Between(2000, 2200)]
    budget_cents: Cents
    currency: Currency
    budget_article: BudgetArticle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The most that one applicant may hold in one budget year, over all calls on the envelope."""

    cap_cents: Cents
    counts: CapCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class CoFinancing:
    """The applicant's own share, in percent of `base`; `waiver` says whether a reasoned deviation may be asked."""

    percent: Annotated[int, Between(0, 100)]
    base: ShareBase
    waiver: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When applications are taken in: instants, the zone that officials read them in, and the call's own words."""

    opens_at: datetime
    deadline: datetime
    zone: Line
    words: Translated
    deadline_included: bool
    """Whether an application received at exactly the deadline is in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicants:
    """Who may file."""

    kinds: tuple[Code, ...]
    """Kinds of body, such as `municipality`."""
    regions: tuple[Line, ...]
    groups: bool
    max_partners: Annotated[int, Between(0, 300)]
    one_live_file: bool
    """At most one file per applicant in this call that is not withdrawn; as lead or as partner."""
    excludes_beneficiaries_of: tuple[Id, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One question of the form. `max_length` counts characters (0: no limit beyond the form's own)."""

    name: Code
    label: Translated
    kind: FieldKind
    required: bool
    max_length: Annotated[int, Between(0, 20_000)] = 0
    choices: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRule:
    """A document that comes with the application."""

    kind: Code
    label: Translated
    required: bool
    max_bytes: Annotated[int, Between(1, 100_000_000)]
    media_types: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A code with its words: a purpose, a kind of cost."""

    code: Code
    label: Translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """What assessors score, from 0 to `scale` points. Below `minimum` mean points the application cannot be awarded."""

    code: Code
    label: Translated
    weight: Annotated[int, Between(1, 1000)]
    scale: Annotated[int, Between(1, 1000)]
    minimum: Annotated[int, Between(0, 1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TieStep:
    """A step of the tie-break; `criterion` names one only for `TieBreak.CRITERION`."""

    by: TieBreak
    criterion: Code | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """How applications are assessed. The total is the weighted mean of (mean points / scale), a number from 0 to 1."""

    criteria: tuple[Criterion, ...]
    assessors_per_application: Annotated[int, Between(1, 20)]
    spread_limit: Annotated[int, Between(0, 1000)]
    """A criterion whose highest and lowest points differ by more than this must be moderated."""
    minimum_total: Fraction
    tie_break: tuple[TieStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Awarding:
    """How the ranking becomes awards."""

    partial: bool
    minimum_useful_cents: Cents
    """The least that a partial award may be."""
    reserve_list: bool
    decision_maker: Translated
    reservation_days: Annotated[int, Between(1, 3650)]
    appeal_days: Annotated[int, Between(0, 3650)]
    renewals: Annotated[int, Between(0, 20)]
    project_start: date
    project_end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A counted result; each unit is worth `unit_cents` when settled (0: told, not paid)."""

    code: Code
    label: Translated
    unit_cents: CentsOrZero


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRule:
    """A report that beneficiaries owe. Exactly one of a call's reports is final; it settles the award."""

    code: Code
    label: Translated
    final: bool
    due: date
    kpis: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying:
    """Advance in percent of the award, paid on the agreement; the balance follows the final report."""

    advance_percent: Annotated[int, Between(0, 100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long a class of data is kept after the file closed."""

    data_class: Code
    years: Annotated[int, Between(0, 100)]
    ground: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRules:
    """All rules of one call (one round)."""

    call_id: Id
    title: Translated
    authority: Translated
    authority_id: AuthorityId | None = None
    legal_basis: Line
    envelope: Envelope
    cap: Cap
    co_financing: CoFinancing
    window: Window
    applicants: Applicants
    form: tuple[FormField, ...]
    attachments: tuple[AttachmentRule, ...]
    purposes: tuple[Named, ...]
    eligible_costs: tuple[Named, ...]
    barred_costs: tuple[Named, ...]
    scoring: Scoring
    awarding: Awarding
    paying: Paying
    reports: tuple[ReportRule, ...]
    kpis: tuple[Kpi, ...]
    retention: tuple[Retention, ...]
    published: tuple[Code, ...]
    synthetic: tuple[Line, ...] = ()
    """What in this call file is made up, in words."""

    def cost_eligible(self, code: str) -> bool:
        """Whether that kind of cost may be charged."""
        return any(cost.code == code for cost in self.eligible_costs)
