"""A jury at work, for tests: a state, the log of its events, and short ways to give commands. All of it is synthetic."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from services.kernel.decider import At, MemoryState
from services.kernel.people import Actor, Role
from services.kernel.rules import CallRules, Criterion, Scoring, TieBreak, TieStep
from services.scoring import model as m
from services.scoring.core import DECIDER
from tests.strategies import CALL_ID, rules

NOW = datetime(2021, 5, 12, 8, 0, tzinfo=UTC)
SUBMITTED_AT = datetime(2021, 5, 11, 15, 0, tzinfo=UTC)
QUALITY = Criterion(code="quality", label={"nl": "Kwaliteit", "en": "Quality"}, weight=3, scale=10, minimum=4)
IMPACT = Criterion(code="impact", label={"nl": "Impact", "en": "Impact"}, weight=2, scale=5, minimum=0)
TIE_BREAK = (
    TieStep(by=TieBreak.CRITERION, criterion="quality"),
    TieStep(by=TieBreak.SMALLER_REQUEST),
    TieStep(by=TieBreak.EARLIER_SUBMISSION),
    TieStep(by=TieBreak.APPLICATION_ID),
)
SCORING = Scoring(
    criteria=(QUALITY, IMPACT),
    assessors_per_application=2,
    spread_limit=4,
    minimum_total=Fraction(1, 2),
    tie_break=TIE_BREAK,
)
SYSTEM = Actor(id="service:scoring", organisation="oproep", roles=(Role.SYSTEM,))
OFFICER = Actor(id="officer-1", organisation="agency", roles=(Role.OFFICER,))
CHAIR = Actor(id="chair-1", organisation="agency", roles=(Role.CHAIR,))


def call_rules(**changes: Any) -> CallRules:
    """The rules of the call, with changes to how it is scored."""
    return rules(scoring=replace(SCORING, **changes))


def person(name: str, organisation: str = "university") -> Actor:
    """An assessor."""
    return Actor(id=name, organisation=organisation, roles=(Role.ASSESSOR,))


class Jury:
    """Gives commands to the core and keeps what it answers."""

    def __init__(self, **changes: Any) -> None:
        self.state = MemoryState()
        self.log: list[m.Event] = []
        self.give(m.RegisterCall(call_id=CALL_ID, rules=call_rules(**changes)), SYSTEM)

    def give(self, command: m.Command, actor: Actor) -> tuple[m.Event, ...]:
        """Carry out a command."""
        events: tuple[m.Event, ...] = DECIDER.run(command, self.state, At(actor=actor, now=NOW))
        self.log.extend(events)
        return events

    def register(
        self, application_id: str, *, applicant: str = "", partners: tuple[str, ...] = (), cents: int = 5_000_000, minute: int = 0
    ) -> tuple[m.Event, ...]:
        """Take in an application; its applicant is `body-<id>` unless told."""
        return self.give(
            m.RegisterApplication(
                call_id=CALL_ID,
                application_id=application_id,
                applicant=applicant or f"body-{application_id}",
                partners=partners,
                requested_cents=cents,
                submitted_at=SUBMITTED_AT + timedelta(minutes=minute),
            ),
            SYSTEM,
        )

    def drop(self, application_id: str) -> tuple[m.Event, ...]:
        """Leave an application out."""
        return self.give(m.DropApplication(call_id=CALL_ID, application_id=application_id), SYSTEM)

    def enrol(self, *names: str, organisation: str = "university") -> None:
        """Put people on the jury."""
        for name in names:
            self.give(m.EnrolAssessor(call_id=CALL_ID, assessor=name, organisation=organisation), OFFICER)

    def conflict(self, name: str, application_id: str) -> tuple[m.Event, ...]:
        """Have an assessor declare a conflict."""
        command = m.DeclareConflict(call_id=CALL_ID, application_id=application_id, ground=m.ConflictGround.FAMILY)
        return self.give(command, person(name))

    def assign(self) -> tuple[m.Event, ...]:
        """Divide the work."""
        return self.give(m.Assign(call_id=CALL_ID), OFFICER)

    def assess(self, name: str, application_id: str, quality: int, impact: int = 5) -> tuple[m.Event, ...]:
        """Have an assessor score."""
        points = {"quality": quality, "impact": impact}
        return self.give(m.Assess(call_id=CALL_ID, application_id=application_id, points=points), person(name))

    def moderate(self, application_id: str, points: int, actor: Actor = CHAIR, criterion: str = "quality") -> tuple[m.Event, ...]:
        """Have the chair moderate."""
        return self.give(
            m.Moderate(
                call_id=CALL_ID, application_id=application_id, criterion=criterion, points=points, ground="synthetic: discussed"
            ),
            actor,
        )

    def rank(self) -> tuple[m.Event, ...]:
        """Have the chair establish the ranking."""
        return self.give(m.Rank(call_id=CALL_ID), CHAIR)


def refusal(events: tuple[m.Event, ...]) -> m.Refused:
    """The refusal that is the whole answer."""
    (event,) = events
    assert isinstance(event, m.Refused)
    return event


def places(events: tuple[m.Event, ...]) -> list[m.ApplicationRanked]:
    """The places of a ranking, which ends with its being established."""
    *ranked, established = events
    assert isinstance(established, m.RankingEstablished)
    result = [event for event in ranked if isinstance(event, m.ApplicationRanked)]
    assert len(result) == len(ranked) == established.ranked
    return result
