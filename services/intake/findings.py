"""What an officer should look at in a file that was taken in. Nothing here keeps a file out: a finding is not a refusal.

At most one finding of each code, so that they take a bounded part of an entry; its detail lists what it concerns.
"""

from collections.abc import Iterable, Iterator

from services.intake.values import Content, Finding, FindingCode
from services.kernel.rules import CallRules, ShareBase

_LISTED = 480
"""Characters of a list in a detail; a longer one ends in an ellipsis."""


def findings(content: Content, rules: CallRules) -> tuple[Finding, ...]:
    """All findings, in the order of `FindingCode`."""
    return (*_costs(content, rules), *_sums(content), *_own_share(content, rules), *_around(content, rules))


def _costs(content: Content, rules: CallRules) -> Iterator[Finding]:
    barred = {cost.code for cost in rules.barred_costs}
    codes = list(dict.fromkeys(cost.code for cost in content.costs))
    yield from _listed(FindingCode.BARRED_COST, (code for code in codes if code in barred))
    yield from _listed(FindingCode.UNKNOWN_COST, (code for code in codes if code not in barred and not rules.cost_eligible(code)))
    elsewhere = dict.fromkeys(cost.purpose for cost in content.costs if cost.purpose not in content.purposes)
    yield from _listed(FindingCode.COST_OUTSIDE_PURPOSES, elsewhere)


def _sums(content: Content) -> Iterator[Finding]:
    costs = sum(cost.amount_cents for cost in content.costs)
    if costs != content.total_cost_cents:
        yield Finding(
            code=FindingCode.COSTS_DIFFER_FROM_TOTAL,
            detail=f"costs {costs} cents, total {content.total_cost_cents} cents",
        )
    financed = content.requested_cents + content.own_means_cents + _subsidies(content)
    if financed != content.total_cost_cents:
        yield Finding(
            code=FindingCode.FINANCING_DIFFERS_FROM_TOTAL,
            detail=f"financing {financed} cents, total {content.total_cost_cents} cents",
        )


def _own_share(content: Content, rules: CallRules) -> Iterator[Finding]:
    share = rules.co_financing
    base = content.total_cost_cents if share.base is ShareBase.TOTAL_COST else content.requested_cents
    if content.own_means_cents * 100 < share.percent * base:
        yield Finding(
            code=FindingCode.CO_FINANCING_SHORT,
            detail=f"own means {content.own_means_cents} cents, asked {share.percent} percent of {base} cents",
        )
    if content.waiver_ground:
        code = FindingCode.WAIVER_ASKED if share.waiver else FindingCode.WAIVER_NOT_OFFERED
        yield Finding(code=code, detail="the ground stands in the application")


def _around(content: Content, rules: CallRules) -> Iterator[Finding]:
    if content.other_subsidies:
        yield Finding(
            code=FindingCode.OTHER_SUBSIDIES,
            detail=f"{len(content.other_subsidies)} declared, {_subsidies(content)} cents together",
        )
    period = rules.awarding
    if content.project_start < period.project_start or content.project_end > period.project_end:
        yield Finding(
            code=FindingCode.PROJECT_OUTSIDE_PERIOD,
            detail=f"the call's period is {period.project_start.isoformat()} to {period.project_end.isoformat()}",
        )


def _subsidies(content: Content) -> int:
    return sum(subsidy.amount_cents for subsidy in content.other_subsidies)


def _listed(code: FindingCode, items: Iterable[str]) -> Iterator[Finding]:
    text = ", ".join(items)
    if text:
        yield Finding(code=code, detail=text if len(text) <= _LISTED else text[:_LISTED] + " …")
