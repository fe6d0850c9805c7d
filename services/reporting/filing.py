"""Reports from the side of the beneficiary: asked for, reminded of, filed."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from services.kernel.decider import At, State
from services.kernel.rules import CallRules, ReportRule
from services.reporting.events import CostRejected, Event, Refused, ReportFiled, ReportReminded, ReportRequested
from services.reporting.model import AutomaticGround, CostLine, FileReport, RefusalCode, RemindReport, ReportStatus, RequestReport
from services.reporting.records import Account, Call, Report, present_body
from services.reporting.refusing import find, refuse, report_of

REQUESTED_BEFORE = timedelta(days=30)
"""How long before it falls due a report is asked for."""
_MOST_CENTS = 2**53 - 1


def request(command: RequestReport, state: State, now: datetime) -> tuple[Event, ...]:
    """Ask for a report, once, from 30 days before it is due."""
    found = find(command, state)
    if isinstance(found, Refused):
        return (found,)
    account, rules, rule = found
    if report_of(command, state).requested:
        return ()
    if today(rules, now) < rule.due - REQUESTED_BEFORE:
        return (refuse(command, RefusalCode.NOT_YET_DUE, f"it is asked for from {rule.due - REQUESTED_BEFORE} on"),)
    return (
        ReportRequested(
            award_id=account.award_id,
            call_id=account.call_id,
            application_id=account.application_id,
            applicant=account.applicant,
            report=rule.code,
            due=rule.due,
        ),
    )


def remind(command: RemindReport, state: State, now: datetime) -> tuple[Event, ...]:
    """Remind of a report, once, from the day after it was due."""
    found = find(command, state)
    if isinstance(found, Refused):
        return (found,)
    account, rules, rule = found
    report = report_of(command, state)
    if report.reminded:
        return ()
    if report.status is ReportStatus.FILED:
        return (refuse(command, RefusalCode.ALREADY_FILED, "it is being checked"),)
    if report.status is ReportStatus.APPROVED:
        return (refuse(command, RefusalCode.ALREADY_APPROVED, "the report is approved"),)
    if today(rules, now) <= rule.due:
        return (refuse(command, RefusalCode.NOT_YET_DUE, f"it is due until {rule.due}"),)
    return (
        ReportReminded(
            award_id=account.award_id,
            call_id=account.call_id,
            application_id=account.application_id,
            applicant=account.applicant,
            report=rule.code,
            due=rule.due,
        ),
    )


def file_report(command: FileReport, state: State, at: At) -> tuple[Event, ...]:
    """Take a report in, and reject at once what the call does not pay for."""
    found = find(command, state)
    if isinstance(found, Refused):
        return (found,)
    account, rules, rule = found
    report = report_of(command, state)
    refused = _why_not_now(command, account, report, state, at) or _why_not_so(command, rules, rule)
    if refused is not None:
        return (refused,)
    filed = ReportFiled(
        award_id=account.award_id,
        call_id=account.call_id,
        application_id=account.application_id,
        applicant=account.applicant,
        report=rule.code,
        version=report.version + 1,
        costs=command.costs,
        kpis=command.kpis,
        document=command.document,
        own_means_cents=command.own_means_cents,
        filed_at=at.now,
        filed_by=at.actor.id,
    )
    return (filed, *_rejected_at_once(account, rules, rule, command.costs))


def due(state: State, now: datetime) -> Iterable[tuple[str, RequestReport | RemindReport]]:
    """Reports to be asked for or reminded of by now: first the one, then the other."""
    for call in state.all(Call):
        day = today(call.rules, now)
        for account in state.all(Account, call.call_id):
            reached = (rule for rule in call.rules.reports if day >= rule.due - REQUESTED_BEFORE)
            yield from chain.from_iterable(_due(state, account, rule, day) for rule in reached)


def today(rules: CallRules, now: datetime) -> date:
    """The day in the zone that the call is read in."""
    return now.astimezone(ZoneInfo(rules.window.zone)).date()


def _due(state: State, account: Account, rule: ReportRule, day: date) -> Iterator[tuple[str, RequestReport | RemindReport]]:
    report = state.get(Report, account.call_id, account.award_id, rule.code)
    name = f"{account.key()}/{rule.code}"
    if report is None or not report.requested:
        yield f"{name}/request", RequestReport(call_id=account.call_id, award_id=account.award_id, report=rule.code)
    elif day > rule.due and not report.reminded and report.status in (ReportStatus.OPEN, ReportStatus.RETURNED):
        yield f"{name}/remind", RemindReport(call_id=account.call_id, award_id=account.award_id, report=rule.code)


def _why_not_now(command: FileReport, account: Account, report: Report, state: State, at: At) -> Refused | None:
    if at.actor.organisation != present_body(state, account.call_id, account.applicant):
        return refuse(command, RefusalCode.NOT_BENEFICIARY, "only the applicant of the award files its reports")
    if account.settled:
        return refuse(command, RefusalCode.ALREADY_SETTLED, "the award is settled")
    if report.status is ReportStatus.FILED:
        return refuse(command, RefusalCode.ALREADY_FILED, "it is being checked")
    if report.status is ReportStatus.APPROVED:
        return refuse(command, RefusalCode.ALREADY_APPROVED, "the report is approved")
    if not report.requested:
        return refuse(command, RefusalCode.NOT_YET_DUE, "it was not asked for yet")
    return None


def _why_not_so(command: FileReport, rules: CallRules, rule: ReportRule) -> Refused | None:
    lines = [cost.line for cost in command.costs]
    if len(set(lines)) < len(lines):
        twice = next(line for line in lines if lines.count(line) > 1)
        return refuse(command, RefusalCode.DUPLICATE_LINE, f"line {twice} occurs twice")
    if command.kpis and not rule.kpis:
        return refuse(command, RefusalCode.KPIS_NOT_ASKED, "this report tells no results")
    known = {kpi.code for kpi in rules.kpis}
    if unknown := sorted(set(command.kpis) - known):
        return refuse(command, RefusalCode.UNKNOWN_KPI, f"the call counts no {unknown[0]:.100}")
    if sum(cost.amount_cents for cost in command.costs) > _MOST_CENTS:
        return refuse(command, RefusalCode.AMOUNT_TOO_LARGE, f"the costs are more than {_MOST_CENTS} cents")
    return None


def _rejected_at_once(account: Account, rules: CallRules, rule: ReportRule, costs: tuple[CostLine, ...]) -> Iterator[CostRejected]:
    barred = {cost.code for cost in rules.barred_costs}
    for cost in costs:
        if cost.code in barred or not rules.cost_eligible(cost.code):
            yield CostRejected(
                award_id=account.award_id,
                call_id=account.call_id,
                application_id=account.application_id,
                applicant=account.applicant,
                report=rule.code,
                line=cost.line,
                amount_cents=cost.amount_cents,
                ground=AutomaticGround.BARRED_COST if cost.code in barred else AutomaticGround.UNKNOWN_COST,
            )
