"""How long what is kept may be kept: a file is closed, its terms run out, a list is made, another hand approves it.

The terms are the call's own, one a class of data. What is destroyed are documents and keys; the log stays whole.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from services.intake.calling import Outcome
from services.intake.custody import (
    MAX_PAPERS,
    ApproveRetention,
    CloseFile,
    DataDestroyed,
    Disposal,
    FileClosed,
    PlannedDisposal,
    PlanRetention,
    RetentionApproved,
    RetentionPlanned,
)
from services.intake.records import Award, Call, Closing, Destroyed, Disposed, File, Plan
from services.intake.values import Fault, FileStatus, RefusalCode
from services.intake.window import file_over
from services.kernel.decider import At, State
from services.kernel.form import instant
from services.kernel.rules import Retention

CONTACT = "contact"
"""The class of data, and the group of keys, that is an applicant's and not a file's."""


def close_file(command: CloseFile, call: Call, file: File, state: State, at: At) -> Outcome:
    """Close a file that can change no more and whose award, if it has one, is over."""
    award = state.get(Award, call.call_id, file.application_id)
    if not call.closed or not file_over(call, file, state, at.now):
        return Fault(RefusalCode.STILL_OPEN, "the call is open, or the applicant may still change this file")
    if file.status is FileStatus.SUBMITTED:
        return Fault(RefusalCode.STILL_OPEN, "declared neither admissible nor inadmissible")
    if award is not None and award.live and at.now.date() <= award.project_end:
        return Fault(RefusalCode.STILL_OPEN, f"its project runs until {award.project_end.isoformat()}")
    return (
        FileClosed(
            call_id=command.call_id,
            application_id=command.application_id,
            applicant=file.applicant,
            closed_at=at.now,
            closed_by=at.actor.id,
        ),
    )


def plan(command: PlanRetention, call: Call, state: State, at: At) -> Outcome:
    """Put up a list; one item that may not be destroyed yet keeps the whole of it from approval."""
    items: list[PlannedDisposal] = []
    for number, item in enumerate(command.items):
        planned = _planned(item, f"items[{number}]", call, state, at.now)
        if isinstance(planned, Fault):
            return planned
        items.append(planned)
    number = 1 + sum(1 for _ in state.all(Plan, call.call_id))
    return (RetentionPlanned(call_id=call.call_id, plan=f"r{number}", items=tuple(items), planned_by=at.actor.id),)


def approve(command: ApproveRetention, call: Call, state: State, at: At) -> Outcome:
    """Carry a plan out, if all of it still holds; what another plan has destroyed in the meantime is passed over."""
    found = state.get(Plan, command.call_id, command.plan)
    if found is None:
        return Fault(RefusalCode.UNKNOWN_PLAN, command.plan)
    if found.approved:
        return Fault(RefusalCode.ALREADY_APPROVED, command.plan)
    if found.planned_by == at.actor.id:
        return Fault(RefusalCode.SAME_HAND, "whoever made the plan does not approve it")
    for item in found.items:
        if item.data_class == CONTACT and (fault := _need(item.applicant, item.application_id, "items", state, at.now)) is not None:
            return fault
    left = [item for item in found.items if _new(item.application_id, item.data_class, item.documents, call, state)]
    return (
        RetentionApproved(call_id=command.call_id, plan=command.plan, approved_by=at.actor.id),
        *(
            DataDestroyed(
                call_id=command.call_id,
                application_id=item.application_id,
                applicant=item.applicant,
                data_class=item.data_class,
                rule=item.rule,
                plan=command.plan,
                group=group(item.application_id, item.data_class),
                documents=item.documents,
                destroyed_at=at.now,
            )
            for item in left
        ),
    )


def expired(call: Call, papers: Mapping[tuple[str, str], tuple[str, ...]], state: State, now: datetime) -> Iterator[Disposal]:
    """What a plan may name now: of each closed file the classes whose term is over, with their documents out of `papers`."""
    for closing in tuple(state.all(Closing, call.call_id)):
        for rule in call.rules.retention:
            documents = papers.get((closing.application_id, rule.data_class), ())
            for start in range(0, len(documents) or 1, MAX_PAPERS):
                item = Disposal(
                    application_id=closing.application_id,
                    data_class=rule.data_class,
                    documents=documents[start : start + MAX_PAPERS],
                )
                if not isinstance(_planned(item, "", call, state, now), Fault):
                    yield item


def group(application_id: str, data_class: str) -> str:
    """The group of an applicant's keys that a class of data of a file is sealed under."""
    return CONTACT if data_class == CONTACT else f"{application_id}.{data_class}"


def due_at(closed_at: datetime, years: int) -> datetime:
    """When a term of whole years is over; one that would end on a 29 February that there is not ends on 1 March."""
    try:
        return closed_at.replace(year=closed_at.year + years)
    except ValueError:
        return closed_at.replace(year=closed_at.year + years, month=3, day=1)


def _planned(item: Disposal, where: str, call: Call, state: State, now: datetime) -> PlannedDisposal | Fault:
    file = state.get(File, call.call_id, item.application_id)
    closing = state.get(Closing, call.call_id, item.application_id)
    rule = _rule(call, item.data_class)
    if file is None:
        return Fault(RefusalCode.UNKNOWN_APPLICATION, f"{where}.application_id: {item.application_id}")
    if rule is None:
        return Fault(RefusalCode.UNKNOWN_RULE, f"{where}.data_class: the call has no term for {item.data_class}")
    if closing is None:
        return Fault(RefusalCode.NOT_CLOSED, f"{where}.application_id: {item.application_id}")
    due = due_at(closing.closed_at, rule.years)
    if now < due:
        return Fault(RefusalCode.NOT_DUE, f"{where}.data_class: {item.data_class} is kept until {instant(due)}")
    if not _new(item.application_id, item.data_class, item.documents, call, state):
        return Fault(RefusalCode.ALREADY_DESTROYED, f"{where}: {item.application_id}, {item.data_class}")
    fault = _need(file.applicant, file.application_id, where, state, now) if item.data_class == CONTACT else None
    return fault or PlannedDisposal(
        application_id=item.application_id,
        applicant=file.applicant,
        data_class=item.data_class,
        rule=f"{call.call_id}.{rule.data_class}",
        due_at=due,
        documents=item.documents,
    )


def _rule(call: Call, data_class: str) -> Retention | None:
    return next((rule for rule in call.rules.retention if rule.data_class == data_class), None)


def _new(application_id: str, data_class: str, documents: tuple[str, ...], call: Call, state: State) -> bool:
    """Whether there is anything left of it to destroy."""
    never = state.get(Disposed, call.call_id, application_id, data_class) is None
    return never or any(state.get(Destroyed, document) is None for document in documents)


def _need(applicant: str, application_id: str, where: str, state: State, now: datetime) -> Fault | None:
    """Another file of the applicant, in any call of this log, whose own term for contacts is not over."""
    for call in tuple(state.all(Call)):
        rule = _rule(call, CONTACT)
        for file in tuple(state.all(File, call.call_id)):
            if applicant not in file.bodies or file.application_id == application_id:
                continue
            closing = state.get(Closing, call.call_id, file.application_id)
            if closing is None or rule is None or now < due_at(closing.closed_at, rule.years):
                return Fault(RefusalCode.STILL_NEEDED, f"{where}: {applicant} is reached about {file.application_id}")
    return None
