"""Each notice goes out once.

What the notification service promises:

- One event and one addressee make one notice, however often they are heard of.
- A mail is completed only after `NoticeAttempted` is durable, and a turn is attempted once: nothing goes out twice by itself.
- What may have left without our knowing is in doubt, and stays so until an operator says `sent` or `again`.
- What certainly did not leave is tried again, later and later; what cannot succeed is given up, and said so.

Why this is the most that mail allows: `docs/decisions/0010-mail-once.md`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from services.kernel.decider import At, Decider, Record, State, replace
from services.kernel.people import Role
from services.notification import lanes
from services.notification.model import (
    ApplicantNoted,
    ApplicantsMerged,
    Attempt,
    CallRegistered,
    Command,
    ConfirmSent,
    Doubt,
    ErasureNoted,
    Event,
    Fail,
    FailReason,
    MergeApplicants,
    NoteApplicant,
    NoteErasure,
    NoticeAttempted,
    NoticeFailed,
    NoticeInDoubt,
    NoticeQueued,
    NoticeRequeued,
    NoticeResolved,
    NoticeSent,
    NoticeStatus,
    Outcome,
    Queue,
    QueueForAll,
    RefusalCode,
    Refused,
    RegisterCall,
    Resolve,
    Retry,
)
from services.notification.naming import notice_id
from services.notification.records import Applicant, Call, Doubts, Erased, Lane, Notice

GIVE_UP_TURN = 40
"""A server that defers a mail in this turn has done so for about five days: the time after which mail servers give up, too."""

Step = Attempt | ConfirmSent | Fail | Doubt | Retry


def decide(command: Command, state: State, at: At) -> tuple[Event, ...]:  # noqa: C901, PLR0911 - one return a command
    """What a command leads to."""
    match command:
        case RegisterCall():
            return _register(command, state)
        case NoteApplicant(call_id=call_id, applicant=applicant):
            known = state.get(Applicant, call_id, applicant)
            return () if known else (ApplicantNoted(call_id=call_id, applicant=applicant),)
        case MergeApplicants(call_id=call_id, from_body=from_body, into_body=into_body):
            known = state.get(Applicant, call_id, from_body)
            if known is None or known.merged_into == into_body:
                return ()
            return (ApplicantsMerged(call_id=call_id, from_body=from_body, into_body=into_body),)
        case Queue():
            return _queue(command, state)
        case QueueForAll():
            return _queue_for_all(command, state)
        case Attempt() | ConfirmSent() | Fail() | Doubt() | Retry():
            notice = state.get(Notice, command.call_id, command.notice_id)
            if notice is None:
                return (refused(command, RefusalCode.UNKNOWN_NOTICE, "no such notice in this call"),)
            return _step(command, notice, state, at)
        case Resolve():
            return _resolve(command, state, at)
        case NoteErasure(call_id=call_id, subject=subject, group=group, until=until):
            erased = state.get(Erased, subject, group)
            if erased is not None and erased.until >= until:
                return ()
            return (ErasureNoted(call_id=call_id, subject=subject, group=group, until=until),)
        case _:
            assert_never(command)


def _register(command: RegisterCall, state: State) -> tuple[Event, ...]:
    event = CallRegistered(
        call_id=command.call_id,
        title=command.title,
        authority=command.authority,
        zone=command.zone,
        currency=command.currency,
        reports=command.reports,
    )
    known = state.get(Call, command.call_id)
    if known is None:
        return (event,)
    return () if known == _call(event) else (refused(command, RefusalCode.CALL_EXISTS, "the call is known otherwise"),)


def _queue(command: Queue, state: State) -> tuple[Event, ...]:
    known = state.get(Notice, command.call_id, command.notice_id)
    if known is None:
        return (
            NoticeQueued(
                call_id=command.call_id,
                notice_id=command.notice_id,
                kind=command.kind,
                addressee=command.addressee,
                params=command.params,
            ),
        )
    same = (known.kind, known.addressee, known.params) == (command.kind, command.addressee, command.params)
    return () if same else (refused(command, RefusalCode.NOTICE_EXISTS, "the notice says something else"),)


def _queue_for_all(command: QueueForAll, state: State) -> tuple[Event, ...]:
    return tuple(
        event
        for applicant in state.all(Applicant, command.call_id)
        if applicant.merged_into is None
        for event in _queue(
            Queue(
                call_id=command.call_id,
                notice_id=notice_id(command.subject, applicant.applicant),
                kind=command.kind,
                addressee=applicant.applicant,
                params=command.params,
            ),
            state,
        )
    )


def _step(command: Step, notice: Notice, state: State, at: At) -> tuple[Event, ...]:  # noqa: PLR0911 - one return a step
    """A step of a notice's way: right only in its turn and from the status before it; repeated, it is nothing new."""
    status = notice.status if command.turn == notice.turn else None
    match command, status:
        case Attempt(), NoticeStatus.QUEUED:
            return _attempt(command, notice, state)
        case ConfirmSent(), NoticeStatus.ATTEMPTED:
            return (NoticeSent(call_id=notice.call_id, notice_id=notice.notice_id, turn=notice.turn),)
        case Doubt(), NoticeStatus.ATTEMPTED:
            return (NoticeInDoubt(call_id=notice.call_id, notice_id=notice.notice_id, turn=notice.turn),)
        case Fail(), NoticeStatus.QUEUED | NoticeStatus.ATTEMPTED:
            return _fail(command, notice, state, at)
        case Retry(), NoticeStatus.WAITING:
            return _retry(command, notice, at)
        case (ConfirmSent(), NoticeStatus.SENT) | (Doubt(), NoticeStatus.IN_DOUBT):
            return ()
        case (Fail(), NoticeStatus.WAITING | NoticeStatus.FAILED):
            return ()
        case _:
            return (refused(command, _why_not(command, notice), f"turn {notice.turn} is {notice.status}"),)


