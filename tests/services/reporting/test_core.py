"""What the reporting service promises, over arbitrary histories."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.kernel.decider import MemoryState
from services.kernel.form import from_json, to_json
from services.kernel.people import Actor, Role
from services.reporting.core import AUTHORITY, DECIDER
from services.reporting.events import (
    CostRejected,
    PaymentNoted,
    RecoveryNoted,
    Refused,
    ReportApproved,
    ReportFiled,
    ReportReminded,
    ReportRequested,
    SettlementComputed,
)
from services.reporting.model import CostLine, NoteMerger, RemindReport, ReportStatus, RequestReport
from services.reporting.records import Account, Report
from tests.services.reporting.desk import (
    ADVANCE,
    AWARD,
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
from tests.strategies import CALL_ID

CODES = st.sampled_from(["interim", "final"] * 4 + ["yearly"])
LINES = st.sampled_from(["L1", "L2", "L3"])
COSTS = st.lists(
    st.builds(cost, LINES, st.integers(1, 4_000_000), st.sampled_from(["staff", "working", "staff", "overhead", "fireworks"])),
    max_size=3,
    unique_by=lambda cost: cost.line,
).map(tuple)
PEOPLE = st.sampled_from(["person-1", "person-2", "person-3"])
FACTS = [registered(), open_account(), paid("advance", ADVANCE), paid("balance", 100_000), recovered(50_000)]


class Histories(RuleBasedStateMachine):
    """Any commands in any order; what is told afterwards is added up from the events."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()

    def give(self, command: Any, actor: Actor | None = None) -> None:
        before = dict(self.desk.state.records)
        events = self.desk.do(command, actor)
        if all(isinstance(event, Refused) for event in events):
            assert self.desk.state.records == before, "a refusal changes nothing"
        for event in events:
            assert from_json(type(event), to_json(event)) == event, "an event keeps within the limits of its fields"
            if isinstance(event, SettlementComputed):
                self.check_settlement(event)

    @initialize(facts=st.permutations(FACTS[:3]), known=st.sampled_from([3, 3, 1]))
    def begins(self, facts: list[Any], known: int) -> None:
        for fact in facts[:known]:
            self.give(fact)

    @rule(code=CODES, costs=COSTS, steps=st.integers(1, 6))
    def goes_on(self, code: str, costs: tuple[CostLine, ...], steps: int) -> None:
        """What usually comes next for a report, so that histories get as far as a settlement."""
        for _ in range(steps):
            report = self.desk.state.get(Report, CALL_ID, AWARD_ID, code)
            if report is None:
                self.desk.sweep(self.desk.now + timedelta(days=150))
            elif report.status is ReportStatus.FILED:
                self.give(approve(code), person("person-2", Role.OFFICER))
            elif report.status is not ReportStatus.APPROVED:
                self.give(filed(code, costs=costs), person("person-1", Role.APPLICANT, BODY))

    @rule(fact=st.sampled_from(FACTS))
    def learns(self, fact: Any) -> None:
        self.give(fact)

    @rule(days=st.integers(0, 200))
    def time_passes(self, days: int) -> None:
        self.desk.sweep(self.desk.now + timedelta(days=days))
        assert not list(DECIDER.due(self.desk.state, self.desk.now))

    @rule(code=CODES, costs=COSTS, person_id=PEOPLE, own=st.integers(0, 100))
    def files(self, code: str, costs: tuple[CostLine, ...], person_id: str, own: int) -> None:
        self.give(filed(code, costs=costs, own_means=own), person(person_id, Role.APPLICANT, BODY))

    @rule(code=CODES, line=LINES)
    def rejects(self, code: str, line: str) -> None:
        self.give(reject(code, line))

    @rule(code=CODES)
    def returns(self, code: str) -> None:
        self.give(send_back(code))

    @rule(
        code=CODES, person_id=PEOPLE, own=st.sampled_from([None, None, 0, 10, 30]), ground=st.sampled_from([None, "an exception"])
    )
    def approves(self, code: str, person_id: str, own: int | None, ground: str | None) -> None:
        self.give(approve(code, own, ground), person(person_id, Role.OFFICER))

    @rule(code=CODES, reminds=st.booleans())
    def presses(self, *, code: str, reminds: bool) -> None:
        kind = RemindReport if reminds else RequestReport
        self.give(kind(call_id=CALL_ID, award_id=AWARD_ID, report=code))

    @invariant()
    def each_report_is_asked_for_and_reminded_of_once_and_approved_once_by_another_hand(self) -> None:
        for kind in (ReportRequested, ReportReminded, ReportApproved):
            codes = [event.report for event in self.desk.events if isinstance(event, kind)]
            assert len(codes) == len(set(codes)), f"{kind.__name__} twice"
        for event in self.desk.events:
            if isinstance(event, ReportApproved):
                assert event.approved_by != self.last_filed(event.report).filed_by

    @invariant()
    def the_award_is_settled_once_at_most(self) -> None:
        settled = [event for event in self.desk.events if isinstance(event, SettlementComputed)]
        account = self.desk.state.get(Account, CALL_ID, AWARD_ID)
        assert len(settled) == (1 if account is not None and account.settled else 0)

    def teardown(self) -> None:
        again = MemoryState()
        for event in self.desk.events:
            DECIDER.apply(event, again)
        assert again.records == self.desk.state.records, "the log alone gives the state"

    def last_filed(self, code: str) -> ReportFiled:
        return [event for event in self.desk.events if isinstance(event, ReportFiled) and event.report == code][-1]

    def accepted(self, code: str) -> int:
        """The costs of the last version filed, without those rejected since."""
        last = self.last_filed(code)
        since = self.desk.events[self.desk.events.index(last) :]
        out = {event.line for event in since if isinstance(event, CostRejected) and event.report == code}
        return sum(cost.amount_cents for cost in last.costs if cost.line not in out)

    def check_settlement(self, event: SettlementComputed) -> None:
        money = sum(e.amount_cents for e in self.desk.events if isinstance(e, PaymentNoted))
        money -= sum(e.amount_cents for e in self.desk.events if isinstance(e, RecoveryNoted))
        accepted = self.accepted("interim") + self.accepted("final")
        assert (event.paid_cents, event.accepted_cents) == (money, accepted)
        assert event.final_grant_cents == min(AWARD, accepted * (100 - event.own_percent) // 100)
        assert event.paid_cents + event.balance_cents - event.recovery_cents == event.final_grant_cents <= event.amount_cents
        assert {e.report for e in self.desk.events if isinstance(e, ReportApproved)} == {"interim", "final"}
        assert event.own_percent == 20 or (event.own_percent < 20 and event.own_percent_ground is not None)


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)

EXAMPLES = [
    *FACTS,
    NoteMerger(call_id=CALL_ID, from_body=BODY, into_body="0207500321"),
    RequestReport(call_id=CALL_ID, award_id=AWARD_ID, report="interim"),
    RemindReport(call_id=CALL_ID, award_id=AWARD_ID, report="interim"),
    filed("interim", 1),
    reject("interim", "L1"),
    send_back("interim"),
    approve("interim"),
]


@pytest.mark.parametrize("command", EXAMPLES, ids=lambda command: type(command).__name__)
def test_only_the_roles_of_the_table_may_give_a_command(command: Any) -> None:
    for role in Role:
        refused = [e for e in Desk().do(command, person("person-1", role)) if isinstance(e, Refused) and e.code == "not_authorised"]
        assert bool(refused) == (role not in AUTHORITY[type(command)])


def test_every_command_has_its_roles() -> None:
    assert set(AUTHORITY) == set(DECIDER.commands) == {type(command) for command in EXAMPLES}
