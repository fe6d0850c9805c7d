"""The promise over arbitrary histories, then the cases worth remembering."""

from collections import Counter
from datetime import timedelta
from typing import Any

from google.protobuf import json_format
from grants.notification.v1 import notification_events_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.decider import At, MemoryState
from services.kernel.form import from_json, to_json
from services.kernel.people import Actor
from services.notification import lanes
from services.notification.core import DECIDER, GIVE_UP_TURN, in_hand, next_to_send, pending
from services.notification.model import (
    Attempt,
    Command,
    ConfirmSent,
    Doubt,
    Event,
    Fail,
    FailReason,
    MergeApplicants,
    NoteApplicant,
    NoticeAttempted,
    NoticeFailed,
    NoticeInDoubt,
    NoticeKind,
    NoticeQueued,
    NoticeRequeued,
    NoticeResolved,
    NoticeSent,
    NoticeStatus,
    Outcome,
    QueueForAll,
    RefusalCode,
    Refused,
    Resolve,
    Retry,
)
from services.notification.records import Doubts, Lane, Notice
from tests.services.notification.post import CALL_ID, MORNING, OPERATOR, SYSTEM, notice, register, resolve

IDS = [f"notice-{n}" for n in range(4)]
CALLS = [CALL_ID, "call-2021-2"]


class Desk:
    """The core over a state in memory; remembers all events."""

    def __init__(self) -> None:
        self.state, self.now, self.events = MemoryState(), MORNING, list[Event]()

    def give(self, command: Command, actor: Actor = SYSTEM) -> tuple[Event, ...]:
        events = DECIDER.run(command, self.state, At(actor=actor, now=self.now))
        self.events += events
        return events

    def sweep(self) -> list[Event]:
        return [event for _, command in tuple(DECIDER.due(self.state, self.now)) for event in self.give(command)]

    def notice(self, notice_id: str) -> Notice:
        found = self.state.get(Notice, CALL_ID, notice_id)
        assert found is not None
        return found


def at(kind: type[Any], notice_id: str, turn: int = 1, **more: Any) -> Any:
    return kind(call_id=CALL_ID, notice_id=notice_id, turn=turn, **more)


def fail(notice_id: str, turn: int = 1, *, reason: FailReason = FailReason.DEFERRED, permanent: bool = False) -> Fail:
    return Fail(call_id=CALL_ID, notice_id=notice_id, turn=turn, reason=reason, permanent=permanent)


def commands() -> st.SearchStrategy[tuple[Command, Actor] | timedelta]:
    call, id_, turn = st.sampled_from(CALLS), st.sampled_from(IDS), st.integers(1, 3)
    place: dict[str, st.SearchStrategy[Any]] = {"call_id": call, "notice_id": id_, "turn": turn}
    system: list[st.SearchStrategy[Command]] = [
        st.builds(register, call),
        st.builds(notice, id_, call_id=call),
        st.builds(Attempt, **place),
        st.builds(ConfirmSent, **place),
        st.builds(Doubt, **place),
        st.builds(Retry, **place),
        st.builds(Fail, **place, reason=st.sampled_from(FailReason), smtp_code=st.none(), permanent=st.booleans()),
    ]
    operator = st.builds(Resolve, call_id=call, notice_id=id_, outcome=st.sampled_from(Outcome))
    return st.one_of(
        st.tuples(st.one_of(system), st.just(SYSTEM)),
        st.tuples(operator, st.just(OPERATOR)),
        st.sampled_from([timedelta(minutes=1), timedelta(minutes=2)]),
    )


def run(history: list[tuple[Command, Actor] | timedelta]) -> Desk:
    """Run a history; where time passes, what is due is done, and the sender's next step is taken so that lanes fill and drain."""
    desk = Desk()
    for step in history:
        if isinstance(step, timedelta):
            desk.now += step
            desk.sweep()
            if (work := next_to_send(desk.state)) is not None:
                desk.give(Attempt(call_id=work[1].call_id, notice_id=work[1].notice_id, turn=work[1].turn))
        else:
            desk.give(*step)
        check_lanes(desk.state)
    for value in (*desk.events, *desk.state.records.values()):
        assert from_json(type(value), to_json(value)) == value
    for event in desk.events:
        json_format.ParseDict(to_json(event), getattr(notification_events_pb2, type(event).__name__)())
    return desk


