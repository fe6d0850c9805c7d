"""What an award comes to, to the cent."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.rules import CoFinancing, Kpi, ShareBase
from services.reporting.model import Limit
from services.reporting.settlement import settle
from tests.services.reporting.desk import ADVANCE, AWARD, Desk, approve, filed, paid, recovered
from tests.strategies import rules

CENTS = st.integers(0, 2**53 - 1)
AMOUNTS = st.integers(1, 2**53 - 1)
GRANT_SHARE = CoFinancing(percent=20, base=ShareBase.GRANT, waiver=True)
UNIT = Kpi(code="visits", label={"nl": "bezoeken", "en": "visits"}, unit_cents=100_000)
REPORTS = tuple(replace(report, kpis=True) for report in rules().reports)


@given(
    amount=AMOUNTS,
    accepted=CENTS,
    own_means=CENTS,
    own_percent=st.integers(0, 100),
    base=st.sampled_from(ShareBase),
    kpis=st.sampled_from([(), (UNIT,)]),
    units=st.integers(0, 10**9),
    already=st.fractions(0, 1),
)
def test_it_always_comes_out_even(
    *,
    amount: int,
    accepted: int,
    own_means: int,
    own_percent: int,
    base: ShareBase,
    kpis: tuple[Kpi, ...],
    units: int,
    already: Fraction,
) -> None:
    money = int(amount * already)
    found = settle(
        rules=rules(co_financing=CoFinancing(percent=20, base=base, waiver=True), kpis=kpis),
        amount_cents=amount,
        accepted_cents=accepted,
        own_means_cents=own_means,
        own_percent=own_percent,
        units={"visits": units},
        paid_cents=money,
    )
    assert money + found.balance_cents - found.recovery_cents == found.final_grant_cents
    assert 0 <= found.final_grant_cents <= amount
    assert min(found.balance_cents, found.recovery_cents) == 0
    assert max(found.final_grant_cents, money) + found.decommit_cents == amount, "what stays committed is what is or will be out"
    if not kpis:
        assert found.final_grant_cents <= accepted


def test_all_spent_as_planned_pays_the_whole_award() -> None:
    settled = Desk().opened().settled(3_000_000, 4_500_000)
    assert (settled.final_grant_cents, settled.balance_cents, settled.recovery_cents) == (AWARD, AWARD - ADVANCE, 0)
    assert (settled.limit, settled.decommit_cents, settled.paid_cents) == (Limit.AWARD, 0, ADVANCE)


def test_less_spent_pays_less_and_gives_the_rest_back() -> None:
    settled = Desk().opened().settled(3_000_000, 3_500_001)
    assert (settled.limit, settled.final_grant_cents) == (Limit.OWN_SHARE, 5_200_000), "80 percent of 65,000.01, rounded down"
    assert (settled.balance_cents, settled.decommit_cents) == (400_000, 800_000)


def test_much_less_spent_is_recovered() -> None:
    settled = Desk().opened().settled(1_000_000)
    assert (settled.final_grant_cents, settled.recovery_cents, settled.balance_cents) == (800_000, 4_000_000, 0)
    assert settled.decommit_cents == AWARD - ADVANCE, "what is to be recovered stays committed until it is back"


def test_what_came_back_before_counts_as_not_paid() -> None:
    desk = Desk().opened()
    desk.do(filed("interim"))
    desk.do(approve("interim"))
    desk.do(paid("balance", AWARD - ADVANCE))
    desk.do(recovered(200_000))
    desk.do(filed("final", 7_500_000))
    settled = desk.last(approve("final"))
    assert (settled.paid_cents, settled.balance_cents) == (AWARD - 200_000, 200_000)


@pytest.mark.parametrize(
    ("own_means", "limit", "final"),
    [(1_200_000, Limit.AWARD, 6_000_000), (1_000_000, Limit.OWN_MEANS, 5_000_000), (0, Limit.OWN_MEANS, 0)],
)
def test_a_share_of_the_grant_must_be_carried_by_own_means(own_means: int, limit: Limit, final: int) -> None:
    settled = Desk().opened(co_financing=GRANT_SHARE).settled(3_000_000, 4_200_000, own_means=own_means)
    assert (settled.limit, settled.final_grant_cents) == (limit, final)


def test_where_results_are_paid_costs_set_no_limit() -> None:
    desk = Desk().opened(kpis=(UNIT,), reports=REPORTS)
    settled = desk.settled(1, visits=52)
    assert (settled.limit, settled.final_grant_cents, settled.balance_cents) == (Limit.KPI_UNITS, 5_200_000, 400_000)


def test_a_waiver_lowers_the_share_with_a_ground() -> None:
    desk = Desk().opened()
    desk.do(filed("interim", 3_000_000))
    desk.do(approve("interim"))
    desk.do(filed("final", 3_000_000))
    assert desk.code(approve("final", 10)) == "ground_missing"
    assert desk.code(approve("final", 21, "more is no waiver")) == "waiver_not_allowed"
    settled = desk.last(approve("final", 0, "a small body with an exceptional case"))
    assert (settled.own_percent, settled.final_grant_cents) == (0, 6_000_000)
    assert settled.own_percent_ground == "a small body with an exceptional case"


def test_a_call_without_waiver_allows_none() -> None:
    desk = Desk().opened(co_financing=CoFinancing(percent=20, base=ShareBase.TOTAL_COST, waiver=False))
    desk.do(filed("interim", 1))
    assert desk.code(approve("interim", 10, "asked for")) == "waiver_not_allowed"
    desk.do(approve("interim"))
    desk.do(filed("final", 1))
    assert desk.code(approve("final", 10, "asked for")) == "waiver_not_allowed"


def test_only_the_final_report_sets_a_share() -> None:
    desk = Desk().opened()
    desk.do(filed("interim", 1))
    assert desk.code(approve("interim", 10, "asked for")) == "waiver_not_allowed"
