"""What beneficiaries do after the award: report, be checked, be settled."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.budget_ledger import model as ledger
from services.demo import people
from services.demo.stage import Stage
from services.kernel.rules import CallRules, ReportRule, ShareBase
from services.reporting import model as reporting

_FULL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An award as its beneficiary accounts for it. `spent` is the part of the plan that was carried out, in percent.

    `doubtful_cents` is a cost on top that an officer rejects.
    """

    award_id: str
    applicant: str
    amount_cents: int
    spent: int = _FULL
    doubtful_cents: int = 0


def report(stage: Stage, rules: CallRules, rule: ReportRule, account: Account) -> None:
    """File one report: an equal part of what was spent in each of the call's reports."""
    document = stage.world.upload(people.applicant(account.applicant), f"Report {rule.code} (synthetic).\n".encode())
    number, of = rules.reports.index(rule), len(rules.reports)
    total = _total(rules, account.amount_cents) * account.spent // _FULL
    part = _part(total, number, of)
    code = rules.eligible_costs[0].code
    costs = [reporting.CostLine(line="L1", code=code, amount_cents=part, description_ref=document)] if part else []
    if account.doubtful_cents and rule.final:
        costs.append(reporting.CostLine(line="L2", code=code, amount_cents=account.doubtful_cents, description_ref=document))
    own = total - account.amount_cents * account.spent // _FULL
    command = reporting.FileReport(
        call_id=rules.call_id,
        award_id=account.award_id,
        report=rule.code,
        costs=tuple(costs),
        kpis=_results(rules, rule, account, number, of),
        document=document,
        own_means_cents=_part(own, number, of),
    )
    stage.do("reporting", people.applicant(account.applicant), command)


def check(stage: Stage, rules: CallRules, rule: ReportRule, account: Account) -> None:
    """Reject what is doubtful, approve, and after the final report pay the balance or take back what was too much."""
    call, award = rules.call_id, account.award_id
    if account.doubtful_cents and rule.final:
        ground = "no proof that this was made for the project"
        stage.do(
            "reporting",
            people.OFFICER,
            reporting.RejectCost(call_id=call, award_id=award, report=rule.code, line="L2", ground=ground),
        )
    answer = stage.do("reporting", people.OFFICER, reporting.ApproveReport(call_id=call, award_id=award, report=rule.code))
    stage.world.settle()
    for settled in (event for event in answer.events if event["type"] == "SettlementComputed"):
        _settle(stage, rules, settled)


def _settle(stage: Stage, rules: CallRules, settled: Mapping[str, object]) -> None:
    award_id = str(settled["awardId"])
    balance, recovery = int(str(settled["balanceCents"])), int(str(settled["recoveryCents"]))
    if balance:
        stage.pay(rules, award_id, ledger.PaymentKind.BALANCE, balance)
    if recovery:
        stage.recover(rules, award_id, recovery)
    stage.world.settle()


def _total(rules: CallRules, grant_cents: int) -> int:
    percent = rules.co_financing.percent
    if rules.co_financing.base is ShareBase.GRANT:
        return grant_cents + -(-grant_cents * percent // _FULL)
    return -(-grant_cents * _FULL // (_FULL - percent))


def _part(whole: int, number: int, of: int) -> int:
    """An equal part of a sum; the last one takes what is left."""
    return whole // of if number < of - 1 else whole - whole // of * (of - 1)


def _results(rules: CallRules, rule: ReportRule, account: Account, number: int, of: int) -> dict[str, int]:
    if not rule.kpis or not rules.kpis:
        return {}
    paying = next((kpi for kpi in rules.kpis if kpi.unit_cents), rules.kpis[0])
    units = account.amount_cents * account.spent // _FULL // (paying.unit_cents or account.amount_cents)
    return {kpi.code: _part(units, number, of) if kpi is paying else 1 for kpi in rules.kpis}
