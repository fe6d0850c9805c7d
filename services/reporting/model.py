"""Commands, events and records of the reporting service; field for field the messages in `protos/grants/reporting`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from services.kernel.decider import Record
from services.kernel.form import Between, Digest, Id, Line, Matches
from services.kernel.rules import CallRules, Cents, CentsOrZero, Code

MAX_LINES = 100
"""The most costs in one report: with it, a report and its answer fit the size of an entry."""

LineId = Annotated[str, Matches(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}", "1 to 20 of A-Z a-z 0-9 . _ -, first a letter or digit")]
Units = Annotated[int, Between(0, 1_000_000_000)]
Percent = Annotated[int, Between(0, 100)]


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
    ALREADY_REQUESTED = "already_requested"
    ALREADY_REMINDED = "already_reminded"
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
    WAIVER_NOT_ALLOWED = "waiver_not_allowed"
    GROUND_MISSING = "ground_missing"
    ALREADY_SETTLED = "already_settled"


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
    """Open the account of an award whose agreement was accepted."""

    call_id: Id
    award_id: Id
    application_id: Id
    applicant: Id
    partners: tuple[Id, ...]
    amount_cents: Cents
    reservation_id: Id
    envelope_id: Id


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
)


# Events


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRegistered:
    """A call whose awards will be accounted for by these rules."""

    call_id: Id
    rules: CallRules


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened:
    """From here the beneficiary owes the reports of the call."""

    award_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    partners: tuple[Id, ...]
    amount_cents: Cents
    reservation_id: Id
    envelope_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNoted:
    """Money that the ledger paid on the award."""

    award_id: Id
    call_id: Id
    payment_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryNoted:
    """Money that the ledger received back on the award."""

    award_id: Id
    call_id: Id
    recovery_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequested:
    """A report falls due soon."""

    award_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    report: Code
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReminded:
    """A report is overdue."""

    award_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    report: Code
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiled:
    """A report as the beneficiary filed it; `version` counts from 1."""

    award_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    report: Code
    version: int
    costs: tuple[CostLine, ...]
    kpis: Mapping[str, Units]
    document: Digest | None = None
    own_means_cents: CentsOrZero
    filed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRejected:
    """A cost that does not count. `ground` is an `AutomaticGround` or an officer's words."""

    award_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    report: Code
    line: LineId
    amount_cents: Cents
    ground: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReturned:
    """A report sent back to be filed again."""

    award_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    report: Code
    ground: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportApproved:
    """A report found good, with the sum of its costs that count."""

    award_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    report: Code
    final: bool
    accepted_cents: CentsOrZero
    approved_by: Id
    approved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementComputed:
    """What the award comes to: `paid_cents + balance_cents - recovery_cents = final_grant_cents`."""

    award_id: Id
    reservation_id: Id
    envelope_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    amount_cents: Cents
    accepted_cents: int
    own_percent: Percent
    own_percent_ground: Line | None = None
    limit: Limit
    final_grant_cents: CentsOrZero
    paid_cents: CentsOrZero
    balance_cents: CentsOrZero
    recovery_cents: CentsOrZero
    decommit_cents: CentsOrZero


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that was not carried out, and why."""

    call_id: Id
    award_id: Id | None = None
    report: Code | None = None
    command: Id
    code: RefusalCode
    detail: Line


Event = (
    CallRegistered
    | AccountOpened
    | PaymentNoted
    | RecoveryNoted
    | ReportRequested
    | ReportReminded
    | ReportFiled
    | CostRejected
    | ReportReturned
    | ReportApproved
    | SettlementComputed
    | Refused
)


# Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Record):
    """The rules of a call."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    rules: CallRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Record):
    """An award to be accounted for."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "award_id")
    call_id: Id
    award_id: Id
    application_id: Id
    applicant: Id
    partners: tuple[Id, ...]
    amount_cents: Cents
    reservation_id: Id
    envelope_id: Id
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Record):
    """A payment that was noted; it may come in before the account is open."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "award_id", "payment_id")
    call_id: Id
    award_id: Id
    payment_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery(Record):
    """A recovery that was noted."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "award_id", "recovery_id")
    call_id: Id
    award_id: Id
    recovery_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Record):
    """A report of an account in its last filed version. `rejected` maps a line to its ground."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "award_id", "report")
    call_id: Id
    award_id: Id
    report: Code
    status: ReportStatus = ReportStatus.OPEN
    requested: bool = False
    reminded: bool = False
    version: int = 0
    costs: tuple[CostLine, ...] = ()
    rejected: Mapping[str, Line]
    kpis: Mapping[str, Units]
    own_means_cents: CentsOrZero = 0

    @property
    def accepted_cents(self) -> int:
        """The sum of the costs that were not rejected."""
        return sum(cost.amount_cents for cost in self.costs if cost.line not in self.rejected)
