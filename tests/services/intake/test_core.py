"""What holds after any history, however wild."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.core import DECIDER
from services.intake.filing import receipt
from services.intake.model import (
    Amend,
    ApplicationDeclaredAdmissible,
    ApplicationDeclaredInadmissible,
    ApplicationReopened,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    BodiesMerged,
    CallClosed,
    CloseCall,
    Command,
    DeadlineMoved,
    DeclareAdmissible,
    DeclareInadmissible,
    DropBeneficiary,
    Event,
    ExtensionGranted,
    GrantExtension,
    MergeBodies,
    MoveDeadline,
    NoteBeneficiary,
    Reopen,
    SaveDraft,
    Submit,
    Withdraw,
)
from services.intake.values import InadmissibleReason
from services.kernel.decider import MemoryState
from services.kernel.form import from_json, instant, to_json
from services.kernel.people import Actor
from tests.services.intake.desk import ANTWERPEN, GENT, MENEN, OFFICER, SYSTEM, Desk, applicant, content
from tests.strategies import CALL_ID, DEADLINE, OPENS_AT

BODIES = st.sampled_from([ANTWERPEN, GENT, MENEN])
FILES = st.sampled_from([f"{CALL_ID}.{word}" for word in "abc"])
INSTANTS = st.integers(-2, 8).map(lambda hours: DEADLINE + timedelta(hours=hours))
CONTENTS = st.builds(
    lambda lead, partner: content(applicant=lead, partners=() if partner in (None, lead) else (partner,)),
    BODIES,
    st.none() | BODIES,
)
_NOTES = st.none() | st.just("synthetic note")
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(SaveDraft, call_id=st.just(CALL_ID), application_id=FILES, content=CONTENTS),
    st.builds(Submit, call_id=st.just(CALL_ID), application_id=FILES),
    st.builds(Amend, call_id=st.just(CALL_ID), application_id=FILES, content=CONTENTS),
    st.builds(Withdraw, call_id=st.just(CALL_ID), application_id=FILES, reason=st.just("r")),
    st.builds(Reopen, call_id=st.just(CALL_ID), application_id=FILES, until=INSTANTS, reason=st.just("r")),
    st.builds(MoveDeadline, call_id=st.just(CALL_ID), deadline=INSTANTS, reason=st.just("r")),
    st.builds(GrantExtension, call_id=st.just(CALL_ID), applicant=BODIES, deadline=INSTANTS, reason=st.just("r")),
    st.builds(MergeBodies, call_id=st.just(CALL_ID), from_body=BODIES, into_body=BODIES, reason=st.just("r")),
    st.builds(CloseCall, call_id=st.just(CALL_ID)),
    st.builds(DeclareAdmissible, call_id=st.just(CALL_ID), application_id=FILES, note=_NOTES),
    st.builds(
        DeclareInadmissible,
        call_id=st.just(CALL_ID),
        application_id=FILES,
        reasons=st.just((InadmissibleReason.INCOMPLETE,)),
        note=_NOTES,
    ),
    st.builds(
        NoteBeneficiary,
        of_call=st.just("call-2020"),
        application_id=st.just("call-2020.x"),
        bodies=st.tuples(BODIES),
        project_start=st.just(content().project_start),
        project_end=st.just(content().project_end),
    ),
    st.builds(DropBeneficiary, of_call=st.just("call-2020"), application_id=st.just("call-2020.x")),
)
STEPS = st.lists(st.tuples(COMMANDS, BODIES, st.sampled_from([0, 0, 0, 1800, 3600])), max_size=40)


def hand(command: Command, number: str) -> Actor:
    """Someone who may give this command; which applicant it is, is left to chance."""
    if isinstance(command, NoteBeneficiary | DropBeneficiary):
        return SYSTEM
    return applicant(number) if isinstance(command, SaveDraft | Submit | Amend | Withdraw) else OFFICER


def play(steps: list[tuple[Command, str, int]]) -> tuple[Desk, list[tuple[datetime, Event]]]:
    """Run a history from a time shortly before the deadline on; gives its events with their times."""
    desk, now, timed = Desk(), DEADLINE - timedelta(hours=2), list[tuple[datetime, Event]]()
    for command, number, seconds in steps:
        now += timedelta(seconds=seconds)
        timed += [(now, event) for event in desk.run(command, hand(command, number), now)]
    return desk, timed


class Times:
    """The times of a call, told from its events alone, by other code than that of the service."""

    def __init__(self) -> None:
        self.deadline, self.closed = DEADLINE, False
        self.extensions: dict[str, datetime] = {}
        self.reopened: dict[str, datetime] = {}

    def note(self, event: Event) -> None:
        match event:
            case DeadlineMoved():
                self.deadline = event.deadline
            case ExtensionGranted():
                self.extensions[event.applicant] = event.deadline
            case ApplicationReopened():
                self.reopened[event.application_id] = event.until
            case BodiesMerged() if event.from_body in self.extensions:
                both = (self.extensions[event.from_body], self.extensions.get(event.into_body, DEADLINE - timedelta(days=99)))
                self.extensions[event.into_body] = max(both)
            case CallClosed():
                self.closed = True
            case _:
                pass

    def open_for(self, file: str, number: str, now: datetime) -> bool:
        before = now <= max(self.deadline, self.extensions.get(number, self.deadline))
        return (before and not self.closed) or now <= self.reopened.get(file, now - timedelta(seconds=1))


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_nothing_is_taken_in_out_of_time_judged_in_time_or_closed_early(steps: list[tuple[Command, str, int]]) -> None:
    times = Times()
    for now, event in play(steps)[1]:
        match event:
            case ApplicationSubmitted():
                assert times.open_for(event.application_id, event.applicant, now)
            case ApplicationDeclaredAdmissible() | ApplicationDeclaredInadmissible():
                assert not times.open_for(event.application_id, event.applicant, now)
            case CallClosed():
                assert not times.closed
                assert now > max(times.deadline, *times.extensions.values(), *times.reopened.values(), OPENS_AT)
            case _:
                pass
        times.note(event)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_a_body_takes_part_in_one_live_file_unless_a_merger_brought_it_more(steps: list[tuple[Command, str, int]]) -> None:
    parts: dict[str, set[str]] = {}
    for _, event in play(steps)[1]:
        match event:
            case BodiesMerged():
                parts = {
                    file: {event.into_body if number == event.from_body else number for number in numbers}
                    for file, numbers in parts.items()
                }
            case ApplicationWithdrawn():
                del parts[event.application_id]
            case ApplicationSubmitted():
                mine = {event.applicant, *event.content.partners}
                others = {number for file, numbers in parts.items() if file != event.application_id for number in numbers}
                assert not (mine - parts.get(event.application_id, set())) & others
                parts[event.application_id] = mine
            case _:
                pass


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_submissions_are_numbered_and_their_receipts_can_be_computed_again(steps: list[tuple[Command, str, int]]) -> None:
    versions: dict[str, int] = {}
    for now, event in play(steps)[1]:
        if isinstance(event, ApplicationSubmitted):
            versions[event.application_id] = versions.get(event.application_id, 0) + 1
            assert (event.version, event.received_at) == (versions[event.application_id], now)
            assert event.receipt == receipt(event.application_id, event.content, instant(now))


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_the_events_alone_give_the_state_again(steps: list[tuple[Command, str, int]]) -> None:
    desk, _ = play(steps)
    again = MemoryState()
    for event in desk.history:
        DECIDER.apply(from_json(type(event), to_json(event)), again)
    assert again.records == desk.state.records
    for record in again.records.values():
        assert from_json(type(record), to_json(record)) == record


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_what_is_due_is_carried_out_and_then_due_no_more(steps: list[tuple[Command, str, int]]) -> None:
    desk, _ = play(steps)
    later = DEADLINE + timedelta(days=9)
    for command_id, command in tuple(DECIDER.due(desk.state, later)):
        assert command_id == f"due/{CALL_ID}/close"
        (event,) = desk.system(command, later)
        assert isinstance(event, CallClosed)
    assert not tuple(DECIDER.due(desk.state, later))