def check_lanes(state: MemoryState) -> None:
    """Each unsettled notice stands in exactly the lane of its status, and in no other."""
    standing: Counter[tuple[str, str]] = Counter()
    for lane in state.all(Lane):
        line: list[Notice] = []
        place = lanes.head(state, lane.call_id, lane.lane)
        while place is not None:
            line.append(place)
            place = None if place.behind is None else state.get(Notice, lane.call_id, place.behind)
        assert (len(line), line[-1].notice_id if line else None) == (lane.length, lane.last)
        expected = {lanes.QUEUED: NoticeStatus.QUEUED, lanes.ATTEMPTED: NoticeStatus.ATTEMPTED}
        assert {n.status for n in line} <= {expected.get(lane.lane, NoticeStatus.WAITING)}
        times = [n.retry_at for n in line if n.retry_at is not None]
        assert times == sorted(times)
        standing.update((n.call_id, n.notice_id) for n in line)
    unsettled = {NoticeStatus.QUEUED, NoticeStatus.ATTEMPTED, NoticeStatus.WAITING}
    assert standing == Counter((n.call_id, n.notice_id) for n in state.all(Notice) if n.status in unsettled)
    for call_id in CALLS:
        doubts = state.get(Doubts, call_id)
        in_doubt = {n.notice_id for n in state.all(Notice, call_id) if n.status is NoticeStatus.IN_DOUBT}
        assert set(doubts.notices if doubts else ()) == in_doubt


@settings(max_examples=300, deadline=None)
@given(st.lists(commands(), max_size=60))
def test_no_history_sends_a_notice_twice(history: list[tuple[Command, Actor] | timedelta]) -> None:
    open_attempt: dict[tuple[str, str], bool] = {}
    sent: set[tuple[str, str]] = set()
    for event in run(history).events:
        key = (event.call_id, getattr(event, "notice_id", None) or "")
        match event:
            case NoticeAttempted():
                assert key not in sent
                assert not open_attempt.get(key), "attempted again before it was known to have failed"
                open_attempt[key] = True
            case NoticeSent():
                assert key not in sent
                assert open_attempt[key]
                sent.add(key)
            case NoticeFailed():
                open_attempt[key] = False
            case NoticeResolved(outcome=Outcome.AGAIN):
                open_attempt[key] = False
            case NoticeResolved():
                sent.add(key)
            case _:
                pass


@settings(max_examples=100, deadline=None)
@given(st.lists(commands(), max_size=60))
def test_every_command_given_again_at_once_changes_nothing(history: list[tuple[Command, Actor] | timedelta]) -> None:
    desk = Desk()
    for step in history:
        if isinstance(step, timedelta):
            desk.now += step
            continue
        desk.give(*step)
        before = dict(desk.state.records)
        assert all(isinstance(event, Refused) for event in desk.give(*step))
        assert desk.state.records == before


def test_a_notice_goes_out() -> None:
    desk = Desk()
    desk.give(register())
    desk.give(notice("a"))
    assert pending(desk.state) == 1
    assert desk.give(at(Attempt, "a")) == (at(NoticeAttempted, "a"),)
    assert [n.notice_id for n in in_hand(desk.state)] == ["a"]
    assert desk.give(at(ConfirmSent, "a")) == (at(NoticeSent, "a"),)
    assert pending(desk.state) == 0
    assert next_to_send(desk.state) is None


def test_notices_of_a_call_go_out_in_order_and_one_at_a_time() -> None:
    desk = Desk()
    desk.give(register())
    desk.give(notice("a"))
    desk.give(notice("b"))
    assert code(desk.give(at(Attempt, "b"))) == RefusalCode.NOT_NEXT
    desk.give(at(Attempt, "a"))
    assert code(desk.give(at(Attempt, "b"))) == RefusalCode.NOT_NEXT
    assert next_to_send(desk.state) is None


def test_a_notice_that_comes_before_its_call_waits_for_it() -> None:
    desk = Desk()
    desk.give(notice("a"))
    assert next_to_send(desk.state) is None
    assert code(desk.give(at(Attempt, "a"))) == RefusalCode.UNKNOWN_CALL
    desk.give(register())
    work = next_to_send(desk.state)
    assert work is not None
    assert work[1].notice_id == "a"


