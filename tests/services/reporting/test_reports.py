"""Reports asked for, filed and checked, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.people import Role
from services.kernel.rules import Kpi
from services.reporting.events import CostRejected, ReportFiled, ReportReminded, ReportRequested
from services.reporting.model import NoteMerger, RemindReport, ReportStatus, RequestReport
from tests.services.reporting.desk import (
    ADVANCE,
    ASKED,
    AWARD_ID,
    BODY,
    Desk,
    approve,
    cost,
    filed,
    open_account,
    paid,
    person,
    recovered,
    registered,
    reject,
    send_back,
)
from tests.strategies import CALL_ID, rules

OTHER = "0207500321"
SECOND = timedelta(seconds=1)
REQUEST_FROM = datetime(2021, 12, 31, 23, 0, tzinfo=UTC)
"""1 January 2022, 0:00 in Brussels: 30 days before the interim report is due."""
REMIND_FROM = datetime(2022, 1, 31, 23, 0, tzinfo=UTC)
"""1 February 2022, 0:00 in Brussels: the day after it was due."""


def agreed() -> Desk:
    desk = Desk()
    desk.do(registered())
    desk.do(open_account())
    desk.do(paid("advance", ADVANCE))
    return desk


def test_a_report_is_asked_for_30_days_before_it_is_due_by_the_calls_own_day() -> None:
    desk = agreed()
    assert desk.sweep(REQUEST_FROM - SECOND) == []
    assert desk.code(RequestReport(call_id=CALL_ID, award_id=AWARD_ID, report="interim")) == "not_yet_due"
    (asked,) = desk.sweep(REQUEST_FROM)
    assert isinstance(asked, ReportRequested)
    assert (asked.report, asked.due.isoformat()) == ("interim", "2022-01-31")
    assert desk.do(RequestReport(call_id=CALL_ID, award_id=AWARD_ID, report="interim")) == ()


def test_a_report_is_reminded_of_the_day_after_it_was_due() -> None:
    desk = agreed()
    desk.sweep(REQUEST_FROM)
    assert desk.sweep(REMIND_FROM - SECOND) == []
    assert desk.code(RemindReport(call_id=CALL_ID, award_id=AWARD_ID, report="interim")) == "not_yet_due"
    (reminded,) = desk.sweep(REMIND_FROM)
    assert isinstance(reminded, ReportReminded)
    assert desk.sweep(REMIND_FROM + timedelta(days=7)) == [], "once"
    assert desk.do(RemindReport(call_id=CALL_ID, award_id=AWARD_ID, report="interim")) == ()


def test_nobody_is_reminded_of_what_was_filed_but_of_what_was_sent_back() -> None:
    desk = agreed()
    desk.sweep(REQUEST_FROM)
    desk.do(filed("interim", 1))
    assert desk.sweep(REMIND_FROM) == []
    assert desk.code(RemindReport(call_id=CALL_ID, award_id=AWARD_ID, report="interim")) == "already_filed"
    desk.do(send_back("interim"))
    assert [type(event) for event in desk.sweep()] == [ReportReminded]
    desk.do(filed("interim", 1))
    desk.do(approve("interim"))
    assert desk.sweep() == []


def test_a_report_is_filed_from_the_moment_it_was_asked_for() -> None:
    desk = agreed()
    assert desk.code(filed("interim", 1)) == "not_yet_due"
    desk.sweep(REQUEST_FROM)
    assert desk.one(filed("interim", 1)).version == 1
    assert desk.code(filed("final", 1)) == "not_yet_due"


def test_only_the_applicant_of_the_award_files() -> None:
    desk = Desk().opened()
    assert desk.code(filed("interim", 1), person("applicant-2", Role.APPLICANT, OTHER)) == "not_beneficiary"
    desk.do(NoteMerger(call_id=CALL_ID, from_body=BODY, into_body=OTHER))
    assert desk.code(filed("interim", 1)) == "not_beneficiary", "the body that is gone acts no more"
    assert desk.one(filed("interim", 1), person("applicant-2", Role.APPLICANT, OTHER)).applicant == BODY


def test_mergers_are_told_once_and_followed_on() -> None:
    desk = Desk().opened()
    merger = NoteMerger(call_id=CALL_ID, from_body=BODY, into_body=OTHER)
    desk.do(merger)
    assert desk.do(merger) == ()
    assert desk.code(NoteMerger(call_id=CALL_ID, from_body=BODY, into_body="0207500999")) == "already_merged"
    assert desk.code(NoteMerger(call_id=CALL_ID, from_body=OTHER, into_body=OTHER)) == "same_body"
    desk.do(NoteMerger(call_id=CALL_ID, from_body=OTHER, into_body="0207500999"))
    assert isinstance(desk.one(filed("interim", 1), person("applicant-3", Role.APPLICANT, "0207500999")), ReportFiled)


def test_what_the_call_bars_or_does_not_know_is_rejected_on_filing() -> None:
    desk = Desk().opened()
    costs = (cost("L1", 100), cost("L2", 200, "overhead"), cost("L3", 300, "fireworks"))
    _, barred, unknown = desk.do(filed("interim", costs=costs))
    assert isinstance(barred, CostRejected)
    assert isinstance(unknown, CostRejected)
    assert [(e.line, e.amount_cents, e.ground) for e in (barred, unknown)] == [
        ("L2", 200, "barred_cost"),
        ("L3", 300, "unknown_cost"),
    ]
    assert desk.report().accepted_cents == 100


def test_an_officer_rejects_a_cost_once_with_a_ground() -> None:
    desk = Desk().opened()
    assert desk.code(reject("interim", "L1")) == "not_filed"
    desk.do(filed("interim", 100, 200))
    assert desk.one(reject("interim", "L2")).ground == "not made for the project"
    assert desk.code(reject("interim", "L2")) == "already_rejected"
    assert desk.code(reject("interim", "L9")) == "unknown_line"
    assert desk.one(approve("interim")).accepted_cents == 100
    assert desk.code(reject("interim", "L1")) == "already_approved"


def test_a_returned_report_is_replaced_whole() -> None:
    desk = Desk().opened()
    desk.do(filed("interim", 100, 200))
    desk.do(reject("interim", "L1"))
    assert desk.code(filed("interim", 5)) == "already_filed"
    desk.do(send_back("interim"))
    assert desk.report().status is ReportStatus.RETURNED
    assert desk.code(send_back("interim")) == "not_filed"
    assert desk.code(approve("interim")) == "not_filed"
    assert desk.one(filed("interim", 50)).version == 2
    assert (desk.report().accepted_cents, desk.report().rejected) == (50, {})
    desk.do(approve("interim"))
    assert desk.code(filed("interim", 50)) == "already_approved"
    assert desk.code(send_back("interim")) == "already_approved"


def test_the_form_of_a_report_is_checked_against_the_call() -> None:
    desk = Desk().opened()
    assert desk.code(filed("interim", costs=(cost("L1", 1), cost("L1", 2)))) == "duplicate_line"
    assert desk.code(filed("interim", 2**53 - 1, 1)) == "amount_too_large"
    assert desk.code(filed("interim", 1, kpis={"visits": 1})) == "kpis_not_asked"
    assert desk.code(filed("yearly", 1)) == "unknown_report"


def test_results_must_be_ones_that_the_call_counts() -> None:
    reports = tuple(replace(report, kpis=True) for report in rules().reports)
    visits = Kpi(code="visits", label={"nl": "bezoeken", "en": "visits"}, unit_cents=0)
    desk = Desk().opened(reports=reports, kpis=(visits,))
    assert desk.code(filed("interim", 1, kpis={"miles": 1})) == "unknown_kpi"
    assert desk.one(filed("interim", 1, kpis={"visits": 3})).kpis == {"visits": 3}


def test_nobody_approves_what_he_filed() -> None:
    desk = Desk().opened()
    desk.do(filed("interim", 1), person("both-1", Role.APPLICANT, BODY))
    assert desk.code(approve("interim"), person("both-1", Role.OFFICER)) == "same_hand"
    assert desk.one(approve("interim")).approved_by == "officer-1"


def test_reports_are_approved_in_order() -> None:
    desk = Desk().opened()
    desk.do(filed("final", 1))
    assert desk.code(approve("final")) == "reports_open"
    desk.do(filed("interim", 1))
    assert desk.code(approve("final")) == "reports_open"
    desk.do(approve("interim"))
    approved, settled = desk.do(approve("final"))
    assert (type(approved).__name__, type(settled).__name__) == ("ReportApproved", "SettlementComputed")
    assert desk.code(approve("final")) == "already_approved"
    assert desk.code(filed("final", 1)) == "already_settled"


def test_the_settlement_waits_for_the_advance() -> None:
    desk = Desk()
    desk.do(registered())
    desk.do(open_account())
    desk.sweep(ASKED)
    desk.do(filed("interim", 3_000_000))
    desk.do(approve("interim"))
    desk.do(filed("final", 4_500_000))
    assert desk.code(approve("final")) == "advance_open"
    desk.do(paid("advance", ADVANCE))
    assert desk.last(approve("final")).balance_cents == 1_200_000


def test_facts_may_come_in_any_order() -> None:
    desk = Desk()
    desk.do(paid("advance", ADVANCE))
    desk.do(open_account())
    assert desk.code(filed("interim", 1)) == "unknown_call"
    desk.do(registered())
    desk.sweep(ASKED)
    assert desk.settled(3_000_000, 4_500_000).paid_cents == ADVANCE


@pytest.mark.parametrize(
    ("command", "other", "code"),
    [
        (registered(), registered(rules(legal_basis="another")), "call_exists"),
        (open_account(), open_account(amount=1), "account_exists"),
        (paid("advance", 5), paid("advance", 6), "already_noted"),
    ],
)
def test_what_is_told_twice_says_nothing_new_unless_it_differs(command: object, other: object, code: str) -> None:
    desk = Desk()
    assert len(desk.do(command)) == 1
    assert desk.do(command) == ()
    assert desk.code(other) == code


def test_no_more_comes_back_than_was_paid() -> None:
    desk = Desk()
    assert desk.code(recovered(1)) == "exceeds_paid"
    desk.do(paid("advance", 5))
    assert desk.code(recovered(6)) == "exceeds_paid"
    desk.do(recovered(5))
    assert desk.do(recovered(5)) == ()
    assert desk.code(recovered(4)) == "already_noted"


def test_nothing_is_done_to_an_account_that_is_not_open() -> None:
    desk = Desk()
    desk.do(registered())
    for command in (filed("interim", 1), approve("interim"), reject("interim", "L1"), send_back("interim")):
        assert desk.code(command) == "unknown_account"
