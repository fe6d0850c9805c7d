"""The officer's hand on a call: publish it, say who may file, move its times, close it."""

from collections import Counter
from collections.abc import Iterator

from services.intake.model import (
    BodiesEnrolled,
    BodiesMerged,
    CallClosed,
    CallPublished,
    CloseCall,
    DeadlineMoved,
    EnrolBodies,
    Event,
    ExtensionGranted,
    GrantExtension,
    MergeBodies,
    MoveDeadline,
    PublishCall,
)
from services.intake.records import Call, Enrolled, File
from services.intake.values import Fault, FileStatus, RefusalCode
from services.intake.window import all_over
from services.kernel.decider import At, State
from services.kernel.form import instant
from services.kernel.rules import CallRules

Outcome = tuple[Event, ...] | Fault
"""What a command leads to: its events, or why there are none."""


def publish(command: PublishCall, state: State, at: At) -> Outcome:
    """Open a call, once; what it says later is said by moves, extensions and reopenings."""
    if state.get(Call, command.call_id) is not None:
        return Fault(RefusalCode.CALL_EXISTS, "this call is published")
    fault = next(_rule_faults(command.call_id, command.rules), None)
    return fault or (CallPublished(call_id=command.call_id, rules=command.rules, call_file=command.call_file, published_at=at.now),)


def enrol(command: EnrolBodies, call: Call, state: State) -> Outcome:
    """Enrol the bodies that are new or whose particulars changed."""
    twice = [number for number, times in Counter(body.body_id for body in command.bodies).items() if times > 1]
    if twice:
        return Fault(RefusalCode.DUPLICATE_BODY, twice[0])
    changed = []
    for body in command.bodies:
        known = state.get(Enrolled, call.call_id, body.body_id)
        if not _is_body_number(body.body_id):
            return Fault(RefusalCode.WRONG_BODY_NUMBER, f"{body.body_id}: the check digits do not fit")
        if known is None or known.body != body:
            changed.append(body)
    return (BodiesEnrolled(call_id=call.call_id, bodies=tuple(changed)),) if changed else ()


def move_deadline(command: MoveDeadline, call: Call, at: At) -> Outcome:
    """Move the deadline, later or earlier, but never to a moment that is over: nobody who was in time becomes late."""
    if call.closed:
        return Fault(RefusalCode.CALL_CLOSED, "the intake of this call is over")
    if command.deadline == call.deadline:
        return Fault(RefusalCode.SAME_DEADLINE, instant(call.deadline))
    if command.deadline <= max(at.now, call.rules.window.opens_at):
        return Fault(RefusalCode.DEADLINE_IN_PAST, f"{instant(command.deadline)} is over, or before the call opens")
    return (DeadlineMoved(call_id=call.call_id, before=call.deadline, deadline=command.deadline, reason=command.reason),)


def extend(command: GrantExtension, call: Call, state: State, at: At) -> Outcome:
    """Give one applicant more time; also after the deadline, as long as the call is not closed."""
    body = state.get(Enrolled, call.call_id, command.applicant)
    if call.closed:
        return Fault(RefusalCode.CALL_CLOSED, "the intake of this call is over")
    if body is None:
        return Fault(RefusalCode.UNKNOWN_APPLICANT, command.applicant)
    if body.merged_into is not None:
        return Fault(RefusalCode.MERGED_BODY, f"{command.applicant} went over into {body.merged_into}")
    if command.deadline <= max(at.now, call.deadline):
        return Fault(RefusalCode.NOT_LATER, f"{instant(command.deadline)} is over, or not after the call's deadline")
    return (ExtensionGranted(call_id=call.call_id, applicant=command.applicant, deadline=command.deadline, reason=command.reason),)


def merge(command: MergeBodies, call: Call, state: State) -> Outcome:
    """Let one enrolled body go over into another one."""
    if command.from_body == command.into_body:
        return Fault(RefusalCode.SAME_BODY, command.from_body)
    for number in (command.from_body, command.into_body):
        body = state.get(Enrolled, call.call_id, number)
        if body is None:
            return Fault(RefusalCode.UNKNOWN_BODY, number)
        if body.merged_into is not None:
            return Fault(RefusalCode.MERGED_BODY, f"{number} went over into {body.merged_into}")
    return (
        BodiesMerged(
            call_id=call.call_id,
            envelope_id=call.rules.envelope.envelope_id,
            from_body=command.from_body,
            into_body=command.into_body,
            reason=command.reason,
        ),
    )


def close(command: CloseCall, call: Call, state: State, at: At) -> Outcome:
    """End the intake."""
    if call.closed:
        return Fault(RefusalCode.CALL_CLOSED, "closed before")
    if not all_over(call, state, at.now):
        return Fault(RefusalCode.STILL_OPEN, "a deadline, an extension or a reopening has not passed")
    out = (FileStatus.DRAFT, FileStatus.WITHDRAWN)
    applications = sum(1 for file in state.all(File, command.call_id) if file.status not in out)
    return (CallClosed(call_id=call.call_id, closed_at=at.now, applications=applications),)


def _rule_faults(call_id: str, rules: CallRules) -> Iterator[Fault]:
    """Contradictions that would make the call impossible to run; anything else is the call's own business."""
    fields = [field.name for field in rules.form]
    if rules.call_id != call_id:
        yield Fault(RefusalCode.INCONSISTENT_RULES, f"rules.call_id: {rules.call_id}")
    if rules.window.opens_at >= rules.window.deadline:
        yield Fault(RefusalCode.INCONSISTENT_RULES, "rules.window: the deadline is not after the opening")
    if rules.awarding.project_start > rules.awarding.project_end:
        yield Fault(RefusalCode.INCONSISTENT_RULES, "rules.awarding: the project period ends before it starts")
    if len(set(fields)) != len(fields):
        yield Fault(RefusalCode.INCONSISTENT_RULES, "rules.form: two fields have one name")


def _is_body_number(number: str) -> bool:
    """Whether the check digits fit: 97 less the rest of the first eight digits by 97. Eight zeros have some too, and are nobody."""
    return int(number[:8]) > 0 and 97 - int(number[:8]) % 97 == int(number[8:])