def _attempt(command: Attempt, notice: Notice, state: State) -> tuple[Event, ...]:
    if state.get(Call, notice.call_id) is None:
        return (refused(command, RefusalCode.UNKNOWN_CALL, "nothing can be said about the call yet"),)
    if lanes.head(state, notice.call_id, lanes.ATTEMPTED) or lanes.head(state, notice.call_id, lanes.QUEUED) != notice:
        return (refused(command, RefusalCode.NOT_NEXT, "another notice of the call comes first"),)
    return (NoticeAttempted(call_id=notice.call_id, notice_id=notice.notice_id, turn=notice.turn),)


def _fail(command: Fail, notice: Notice, state: State, at: At) -> tuple[Event, ...]:
    if notice.status is NoticeStatus.QUEUED and lanes.head(state, notice.call_id, lanes.QUEUED) != notice:
        return (refused(command, RefusalCode.NOT_NEXT, "another notice of the call comes first"),)
    hopeless = command.permanent or (command.reason is FailReason.DEFERRED and notice.turn >= GIVE_UP_TURN)
    return (
        NoticeFailed(
            call_id=notice.call_id,
            notice_id=notice.notice_id,
            turn=notice.turn,
            reason=command.reason,
            smtp_code=command.smtp_code,
            retry_at=None if hopeless else at.now + lanes.delay(notice.turn),
        ),
    )


def _retry(command: Retry, notice: Notice, at: At) -> tuple[Event, ...]:
    if notice.retry_at is None or at.now < notice.retry_at:
        return (refused(command, RefusalCode.NOT_YET_DUE, "its time has not come"),)
    return (NoticeRequeued(call_id=notice.call_id, notice_id=notice.notice_id, turn=notice.turn + 1),)


def _resolve(command: Resolve, state: State, at: At) -> tuple[Event, ...]:
    notice = state.get(Notice, command.call_id, command.notice_id)
    if notice is None:
        return (refused(command, RefusalCode.UNKNOWN_NOTICE, "no such notice in this call"),)
    if notice.status not in (NoticeStatus.IN_DOUBT, NoticeStatus.FAILED):
        return (refused(command, RefusalCode.NOTHING_TO_RESOLVE, f"the notice is {notice.status}"),)
    turn = notice.turn + (command.outcome is Outcome.AGAIN)
    return (
        NoticeResolved(
            call_id=notice.call_id, notice_id=notice.notice_id, turn=turn, outcome=command.outcome, resolved_by=at.actor.id
        ),
    )


def _why_not(command: Step, notice: Notice) -> RefusalCode:
    if notice.status is NoticeStatus.SENT:
        return RefusalCode.ALREADY_SENT
    match command:
        case Attempt() | Fail():
            return RefusalCode.NOT_QUEUED
        case ConfirmSent() | Doubt():
            return RefusalCode.NOT_ATTEMPTED
        case Retry():
            return RefusalCode.NOT_WAITING


def evolve(event: Event, state: State) -> Iterable[Record]:  # noqa: C901, PLR0911, PLR0912 - one branch an event
    """What an event changes."""
    match event:
        case CallRegistered():
            return (_call(event),)
        case ApplicantNoted(call_id=call_id, applicant=applicant):
            return (Applicant(call_id=call_id, applicant=applicant),)
        case ApplicantsMerged(call_id=call_id, from_body=from_body, into_body=into_body):
            into = state.get(Applicant, call_id, into_body) or Applicant(call_id=call_id, applicant=into_body)
            return (Applicant(call_id=call_id, applicant=from_body, merged_into=into_body), into)
        case NoticeQueued(call_id=call_id, notice_id=id_, kind=kind, addressee=addressee, params=params):
            notice = Notice(call_id=call_id, notice_id=id_, kind=kind, addressee=addressee, params=params)
            return lanes.joined(notice, state)
        case NoticeAttempted():
            return _moved(event, state, NoticeStatus.ATTEMPTED)
        case NoticeSent():
            return _moved(event, state, NoticeStatus.SENT)
        case NoticeFailed(retry_at=None):
            return _moved(event, state, NoticeStatus.FAILED)
        case NoticeFailed(retry_at=retry_at):
            return _moved(event, state, NoticeStatus.WAITING, retry_at)
        case NoticeRequeued():
            return _moved(event, state, NoticeStatus.QUEUED)
        case NoticeInDoubt():
            return [*_moved(event, state, NoticeStatus.IN_DOUBT), _doubts(event, state)]
        case NoticeResolved(outcome=outcome):
            status = NoticeStatus.SENT if outcome is Outcome.SENT else NoticeStatus.QUEUED
            return [*_moved(event, state, status), _doubts(event, state)]
        case ErasureNoted(subject=subject, group=group, until=until):
            return (Erased(subject=subject, group=group, until=until),)
        case Refused():
            return ()
        case _:
            assert_never(event)


