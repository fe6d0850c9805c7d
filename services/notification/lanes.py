"""Lines of notices, first come first served: what makes the next one to send a matter of two reads, however long the history.

A notice that is not settled stands in exactly one lane of its call, which follows from its status:

=============  ======================================================================================================
`queued`       to be sent, in the order of their coming
`attempted`    at most one: the mail in hand
`retry_<n>`    failed, to be tried again after the delay of step n. All in one lane wait equally long and time never goes
               back, so the first is always the first to fall due
=============  ======================================================================================================

A lane is a linked list through its notices (`Notice.behind`). Notices only ever leave at its head and join at its tail.
"""

from collections.abc import Iterator
from datetime import timedelta

from services.kernel.decider import Record, State, replace
from services.notification.model import NoticeStatus
from services.notification.records import Lane, Notice

QUEUED = "queued"
ATTEMPTED = "attempted"
_STEPS = 9


def delay(turn: int) -> timedelta:
    """How long a notice waits after failing in that turn: 1, 2, 4, … minutes, at most 256."""
    return timedelta(minutes=1 << (_step(turn) - 1))


def head(state: State, call_id: str, lane: str) -> Notice | None:
    """The first notice of a lane."""
    found = state.get(Lane, call_id, lane)
    return None if found is None or found.first is None else state.get(Notice, call_id, found.first)


def waiting(state: State) -> Iterator[Iterator[Notice]]:
    """For each lane of notices to be tried again: its notices, the one that falls due first in front."""
    for lane in state.all(Lane):
        if lane.lane not in (QUEUED, ATTEMPTED):
            yield _line(state, head(state, lane.call_id, lane.lane))


def joined(notice: Notice, state: State) -> list[Record]:
    """The records that change when a new notice takes its place."""
    return _join(notice, state)


def moved(before: Notice, after: Notice, state: State) -> list[Record]:
    """The records that change when a notice takes another status, where it stands at the head of its lane or in none."""
    records: list[Record] = []
    name = _lane(before)
    if name is not None:
        lane = state.get(Lane, before.call_id, name)
        assert lane is not None and lane.first == before.notice_id, "only the head leaves a lane"  # noqa: S101, PT018 - broken
        last = lane.last if before.behind is not None else None
        records.append(replace(lane, first=before.behind, last=last, length=lane.length - 1))
    return records + _join(replace(after, behind=None), state)


def _join(notice: Notice, state: State) -> list[Record]:
    name = _lane(notice)
    if name is None:
        return [notice]
    lane = state.get(Lane, notice.call_id, name) or Lane(call_id=notice.call_id, lane=name)
    grown = replace(lane, first=lane.first or notice.notice_id, last=notice.notice_id, length=lane.length + 1)
    tail = None if lane.last is None else state.get(Notice, notice.call_id, lane.last)
    return [notice, grown] if tail is None else [notice, grown, replace(tail, behind=notice.notice_id)]


def _line(state: State, notice: Notice | None) -> Iterator[Notice]:
    while notice is not None:
        yield notice
        notice = None if notice.behind is None else state.get(Notice, notice.call_id, notice.behind)


def _lane(notice: Notice) -> str | None:
    match notice.status:
        case NoticeStatus.QUEUED:
            return QUEUED
        case NoticeStatus.ATTEMPTED:
            return ATTEMPTED
        case NoticeStatus.WAITING:
            return f"retry_{_step(notice.turn)}"
        case NoticeStatus.SENT | NoticeStatus.FAILED | NoticeStatus.IN_DOUBT:
            return None


def _step(turn: int) -> int:
    return min(turn, _STEPS)
