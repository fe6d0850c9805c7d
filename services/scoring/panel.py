"""Who judges what: conflicts of interest, and the division of the applications among the jury."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

from services.kernel.decider import At, State
from services.kernel.people import Role
from services.scoring.answers import known_application, known_call, refused
from services.scoring.model import (
    AssessorAssigned,
    AssessorEnrolled,
    Assign,
    ConflictDeclared,
    ConflictGround,
    DeclareConflict,
    EnrolAssessor,
    Event,
    RefusalCode,
    Refused,
)
from services.scoring.records import Application, Assessor, Assignment, Conflict, Moderation

T = TypeVar("T", Assignment, Moderation)


def enrol(command: EnrolAssessor, state: State, at: At) -> tuple[Event, ...]:
    """Put a person on the jury. A corrected organisation ends the assignments that it now forbids."""
    call = known_call(command, state)
    if isinstance(call, Refused):
        return (call,)
    assessor = state.get(Assessor, command.call_id, command.assessor)
    if assessor is not None and assessor.organisation == command.organisation:
        return ()
    enrolled = AssessorEnrolled(call_id=command.call_id, assessor=command.assessor, organisation=command.organisation)
    forbidden = (
        found_conflict(application, command.assessor, at)
        for application in state.all(Application, command.call_id)
        if command.organisation in parties(application) and _is_assigned(state, application, command.assessor)
    )
    return (enrolled, *forbidden)


def declare(command: DeclareConflict, state: State, at: At) -> tuple[Event, ...]:
    """Note a conflict; it ends the person's assignment, whether scored or not. The same words twice say nothing new."""
    application = known_application(command, state)
    if isinstance(application, Refused):
        return (application,)
    person = command.assessor or at.actor.id
    if person != at.actor.id and not at.actor.has(Role.CHAIR):
        return (refused(command, RefusalCode.NOT_AUTHORISED, "only the chair declares the conflict of another"),)
    if person != at.actor.id and state.get(Assessor, command.call_id, person) is None:
        return (refused(command, RefusalCode.UNKNOWN_ASSESSOR, "not on the jury of this call"),)
    known = state.get(Conflict, command.call_id, command.application_id, person)
    if known is not None and known.ground is command.ground:
        return ()
    return (
        ConflictDeclared(
            call_id=command.call_id,
            application_id=command.application_id,
            applicant=application.applicant,
            assessor=person,
            ground=command.ground,
            declared_by=at.actor.id,
            voids=_is_assigned(state, application, person),
        ),
    )


def assign(command: Assign, state: State) -> tuple[Event, ...]:
    """Give every application the assessors it lacks: those without conflict who have the least to do, ties by id.

    All or nothing: where one application cannot have enough, none is assigned, and the refusal names it.
    """
    call = known_call(command, state)
    if isinstance(call, Refused):
        return (call,)
    applications = live_applications(state, command.call_id)
    if not applications:
        return (refused(command, RefusalCode.NO_APPLICATIONS, "there is nothing to assess"),)
    jury = {assessor.assessor: assessor.organisation for assessor in state.all(Assessor, command.call_id)}
    assigned = by_application(live_assignments(state, command.call_id))
    load = Counter(a.assessor for application in applications for a in assigned[application.application_id])
    events: list[Event] = []
    for application in applications:
        own = {assignment.assessor for assignment in assigned[application.application_id]}
        missing = call.rules.scoring.assessors_per_application - len(own)
        free = [
            person
            for person, organisation in jury.items()
            if person not in own and not in_conflict(state, application, person, organisation)
        ]
        if len(free) < missing:
            detail = f"needs {missing} more, {len(free)} without conflict can be had"
            return (refused(command, RefusalCode.NOT_ENOUGH_ASSESSORS, detail, application.application_id),)
        for person in sorted(free, key=lambda p: (load[p], p))[: max(0, missing)]:
            load[person] += 1
            events.append(
                AssessorAssigned(
                    call_id=command.call_id,
                    application_id=application.application_id,
                    applicant=application.applicant,
                    assessor=person,
                )
            )
    return tuple(events)


def conflicts_of_new_parties(before: Application, parties_now: Iterable[str], state: State, at: At) -> tuple[Event, ...]:
    """The assignments that end because the assessor's organisation has become a party to the application."""
    now = frozenset(parties_now)
    return tuple(
        found_conflict(before, assignment.assessor, at)
        for assignment in live_assignments(state, before.call_id, before.application_id)
        if (assessor := state.get(Assessor, before.call_id, assignment.assessor)) is not None and assessor.organisation in now
    )


def found_conflict(application: Application, person: str, at: At) -> ConflictDeclared:
    """A conflict that nobody had to declare, of a person who was already assigned."""
    return ConflictDeclared(
        call_id=application.call_id,
        application_id=application.application_id,
        applicant=application.applicant,
        assessor=person,
        ground=ConflictGround.ORGANISATION,
        declared_by=at.actor.id,
        voids=True,
    )


def in_conflict(state: State, application: Application, person: str, *organisations: str) -> bool:
    """Whether a person may have no part in judging the application, by a declaration or by an organisation of theirs."""
    declared = state.get(Conflict, application.call_id, application.application_id, person) is not None
    return declared or not parties(application).isdisjoint(organisations)


def parties(application: Application) -> frozenset[str]:
    """The bodies behind an application."""
    return frozenset((application.applicant, *application.partners))


def live_applications(state: State, call_id: str) -> list[Application]:
    """The applications that take part, in the order of their ids."""
    return [application for application in state.all(Application, call_id) if not application.dropped]


def live_assignments(state: State, call_id: str, *application_id: str) -> list[Assignment]:
    """The assignments of a call, or of one application, that no conflict has ended."""
    return [assignment for assignment in state.all(Assignment, call_id, *application_id) if not assignment.void]


def by_application(records: Iterable[T]) -> Mapping[str, list[T]]:
    """Records by the application that they belong to; none: an empty list."""
    groups: defaultdict[str, list[T]] = defaultdict(list)
    for record in records:
        groups[record.application_id].append(record)
    return groups


def _is_assigned(state: State, application: Application, person: str) -> bool:
    assignment = state.get(Assignment, application.call_id, application.application_id, person)
    return assignment is not None and not assignment.void
