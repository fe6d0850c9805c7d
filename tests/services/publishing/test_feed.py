"""The feed: every event at its place, whichever way one comes to it."""

from datetime import datetime
from pathlib import Path

import pytest

from services.kernel.entry import Entry
from services.publishing.events import PUBLIC
from services.publishing.feed import Feed, PositionError
from tests.services.publishing.feeding import DEPLOYMENT, Filled, Hands, in_time, recorded, take_in, writing


def test_places_are_counted_from_zero_without_a_gap(life: Filled) -> None:
    events = life.feed.events(None, 10_000)
    assert [event.sequence for event in events] == list(range(life.feed.length()))
    assert {event.type for event in events} == set(PUBLIC)
    assert [event.time for event in events] == sorted(event.time for event in events)


@pytest.mark.parametrize("limit", [1, 7, 256])
def test_pages_of_any_size_give_the_same(life: Filled, limit: int) -> None:
    whole, read, after = life.feed.events(None, 10_000), [], None
    while page := life.feed.events(after, limit):
        read += page
        after = page[-1].sequence
    assert read == whole


def test_a_place_is_found_without_having_read_what_is_before_it(life: Filled) -> None:
    whole = life.feed.events(None, 10_000)
    for sequence in reversed(range(len(whole))):
        assert Feed(life.store, deployment=DEPLOYMENT).event(sequence) == whole[sequence]


def test_an_event_names_the_entry_that_tells_it_and_the_one_that_it_tells_of(life: Filled) -> None:
    logs = recorded()
    for event in life.feed.events(None, 10_000):
        assert logs[event.source.log][event.source.index].leaf == event.source.leaf
        with life.store.read() as reads:
            (entry,) = reads.entries(event.entry.index, 1)
        assert entry.leaf == event.entry.leaf
        told = [body for body in Entry.from_bytes(entry.value).events if body["type"] == event.type]
        assert dict(event.data) in [{k: v for k, v in body.items() if k != "type"} for body in told]


def test_a_place_is_named_by_its_number_or_its_id(life: Filled) -> None:
    assert life.feed.position("5") == 5
    assert life.feed.position(f"{life.feed.feed_id}/5") == 5


@pytest.mark.parametrize(
    ("text", "code"), [("", "malformed"), ("x", "malformed"), ("0/0/1", "other_history"), ("999999", "beyond")]
)
def test_a_place_that_is_none_is_refused(life: Filled, text: str, code: str) -> None:
    with pytest.raises(PositionError) as refused:
        life.feed.position(text)
    assert refused.value.code == code


def test_a_feed_that_grows_wakes_who_waits(tmp_path: Path) -> None:
    history = list(in_time(recorded()))
    clock = Hands(datetime.fromisoformat("2021-01-01T00:00:00Z"))
    with writing(tmp_path, clock) as writer:
        feed, seen = Feed(writer.store, deployment=DEPLOYMENT), list[int]()
        assert (feed.feed_id, feed.length(), feed.events(None, 10)) == ("", 0, [])
        end = feed.on_change(lambda: seen.append(feed.length()))
        for number in range(0, len(history), 50):
            take_in(writer, clock, history[number : number + 50])
            feed.refresh()
        end()
        assert seen == sorted(set(seen))
        assert seen[-1] == feed.length()
        assert feed.wait(feed.length() - 2, 0)
        assert not feed.wait(feed.length() - 1, 0)
        assert [event.sequence for event in feed.events(None, 10_000)] == list(range(feed.length()))
