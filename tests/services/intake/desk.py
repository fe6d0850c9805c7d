"""A published call with three municipalities, and short ways to act on it."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from services.intake.core import DECIDER
from services.intake.model import Command, EnrolBodies, Event, PublishCall, Refused, SaveDraft, Submit
from services.intake.values import Attachment, Body, Content, PlannedCost
from services.kernel.decider import At, MemoryState
from services.kernel.form import from_json, to_json
from services.kernel.people import Actor, Role
from services.kernel.rules import CallRules
from tests.strategies import CALL_ID, OPENS_AT, body_number, rules

FILE = f"{CALL_ID}.a"
OTHER_FILE = f"{CALL_ID}.b"
ANTWERPEN, GENT, MENEN = body_number(1), body_number(2), body_number(3)
OFFICER = Actor(id="officer-1", organisation="agency", roles=(Role.OFFICER,))
SYSTEM = Actor(id="service:intake", organisation="oproep", roles=(Role.SYSTEM,))
SECOND = timedelta(seconds=1)
IN_TIME = OPENS_AT + timedelta(days=1)


def applicant(number: str) -> Actor:
    return Actor(id=f"person-{number}", organisation=number, roles=(Role.APPLICANT,))


def body(number: str, **changes: Any) -> Body:
    return replace(Body(body_id=number, kind="municipality", region="vlaanderen", nis="11002", name="synthetic"), **changes)


def content(**changes: Any) -> Content:
    """An application of Antwerpen without a fault or finding: 60,000 of 80,000 euro."""
    return replace(
        Content(
            applicant=ANTWERPEN,
            requested_cents=6_000_000,
            total_cost_cents=8_000_000,
            own_means_cents=2_000_000,
            answers={"title": "Plan", "summary": "What we do", "integrity": "yes", "livc": "own"},
            purposes=("officer",),
            costs=(PlannedCost(code="staff", amount_cents=8_000_000, purpose="officer"),),
            attachments=(Attachment(kind="financial_template", document="a" * 64, size_bytes=1000, media_type="text/csv"),),
            project_start=date(2021, 7, 1),
            project_end=date(2022, 6, 30),
        ),
        **changes,
    )


class Desk:
    """Runs commands against a state in memory. Each one goes through its JSON form and back first, as it does in a log."""

    def __init__(self, call: CallRules | None = None, *, published: bool = True) -> None:
        self.state = MemoryState()
        self.history: list[Event] = []
        self.rules = call or rules()
        if published:
            self.officer(PublishCall(call_id=self.rules.call_id, rules=self.rules, call_file="f" * 64), at=OPENS_AT - SECOND)
            bodies = (body(ANTWERPEN), body(GENT), body(MENEN))
            self.officer(EnrolBodies(call_id=self.rules.call_id, bodies=bodies), at=OPENS_AT - SECOND)

    def run(self, command: Command, actor: Actor, at: datetime) -> tuple[Event, ...]:
        read: Command = from_json(type(command), to_json(command))
        assert read == command
        events: tuple[Event, ...] = DECIDER.run(read, self.state, At(actor=actor, now=at))
        self.history += events
        return events

    def officer(self, command: Command, at: datetime = IN_TIME) -> tuple[Event, ...]:
        return self.run(command, OFFICER, at)

    def system(self, command: Command, at: datetime = IN_TIME) -> tuple[Event, ...]:
        return self.run(command, SYSTEM, at)

    def by(self, number: str, command: Command, at: datetime = IN_TIME) -> tuple[Event, ...]:
        return self.run(command, applicant(number), at)

    def draft(self, what: Content | None = None, file: str = FILE, at: datetime = IN_TIME) -> tuple[Event, ...]:
        what = what or content()
        return self.by(what.applicant, SaveDraft(call_id=self.rules.call_id, application_id=file, content=what), at)

    def file(self, what: Content | None = None, file: str = FILE, at: datetime = IN_TIME) -> tuple[Event, ...]:
        """Draft in good time, then submit at `at`."""
        what = what or content()
        self.draft(what, file)
        return self.by(what.applicant, Submit(call_id=self.rules.call_id, application_id=file), at)

    def refusal(self, events: tuple[Event, ...]) -> str:
        (event,) = events
        assert isinstance(event, Refused), event
        return str(event.code)
