"""Until when: the call's deadline, the later one of an applicant, the reopening of a file.

Each of these is an instant, and the call's `deadline_included` says of every one whether it still counts itself.
"""

from datetime import datetime

from services.intake.records import Call, Extension, File, Reopening
from services.intake.values import Fault, RefusalCode
from services.kernel.decider import State
from services.kernel.form import instant


def passed(call: Call, limit: datetime, now: datetime) -> bool:
    """Whether that limit is over at `now`."""
    return now > limit or (now == limit and not call.rules.window.deadline_included)


def limit_of(call: Call, applicant: str, state: State) -> datetime:
    """The deadline of an applicant: the call's, or the later one that it was given."""
    extension = state.get(Extension, call.call_id, applicant)
    return call.deadline if extension is None else max(call.deadline, extension.deadline)


def time_fault(call: Call, application_id: str, applicant: str, state: State, now: datetime) -> Fault | None:
    """Why a file cannot be drafted, submitted or amended at `now`; None if it can."""
    if now < call.rules.window.opens_at:
        return Fault(RefusalCode.NOT_OPEN_YET, f"opens at {instant(call.rules.window.opens_at)}")
    if _reopened(call, application_id, state, now):
        return None
    if call.closed:
        return Fault(RefusalCode.CALL_CLOSED, "the intake of this call is over")
    limit = limit_of(call, applicant, state)
    if passed(call, limit, now):
        return Fault(RefusalCode.DEADLINE_PASSED, f"received at {instant(now)}, deadline {instant(limit)}")
    return None


def file_over(call: Call, file: File, state: State, now: datetime) -> bool:
    """Whether a file can change no more, so that it may be judged."""
    return time_fault(call, file.application_id, file.applicant, state, now) is not None


def all_over(call: Call, state: State, now: datetime) -> bool:
    """Whether the deadline and every extension and reopening have passed."""
    return passed(call, call.deadline, now) and all(
        passed(call, limit, now)
        for limit in (
            *(extension.deadline for extension in state.all(Extension, call.call_id)),
            *(reopening.until for reopening in state.all(Reopening, call.call_id)),
        )
    )


def _reopened(call: Call, application_id: str, state: State, now: datetime) -> bool:
    reopening = state.get(Reopening, call.call_id, application_id)
    return reopening is not None and not passed(call, reopening.until, now)
