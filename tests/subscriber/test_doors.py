"""Whichever door: the same events, in the same order, each once, wherever the connection breaks."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import httpx
import pytest

from services.publishing.doors.kafka.records import Format, record
from services.subscriber import topic
from services.subscriber.atom import Atom
from services.subscriber.event import CutError, Event, FeedError, Place
from services.subscriber.following import Course, Door, follow
from services.subscriber.ldes import LinkedData
from services.subscriber.ledger import Nowhere
from services.subscriber.pages import Pages
from services.subscriber.stream import Stream, told
from services.subscriber.topic import Topic
from services.subscriber.web import Web
from tests.services.publishing.http.serving import BASE, Open
from tests.subscriber.broker import Broker, Recorded
from tests.subscriber.network import Fate, Network, whole

HTTP: dict[str, Callable[[Web], Door]] = {
    "pages": lambda web: Pages(web, limit=1),
    "stream": Stream,
    "atom": Atom,
    "ldes": lambda web: LinkedData(web, limit=1),
}


def over_http(by: str, signed: Open, fate: Fate = whole) -> tuple[Door, Network]:
    network = Network(signed.url, fate)
    return HTTP[by](Web(BASE, transport=network)), network


def taken(door: Door, events: Sequence[Event]) -> list[Event]:
    """What a subscriber gets, until it has as many events as there are; cut or not, it goes on from where it was."""
    found: list[Event] = []
    with closing(door):
        follow(door, Nowhere(), found.append, course=Course(every_seconds=0.0, count=len(events)))
    return found


@pytest.mark.parametrize("by", HTTP)
def test_every_event_comes_once_and_in_order(signed: Open, events: Sequence[Event], by: str) -> None:
    door, _ = over_http(by, signed)
    assert [event.line() for event in taken(door, events)] == [event.line() for event in events]


@pytest.mark.parametrize("form", ["json", "protobuf"])
def test_the_topic_says_the_same(signed: Open, events: Sequence[Event], form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [record(event, source=signed.feed.source, form=form) for event in signed.feed.events(None, 1_000)]
    monkeypatch.setattr(topic.kafka, "KafkaConsumer", Broker([Recorded(r.headers, r.value) for r in sent]).consumer)
    assert [event.line() for event in taken(Topic("b:1"), events)] == [event.line() for event in events]


def test_a_stream_that_breaks_within_every_event_loses_and_repeats_nothing(signed: Open, events: Sequence[Event]) -> None:
    passed: list[str] = []

    def fate(request: httpx.Request) -> int:
        """One event comes whole, and half of the next."""
        last = request.headers.get("last-event-id")
        passed.append(last or "")
        after = Place.parse(last).sequence + 1 if last else 0
        lengths = [len(f"id: {event.place}\ndata: {event.line()}\n\n".encode()) for event in events[after : after + 2]]
        return len("retry: 3000\n\n") + lengths[0] + sum(lengths[1:]) // 2

    door, _ = over_http("stream", signed, fate)
    assert taken(door, events) == events
    assert len(passed) == len(events)


@pytest.mark.parametrize("by", ["pages", "atom", "ldes"])
def test_a_page_that_breaks_off_is_asked_for_again(signed: Open, events: Sequence[Event], by: str) -> None:
    tries: dict[str, int] = {}

    def fate(request: httpx.Request) -> int | None:
        """Of each page only a piece comes at first."""
        address = str(request.url)
        tries[address] = tries.get(address, 0) + 1
        return 300 if tries[address] == 1 else None

    door, network = over_http(by, signed, fate)
    assert taken(door, events) == events
    assert len(network.requests) >= 2 * len(tries) - 1


@pytest.mark.parametrize("every", [1, 2, 5])
def test_a_topic_with_repetitions_that_breaks_at_every_read(
    signed: Open, events: Sequence[Event], every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [record(event, source=signed.feed.source, form="json") for event in signed.feed.events(None, 1_000)]
    batches = [sent[start : start + 7] for start in range(0, len(sent), 7)]
    doubled = [Recorded(r.headers, r.value) for n, batch in enumerate(batches) for r in batch * (2 if n % 3 else 1)]
    broker = Broker(doubled, breaks_every=every, at_once=3)
    monkeypatch.setattr(topic.kafka, "KafkaConsumer", broker.consumer)
    assert taken(Topic("b:1"), events) == events
    assert broker.broken > 10


@pytest.mark.parametrize("by", ["pages", "atom", "ldes", "topic"])
def test_an_event_that_could_not_be_proven_yet_comes_again(
    signed: Open, events: Sequence[Event], by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [record(event, source=signed.feed.source, form="json") for event in signed.feed.events(None, 1_000)]
    broker = Broker([Recorded(r.headers, r.value) for r in sent], at_once=5)
    monkeypatch.setattr(topic.kafka, "KafkaConsumer", broker.consumer)
    tried: list[Event] = []

    def check(event: Event) -> None:
        """The side that proves is away at every third event, once."""
        tried.append(event)
        if event.place.sequence % 3 == 0 and tried.count(event) == 1:
            raise CutError("no proof to be had just now")

    found: list[Event] = []
    with closing(Topic("b:1") if by == "topic" else over_http(by, signed)[0]) as door:
        follow(door, Nowhere(), found.append, check=check, course=Course(every_seconds=0.0, count=30))
    assert found == events[:30]


def test_an_event_of_a_stream_ends_with_its_empty_line() -> None:
    lines = ["retry: 3000", "", ": nothing new", "", "id: a/1", 'data: {"a":', "data:1}", "", "id: a/2", "", "data: half"]
    assert list(told(lines)) == ['{"a":\n1}']


@pytest.mark.parametrize("by", ["pages", "atom", "ldes", "topic"])
def test_it_goes_on_from_any_place(signed: Open, events: Sequence[Event], by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [record(event, source=signed.feed.source, form="json") for event in signed.feed.events(None, 1_000)]
    monkeypatch.setattr(topic.kafka, "KafkaConsumer", Broker([Recorded(r.headers, r.value) for r in sent]).consumer)
    for last in (0, 1, 98, 99, 100, 120, 121):
        door = Topic("b:1") if by == "topic" else over_http(by, signed)[0]
        found = [event for event in door.events(events[last].place) if event.place.sequence > last]
        door.close()
        assert found == events[last + 1 :]


class Scripted:
    """A door that says what a test wants, one list for each time it is asked."""

    live = False

    def __init__(self, *answers: Sequence[Any]) -> None:
        self.answers = list(answers)

    def events(self, after: Place | None) -> Iterator[Event]:
        assert after is None or after.sequence < 10
        for event in self.answers.pop(0):
            if isinstance(event, Exception):
                raise event
            yield event

    def close(self) -> None:
        """Nothing to give back."""


def test_what_is_missing_ends_it(events: Sequence[Event]) -> None:
    found: list[Event] = []
    with pytest.raises(FeedError, match="/3 came where 2 is next"):
        follow(Scripted([*events[:2], *events[3:]]), Nowhere(), found.append)
    assert found == events[:2]


def test_another_history_ends_it(signed: Open, events: Sequence[Event]) -> None:
    other = Event(Place("0" * 16, 2), events[2].attributes, events[2].data)
    with pytest.raises(FeedError, match="another history"):
        follow(Scripted([*events[:2], other]), Nowhere(), lambda _event: None)
    door, _ = over_http("pages", signed)
    with pytest.raises(FeedError, match=r"410.*another history"):
        next(iter(door.events(Place("0" * 16, 2))))
    with pytest.raises(FeedError, match=r"404.*no event 5000"):
        next(iter(door.events(Place(signed.feed.feed_id, 5_000))))
    door.close()


def test_who_stays_away_is_told_of_in_the_end(events: Sequence[Event]) -> None:
    away = [[CutError("away")]] * 4
    heard: list[CutError] = []
    found: list[Event] = []
    with pytest.raises(CutError):
        follow(Scripted(*away, [events[0], CutError("away")], *away), Nowhere(), found.append, cut=heard.append)
    assert (len(heard), found) == (9, [events[0]])


def test_it_waits_as_long_as_it_is_told() -> None:
    door = Scripted([CutError("busy", 7.0)], [])
    course = Course(every_seconds=None)
    waits: list[float | None] = []

    def wait(timeout: float | None = None) -> bool:
        waits.append(timeout)
        return False

    course.stop.wait = wait  # type: ignore[method-assign]
    follow(door, Nowhere(), lambda _event: None, course=course)
    assert waits == [7.0]


def test_a_topic_that_was_cut_is_not_read(events: Sequence[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic.kafka, "KafkaConsumer", Broker([], begin=3).consumer)
    with pytest.raises(FeedError, match="cut or made anew"):
        list(Topic("b:1").events(None))
    monkeypatch.setattr(topic.kafka, "KafkaConsumer", Broker([]).consumer)
    with pytest.raises(FeedError, match="cut or made anew"):
        list(Topic("b:1").events(events[4].place))
