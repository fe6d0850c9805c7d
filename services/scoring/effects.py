"""What the events change that change more than the record they name; and the records that an event must find."""

from collections.abc import Iterable

from services.kernel.decider import Record, State, replace
from services.scoring import model as m
from services.scoring import records
from services.scoring.records import Application, Assignment, Moderation, ModerationStatus


def registered(event: m.ApplicationRegistered, state: State) -> Iterable[Record]:
    """A known application that comes back as it was keeps its assessments; with other content it starts anew."""
    known = state.get(Application, event.call_id, event.application_id)
    if known is not None and same_content(known, event):
        return (replace(known, dropped=False),)
    application = Application(
        call_id=event.call_id,
        application_id=event.application_id,
        applicant=event.applicant,
        partners=event.partners,
        requested_cents=event.requested_cents,
        submitted_at=event.submitted_at,
    )
    assignments = state.all(Assignment, event.call_id, event.application_id)
    cleared = [replace(assignment, points={}, note=None) for assignment in assignments]
    return (application, *cleared, *_lifted(event, state))


def conflicted(event: m.ConflictDeclared, state: State) -> Iterable[Record]:
    """The conflict, and the end of the assignment that it voids."""
    conflict = records.Conflict(
        call_id=event.call_id, application_id=event.application_id, assessor=event.assessor, ground=event.ground
    )
    if not event.voids:
        return (conflict,)
    return (conflict, replace(known_assignment(event, state), void=True), *_lifted(event, state))


def assessed(event: m.AssessmentSubmitted, state: State) -> Iterable[Record]:
    """The points in the place of those before, and the moderations that they lift."""
    scored = replace(known_assignment(event, state), version=event.version, points=event.points, note=event.note)
    lifted = [replace(known_moderation(event, code, state), status=ModerationStatus.LIFTED) for code in event.lifts]
    return (scored, *lifted)


def same_content(known: Application, event: m.ApplicationRegistered) -> bool:
    """Whether what is to be scored is what was scored before."""
    return (known.applicant, known.partners, known.requested_cents, known.submitted_at) == (
        event.applicant,
        event.partners,
        event.requested_cents,
        event.submitted_at,
    )


def known_application(event: m.ApplicationDropped | m.ApplicationRanked, state: State) -> Application:
    """The application of an event that can only follow its registration."""
    found = state.get(Application, event.call_id, event.application_id)
    assert found is not None, "an event about an application that was never registered"  # noqa: S101 - a broken log stops the process
    return found


def known_assignment(event: m.ConflictDeclared | m.AssessmentSubmitted, state: State) -> Assignment:
    """The assignment of an event that can only follow it."""
    found = state.get(Assignment, event.call_id, event.application_id, event.assessor)
    assert found is not None, "an event about an assessor who was never assigned"  # noqa: S101 - a broken log stops the process
    return found


def known_moderation(event: m.AssessmentSubmitted | m.CriterionModerated, criterion: str, state: State) -> Moderation:
    """The moderation of an event that can only follow its demand."""
    found = state.get(Moderation, event.call_id, event.application_id, criterion)
    assert found is not None, "an event about a moderation that was never demanded"  # noqa: S101 - a broken log stops the process
    return found


def _lifted(event: m.ApplicationRegistered | m.ConflictDeclared, state: State) -> Iterable[Moderation]:
    """All moderations of an application, lifted: the points that they answered are not complete any more."""
    standing = state.all(Moderation, event.call_id, event.application_id)
    return [replace(moderation, status=ModerationStatus.LIFTED) for moderation in standing]
