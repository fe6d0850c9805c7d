"""Commands of the reporting service and the values they are made of; field for field the messages in `protos/grants/reporting`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from services.kernel.form import Between, Digest, Id, Line, Matches
from services.kernel.rules import CallRules, Cents, CentsOrZero, Code

MAX_LINES = 100
"""The most costs in one report: with it, a report and its answer fit the size of an entry."""

LineId = Annotated[str, Matches(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}", "1 to 20 of A-Z a-z 0-9 . _ -, first a letter or digit")]
Units = Annotated[int, Between(0, 1_000_000_000)]
Percent = Annotated[int, Between(0, 100)]
Partners = Annotated[tuple[Id, ...], Between(0, 300)]


class RefusalCode(StrEnum):
    """Why a command was not carried out."""

    NOT_AUTHORISED = "not_authorised"
    ID_REUSED = "id_reused"
    CALL_EXISTS = "call_exists"
    ACCOUNT_EXISTS = "account_exists"
    ALREADY_NOTED = "already_noted"
    AMOUNT_TOO_LARGE = "amount_too_large"
    EXCEEDS_PAID = "exceeds_paid"
    UNKNOWN_CALL = "unknown_call"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_REPORT = "unknown_report"
    NOT_YET_DUE = "not_yet_due"
    NOT_BENEFICIARY = "not_beneficiary"
    SAME_HAND = "same_hand"
    ALREADY_FILED = "already_filed"
    ALREADY_APPROVED = "already_approved"
    NOT_FILED = "not_filed"
    DUPLICATE_LINE = "duplicate_line"
    UNKNOWN_LINE = "unknown_line"
    ALREADY_REJECTED = "already_rejected"
    UNKNOWN_KPI = "unknown_kpi"
    KPIS_NOT_ASKED = "kpis_not_asked"
    REPORTS_OPEN = "reports_open"
    ADVANCE_OPEN = "advance_open"
    WAIVER_NOT_ALLOWED = "waiver_not_allowed"
    GROUND_MISSING = "ground_missing"
    ALREADY_SETTLED = "already_settled"
    SAME_BODY = "same_body"
    ALREADY_MERGED = "already_merged"


class AutomaticGround(StrEnum):
    """Why a cost is rejected without an officer looking at it."""

    BARRED_COST = "barred_cost"
    UNKNOWN_COST = "unknown_cost"


class Limit(StrEnum):
    """What set the final grant. Where several give the same sum, the first of this list is named."""

    AWARD = "award"
    KPI_UNITS = "kpi_units"
    OWN_SHARE = "own_share"
    """What of the accepted costs is left after the own share."""
    OWN_MEANS = "own_means"
    """The own means told in the reports carry no larger grant."""


class ReportStatus(StrEnum):
    """Where a report stands."""

    OPEN = "open"
    FILED = "filed"
    RETURNED = "returned"
    APPROVED = "approved"


# Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterCall:
    """Learn the rules of a call."""

    call_id: Id
    rules: CallRules


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount:
    """Open the account of an award whose agreement was accepted; the ledger pays `advance_cents` on it."""

    call_id: Id
    award_id: Id
    application_id: Id
    applicant: Id
    partners: Partners
    amount_cents: Cents
    reservation_id: Id
    envelope_id: Id
    advance_cents: CentsOrZero


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePaid:
    """Note what the ledger paid."""

    call_id: Id
    award_id: Id
    payment_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRecovered:
    """Note what the ledger received back."""

    call_id: Id
    award_id: Id
    recovery_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReport:
    """Ask for a report that falls due within 30 days."""

    call_id: Id
    award_id: Id
    report: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindReport:
    """Remind of a report that is overdue."""

    call_id: Id
    award_id: Id
    report: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One cost charged to the project; what it was for stands in the document that `description_ref` names."""

    line: LineId
    code: Code
    amount_cents: Cents
    description_ref: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """File a report: costs, results and own means since the report before. Filing a returned report replaces it."""

    call_id: Id
    award_id: Id
    report: Code
    costs: Annotated[tuple[CostLine, ...], Between(0, MAX_LINES)]
    kpis: Annotated[Mapping[str, Units], Between(0, MAX_LINES)]
    document: Digest | None = None
    own_means_cents: CentsOrZero


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectCost:
    """Reject one cost of a filed report."""

    call_id: Id
    award_id: Id
    report: Code
    line: LineId
    ground: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReport:
    """Send a filed report back."""

    call_id: Id
    award_id: Id
    report: Code
    ground: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveReport:
    """Approve a filed report; the final one settles the award. `own_percent` deviates from the call's, with its ground."""

    call_id: Id
    award_id: Id
    report: Code
    own_percent: Percent | None = None
    own_percent_ground: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteMerger:
    """Note that a body has gone over into another, which from here on accounts for its awards."""

    call_id: Id
    from_body: Id
    into_body: Id


Command = (
    RegisterCall
    | OpenAccount
    | NotePaid
    | NoteRecovered
    | RequestReport
    | RemindReport
    | FileReport
    | RejectCost
    | ReturnReport
    | ApproveReport
    | NoteMerger
)