Move = NoticeAttempted | NoticeSent | NoticeFailed | NoticeInDoubt | NoticeRequeued | NoticeResolved


def _moved(event: Move, state: State, status: NoticeStatus, retry_at: datetime | None = None) -> list[Record]:
    before = state.get(Notice, event.call_id, event.notice_id)
    assert before is not None, "an event of a notice that was never queued"  # noqa: S101 - a broken log
    return lanes.moved(before, replace(before, status=status, turn=event.turn, retry_at=retry_at), state)


def _doubts(event: NoticeInDoubt | NoticeResolved, state: State) -> Doubts:
    known = state.get(Doubts, event.call_id) or Doubts(call_id=event.call_id)
    others = tuple(id_ for id_ in known.notices if id_ != event.notice_id)
    return replace(known, notices=(*others, event.notice_id) if isinstance(event, NoticeInDoubt) else others)


def _call(event: CallRegistered) -> Call:
    return Call(
        call_id=event.call_id,
        title=event.title,
        authority=event.authority,
        zone=event.zone,
        currency=event.currency,
        reports=event.reports,
    )


def due(state: State, now: datetime) -> Iterable[tuple[str, Retry]]:
    """The failed notices whose time has come."""
    for line in lanes.waiting(state):
        for notice in line:
            if notice.retry_at is None or now < notice.retry_at:
                break
            retry = Retry(call_id=notice.call_id, notice_id=notice.notice_id, turn=notice.turn)
            yield f"retry/{notice.call_id}/{notice.notice_id}/{notice.turn}", retry


def next_to_send(state: State) -> tuple[Call, Notice] | None:
    """The notice that the sender takes up next. Notices of a call that is not known yet wait for it."""
    for call in state.all(Call):
        notice = lanes.head(state, call.call_id, lanes.QUEUED)
        if notice is not None and lanes.head(state, call.call_id, lanes.ATTEMPTED) is None:
            return call, notice
    return None


def in_hand(state: State) -> Iterable[Notice]:
    """The notices, one a call at most, of which it is not recorded whether they were sent."""
    return [notice for call in state.all(Call) if (notice := lanes.head(state, call.call_id, lanes.ATTEMPTED))]


def pending(state: State) -> int:
    """How many notices the sender still has to do; not those that wait for a later time or for an operator."""
    return sum(lane.length for lane in state.all(Lane) if lane.lane in (lanes.QUEUED, lanes.ATTEMPTED))


def refused(command: Command, code: str, detail: str) -> Refused:
    """The refusal of a command."""
    return Refused(
        call_id=command.call_id,
        notice_id=getattr(command, "notice_id", None),
        command=type(command).__name__,
        code=RefusalCode(code),
        detail=detail,
    )


_SYSTEM = frozenset({Role.SYSTEM})

DECIDER = Decider(
    service="notification",
    commands=(
        RegisterCall,
        NoteApplicant,
        MergeApplicants,
        Queue,
        QueueForAll,
        Attempt,
        ConfirmSent,
        Fail,
        Doubt,
        Retry,
        Resolve,
        NoteErasure,
    ),
    events=(
        CallRegistered,
        ApplicantNoted,
        ApplicantsMerged,
        NoticeQueued,
        NoticeAttempted,
        NoticeSent,
        NoticeFailed,
        NoticeInDoubt,
        NoticeRequeued,
        NoticeResolved,
        Refused,
        ErasureNoted,
    ),
    records=(Call, Applicant, Notice, Lane, Doubts, Erased),
    decide=decide,
    evolve=evolve,
    stream=lambda command: getattr(command, "notice_id", command.call_id),
    shard=lambda command: command.call_id,
    authority={
        RegisterCall: _SYSTEM,
        NoteApplicant: _SYSTEM,
        MergeApplicants: _SYSTEM,
        Queue: _SYSTEM,
        QueueForAll: _SYSTEM,
        Attempt: _SYSTEM,
        ConfirmSent: _SYSTEM,
        Fail: _SYSTEM,
        Doubt: _SYSTEM,
        Retry: _SYSTEM,
        Resolve: frozenset({Role.OPERATOR}),
        NoteErasure: _SYSTEM,
    },
    refused=refused,
    due=due,
)
