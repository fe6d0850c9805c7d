"""What operators do: choose, pause, resume, resend, remove; and what is left when a process ends at the wrong moment."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.kernel.form import MalformedError
from services.publishing.doors.webhooks import store
from services.publishing.doors.webhooks.admin import END, NewEndpoint, StateError
from services.publishing.doors.webhooks.delivery import UnknownEndpointError
from services.publishing.doors.webhooks.endpoints import State, Why
from services.publishing.doors.webhooks.store import KEPT_FOR, Transaction
from services.publishing.doors.webhooks.transport import Reason
from tests.services.publishing.webhooks.conftest import Yards
from tests.services.publishing.webhooks.yard import OWNER, Receiver, Yard

BY = "operator-1"


class CrashError(Exception):
    """The process ends here."""


def test_a_crash_between_sending_and_keeping_sends_under_the_same_id(
    each_yard: Yard, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = each_yard.feed.length() - 5
    each_yard.add(receiver.url, start=str(start))
    each_yard.step()

    def crash(*_args: object, **_kwargs: object) -> None:
        raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "put", crash)
        with pytest.raises(CrashError):
            each_yard.step()
    assert [delivery.attempt for delivery in each_yard.log()] == [1], "outcome and place go together"
    each_yard.steps()
    ids = [request.id for request in receiver.requests]
    assert ids[1] == ids[2]
    assert list(dict.fromkeys(ids)) == [event.id for event in each_yard.feed.events(start - 1, 1000)], "each once, by the id"


def test_another_process_goes_on_where_the_first_stood(yards: Yards, receiver: Receiver) -> None:
    first = yards()
    key = first.add(receiver.url)
    for _ in range(5):
        first.step()
    first.store.close()
    second = yards()
    for _ in range(5):
        second.step()
    assert receiver.sequences() == list(range(10))
    assert second.safe.open("books", second.endpoint().sealed).keys[0].for_receiver == key


def test_one_event_or_a_range_is_resent_from_a_place(each_yard: Yard, receiver: Receiver) -> None:
    length, before = each_yard.feed.length(), [event.id for event in each_yard.feed.events(None, 1000)]
    each_yard.add(receiver.url, start=END)
    each_yard.admin.resend("books", "7", "7", by=BY)
    each_yard.steps()
    each_yard.admin.resend("books", before[3], before[5], by=BY)
    each_yard.steps()
    each_yard.admin.resend("books", str(length - 2), END, by=BY)
    each_yard.steps()
    assert receiver.sequences() == [7, 3, 4, 5, length - 2, length - 1]
    assert [request.id for request in receiver.requests] == [before[n] for n in receiver.sequences()], "the ids are those of before"
    assert (each_yard.endpoint().next, each_yard.endpoint().resend_next) == (length, None)


def test_what_is_resent_comes_first_and_only_what_was_chosen(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url, types=("AwardGranted",))
    granted = [event.sequence for event in yard.feed.events(None, 1000) if event.type == "AwardGranted"]
    for _ in range(4):
        yard.step()
    yard.admin.resend("books", "0", str(granted[1]), by=BY)
    with pytest.raises(StateError, match="is being resent"):
        yard.admin.resend("books", "0", "0", by=BY)
    yard.step()
    yard.step()
    yard.steps()
    assert receiver.sequences() == granted[:4] + granted[:2] + granted[4:]


def test_what_was_not_sent_cannot_be_resent(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url)
    for _ in range(3):
        yard.step()
    with pytest.raises(StateError, match="3 was not sent yet"):
        yard.admin.resend("books", "3", END, by=BY)
    with pytest.raises(MalformedError, match="before"):
        yard.admin.resend("books", "2", "1", by=BY)
    with pytest.raises(MalformedError, match="another history"):
        yard.admin.resend("books", "0123456789abcdef/1", END, by=BY)
    with pytest.raises(MalformedError, match="there is no event 5000"):
        yard.admin.resend("books", "5000", END, by=BY)
    yard.admin.resend("books", "1", END, by=BY)
    yard.steps(limit=5)
    assert receiver.sequences() == [0, 1, 2, 1, 2, 3, 4, 5], "nothing twice that is still to come"


def test_a_resend_that_fails_runs_through_the_table_as_well(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url, start=END)
    yard.admin.resend("books", "0", "1", by=BY)
    receiver.statuses(500, 200)
    yard.step()
    assert yard.until_due() >= timedelta(seconds=5)
    yard.steps()
    assert receiver.sequences() == [0, 0, 1]


def test_pause_and_resume(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url)
    yard.step()
    assert yard.admin.pause("books", by=BY).state is State.PAUSED
    assert not yard.step()
    yard.admin.resume("books", "", by=BY)
    yard.step()
    assert receiver.sequences() == [0, 1]
    yard.admin.resume("books", "100", by=BY)
    yard.step()
    assert receiver.sequences() == [0, 1, 100]
    yard.admin.resume("books", END, by=BY)
    assert not yard.step()


@pytest.mark.parametrize(("status", "then"), [(200, 1), (500, 0)])
def test_what_is_under_way_when_it_is_paused_counts(yard: Yard, receiver: Receiver, status: int, then: int) -> None:
    yard.add(receiver.url)
    reply = receiver.answer

    def paused_meanwhile(request: object) -> object:
        yard.admin.pause("books", by=BY)
        receiver.statuses(status)
        return receiver.answer(request)  # type: ignore[arg-type] # as it came

    receiver.answer = paused_meanwhile  # type: ignore[assignment] # as above
    yard.step()
    receiver.answer = reply
    assert (yard.endpoint().state, yard.endpoint().next) == (State.PAUSED, then)


def test_what_the_operator_moves_meanwhile_stays_moved(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url)
    reply = receiver.answer

    def moved_meanwhile(request: object) -> object:
        yard.admin.resume("books", "50", by=BY)
        receiver.answer = reply
        return reply(request)  # type: ignore[arg-type] # as it came

    receiver.answer = moved_meanwhile  # type: ignore[assignment] # as above
    yard.step()
    yard.step()
    assert receiver.sequences() == [0, 50]


def test_removed_is_forgotten(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url)
    yard.step()
    yard.admin.remove("books", by=BY)
    assert not yard.step()
    for call in (lambda: yard.admin.deliveries("books", 10), lambda: yard.admin.remove("books", by=BY)):
        with pytest.raises(UnknownEndpointError):
            call()
    with pytest.raises(UnknownEndpointError):
        asyncio.run(yard.admin.test("books", by=BY))


def test_a_test_says_what_became_of_it_and_moves_nothing(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url)
    yard.admin.pause("books", by=BY)
    receiver.statuses(204, 410)
    for wanted in (Reason.DELIVERED, Reason.GONE):
        assert asyncio.run(yard.admin.test("books", by=BY)).outcome.reason is wanted
    assert (yard.endpoint().state, yard.endpoint().next) == (State.PAUSED, 0)
    ids = {request.id for request in receiver.requests}
    assert len(ids) == 2
    assert all(id_.startswith("test/") for id_ in ids)
    assert [(delivery.type, delivery.attempt) for delivery in yard.log()] == [("Test", 0), ("Test", 0)]


def test_the_log_of_deliveries_is_bounded(each_yard: Yard, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT", 5)
    each_yard.add(receiver.url)
    for _ in range(8):
        each_yard.step()
    assert [delivery.number for delivery in each_yard.log()] == [4, 5, 6, 7, 8]
    each_yard.pass_time(KEPT_FOR + timedelta(seconds=1))
    each_yard.step()
    assert [delivery.number for delivery in each_yard.log()] == [9]


def test_a_place_of_another_history_is_not_gone_on_from(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url)
    yard.step()
    endpoint = yard.endpoint()
    with yard.store.transaction() as tx:
        tx.put(replace(endpoint, feed_id="0123456789abcdef"))
    assert not yard.step()
    assert yard.endpoint().why is Why.OTHER_HISTORY
    with pytest.raises(StateError, match="another history"):
        yard.admin.resume("books", "", by=BY)
    yard.admin.resume("books", "0", by=BY)
    yard.step()
    assert receiver.sequences() == [0, 0]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"url": "https://169.254.169.254/"}, "metadata"),
        ({"types": ("AwardGiven",)}, "AwardGiven"),
        ({"calls": ("x",) * 101}, "101 calls"),
        ({"start": "tomorrow"}, "no place"),
        ({"start": "99999"}, "there is no event"),
    ],
)
def test_a_malformed_endpoint_is_refused(yard: Yard, members: dict[str, object], said: str) -> None:
    given: dict[str, object] = {"endpoint_id": "books", "url": "https://receiver.example/", "owner": OWNER, **members}
    with pytest.raises(MalformedError, match=said):
        yard.admin.add(NewEndpoint(**given), by=BY)  # type: ignore[arg-type] # the point of the test
    assert yard.admin.endpoints() == []


def test_there_is_one_of_each_id(yard: Yard, receiver: Receiver) -> None:
    yard.add(receiver.url)
    with pytest.raises(StateError, match="there is an endpoint books"):
        yard.add(receiver.url)


def test_a_changed_setting_counts_for_endpoints_that_are_there(yard: Yard, yards: Yards, receiver: Receiver) -> None:
    yard.add(receiver.url)
    yard.store.close()
    strict = Yard(yard.directory, yard.feed, guard=type(yard.deliverer.guard)())
    assert strict.step()
    strict.store.close()
    assert yard.log()[-1].outcome.reason is Reason.FORBIDDEN
    assert receiver.requests == []
