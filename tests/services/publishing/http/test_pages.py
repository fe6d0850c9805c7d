"""JSON pages: every event once and in order, wherever a reader was cut off; what can never change says so."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.entry import Entry
from services.publishing.cloudevent import structured
from services.publishing.doors.http import places
from services.publishing.events import PUBLIC
from services.publishing.feed import Feed
from services.publishing.views import Views
from tests.services.publishing.feeding import DEPLOYMENT, Filled, Hands, in_time, recorded, take_in, writing
from tests.services.publishing.http.serving import BASE, Open, every_id, ids, links, opened, restored

FOR_EVER = "public, max-age=31536000, immutable"


def followed(door: Open, path: str) -> list[str]:
    """All events from a page on, by its `next` links, up to where these lead nowhere else."""
    found: list[str] = []
    while True:
        response = door.get(path)
        found += ids(response)
        if (following := links(response)["next"].removeprefix(BASE)) == path:
            return found
        path = following


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_reader_that_is_cut_off_anywhere_misses_none_and_sees_none_twice(door: Open, data: st.DataObject) -> None:
    every = every_id(door.feed)
    seen: list[str] = []
    while len(seen) < len(every):
        limit = data.draw(st.integers(1, 60))
        came = ids(door.get("/v1/events" + (f"?after={seen[-1]}&" if seen else "?") + f"limit={limit}"))
        seen += came[: data.draw(st.integers(1, len(came)))]  # it had the whole page, and died in the middle of its work
    assert seen == every
    assert ids(door.get(f"/v1/events?after={seen[-1]}")) == []


@pytest.mark.parametrize("limit", [1, 7, 100, 122, 1000])
def test_the_next_links_lead_through_all_and_to_what_is_to_come(door: Open, limit: int) -> None:
    assert followed(door, f"/v1/events?limit={limit}") == every_id(door.feed)


def test_an_event_is_the_same_on_a_page_and_alone(door: Open, life: Filled) -> None:
    event = life.feed.event(7)
    told = structured(event, source=life.feed.source)
    assert door.get("/v1/events?after=6&limit=1").json() == [told]
    by_place, by_id = door.get("/v1/events/7"), door.get(f"/v1/events/{event.id}")
    assert by_place.json() == by_id.json() == told
    assert (by_place.headers["cache-control"], by_id.headers["cache-control"]) == ("public, no-cache", FOR_EVER)
    assert by_id.headers["content-type"] == "application/cloudevents+json"


def test_pages_by_number_are_a_hundred_each_and_only_full_ones_are_for_ever(door: Open, life: Filled) -> None:
    feed_id, every = life.feed.feed_id, every_id(life.feed)
    first, last = (door.get(f"/v1/events/pages/{feed_id}/{number}") for number in (0, 1))
    assert ids(first) == every[:100]
    assert ids(last) == every[100:]
    assert first.headers["cache-control"] == FOR_EVER
    assert last.headers["cache-control"] == "public, no-cache"
    here = f"{BASE}/v1/events/pages/{feed_id}"
    assert links(first) == {"first": f"{here}/0", "next": f"{here}/1"}
    assert links(last) == {"first": f"{here}/0", "prev": f"{here}/0"}


def test_a_full_page_is_for_ever_if_its_address_names_the_history(door: Open, life: Filled) -> None:
    feed_id = life.feed.feed_id
    kept = {
        f"/v1/events?after={feed_id}/4&limit=10": FOR_EVER,
        "/v1/events?after=4&limit=10": "public, no-cache",
        "/v1/events?limit=10": "public, no-cache",
        f"/v1/events?after={feed_id}/120&limit=10": "public, no-cache",
        f"/v1/events?after={feed_id}/4&limit=3&type=PaymentMade": FOR_EVER,
        f"/v1/events?after={feed_id}/4&type=CallClosed": "public, no-cache",
    }
    assert {path: door.get(path).headers["cache-control"] for path in kept} == kept


@settings(max_examples=25, deadline=None)
@given(types=st.sets(st.sampled_from(PUBLIC), max_size=3), call=st.sampled_from([None, "", "-round2"]), limit=st.integers(1, 40))
def test_a_choice_gives_what_was_chosen_and_nothing_else(
    door: Open, life: Filled, types: set[str], call: str | None, limit: int
) -> None:
    wanted = None if call is None else f"radicalisation-2021{call}"
    chosen = [e.id for e in life.feed.events(None, 1000) if (not types or e.type in types) and wanted in (None, e.call_id)]
    asked = [f"limit={limit}", *(f"type=grants.awards.v1.{kind}" for kind in types), *([f"call={wanted}"] if wanted else [])]
    assert followed(door, "/v1/events?" + "&".join(asked)) == chosen


def test_a_page_of_a_rare_choice_looks_so_far_and_says_where_to_go_on(
    door: Open, life: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "LOOKED_AT", 10)
    response = door.get("/v1/events?type=AwardWithdrawn")
    assert ids(response) == []
    assert f"after={life.feed.feed_id}/9&" in links(response)["next"]
    assert len(followed(door, "/v1/events?type=AwardWithdrawn")) == sum(
        e.type == "AwardWithdrawn" for e in life.feed.events(None, 999)
    )


def test_who_has_a_page_is_not_sent_it_again(door: Open) -> None:
    path = "/v1/events?limit=50"
    full = door.get(path, accept_encoding="identity")
    assert full.headers["etag"] == f'"{sha256(full.content).hexdigest()}"'
    for known in (full.headers["etag"], f'"x", W/{full.headers["etag"]}', "*"):
        again = door.get(path, accept_encoding="identity", if_none_match=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == full.headers["etag"]
    assert door.get(path, accept_encoding="identity", if_none_match='"x"').content == full.content


def test_a_compressed_page_is_another_representation(door: Open) -> None:
    plain = door.get("/v1/events?limit=50", accept_encoding="identity")
    packed = door.get("/v1/events?limit=50", accept_encoding="br, gzip;q=0.5")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == "Accept, Accept-Encoding"
    assert "content-encoding" not in door.get("/v1/events?limit=50", accept_encoding="gzip;q=0").headers


def test_head_says_what_get_says_without_the_page(door: Open) -> None:
    got, asked = door.get("/v1/events"), door.client.head(f"{door.url}/v1/events")
    assert asked.content == b""
    assert {**asked.headers, "date": ""} == {**got.headers, "date": ""}


def test_a_feed_wiped_and_made_again_from_its_log_gives_the_same_bytes(door: Open, life: Filled, tmp_path: Path) -> None:
    feed_id = life.feed.feed_id
    paths = [
        *(f"/v1/events/pages/{feed_id}/{number}" for number in (0, 1)),
        f"/v1/events?after={feed_id}/3&limit=20&type=PaymentMade",
        "/v1/events/77",
        "/v1/atom",
        *(f"/v1/atom/{feed_id}/{number}" for number in (0, 1)),
    ]
    with restored(life, tmp_path) as again, opened(again, Views(again)) as other:
        for path in paths:
            before, after = door.get(path), other.get(path)
            assert (before.status_code, before.content) == (200, after.content)
            assert before.headers["etag"] == after.headers["etag"]
            assert before.headers.get("link") == after.headers.get("link")


def test_a_feed_without_events_answers_and_is_followed(tmp_path: Path) -> None:
    history = list(in_time(recorded()))
    clock = Hands(Entry.from_bytes(history[0][1].value).time)
    with writing(tmp_path, clock) as writer:
        feed = Feed(writer.store, deployment=DEPLOYMENT)
        with opened(feed, Views(feed)) as door:
            empty = door.get("/v1/events")
            assert (ids(empty), links(empty)["next"]) == ([], f"{BASE}/v1/events?limit=100")
            assert door.get("/v1/atom").status_code == 200
            assert door.get("/v1").json()["feed"] == ""
            assert door.get("/v1/events?after=0").status_code == 404
            take_in(writer, clock, history[:1])
            feed.refresh()
            assert ids(door.get(links(empty)["next"])) == [f"{feed.feed_id}/0"]
