"""The last second, and the ways around it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.intake.core import DECIDER
from services.intake.model import (
    Amend,
    ApplicationReopened,
    ApplicationSubmitted,
    CallClosed,
    CloseCall,
    DeadlineMoved,
    ExtensionGranted,
    GrantExtension,
    MoveDeadline,
    Reopen,
    Submit,
    Withdraw,
)
from services.kernel.people import Actor, Role
from tests.services.intake.desk import ANTWERPEN, FILE, GENT, IN_TIME, MENEN, OTHER_FILE, SECOND, SYSTEM, Desk, content
from tests.strategies import CALL_ID, DEADLINE, OPENS_AT, rules

HOUR = timedelta(hours=1)
MICRO = timedelta(microseconds=1)
MOVED = datetime(2021, 5, 11, 16, 0, tzinfo=UTC)
SUBMIT = Submit(call_id=CALL_ID, application_id=FILE)
CLOSE = CloseCall(call_id=CALL_ID)


def window(**changes: Any) -> Desk:
    return Desk(rules(window=replace(rules().window, **changes)))


def code(desk: Desk, at: datetime) -> str:
    """What comes of submitting the drafted file at that instant."""
    (event, *_) = desk.by(ANTWERPEN, SUBMIT, at)
    return "taken in" if isinstance(event, ApplicationSubmitted) else desk.refusal((event,))


@pytest.mark.parametrize(
    ("included", "offset", "answer"),
    [
        (True, -SECOND, "taken in"),
        (True, 0 * SECOND, "taken in"),
        (True, MICRO, "deadline_passed"),
        (True, SECOND, "deadline_passed"),
        (False, -SECOND, "taken in"),
        (False, -MICRO, "taken in"),
        (False, 0 * SECOND, "deadline_passed"),
        (False, SECOND, "deadline_passed"),
    ],
)
def test_the_rule_says_whether_the_deadline_itself_is_in_time(*, included: bool, offset: timedelta, answer: str) -> None:
    desk = window(deadline_included=included)
    desk.draft()
    assert code(desk, DEADLINE + offset) == answer


def test_nothing_is_taken_in_before_the_call_opens() -> None:
    desk = Desk()
    assert desk.refusal(desk.draft(at=OPENS_AT - SECOND)) == "not_open_yet"
    desk.draft(at=OPENS_AT)
    assert code(desk, OPENS_AT) == "taken in"


def test_a_window_over_the_change_of_the_clock_ends_at_the_instant_that_the_zone_gives() -> None:
    zone = ZoneInfo("Europe/Brussels")
    opens, ends = datetime(2025, 10, 1, tzinfo=zone), datetime(2025, 10, 31, 12, tzinfo=zone)
    assert (opens.utcoffset(), ends.utcoffset()) == (2 * HOUR, HOUR)
    desk = window(opens_at=opens.astimezone(UTC), deadline=ends.astimezone(UTC))
    desk.draft(at=opens)
    assert code(desk, datetime(2025, 10, 31, 11, 0, 1, tzinfo=UTC)) == "deadline_passed"
    assert code(desk, datetime(2025, 10, 31, 11, 0, 0, tzinfo=UTC)) == "taken in"


def test_the_deadline_of_2021_moved_from_16_april_noon_to_11_may_six_in_the_evening() -> None:
    desk = Desk()
    desk.draft()
    (moved,) = desk.officer(MoveDeadline(call_id=CALL_ID, deadline=MOVED, reason="asked for by the municipalities"))
    assert moved == DeadlineMoved(call_id=CALL_ID, before=DEADLINE, deadline=MOVED, reason="asked for by the municipalities")
    assert code(desk, MOVED + SECOND) == "deadline_passed"
    assert code(desk, MOVED) == "taken in"


@pytest.mark.parametrize(
    ("deadline", "answer"), [(DEADLINE, "same_deadline"), (IN_TIME, "deadline_in_past"), (OPENS_AT, "deadline_in_past")]
)
def test_a_deadline_moves_to_a_moment_to_come(deadline: datetime, answer: str) -> None:
    desk = Desk()
    assert desk.refusal(desk.officer(MoveDeadline(call_id=CALL_ID, deadline=deadline, reason="r"))) == answer


def test_an_extension_is_for_one_applicant_and_may_come_after_the_deadline() -> None:
    desk = Desk()
    desk.draft()
    desk.draft(content(applicant=GENT), OTHER_FILE)
    late = DEADLINE + HOUR
    assert code(desk, late) == "deadline_passed"
    extension = GrantExtension(call_id=CALL_ID, applicant=ANTWERPEN, deadline=late + HOUR, reason="the portal was away")
    (granted,) = desk.officer(extension, late)
    assert isinstance(granted, ExtensionGranted)
    assert code(desk, late + HOUR) == "taken in"
    other = desk.by(GENT, Submit(call_id=CALL_ID, application_id=OTHER_FILE), late)
    assert desk.refusal(other) == "deadline_passed"


def test_a_later_deadline_for_all_outlasts_an_extension() -> None:
    desk = Desk()
    desk.draft()
    desk.officer(GrantExtension(call_id=CALL_ID, applicant=ANTWERPEN, deadline=DEADLINE + HOUR, reason="r"))
    desk.officer(MoveDeadline(call_id=CALL_ID, deadline=DEADLINE + 2 * HOUR, reason="r"))
    assert code(desk, DEADLINE + 2 * HOUR) == "taken in"


@pytest.mark.parametrize(
    ("number", "deadline", "answer"),
    [(MENEN, DEADLINE, "not_later"), (MENEN, DEADLINE + HOUR, "not_later"), ("0123456789", MOVED, "unknown_applicant")],
)
def test_an_extension_gives_a_known_applicant_more_time(number: str, deadline: datetime, answer: str) -> None:
    desk = Desk()
    command = GrantExtension(call_id=CALL_ID, applicant=number, deadline=deadline, reason="r")
    assert desk.refusal(desk.officer(command, DEADLINE + HOUR)) == answer


def test_the_call_closes_when_deadline_extensions_and_reopenings_have_passed() -> None:
    desk = Desk()
    desk.file()
    desk.officer(GrantExtension(call_id=CALL_ID, applicant=MENEN, deadline=DEADLINE + HOUR, reason="r"))
    desk.officer(Reopen(call_id=CALL_ID, application_id=FILE, until=DEADLINE + 2 * HOUR, reason="r"))
    for at in (DEADLINE, DEADLINE + SECOND, DEADLINE + HOUR, DEADLINE + 2 * HOUR):
        assert not tuple(DECIDER.due(desk.state, at))
        assert desk.refusal(desk.officer(CLOSE, at)) == "still_open"
    end = DEADLINE + 2 * HOUR + SECOND
    ((command_id, command),) = DECIDER.due(desk.state, end)
    assert (command_id, command) == (f"due/{CALL_ID}/close", CLOSE)
    assert desk.system(command, end) == (CallClosed(call_id=CALL_ID, closed_at=end, applications=1),)
    assert desk.refusal(desk.officer(CLOSE, end)) == "call_closed"
    assert not tuple(DECIDER.due(desk.state, end))


def test_a_closed_call_takes_in_nothing_and_gives_nothing_back() -> None:
    desk, end = Desk(), DEADLINE + HOUR
    desk.draft()
    desk.file(content(applicant=GENT), OTHER_FILE)
    desk.officer(CLOSE, end)
    assert code(desk, end) == "call_closed"
    assert desk.refusal(desk.by(GENT, Withdraw(call_id=CALL_ID, application_id=OTHER_FILE, reason="r"), end)) == "call_closed"
    assert desk.refusal(desk.officer(MoveDeadline(call_id=CALL_ID, deadline=MOVED, reason="r"), end)) == "call_closed"
    late = GrantExtension(call_id=CALL_ID, applicant=GENT, deadline=MOVED, reason="r")
    assert desk.refusal(desk.officer(late, end)) == "call_closed"


def test_one_file_may_be_reopened_after_closing() -> None:
    desk, end = Desk(), DEADLINE + HOUR
    desk.file()
    desk.file(content(applicant=GENT), OTHER_FILE)
    desk.officer(CLOSE, end)
    until = end + HOUR
    (reopened,) = desk.officer(Reopen(call_id=CALL_ID, application_id=FILE, until=until, reason="unreadable template"), end)
    assert isinstance(reopened, ApplicationReopened)
    amend = Amend(call_id=CALL_ID, application_id=FILE, content=content(own_means_cents=1_900_000))
    assert desk.refusal(desk.by(ANTWERPEN, amend, until + SECOND)) == "call_closed"
    (submitted,) = desk.by(ANTWERPEN, amend, until)
    assert isinstance(submitted, ApplicationSubmitted)
    assert submitted.version == 2
    other = Amend(call_id=CALL_ID, application_id=OTHER_FILE, content=content(applicant=GENT))
    assert desk.refusal(desk.by(GENT, other, end)) == "call_closed"


def test_a_draft_that_missed_the_deadline_may_be_reopened() -> None:
    desk, end = Desk(), DEADLINE + HOUR
    desk.draft()
    desk.officer(CLOSE, end)
    desk.officer(Reopen(call_id=CALL_ID, application_id=FILE, until=end + HOUR, reason="r"), end)
    assert code(desk, end + HOUR) == "taken in"


def test_a_reopening_is_for_a_time_to_come() -> None:
    desk = Desk()
    desk.file()
    late = Reopen(call_id=CALL_ID, application_id=FILE, until=IN_TIME, reason="r")
    assert desk.refusal(desk.officer(late)) == "not_later"


def test_only_officers_and_time_close_a_call() -> None:
    desk = Desk()
    chair = Actor(id="chair", organisation="agency", roles=(Role.CHAIR,))
    assert desk.refusal(desk.run(CLOSE, chair, MOVED)) == "not_authorised"
    assert isinstance(desk.run(CLOSE, SYSTEM, MOVED)[0], CallClosed)
