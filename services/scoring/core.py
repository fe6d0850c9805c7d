"""What the jury's advice is: who scores what without conflict, and one exact ranking that can explain itself.

- An assessor with a conflict of interest never scores: a conflict ends the assignment and what was scored by it.
- Where assessors lie too far apart there is no ranking before the chair has moderated.
- The ranking is exact and repeatable: the same assessments give the same order, whoever gave them first.
- A ranking is advice. It awards nothing; each later one is a new version beside those before.
"""

from collections.abc import Iterable
from typing import assert_never

from services.kernel.decider import At, Decider, Record, State, replace
from services.kernel.people import Role
from services.scoring import model as m
from services.scoring import records
from services.scoring.answers import refused
from services.scoring.assessing import assess, moderate
from services.scoring.effects import assessed, conflicted, known_application, known_moderation, registered
from services.scoring.establishing import rank
from services.scoring.panel import assign, declare, enrol
from services.scoring.records import Application, Assignment, Moderation, ModerationStatus
from services.scoring.registering import drop_application, register_application, register_call


def decide(command: m.Command, state: State, at: At) -> tuple[m.Event, ...]:  # noqa: PLR0911 - one case a command
    """What a command leads to."""
    match command:
        case m.RegisterCall():
            return register_call(command, state)
        case m.RegisterApplication():
            return register_application(command, state, at)
        case m.DropApplication():
            return drop_application(command, state)
        case m.EnrolAssessor():
            return enrol(command, state, at)
        case m.DeclareConflict():
            return declare(command, state, at)
        case m.Assign():
            return assign(command, state)
        case m.Assess():
            return assess(command, state, at)
        case m.Moderate():
            return moderate(command, state, at)
        case m.Rank():
            return rank(command, state)
        case _:
            assert_never(command)


def evolve(event: m.Event, state: State) -> Iterable[Record]:  # noqa: C901, PLR0911, PLR0912 - one case an event
    """The records that an event changes."""
    match event:
        case m.CallRegistered():
            return (records.Call(call_id=event.call_id, rules=event.rules),)
        case m.ApplicationRegistered():
            return registered(event, state)
        case m.ApplicationDropped():
            return (replace(known_application(event, state), dropped=True),)
        case m.AssessorEnrolled():
            return (records.Assessor(call_id=event.call_id, assessor=event.assessor, organisation=event.organisation),)
        case m.ConflictDeclared():
            return conflicted(event, state)
        case m.AssessorAssigned():
            return (Assignment(call_id=event.call_id, application_id=event.application_id, assessor=event.assessor, points={}),)
        case m.AssessmentSubmitted():
            return assessed(event, state)
        case m.ModerationDemanded():
            return (
                Moderation(
                    call_id=event.call_id,
                    application_id=event.application_id,
                    criterion=event.criterion,
                    low=event.low,
                    high=event.high,
                    status=ModerationStatus.OPEN,
                ),
            )
        case m.CriterionModerated():
            moderated = replace(known_moderation(event, event.criterion, state), points=event.points, ground=event.ground)
            return (replace(moderated, status=ModerationStatus.MODERATED),)
        case m.ApplicationRanked():
            place = records.Ranked(call_id=event.call_id, application_id=event.application_id, place=event)
            return (place, replace(known_application(event, state), ranked=True))
        case m.RankingEstablished():
            return (
                records.Ranking(
                    call_id=event.call_id, version=event.version, ranked=event.ranked, minimum_total=event.minimum_total
                ),
            )
        case m.Refused():
            return ()
        case _:
            assert_never(event)


def _stream(command: m.Command) -> str:
    return getattr(command, "application_id", command.call_id)


_SYSTEM = frozenset({Role.SYSTEM})
_CHAIR = frozenset({Role.CHAIR})
_JURY = frozenset({Role.ASSESSOR, Role.CHAIR})
_OFFICE = frozenset({Role.OFFICER, Role.CHAIR})

DECIDER = Decider(
    service="scoring",
    commands=(
        m.RegisterCall,
        m.RegisterApplication,
        m.DropApplication,
        m.EnrolAssessor,
        m.DeclareConflict,
        m.Assign,
        m.Assess,
        m.Moderate,
        m.Rank,
    ),
    events=(
        m.CallRegistered,
        m.ApplicationRegistered,
        m.ApplicationDropped,
        m.AssessorEnrolled,
        m.ConflictDeclared,
        m.AssessorAssigned,
        m.AssessmentSubmitted,
        m.ModerationDemanded,
        m.CriterionModerated,
        m.ApplicationRanked,
        m.RankingEstablished,
        m.Refused,
    ),
    records=(
        records.Call,
        Application,
        records.Assessor,
        records.Conflict,
        Assignment,
        Moderation,
        records.Ranked,
        records.Ranking,
    ),
    decide=decide,
    evolve=evolve,
    stream=_stream,
    shard=lambda command: command.call_id,
    authority={
        m.RegisterCall: _SYSTEM,
        m.RegisterApplication: _SYSTEM,
        m.DropApplication: _SYSTEM,
        m.EnrolAssessor: _OFFICE,
        m.DeclareConflict: _JURY,
        m.Assign: _OFFICE,
        m.Assess: frozenset({Role.ASSESSOR}),
        m.Moderate: _CHAIR,
        m.Rank: _CHAIR,
    },
    refused=refused,
)
