"""The stream of Linked Data: only what may hold something new is read, and only what is what it should be."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.publishing.codec import SPEC
from services.publishing.feed import Feed
from services.publishing.views import Views
from services.runtime.sql_store import open_store
from services.subscriber.event import CutError, Event, FeedError, Place
from services.subscriber.following import Course, follow
from services.subscriber.ldes import LinkedData
from services.subscriber.ledger import Nowhere
from services.subscriber.web import Web
from tests.services.publishing.feeding import DEPLOYMENT, LOG
from tests.services.publishing.http.serving import BASE, Open, opened
from tests.subscriber.conftest import SMALL
from tests.subscriber.network import Network

Change = Callable[[str, Any], Any]


class Altered(httpx.BaseTransport):
    """The network, with something on the way that alters documents; `change` gets the path and the document."""

    def __init__(self, url: str, change: Change) -> None:
        self._network, self._change = Network(url), change

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._network.handle_request(request)
        if answer.status_code != 200:
            return answer
        answer.read()
        return httpx.Response(200, json=self._change(request.url.path, json.loads(answer.content)))

    def close(self) -> None:
        self._network.close()


def paths(network: Network, feed: Feed) -> list[str]:
    """What was asked for, below the stream or the feed."""
    return [str(request.url.path).removeprefix("/v1/").replace(f"/{feed.feed_id}", "") for request in network.requests]


def test_it_goes_on_from_every_place(signed: Open, events: Sequence[Event]) -> None:
    """Also where events of one time lie on both sides of a border, and where a page ends."""
    times = [event.attributes["time"] for event in events]
    assert any(times[border - 1] == times[border] for border in range(SMALL.page, len(times), SMALL.page))
    with closing(LinkedData(Web(BASE, transport=Network(signed.url)))) as door:
        for event in events:
            assert list(door.events(event.place)) == events[event.place.sequence + 1 :]


@pytest.mark.parametrize("last", [0, 40, 75, 110, 121])
def test_what_lies_before_the_place_is_not_read(signed: Open, events: Sequence[Event], last: int) -> None:
    network = Network(signed.url)
    with closing(LinkedData(Web(BASE, transport=network))) as door:
        assert list(door.events(events[last].place)) == events[last + 1 :]
    asked, times = paths(network, signed.feed), [event.attributes["time"] for event in events]
    for kind, size in (("parts", SMALL.page * SMALL.part), ("pages", SMALL.page)):
        ends = times[size - 1 :: size]  # of those that are full
        wanted = [f"ldes/{kind}/{n}" for n in range(-(-len(times) // size)) if n >= len(ends) or ends[n] >= times[last]]
        assert [path for path in asked if f"/{kind}/" in path] == wanted
    assert asked[:2] == [f"ldes/members/{last}", "ldes"]
    assert asked.count("events") <= -(-(len(events) - last - 1) // SMALL.page) + 1


def test_at_the_end_nothing_is_read_twice(signed: Open, events: Sequence[Event]) -> None:
    network = Network(signed.url)
    looks = 3
    with closing(LinkedData(Web(BASE, transport=network))) as door:
        assert list(door.events(None)) == events
        whole = len(network.requests)
        assert whole == 1 + -(-len(events) // 15) + 2 * -(-len(events) // 5), "each part once, each page once and its events once"
        for _ in range(1 + looks):
            assert list(door.events(events[-1].place)) == []
    again = network.requests[-4 * looks :]
    assert len(network.requests) - whole == 4 * (1 + looks), "the last event's time, and whatever may still grow"
    assert all("if-none-match" in request.headers for request in again if "/members/" not in str(request.url))


def test_a_full_page_is_never_asked_for_again(signed: Open, events: Sequence[Event]) -> None:
    network = Network(signed.url)
    with closing(LinkedData(Web(BASE, transport=network))) as door:
        assert list(door.events(events[60].place)) == events[61:]
        first = len(network.requests)
        assert list(door.events(events[60].place)) == events[61:]
    asked = [path for path in paths(network, signed.feed)[first:] if path.startswith("ldes")]
    assert asked == ["ldes/members/60", "ldes", "ldes/parts/8", "ldes/pages/24"]


def on_page(change: Callable[[Any, Any, Any], object]) -> Change:
    """A change of page 2, by its node, its stream and its first member."""

    def changed(path: str, document: Any) -> Any:
        if path.endswith("/pages/2"):
            node, stream = document["@graph"]
            change(node, stream, stream["member"][0])
        return document

    return changed


def in_context(path: str, document: Any) -> Any:
    if path.endswith("/pages/2"):
        document["@context"]["generatedAtTime"] = {"@id": "dct:issued"}
    return document


def circle(path: str, document: Any) -> Any:
    if path.endswith("/parts/0"):
        document["@graph"][0]["relation"].append({"@type": "Relation", "node": f"{BASE}/v1/ldes"})
    return document


def away(path: str, document: Any) -> Any:
    if path.endswith("/parts/0"):
        document["@graph"][0]["relation"][0]["node"] = "https://elsewhere.example/v1/ldes"
    return document


def no_day(path: str, document: Any) -> Any:
    if path == "/v1/ldes":
        document["@graph"][0]["relation"][0]["value"] = "yesterday"
    return document


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (on_page(lambda node, _stream, _member: node.update({"@id": f"{BASE}/v1/ldes/0"})), "by its own words"),
        (on_page(lambda node, _stream, _member: node.update(relation={})), "relation is '{}'; allowed: a list"),
        (on_page(lambda _node, stream, _member: stream.update({"@id": f"{BASE}/v1/ldes"})), "the name of a history"),
        (on_page(lambda _node, stream, _member: stream.update(member="m")), "member is 'm'; allowed: a list"),
        (on_page(lambda _node, _stream, member: member.pop("sequence")), "sequence is 'None'; allowed: a text"),
        (on_page(lambda _node, _stream, member: member.update(sequence="11")), "its sequence, which is '11'"),
        (on_page(lambda _node, _stream, member: member.update({"@id": f"{BASE}/m", "sequence": "x"})), "which is 'x'"),
        (on_page(lambda _node, _stream, member: member.update(wasGeneratedBy="it")), "wasGeneratedBy is 'it'; allowed: an object"),
        (on_page(lambda _node, _stream, member: member["wasGeneratedBy"].pop("entry")), "entry is 'None'; allowed: an object"),
        (on_page(lambda _node, _stream, member: member.update(generatedAtTime="now")), "allowed: an RFC 3339 instant"),
        (on_page(lambda _node, _stream, member: member.update(generatedAtTime="2021-03-05T08:00:00Z")), "the same of its time"),
        (on_page(lambda _node, _stream, member: member["wasGeneratedBy"].update({"@type": ["Activity"]})), "the same of its type"),
        (on_page(lambda _node, _stream, member: member["wasGeneratedBy"]["entry"].update(leaf="0" * 64)), "the same of its entry"),
        (on_page(lambda _node, _stream, member: member["wasGeneratedBy"]["source"].update(index="9")), "the same of its source"),
        (on_page(lambda _node, stream, _member: stream["member"].pop(0)), "/11 came where 10 is next"),
        (in_context, "generatedAtTime means 'dct:issued'; allowed: prov:generatedAtTime"),
        (circle, "lead in a circle"),
        (away, "leads away from"),
        (no_day, "'yesterday' is no instant"),
        (lambda path, document: [] if path.endswith("/pages/2") else document, "the document is '[]'; allowed: an object"),
    ],
)
def test_a_page_that_is_not_as_it_must_be_ends_it(signed: Open, events: Sequence[Event], change: Change, said: str) -> None:
    found: list[Event] = []
    with closing(LinkedData(Web(BASE, transport=Altered(signed.url, change)))) as door, pytest.raises(FeedError) as told:
        follow(door, Nowhere(), found.append)
    assert said in str(told.value)
    assert found == events[: len(found)]
    assert len(found) <= 10


def test_relations_that_are_not_known_are_followed(signed: Open, events: Sequence[Event]) -> None:
    """Without bounds every page is read, and what was there before is not passed on again."""

    def unknown(path: str, document: Any) -> Any:
        if path.startswith("/v1/ldes"):
            for relation in document["@graph"][0].get("relation", []):
                relation["path"] = "dct:issued"
        return document

    with closing(LinkedData(Web(BASE, transport=Altered(signed.url, unknown)))) as door:
        assert list(door.events(events[60].place)) == events[61:]


def test_pages_are_read_in_the_order_of_their_times(signed: Open, events: Sequence[Event]) -> None:
    def turned(path: str, document: Any) -> Any:
        if path == "/v1/ldes":
            document["@graph"][0]["relation"].reverse()
        return document

    with closing(LinkedData(Web(BASE, transport=Altered(signed.url, turned)))) as door:
        assert list(door.events(None)) == events


def test_events_that_do_not_come_are_asked_for_again(signed: Open, events: Sequence[Event]) -> None:
    asked: list[str] = []

    def fewer(path: str, document: Any) -> Any:
        asked.append(path)
        return document[:-1] if path == "/v1/events" and asked.count(path) == 4 else document

    heard: list[CutError] = []
    found: list[Event] = []
    with closing(LinkedData(Web(BASE, transport=Altered(signed.url, fewer)))) as door:
        follow(door, Nowhere(), found.append, course=Course(every_seconds=0.0, count=len(events)), cut=heard.append)
    assert (found, len(heard)) == (events, 1)


def test_a_place_that_the_feed_does_not_have(signed: Open) -> None:
    with closing(LinkedData(Web(BASE, transport=Network(signed.url)))) as door:
        with pytest.raises(FeedError, match=r"410.*another history"):
            next(door.events(Place("0" * 16, 2)))
        with pytest.raises(FeedError, match=r"404.*no event 5000"):
            next(door.events(Place(signed.feed.feed_id, 5_000)))


def test_a_stream_of_another_history(signed: Open, events: Sequence[Event]) -> None:
    """The feed was begun anew between two questions."""

    def renamed(path: str, document: Any) -> Any:
        if path == "/v1/ldes":
            document["@graph"][1]["@id"] = f"{BASE}/v1/ldes/{'0' * 16}"
        return document

    with (
        closing(LinkedData(Web(BASE, transport=Altered(signed.url, renamed)))) as door,
        pytest.raises(FeedError, match="another history"),
    ):
        next(door.events(events[3].place))


@pytest.fixture
def unbegun(tmp_path: Path) -> Iterator[Open]:
    store = open_store(f"sqlite:///{tmp_path}", LOG, SPEC.decider.checks)
    feed = Feed(store, deployment=DEPLOYMENT)
    with opened(feed, Views(feed)) as door:
        yield door
    store.close()


def test_a_feed_that_has_told_nothing_yet_has_no_events(unbegun: Open) -> None:
    with closing(LinkedData(Web(BASE, transport=Network(unbegun.url)))) as door:
        assert follow(door, Nowhere(), lambda _event: None) == 0
