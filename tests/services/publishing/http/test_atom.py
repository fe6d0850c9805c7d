"""The Atom archive, walked as RFC 5005 says: the same events as by every other door, each once."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from services.publishing.cloudevent import structured
from services.publishing.doors.http import atom
from tests.services.publishing.feeding import Filled, take_in
from tests.services.publishing.http.serving import BASE, Open, every_id, ids, streamed
from tests.services.publishing.http.test_stream import growing

ATOM = "{http://www.w3.org/2005/Atom}"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"


def document(door: Open, path: str) -> ET.Element:
    response = door.get(path)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/atom+xml"
    return ET.fromstring(response.content)


def links(feed: ET.Element) -> dict[str, str]:
    return {str(link.get("rel")): str(link.get("href")) for link in feed.findall(f"{ATOM}link")}


def entries_of(feed: ET.Element) -> list[ET.Element]:
    return feed.findall(f"{ATOM}entry")


def entries(feed: ET.Element) -> list[str]:
    """The addresses of the entries, the latest first."""
    return [str(entry.findtext(f"{ATOM}id")) for entry in entries_of(feed)]


def walked(door: Open) -> list[str]:
    """All entries from the subscription document backwards, each once, in the order of the feed."""
    found: dict[str, None] = {}
    place: str | None = f"{BASE}/v1/atom"
    while place is not None:
        feed = document(door, place)
        found.update(dict.fromkeys(entries(feed)))
        place = links(feed).get("prev-archive")
    return [*found][::-1]


@pytest.mark.parametrize("size", [1, 7, 61, 100, 122, 200])
def test_walked_backwards_it_has_every_event_once_and_in_order(door: Open, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atom, "PAGE", size)
    assert walked(door) == [f"{BASE}/v1/events/{id_}" for id_ in every_id(door.feed)]


def test_all_doors_give_the_same_events_in_the_same_order(door: Open) -> None:
    pages = ids(door.get("/v1/events?limit=1000"))
    assert pages == [sent.id for sent in streamed(door, len(pages))]
    assert [f"{BASE}/v1/events/{id_}" for id_ in pages] == walked(door)


def test_a_reader_that_looks_now_and_then_resumes_at_what_it_knows(tmp_path: Path) -> None:
    """It walks back only until it meets an entry that it has: whenever it looks, it has all, and none twice."""
    seen: list[str] = []
    with growing(tmp_path) as (door, writer, clock, rest):
        for number in range(0, len(rest), 90):
            take_in(writer, clock, rest[number : number + 90])
            door.feed.refresh()
            new: dict[str, None] = {}
            place: str | None = f"{BASE}/v1/atom"
            while place is not None:
                feed = document(door, place)
                here = entries(feed)
                new.update(dict.fromkeys(id_ for id_ in here if id_ not in seen))
                place = None if set(here) & set(seen) else links(feed).get("prev-archive")
            seen += [*new][::-1]
        assert seen == [f"{BASE}/v1/events/{id_}" for id_ in every_id(door.feed)]


def test_an_archive_links_both_ways_and_only_a_full_one_is_one(door: Open) -> None:
    here = f"{BASE}/v1/atom/{door.feed.feed_id}"
    subscription, first, last = document(door, "/v1/atom"), document(door, f"{here}/0"), document(door, f"{here}/1")
    assert links(subscription) == {"self": f"{BASE}/v1/atom", "prev-archive": f"{here}/0"}
    assert links(first) == {"self": f"{here}/0", "current": f"{BASE}/v1/atom", "next-archive": f"{here}/1"}
    assert links(last) == {"self": f"{here}/1", "current": f"{BASE}/v1/atom", "prev-archive": f"{here}/0"}
    assert [feed.find(ARCHIVE) is not None for feed in (subscription, first, last)] == [False, True, False]
    assert {feed.findtext(f"{ATOM}id") for feed in (subscription, first, last)} == {f"{BASE}/v1/atom"}
    kept = [door.get(f"{here}/{number}").headers["cache-control"] for number in (0, 1)]
    assert kept == ["public, max-age=31536000, immutable", "public, no-cache"]


def test_a_full_archive_never_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atom, "PAGE", 10)
    known: dict[int, bytes] = {}
    with growing(tmp_path) as (door, writer, clock, rest):
        for number in range(0, len(rest), 120):
            take_in(writer, clock, rest[number : number + 120])
            door.feed.refresh()
            for archive in range(door.feed.length() // 10):
                content = door.get(f"/v1/atom/{door.feed.feed_id}/{archive}").content
                assert known.setdefault(archive, content) == content
    assert len(known) == 12


def test_an_entry_says_what_rfc_4287_wants_and_holds_the_event(door: Open, life: Filled) -> None:
    event = life.feed.event(7)
    feed = document(door, f"/v1/atom/{life.feed.feed_id}/0")
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "demo"
    assert feed.findtext(f"{ATOM}updated") == entries_of(feed)[0].findtext(f"{ATOM}updated")
    entry = entries_of(feed)[-8]
    assert entry.findtext(f"{ATOM}id") == f"{BASE}/v1/events/{event.id}"
    assert entry.findtext(f"{ATOM}title") == "AwardGranted: radicalisation-2021.01.1"
    assert entry.findtext(f"{ATOM}updated") == "2021-06-14T08:00:00Z"
    assert entry.findtext(f"{ATOM}summary") == "Aartselaar, EUR 60,000.00, radicalisation-2021"
    assert json.loads(str(entry.findtext(f"{ATOM}content"))) == structured(event, source=life.feed.source)
    assert {category.get("term") for category in entry.findall(f"{ATOM}category")} == {
        "grants.awards.v1.AwardGranted",
        "radicalisation-2021",
    }


def test_what_xml_cannot_hold_is_written_as_json_can() -> None:
    assert atom.json_in_xml('"a\ufffe\uffffb"') == '"a\\ufffe\\uffffb"'
    assert atom.in_xml("<a&b>\x07") == "&lt;a&amp;b&gt;\ufffd"
