"""The ranking as a whole: whether it can be established, and what it records."""

from collections.abc import Iterable

from services.kernel.decider import State
from services.scoring import model as m
from services.scoring import ranking, records
from services.scoring.answers import known_call, named, refused
from services.scoring.panel import by_application, live_applications, live_assignments
from services.scoring.records import Application, Assignment, Moderation, ModerationStatus


def rank(command: m.Rank, state: State) -> tuple[m.Event, ...]:
    """The whole ranking, or the first reason why there can be none yet."""
    call = known_call(command, state)
    if isinstance(call, m.Refused):
        return (call,)
    scoring = call.rules.scoring
    applications = {application.application_id: application for application in live_applications(state, command.call_id)}
    assignments = by_application(a for a in live_assignments(state, command.call_id) if a.points)
    moderations = by_application(state.all(Moderation, command.call_id))
    missing = [id_ for id_ in applications if len(assignments[id_]) < scoring.assessors_per_application]
    disputed = [id_ for id_ in applications if any(mo.status is ModerationStatus.OPEN for mo in moderations[id_])]
    if not applications:
        return (refused(command, m.RefusalCode.NO_APPLICATIONS, "there is nothing to rank"),)
    if missing:
        return (refused(command, m.RefusalCode.ASSESSMENTS_MISSING, named(missing), missing[0]),)
    if disputed:
        return (refused(command, m.RefusalCode.MODERATION_OPEN, named(disputed), disputed[0]),)
    before = state.get(records.Ranking, command.call_id)
    version = 1 if before is None else before.version + 1
    places = ranking.rank(
        (_candidate(application, assignments[id_], moderations[id_]) for id_, application in applications.items()), scoring
    )
    established = m.RankingEstablished(
        call_id=command.call_id, version=version, ranked=len(places), minimum_total=scoring.minimum_total
    )
    return (*(_ranked(place, applications[place.outcome.application_id], version) for place in places), established)


def _candidate(application: Application, assignments: Iterable[Assignment], moderations: Iterable[Moderation]) -> ranking.Candidate:
    return ranking.Candidate(
        application_id=application.application_id,
        requested_cents=application.requested_cents,
        submitted_at=application.submitted_at,
        points={assignment.assessor: assignment.points for assignment in assignments},
        moderated={
            moderation.criterion: ranking.Moderated(points=moderation.points, ground=moderation.ground)
            for moderation in moderations
            if moderation.status is ModerationStatus.MODERATED and moderation.points is not None and moderation.ground is not None
        },
    )


def _ranked(place: ranking.Place, application: Application, version: int) -> m.ApplicationRanked:
    return m.ApplicationRanked(
        call_id=application.call_id,
        version=version,
        rank=place.rank,
        application_id=application.application_id,
        applicant=application.applicant,
        partners=application.partners,
        requested_cents=application.requested_cents,
        submitted_at=application.submitted_at,
        total=place.outcome.total,
        eligible=place.outcome.eligible,
        fails=place.outcome.fails,
        criteria=place.outcome.criteria,
        tie_path=place.tie_path,
    )
