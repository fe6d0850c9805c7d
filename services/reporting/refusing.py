"""How the reporting service says no, and the look-ups that may end in a no."""

from typing import Any

from services.kernel.decider import State
from services.kernel.rules import CallRules, ReportRule
from services.reporting.events import Refused
from services.reporting.model import RefusalCode, ReportStatus
from services.reporting.records import Account, Call, Report


def refuse(command: Any, code: RefusalCode, detail: str) -> Refused:
    """A refusal of `command`."""
    return Refused(
        call_id=command.call_id,
        award_id=getattr(command, "award_id", None),
        report=getattr(command, "report", None),
        command=type(command).__name__,
        code=code,
        detail=detail,
    )


def find(command: Any, state: State) -> tuple[Account, CallRules, ReportRule] | Refused:
    """The account, the call's rules and the rule of the report that a command is about."""
    account = state.get(Account, command.call_id, command.award_id)
    if account is None:
        return refuse(command, RefusalCode.UNKNOWN_ACCOUNT, "no account is open for this award")
    call = state.get(Call, command.call_id)
    if call is None:
        return refuse(command, RefusalCode.UNKNOWN_CALL, "the rules of this call are not known yet")
    rule = next((rule for rule in call.rules.reports if rule.code == command.report), None)
    if rule is None:
        return refuse(command, RefusalCode.UNKNOWN_REPORT, "the call asks for no such report")
    return account, call.rules, rule


def report_of(command: Any, state: State) -> Report:
    """The report that a command is about; an open one if nothing happened to it yet."""
    found = state.get(Report, command.call_id, command.award_id, command.report)
    return found or Report(call_id=command.call_id, award_id=command.award_id, report=command.report)


def why_not_filed(command: Any, report: Report) -> Refused | None:
    """The refusal of what only a filed report allows."""
    if report.status is ReportStatus.FILED:
        return None
    if report.status is ReportStatus.APPROVED:
        return refuse(command, RefusalCode.ALREADY_APPROVED, "the report is approved")
    return refuse(command, RefusalCode.NOT_FILED, f"the report is {report.status}")
