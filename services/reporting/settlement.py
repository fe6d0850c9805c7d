"""What an award comes to in the end, in whole cents rounded down.

The final grant is the smallest of these, and `Limit` names which one it was:

- the amount awarded;
- in a call that pays results (a KPI with `unit_cents` above 0): the sum of units times `unit_cents`. Costs and own share
  are told there, but set no limit;
- in any other call, with `own` the own share in percent:
  - base `total_cost`: the grant is at most the accepted costs less the own share, `accepted * (100 - own) // 100`. What the
    grant leaves unpaid is the own share, so the own means told set no further limit;
  - base `grant`: the own means are at least `own` percent of the grant. Own means and grant are both spent on accepted
    costs, so the grant is at most `accepted * 100 // (100 + own)`; and where `own` is above 0, the own means told in the
    reports must carry it: at most `own_means * 100 // own`.

Then, with what has been paid less what came back: either the rest is due (`balance`), or too much was paid (`recovery`), and
`decommit` is the part of the commitment that will never be spent. What is to be recovered stays committed until it is back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.kernel.rules import CallRules, ShareBase
from services.reporting.model import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The outcome. `paid_cents + balance_cents - recovery_cents == final_grant_cents`."""

    limit: Limit
    final_grant_cents: int
    balance_cents: int
    recovery_cents: int
    decommit_cents: int


def settle(
    *,
    rules: CallRules,
    amount_cents: int,
    accepted_cents: int,
    own_means_cents: int,
    own_percent: int,
    units: Mapping[str, int],
    paid_cents: int,
) -> Settlement:
    """Settle an award; `units` are the results of all approved reports, `paid_cents` is net of recoveries."""
    limit, final = min(
        [(Limit.AWARD, amount_cents), *_limits(rules, accepted_cents, own_means_cents, own_percent, units)],
        key=lambda candidate: candidate[1],
    )
    return Settlement(
        limit=limit,
        final_grant_cents=final,
        balance_cents=max(0, final - paid_cents),
        recovery_cents=max(0, paid_cents - final),
        decommit_cents=max(0, amount_cents - max(final, paid_cents)),
    )


def _limits(
    rules: CallRules, accepted_cents: int, own_means_cents: int, own_percent: int, units: Mapping[str, int]
) -> list[tuple[Limit, int]]:
    paid_kpis = [kpi for kpi in rules.kpis if kpi.unit_cents > 0]
    if paid_kpis:
        return [(Limit.KPI_UNITS, sum(units.get(kpi.code, 0) * kpi.unit_cents for kpi in paid_kpis))]
    if rules.co_financing.base is ShareBase.TOTAL_COST:
        return [(Limit.OWN_SHARE, accepted_cents * (100 - own_percent) // 100)]
    limits = [(Limit.OWN_SHARE, accepted_cents * 100 // (100 + own_percent))]
    if own_percent > 0:
        limits.append((Limit.OWN_MEANS, own_means_cents * 100 // own_percent))
    return limits