def test_a_failed_notice_is_tried_again_later_and_later() -> None:
    desk = Desk()
    desk.give(register())
    desk.give(notice("a"))
    waits: list[timedelta] = []
    for turn in range(1, 12):
        (failed,) = desk.give(fail("a", turn))
        assert isinstance(failed, NoticeFailed)
        assert failed.retry_at is not None
        waits.append(failed.retry_at - desk.now)
        assert desk.sweep() == []
        desk.now = failed.retry_at
        assert desk.sweep() == [at(NoticeRequeued, "a", turn + 1)]
    assert [wait // timedelta(minutes=1) for wait in waits] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256]


def test_a_server_that_never_stops_deferring_is_given_up_and_one_that_is_away_is_not() -> None:
    for reason, given_up in ((FailReason.DEFERRED, True), (FailReason.UNREACHABLE, False)):
        desk = Desk()
        desk.give(register())
        desk.give(notice("a"))
        for turn in range(1, GIVE_UP_TURN):
            desk.give(fail("a", turn, reason=reason))
            desk.now += timedelta(hours=5)
            desk.sweep()
        desk.give(fail("a", GIVE_UP_TURN, reason=reason))
        assert (desk.notice("a").status is NoticeStatus.FAILED) == given_up


def test_only_an_operator_ends_a_doubt() -> None:
    desk = Desk()
    desk.give(register())
    desk.give(notice("a"))
    desk.give(at(Attempt, "a"))
    assert desk.give(at(Doubt, "a")) == (at(NoticeInDoubt, "a"),)
    desk.now += timedelta(days=365)
    assert desk.sweep() == []
    assert pending(desk.state) == 0
    assert code(desk.give(resolve("a", Outcome.AGAIN))) == RefusalCode.NOT_AUTHORISED
    (event,) = desk.give(resolve("a", Outcome.AGAIN), OPERATOR)
    assert event == at(NoticeResolved, "a", 2, outcome=Outcome.AGAIN, resolved_by="operator-1")
    assert code(desk.give(at(ConfirmSent, "a", 1))) == RefusalCode.NOT_ATTEMPTED
    assert desk.give(at(Attempt, "a", 2)) == (at(NoticeAttempted, "a", 2),)
    assert code(desk.give(at(ConfirmSent, "a", 1))) == RefusalCode.NOT_ATTEMPTED


def test_what_was_sent_stays_sent() -> None:
    desk = Desk()
    desk.give(register())
    desk.give(notice("a"))
    desk.give(at(Attempt, "a"))
    desk.give(at(ConfirmSent, "a"))
    for command in (at(Attempt, "a"), fail("a"), at(Doubt, "a"), at(Attempt, "a", 2)):
        assert code(desk.give(command)) == RefusalCode.ALREADY_SENT
    assert code(desk.give(resolve("a", Outcome.AGAIN), OPERATOR)) == RefusalCode.NOTHING_TO_RESOLVE


def test_the_same_name_with_other_content_is_a_contradiction() -> None:
    desk = Desk()
    desk.give(notice("a"))
    assert desk.give(notice("a")) == ()
    assert code(desk.give(notice("a", addressee="0207494971"))) == RefusalCode.NOTICE_EXISTS


def test_what_concerns_all_goes_once_to_every_applicant_known_then() -> None:
    desk = Desk()
    for applicant in ("0200000001", "0200000002", "0200000003"):
        desk.give(NoteApplicant(call_id=CALL_ID, applicant=applicant))
    desk.give(MergeApplicants(call_id=CALL_ID, from_body="0200000001", into_body="0200000002"))
    tell = QueueForAll(call_id=CALL_ID, subject="deadline_moved.x", kind=NoticeKind.DEADLINE_MOVED, params={})
    events = desk.give(tell)
    assert [e.addressee for e in events if isinstance(e, NoticeQueued)] == ["0200000002", "0200000003"]
    assert desk.give(tell) == ()


def code(events: tuple[Event, ...]) -> RefusalCode:
    (event,) = events
    assert isinstance(event, Refused)
    return event.code
