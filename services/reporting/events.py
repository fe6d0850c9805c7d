"""Events of the reporting service; field for field the messages in `protos/grants/reporting`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.kernel.form import Digest, Id, Line
from services.kernel.rules import CallRules, Cents, CentsOrZero, Code
from services.reporting.model import CostLine, Limit, LineId, Partners, Percent, RefusalCode, Units


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
    partners: Partners
    amount_cents: Cents
    reservation_id: Id
    envelope_id: Id
    advance_cents: CentsOrZero


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
    """A report as the beneficiary filed it; `version` counts from 1 and grows when a returned report is filed again."""

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
    filed_by: Id


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
class MergerNoted:
    """From here on `into_body` accounts for the awards of `from_body`."""

    call_id: Id
    from_body: Id
    into_body: Id


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
    | MergerNoted
    | Refused
)
