"""An account at a desk: commands in short words over a state in memory, and every event that they led to."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from services.kernel.decider import At, MemoryState
from services.kernel.people import Actor, Role
from services.kernel.rules import CallRules
from services.reporting.core import AUTHORITY, DECIDER
from services.reporting.events import Event, Refused
from services.reporting.model import (
    ApproveReport,
    CostLine,
    FileReport,
    NotePaid,
    NoteRecovered,
    OpenAccount,
    RegisterCall,
    RejectCost,
    ReturnReport,
)
from services.reporting.records import Report
from tests.strategies import CALL_ID, ENVELOPE_ID, rules

AWARD_ID = "a-1.1"
AWARD = 6_000_000
ADVANCE = 4_800_000
BODY = "0207500123"
PROOF = "ab" * 32
INTERIM = date(2022, 1, 31)
FINAL = date(2022, 9, 30)
AGREED = datetime(2021, 7, 20, 9, 0, tzinfo=UTC)
ASKED = datetime(2022, 9, 1, 9, 0, tzinfo=UTC)
"""When both reports have been asked for, and the final one is not overdue."""


def person(name: str, role: Role, organisation: str = "agency") -> Actor:
    return Actor(id=name, organisation=organisation, roles=(role,))


HANDS = {
    Role.SYSTEM: person("service:reporting", Role.SYSTEM, "oproep"),
    Role.OFFICER: person("officer-1", Role.OFFICER),
    Role.APPLICANT: person("applicant-1", Role.APPLICANT, BODY),
}


@dataclass
class Desk:
    state: MemoryState = field(default_factory=MemoryState)
    events: list[Event] = field(default_factory=list)
    now: datetime = AGREED

    def do(self, command: Any, actor: Actor | None = None) -> tuple[Event, ...]:
        by = actor or HANDS[min(AUTHORITY[type(command)])]
        events = DECIDER.run(command, self.state, At(actor=by, now=self.now))
        self.events += events
        return events

    def one(self, command: Any, actor: Actor | None = None) -> Any:
        (event,) = self.do(command, actor)
        return event

    def last(self, command: Any) -> Any:
        return self.do(command)[-1]

    def code(self, command: Any, actor: Actor | None = None) -> str:
        event = self.one(command, actor)
        assert isinstance(event, Refused), event
        return event.code

    def sweep(self, now: datetime | None = None) -> list[Event]:
        """Let time pass until `now`, and do what that makes due."""
        self.now = now or self.now
        found: list[Event] = []
        while todo := tuple(DECIDER.due(self.state, self.now)):
            for _, command in todo:
                found += self.do(command)
        return found

    def report(self, code: str = "interim") -> Report:
        report = self.state.get(Report, CALL_ID, AWARD_ID, code)
        assert report is not None
        return report

    def opened(self, **changes: Any) -> "Desk":
        """A call with these rules, an account, the advance paid, and both reports asked for."""
        self.do(RegisterCall(call_id=CALL_ID, rules=rules(**changes)))
        self.do(open_account())
        self.do(paid("advance", ADVANCE))
        self.sweep(ASKED)
        return self

    def settled(self, *amounts: int, own_means: int = 0, **kpis: int) -> Any:
        """File the interim report with the first cost and the final one with the others, approve both, give the settlement."""
        self.do(filed("interim", *amounts[:1]))
        self.do(approve("interim"))
        self.do(filed("final", *amounts[1:], own_means=own_means, kpis=kpis))
        return self.last(approve("final"))


def registered(found: CallRules | None = None) -> RegisterCall:
    return RegisterCall(call_id=CALL_ID, rules=found or rules())


def open_account(*, amount: int = AWARD, advance: int = ADVANCE) -> OpenAccount:
    return OpenAccount(
        call_id=CALL_ID,
        award_id=AWARD_ID,
        application_id="a-1",
        applicant=BODY,
        partners=(),
        amount_cents=amount,
        reservation_id=AWARD_ID,
        envelope_id=ENVELOPE_ID,
        advance_cents=advance,
    )


def paid(kind: str, amount: int) -> NotePaid:
    return NotePaid(call_id=CALL_ID, award_id=AWARD_ID, payment_id=f"{AWARD_ID}.{kind}", amount_cents=amount)


def recovered(amount: int) -> NoteRecovered:
    return NoteRecovered(call_id=CALL_ID, award_id=AWARD_ID, recovery_id=f"{AWARD_ID}.recovery", amount_cents=amount)


def cost(line: str, amount: int, code: str = "staff") -> CostLine:
    return CostLine(line=line, code=code, amount_cents=amount, description_ref=PROOF)


def filed(
    code: str, *amounts: int, costs: tuple[CostLine, ...] = (), own_means: int = 0, kpis: dict[str, int] | None = None
) -> FileReport:
    return FileReport(
        call_id=CALL_ID,
        award_id=AWARD_ID,
        report=code,
        costs=costs or tuple(cost(f"L{n}", amount) for n, amount in enumerate(amounts, 1)),
        kpis=kpis or {},
        own_means_cents=own_means,
    )


def reject(code: str, line: str, ground: str = "not made for the project") -> RejectCost:
    return RejectCost(call_id=CALL_ID, award_id=AWARD_ID, report=code, line=line, ground=ground)


def send_back(code: str) -> ReturnReport:
    return ReturnReport(call_id=CALL_ID, award_id=AWARD_ID, report=code, ground="page 3 is missing")


def approve(code: str, own_percent: int | None = None, ground: str | None = None) -> ApproveReport:
    return ApproveReport(call_id=CALL_ID, award_id=AWARD_ID, report=code, own_percent=own_percent, own_percent_ground=ground)
