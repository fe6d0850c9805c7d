"""What each event changes in the records."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from services.intake.custody import (
    CustodyEvent,
    DataDestroyed,
    FileClosed,
    NoteOpened,
    NoteSealed,
    RetentionApproved,
    RetentionPlanned,
    SubjectErased,
)
from services.intake.erasing import EVERY_GROUP
from services.intake.model import (
    ApplicationDeclaredAdmissible,
    ApplicationDeclaredInadmissible,
    ApplicationReopened,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    BeneficiaryDropped,
    BeneficiaryNoted,
    BodiesEnrolled,
    BodiesMerged,
    CallClosed,
    CallPublished,
    DeadlineMoved,
    DoubleFundingFlagged,
    DraftSaved,
    Event,
    ExtensionGranted,
    Refused,
)
from services.intake.records import (
    Award,
    Benefit,
    Call,
    Closing,
    Destroyed,
    Disposed,
    Draft,
    Enrolled,
    Erasure,
    Extension,
    File,
    Note,
    Plan,
    Reopening,
    Taking,
)
from services.intake.values import FileStatus
from services.kernel.decider import Record, State, replace


def evolve(event: Event, state: State) -> Iterable[Record]:  # noqa: C901, PLR0911, PLR0912 - one branch an event, nothing else
    """The records that the event changes."""
    match event:
        case CallPublished():
            return (Call(call_id=event.call_id, rules=event.rules, deadline=event.rules.window.deadline),)
        case BodiesEnrolled():
            return _enrolled(event, state)
        case DeadlineMoved():
            return (replace(_call(event.call_id, state), deadline=event.deadline),)
        case ExtensionGranted():
            return (Extension(call_id=event.call_id, applicant=event.applicant, deadline=event.deadline),)
        case BodiesMerged():
            return (*_merged_bodies(event, state), *_merged_files(event, state))
        case DraftSaved():
            return _drafted(event, state)
        case ApplicationSubmitted():
            return _submitted(event, state)
        case ApplicationWithdrawn():
            file = _file(event, state)
            return (replace(file, status=FileStatus.WITHDRAWN), *_takings(file, live=False))
        case ApplicationReopened():
            return _reopened(event, state)
        case CallClosed():
            return (replace(_call(event.call_id, state), closed=True),)
        case ApplicationDeclaredAdmissible():
            return (replace(_file(event, state), status=FileStatus.ADMISSIBLE),)
        case ApplicationDeclaredInadmissible():
            return (replace(_file(event, state), status=FileStatus.INADMISSIBLE),)
        case BeneficiaryNoted():
            return _noted(event)
        case BeneficiaryDropped():
            award = state.get(Award, event.call_id, event.application_id)
            return () if award is None else (replace(award, live=False),)
        case DoubleFundingFlagged() | Refused():
            return ()
        case _:
            return _kept(event, state)


def _kept(event: CustodyEvent, state: State) -> Iterable[Record]:  # noqa: PLR0911 - one branch an event
    """What is kept of people, and no longer kept."""
    match event:
        case SubjectErased():
            erasure = Erasure(subject=event.subject, group=EVERY_GROUP, call_id=event.call_id, until=event.erased_at)
            return (erasure, *(Destroyed(document=document) for document in event.documents))
        case FileClosed():
            return (Closing(call_id=event.call_id, application_id=event.application_id, closed_at=event.closed_at),)
        case RetentionPlanned():
            return (Plan(call_id=event.call_id, plan=event.plan, items=event.items, planned_by=event.planned_by),)
        case RetentionApproved():
            plan = state.get(Plan, event.call_id, event.plan)
            assert plan is not None, "what is approved was planned"  # noqa: S101 - a broken invariant stops the process
            return (replace(plan, approved=True),)
        case DataDestroyed():
            return _destroyed(event)
        case NoteSealed():
            return (
                Note(
                    call_id=event.call_id,
                    note_id=event.note_id,
                    subject=event.subject,
                    organisations=event.organisations,
                    sealed_at=event.sealed_at,
                ),
            )
        case NoteOpened():
            return ()
        case _:
            assert_never(event)


def _destroyed(event: DataDestroyed) -> Iterator[Record]:
    yield Disposed(call_id=event.call_id, application_id=event.application_id, data_class=event.data_class)
    yield Erasure(subject=event.applicant, group=event.group, call_id=event.call_id, until=event.destroyed_at)
    for document in event.documents:
        yield Destroyed(document=document)


def _enrolled(event: BodiesEnrolled, state: State) -> Iterator[Record]:
    for body in event.bodies:
        known = state.get(Enrolled, event.call_id, body.body_id)
        yield Enrolled(call_id=event.call_id, body=body) if known is None else replace(known, body=body)


def _merged_bodies(event: BodiesMerged, state: State) -> Iterator[Record]:
    old, new = (state.get(Enrolled, event.call_id, number) for number in (event.from_body, event.into_body))
    assert old is not None, "merged bodies are enrolled"  # noqa: S101 - a broken invariant stops the process
    assert new is not None, "merged bodies are enrolled"  # noqa: S101 - a broken invariant stops the process
    yield replace(old, merged_into=event.into_body)
    yield replace(new, absorbed=(*new.absorbed, *old.numbers))
    limits = [
        extension.deadline
        for number in (event.from_body, event.into_body)
        if (extension := state.get(Extension, event.call_id, number)) is not None
    ]
    if limits:
        yield Extension(call_id=event.call_id, applicant=event.into_body, deadline=max(limits))


def _merged_files(event: BodiesMerged, state: State) -> Iterator[Record]:
    """Every file that the old body took part in, with the new one in its place."""
    for file in tuple(state.all(File, event.call_id)):
        if event.from_body not in file.bodies:
            continue
        bodies = dict.fromkeys(event.into_body if number == event.from_body else number for number in file.bodies)
        applicant, *partners = bodies
        changed = replace(file, applicant=applicant, partners=tuple(partners))
        yield changed
        if file.version:
            yield from _takings(file, live=False)
            yield from _takings(changed, live=file.status is not FileStatus.WITHDRAWN)


def _drafted(event: DraftSaved, state: State) -> Iterator[Record]:
    content = event.content
    yield Draft(call_id=event.call_id, application_id=event.application_id, version=event.version, content=content)
    if state.get(File, event.call_id, event.application_id) is None:
        yield File(
            call_id=event.call_id,
            application_id=event.application_id,
            applicant=event.applicant,
            project_start=content.project_start,
            project_end=content.project_end,
        )


def _submitted(event: ApplicationSubmitted, state: State) -> Iterator[Record]:
    before, content = _file(event, state), event.content
    file = replace(
        before,
        applicant=event.applicant,
        partners=content.partners,
        status=FileStatus.SUBMITTED,
        version=event.version,
        requested_cents=content.requested_cents,
        purposes=content.purposes,
        project_start=content.project_start,
        project_end=content.project_end,
        submitted_at=event.received_at,
    )
    yield file
    if before.version:
        yield from _takings(before, live=False)
    yield from _takings(file, live=True)


def _reopened(event: ApplicationReopened, state: State) -> Iterator[Record]:
    yield Reopening(call_id=event.call_id, application_id=event.application_id, until=event.until)
    file = _file(event, state)
    if file.status is FileStatus.INADMISSIBLE:
        yield replace(file, status=FileStatus.SUBMITTED)


def _noted(event: BeneficiaryNoted) -> Iterator[Record]:
    yield Award(
        of_call=event.call_id,
        application_id=event.application_id,
        bodies=event.bodies,
        project_start=event.project_start,
        project_end=event.project_end,
    )
    for number in event.bodies:
        yield Benefit(body_id=number, of_call=event.call_id, application_id=event.application_id)


def _takings(file: File, *, live: bool) -> Iterator[Record]:
    for number in file.bodies:
        yield Taking(call_id=file.call_id, body_id=number, application_id=file.application_id, live=live)


def _call(call_id: str, state: State) -> Call:
    call = state.get(Call, call_id)
    assert call is not None, "events about a call follow its publication"  # noqa: S101 - a broken invariant stops the process
    return call


_AboutFile = (
    ApplicationSubmitted
    | ApplicationWithdrawn
    | ApplicationReopened
    | ApplicationDeclaredAdmissible
    | ApplicationDeclaredInadmissible
)


def _file(event: _AboutFile, state: State) -> File:
    file = state.get(File, event.call_id, event.application_id)
    assert file is not None, "events about a file follow its first draft"  # noqa: S101 - a broken invariant stops the process
    return file
