"""What each event changes."""

from collections.abc import Iterable
from typing import assert_never

from services.kernel.decider import Record, State, replace
from services.reporting.events import (
    AccountOpened,
    CallRegistered,
    CostRejected,
    Event,
    MergerNoted,
    PaymentNoted,
    RecoveryNoted,
    Refused,
    ReportApproved,
    ReportFiled,
    ReportReminded,
    ReportRequested,
    ReportReturned,
    SettlementComputed,
)
from services.reporting.model import ReportStatus
from services.reporting.records import Account, Call, Merger, Payment, Recovery, Report
from services.reporting.refusing import report_of


def evolve(event: Event, state: State) -> Iterable[Record]:
    """The records that an event changes: one, or none by a refusal."""
    match event:
        case ReportRequested() | ReportReminded() | ReportFiled() | CostRejected() | ReportReturned() | ReportApproved():
            return (_report(event, report_of(event, state)),)
        case SettlementComputed():
            account = state.get(Account, event.call_id, event.award_id)
            assert account is not None, f"account {event.award_id} was never opened"  # noqa: S101 - a broken log stops the process
            return (replace(account, settled=True),)
        case Refused():
            return ()
        case _:
            return (_told(event),)


def _report(
    event: ReportRequested | ReportReminded | ReportFiled | CostRejected | ReportReturned | ReportApproved, report: Report
) -> Report:
    match event:
        case ReportRequested():
            return replace(report, requested=True)
        case ReportReminded():
            return replace(report, reminded=True)
        case ReportFiled():
            return replace(
                report,
                status=ReportStatus.FILED,
                version=event.version,
                costs=event.costs,
                rejected={},
                kpis=event.kpis,
                own_means_cents=event.own_means_cents,
                filed_by=event.filed_by,
            )
        case CostRejected():
            return replace(report, rejected={**report.rejected, event.line: event.ground})
        case ReportReturned():
            return replace(report, status=ReportStatus.RETURNED)
        case ReportApproved():
            return replace(report, status=ReportStatus.APPROVED)
        case _:
            assert_never(event)


def _told(event: CallRegistered | AccountOpened | PaymentNoted | RecoveryNoted | MergerNoted) -> Record:
    match event:
        case CallRegistered():
            return Call(call_id=event.call_id, rules=event.rules)
        case AccountOpened():
            return Account(
                call_id=event.call_id,
                award_id=event.award_id,
                application_id=event.application_id,
                applicant=event.applicant,
                partners=event.partners,
                amount_cents=event.amount_cents,
                reservation_id=event.reservation_id,
                envelope_id=event.envelope_id,
                advance_cents=event.advance_cents,
            )
        case PaymentNoted():
            return Payment(
                call_id=event.call_id, award_id=event.award_id, payment_id=event.payment_id, amount_cents=event.amount_cents
            )
        case RecoveryNoted():
            return Recovery(
                call_id=event.call_id, award_id=event.award_id, recovery_id=event.recovery_id, amount_cents=event.amount_cents
            )
        case MergerNoted():
            return Merger(call_id=event.call_id, from_body=event.from_body, into_body=event.into_body)
        case _:
            assert_never(event)
