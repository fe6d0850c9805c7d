"""Reports from the side of the authority: costs rejected, reports returned or approved, the award settled."""

from collections import Counter

from services.kernel.decider import At, State
from services.kernel.rules import CallRules, ReportRule
from services.reporting.events import CostRejected, Event, Refused, ReportApproved, ReportReturned, SettlementComputed
from services.reporting.model import ApproveReport, RefusalCode, RejectCost, ReportStatus, ReturnReport
from services.reporting.records import Account, Report, paid_cents
from services.reporting.refusing import find, refuse, report_of, why_not_filed
from services.reporting.settlement import settle


def reject_cost(command: RejectCost, state: State) -> tuple[Event, ...]:
    """Take one cost out of a filed report."""
    found = find(command, state)
    if isinstance(found, Refused):
        return (found,)
    account, _, rule = found
    report = report_of(command, state)
    if (refused := why_not_filed(command, report)) is not None:
        return (refused,)
    cost = next((cost for cost in report.costs if cost.line == command.line), None)
    if cost is None:
        return (refuse(command, RefusalCode.UNKNOWN_LINE, f"the report has no line {command.line}"),)
    if cost.line in report.rejected:
        return (refuse(command, RefusalCode.ALREADY_REJECTED, f"line {command.line} was rejected before"),)
    return (
        CostRejected(
            award_id=account.award_id,
            call_id=account.call_id,
            application_id=account.application_id,
            applicant=account.applicant,
            report=rule.code,
            line=cost.line,
            amount_cents=cost.amount_cents,
            ground=command.ground,
        ),
    )


def return_report(command: ReturnReport, state: State) -> tuple[Event, ...]:
    """Send a filed report back; filing it again replaces it whole."""
    found = find(command, state)
    if isinstance(found, Refused):
        return (found,)
    account, _, rule = found
    if (refused := why_not_filed(command, report_of(command, state))) is not None:
        return (refused,)
    return (
        ReportReturned(
            award_id=account.award_id,
            call_id=account.call_id,
            application_id=account.application_id,
            applicant=account.applicant,
            report=rule.code,
            ground=command.ground,
        ),
    )


def approve(command: ApproveReport, state: State, at: At) -> tuple[Event, ...]:
    """Approve a filed report, in the order in which reports fall due; the final one settles the award."""
    found = find(command, state)
    if isinstance(found, Refused):
        return (found,)
    account, rules, rule = found
    report = report_of(command, state)
    refused = (
        why_not_filed(command, report)
        or _why_not_yet(command, account, rules, rule, state)
        or _why_not_by(command, report, at)
        or _why_not_so(command, rules, rule)
    )
    if refused is not None:
        return (refused,)
    approved = ReportApproved(
        award_id=account.award_id,
        call_id=account.call_id,
        application_id=account.application_id,
        applicant=account.applicant,
        report=rule.code,
        final=rule.final,
        accepted_cents=report.accepted_cents,
        approved_by=at.actor.id,
        approved_at=at.now,
    )
    return (approved, _settled(command, account, rules, state)) if rule.final else (approved,)


def _why_not_yet(command: ApproveReport, account: Account, rules: CallRules, rule: ReportRule, state: State) -> Refused | None:
    for earlier in rules.reports:
        before = (earlier.final, earlier.due) < (rule.final, rule.due)
        report = state.get(Report, account.call_id, account.award_id, earlier.code)
        if before and (report is None or report.status is not ReportStatus.APPROVED):
            return refuse(command, RefusalCode.REPORTS_OPEN, f"report {earlier.code} comes first")
    paid = paid_cents(state, account.call_id, account.award_id)
    if rule.final and paid < account.advance_cents:
        # settled now, the advance would be paid on top of a balance that was worked out without it
        return refuse(command, RefusalCode.ADVANCE_OPEN, f"of the advance of {account.advance_cents} cents {paid} are paid")
    return None


def _why_not_by(command: ApproveReport, report: Report, at: At) -> Refused | None:
    return refuse(command, RefusalCode.SAME_HAND, "the same hand filed it") if at.actor.id == report.filed_by else None


def _why_not_so(command: ApproveReport, rules: CallRules, rule: ReportRule) -> Refused | None:
    asked, share = command.own_percent, rules.co_financing
    if asked is None:
        return None
    if not rule.final or not share.waiver or asked > share.percent:
        detail = (
            f"a share below {share.percent} percent may be set with the final report" if share.waiver else "the call allows none"
        )
        return refuse(command, RefusalCode.WAIVER_NOT_ALLOWED, detail)
    if command.own_percent_ground is None:
        return refuse(command, RefusalCode.GROUND_MISSING, "another share than the call's needs a ground")
    return None


def _settled(command: ApproveReport, account: Account, rules: CallRules, state: State) -> SettlementComputed:
    reports = list(state.all(Report, account.call_id, account.award_id))
    own_percent = rules.co_financing.percent if command.own_percent is None else command.own_percent
    accepted = sum(report.accepted_cents for report in reports)
    paid = paid_cents(state, account.call_id, account.award_id)
    units: Counter[str] = Counter()
    for report in reports:
        units.update(report.kpis)
    settlement = settle(
        rules=rules,
        amount_cents=account.amount_cents,
        accepted_cents=accepted,
        own_means_cents=sum(report.own_means_cents for report in reports),
        own_percent=own_percent,
        units=units,
        paid_cents=paid,
    )
    return SettlementComputed(
        award_id=account.award_id,
        reservation_id=account.reservation_id,
        envelope_id=account.envelope_id,
        call_id=account.call_id,
        application_id=account.application_id,
        applicant=account.applicant,
        amount_cents=account.amount_cents,
        accepted_cents=accepted,
        own_percent=own_percent,
        own_percent_ground=None if command.own_percent is None else command.own_percent_ground,
        limit=settlement.limit,
        final_grant_cents=settlement.final_grant_cents,
        paid_cents=paid,
        balance_cents=settlement.balance_cents,
        recovery_cents=settlement.recovery_cents,
        decommit_cents=settlement.decommit_cents,
    )
