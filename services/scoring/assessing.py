"""Points, and what happens where assessors lie too far apart: the chair must moderate before there is a ranking."""

from services.kernel.decider import At, State
from services.kernel.rules import Scoring
from services.scoring.answers import refused, scored_application
from services.scoring.model import (
    Assess,
    AssessmentSubmitted,
    CriterionModerated,
    Event,
    Moderate,
    ModerationDemanded,
    RefusalCode,
    Refused,
)
from services.scoring.panel import in_conflict, live_assignments
from services.scoring.records import Application, Assessor, Assignment, Moderation, ModerationStatus

_SHOWN_CHARACTERS = 60
"""How much of an unknown criterion's name is repeated: it came from outside and may be long."""


def assess(command: Assess, state: State, at: At) -> tuple[Event, ...]:
    """Take in an assessment or its revision, and look again at what must be moderated."""
    found = scored_application(command, state)
    if isinstance(found, Refused):
        return (found,)
    scoring, application = found
    assignment = _own_assignment(command, application, state, at)
    if isinstance(assignment, Refused):
        return (assignment,)
    if (fault := _points_fault(command, scoring)) is not None:
        return (fault,)
    if (assignment.points, assignment.note) == (command.points, command.note):
        return ()
    demands, lifts = _moderations(command, scoring, application, assignment, state)
    submitted = AssessmentSubmitted(
        call_id=command.call_id,
        application_id=command.application_id,
        applicant=application.applicant,
        assessor=at.actor.id,
        version=assignment.version + 1,
        points=command.points,
        note=command.note,
        lifts=lifts,
    )
    return (submitted, *demands)


def moderate(command: Moderate, state: State, at: At) -> tuple[Event, ...]:
    """Set the points of a criterion in dispute; until the ranking the chair may set them again."""
    found = scored_application(command, state)
    if isinstance(found, Refused):
        return (found,)
    scoring, application = found
    if (fault := _moderation_fault(command, scoring, application, state, at)) is not None:
        return (fault,)
    standing = state.get(Moderation, command.call_id, command.application_id, command.criterion)
    if standing is not None and (standing.points, standing.ground) == (command.points, command.ground):
        return ()
    return (
        CriterionModerated(
            call_id=command.call_id,
            application_id=command.application_id,
            applicant=application.applicant,
            criterion=command.criterion,
            points=command.points,
            ground=command.ground,
            moderated_by=at.actor.id,
        ),
    )


def _own_assignment(command: Assess, application: Application, state: State, at: At) -> Assignment | Refused:
    """The actor's assignment to the application, if it can still be scored."""
    if state.get(Assessor, command.call_id, at.actor.id) is None:
        return refused(command, RefusalCode.UNKNOWN_ASSESSOR, "not on the jury of this call")
    if _has_conflict(state, application, at):
        return refused(command, RefusalCode.CONFLICT, "a conflict of interest with this application")
    assignment = state.get(Assignment, command.call_id, command.application_id, at.actor.id)
    if assignment is None or assignment.void:
        return refused(command, RefusalCode.NOT_ASSIGNED, "this application is assigned to others")
    if assignment.points and application.ranked:
        return refused(command, RefusalCode.ALREADY_RANKED, "the ranking rests on the assessment")
    return assignment


def _has_conflict(state: State, application: Application, at: At) -> bool:
    """Whether the actor has a conflict, by the organisation of the token or by the one enrolled with."""
    assessor = state.get(Assessor, application.call_id, at.actor.id)
    enrolled = () if assessor is None else (assessor.organisation,)
    return in_conflict(state, application, at.actor.id, at.actor.organisation, *enrolled)


def _points_fault(command: Assess, scoring: Scoring) -> Refused | None:
    scales = {criterion.code: criterion.scale for criterion in scoring.criteria}
    if unknown := sorted(command.points.keys() - scales.keys()):
        return refused(command, RefusalCode.UNKNOWN_CRITERION, f"{unknown[0][:_SHOWN_CHARACTERS]} is not scored in this call")
    for code, scale in scales.items():
        if code not in command.points:
            return refused(command, RefusalCode.CRITERION_MISSING, f"{code}: 0 to {scale}")
        if not 0 <= command.points[code] <= scale:
            return refused(command, RefusalCode.POINTS_OUT_OF_RANGE, f"{code}: 0 to {scale}")
    return None


def _moderation_fault(command: Moderate, scoring: Scoring, application: Application, state: State, at: At) -> Refused | None:
    if _has_conflict(state, application, at):
        return refused(command, RefusalCode.CONFLICT, "the chair has a conflict of interest with this application")
    scale = next((criterion.scale for criterion in scoring.criteria if criterion.code == command.criterion), None)
    if scale is None:
        return refused(command, RefusalCode.UNKNOWN_CRITERION, f"{command.criterion} is not scored in this call")
    if not 0 <= command.points <= scale:
        return refused(command, RefusalCode.POINTS_OUT_OF_RANGE, f"{command.criterion}: 0 to {scale}")
    standing = state.get(Moderation, command.call_id, command.application_id, command.criterion)
    if standing is None or standing.status is ModerationStatus.LIFTED:
        return refused(command, RefusalCode.MODERATION_NOT_DEMANDED, f"the points on {command.criterion} need none")
    if standing.status is ModerationStatus.MODERATED and application.ranked:
        return refused(command, RefusalCode.ALREADY_RANKED, "the ranking rests on the moderation")
    return None


def _moderations(
    command: Assess, scoring: Scoring, application: Application, before: Assignment, state: State
) -> tuple[tuple[ModerationDemanded, ...], tuple[str, ...]]:
    """What the new points demand, and the criteria on which they end a demand or a moderation.

    Nothing until all assessors have scored. A moderation answers certain points: it falls when one of them changes.
    """
    assignments = live_assignments(state, command.call_id, command.application_id)
    others = [assignment.points for assignment in assignments if assignment.assessor != before.assessor]
    if len(assignments) < scoring.assessors_per_application or not all(others):
        return (), ()
    demands: list[ModerationDemanded] = []
    lifts: list[str] = []
    for criterion in scoring.criteria:
        code = criterion.code
        given = [points[code] for points in (command.points, *others)]
        low, high = min(given), max(given)
        standing = state.get(Moderation, command.call_id, command.application_id, code)
        if standing is not None and standing.status is ModerationStatus.LIFTED:
            standing = None
        changed = before.points.get(code) != command.points[code]
        told = standing is not None and standing.status is ModerationStatus.OPEN and (standing.low, standing.high) == (low, high)
        if high - low <= scoring.spread_limit:
            lifts += [code] if standing is not None else []
        elif standing is None or (changed and not told):
            demands.append(
                ModerationDemanded(
                    call_id=command.call_id,
                    application_id=command.application_id,
                    applicant=application.applicant,
                    criterion=code,
                    low=low,
                    high=high,
                )
            )
    return tuple(demands), tuple(lifts)
