"""The pages as they come over a socket: all links lead somewhere, nothing runs, nothing personal, the same feed the same bytes."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from services.kernel.entry import Entry
from services.publishing.doors.register.pages import Here, Register
from services.publishing.feed import Feed
from services.publishing.views import Views
from tests.services.publishing.feeding import DEPLOYMENT, Filled, filled, recorded
from tests.services.publishing.http.serving import BASE, Open
from tests.services.publishing.register.serving import FORMULA, HARM, KEY, tables

AWARD = "radicalisation-2021.03.1"


class Seen(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        return [attrs[name] for _, attrs in self.tags for name in ("href", "src", "action") if name in attrs]


def crawled(door: Open, *starts: str) -> dict[str, httpx.Response]:
    """Every page, style and file of the register that links lead to; other doors are only looked at by address."""
    found, left = dict[str, httpx.Response](), list(starts)
    while left:
        path = left.pop()
        if path in found:
            continue
        found[path] = door.get(path)
        if not found[path].headers["content-type"].startswith("text/html"):
            continue
        for link in Seen(found[path].text).links():
            parts = urlsplit(urljoin(BASE + path, link))
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            if parts.netloc == urlsplit(BASE).netloc and not parts.path.startswith("/v1/"):
                left.append(target)
    return found


@pytest.fixture(scope="module")
def site(door: Open) -> dict[str, httpx.Response]:
    return crawled(door, "/nl/")


@pytest.fixture(scope="module")
def harmful(harmed: Open) -> dict[str, httpx.Response]:
    return crawled(harmed, "/nl/")


def test_every_link_leads_somewhere(site: dict[str, httpx.Response], life: Filled) -> None:
    assert {path: response.status_code for path, response in site.items() if response.status_code != 200} == {}
    for language in ("nl", "en"):
        assert {f"/{language}/awards/{award.award_id}" for award in life.views.awards()} <= site.keys()
        assert {
            f"/{language}/{place}" for place in ("", "calls", "awards", "sums", "about", "awards.csv", "sums.json")
        } <= site.keys()


def test_pages_are_of_a_strict_kind(site: dict[str, httpx.Response]) -> None:
    for path, response in site.items():
        assert "set-cookie" not in response.headers
        if response.headers["content-type"].startswith("text/html"):
            language = path.split("/")[1]
            policy = response.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script" not in policy
            assert "unsafe" not in policy
            assert response.headers["content-language"] == language
            seen = Seen(response.text)
            assert dict(seen.tags)["html"] == {"lang": language}
            assert not {"script", "style", "iframe", "img", "object"} & {tag for tag, _ in seen.tags}
            assert not [attrs for _, attrs in seen.tags if "style" in attrs or any(name.startswith("on") for name in attrs)]
            assert not [link for link in seen.links() if "//" in link.removeprefix("https://")]


def test_words_that_mean_harm_are_only_words(harmful: dict[str, httpx.Response]) -> None:
    pages = {path: response.text for path, response in harmful.items() if response.headers["content-type"].startswith("text/html")}
    assert len(pages) > 60
    for text in pages.values():
        seen = Seen(text)
        assert not {"script", "img"} & {tag for tag, _ in seen.tags}
        assert not [attrs for _, attrs in seen.tags if any(name.startswith("on") for name in attrs)]
    assert HARM in Seen(pages[f"/nl/calls/{AWARD.rpartition('.')[0].rpartition('.')[0]}"]).text
    assert sum(HARM in Seen(text).text for text in pages.values()) > 40


def test_a_search_for_markup_shows_it_as_it_is(door: Open) -> None:
    text = door.client.get(f"{door.url}/nl/awards", params={"text": '"><script>alert(1)</script>', "call": '"><b>'}).text
    assert "<script" not in text
    assert "<b>" not in text


def test_nothing_of_persons_is_shown(site: dict[str, httpx.Response]) -> None:
    hands, words = set[str](), set[str]()
    for log in recorded().values():
        for stored in log:
            entry = Entry.from_bytes(stored.value)
            hands.add(entry.actor.id)
            for event in entry.events:
                hands |= {str(value) for name, value in event.items() if name.endswith("By") and name != "limitedBy"}
                words |= {str(event[name]) for name in ("reason", "note", "detail") if name in event}
    said = "\n".join(response.text for response in site.values())
    assert len(hands) > 5
    assert len(words) > 5
    assert hands & set(re.findall(r"[\w:.-]+", said)) == set()
    assert not {word for word in words if " " in word and word in said}
    assert re.findall(r"[\w.]+@[\w-]+\.\w+", said) == []


def test_the_same_feed_gives_the_same_bytes(life: Filled) -> None:
    def made(views: Views) -> list[bytes]:
        register = Register(life.feed, views, BASE)
        here = Here(language="en", path="", root="../")
        return [
            register.home(here),
            register.calls(here),
            register.award(here, AWARD),
            register.call(here, "radicalisation-2021"),
            register.about(here),
        ]

    assert made(life.views) == made(Views(Feed(life.store, deployment=DEPLOYMENT)))


def test_who_has_a_page_is_told_so(door: Open) -> None:
    first = door.get("/nl/awards")
    assert first.headers["cache-control"] == "public, no-cache"
    again = door.get("/nl/awards", If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert door.get("/en/awards", If_None_Match=first.headers["etag"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "accepted", "target"),
    [
        ("/", "en-GB,nl;q=0.5", "/en/"),
        ("/", "nl-BE", "/nl/"),
        (f"/awards/{AWARD}", "en", f"/en/awards/{AWARD}"),
        ("/calls/radicalisation-2021", "", "/nl/calls/radicalisation-2021"),
        ("/en", "nl", "/en/"),
    ],
)
def test_the_way_in_is_by_language(door: Open, path: str, accepted: str, target: str) -> None:
    response = door.get(path, Accept_Language=accepted)
    assert response.status_code == 303
    assert urljoin(f"{BASE}/behind/a/proxy{path}", response.headers["location"]) == f"{BASE}/behind/a/proxy{target}"
    assert door.get(target).status_code == 200
    assert path == "/en" or response.headers["vary"] == "Accept-Language"


def test_where_events_say_to_read_more_is_a_page(door: Open, life: Filled) -> None:
    for event in life.feed.events(None, 1000):
        for kind, target in event.data["links"].items():  # type: ignore[union-attr] # an object
            assert door.client.get(f"{door.url}/{target}", follow_redirects=True).status_code == 200, kind


@pytest.mark.parametrize("path", ["/nl/x", "/nl/awards/none", "/nl/calls/a%2Fb", "/nl/awards?page=2", "/nl/x/y/../z%20%3Cb%3E"])
def test_what_is_not_there_is_said_in_the_language(door: Open, path: str) -> None:
    for language, words in (("nl", "Deze pagina is er niet"), ("en", "This page does not exist")):
        response = door.get(path.replace("/nl/", f"/{language}/"))
        assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert f"<h1>{words}</h1>" in response.text
        asked = str(response.request.url)
        assert urljoin(asked, Seen(response.text).links()[0]) == f"{door.url}/register.css"


@pytest.mark.parametrize(
    ("query", "field"),
    [("year=x", "Jaar van de beslissing"), ("province=mars", "Provincie"), ("stad=Boom", "stad"), ("text=a&text=b", "Zoekwoord")],
)
def test_a_question_that_means_nothing_is_not_answered(door: Open, query: str, field: str) -> None:
    for place in ("awards", "sums"):
        response = door.get(f"/nl/{place}?{query}")
        assert response.status_code == 400
        assert field in Seen(response.text).text
        assert door.get(f"/nl/{place}.csv?{query}").json()["status"] == 400


def test_what_others_add_to_a_link_does_no_harm(door: Open) -> None:
    assert door.get(f"/nl/awards/{AWARD}?fbclid=1").content == door.get(f"/nl/awards/{AWARD}").content


def test_an_award_tells_its_sums_apart_and_all_that_happened(door: Open, life: Filled) -> None:
    found = tables(door.get(f"/en/awards/{AWARD}").text)
    assert dict(found["amounts"][1:]) == {
        "Requested": "€60,000.00",
        "Awarded": "€60,000.00",
        "Committed": "€36,000.00",
        "Paid": "€54,000.00",
        "Recovered": "€18,000.00",
        "Final grant": "€36,000.00",
    }
    assert [row[0] for row in found["history"][1:]] == ["Granted", "Paid", "Settled", "Amended", "Recovered"]
    assert found["history"][4][2:] == ["\u2212€6,000.00", "€60,000.00", "€54,000.00", "€54,000.00", "€0.00"]
    for row, place in zip(found["proofs"][1:], life.views.award(AWARD).events, strict=True):  # type: ignore[union-attr] # it is there
        event = life.feed.event(place)
        assert row[1:5] == [
            f"{event.source.log}, entry {event.source.index}",
            event.source.leaf,
            f"{event.entry.log}, entry {event.entry.index}",
            event.entry.leaf,
        ]


def test_the_proof_is_checked_as_the_page_says(harmed: Open, tmp_path: Path) -> None:
    """Every line of the page is done, with the key that was got by another way."""
    page = Seen(harmed.get(f"/en/awards/{AWARD}").text).text
    files = re.findall(rf"curl -o (\S+) ({re.escape(BASE)}\S+)", page)
    assert len(files) == 3
    for name, address in files:
        (tmp_path / name).write_bytes(harmed.get(address).content)
    command = re.search(r"python3 (verify_receipt.py --key )KEY (\S+ \S+)", page)
    assert command
    ours = [*command[1].split(), str(KEY.verifier), *command[2].split()]
    done = subprocess.run([sys.executable, *ours], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "publishing/0" in done.stdout


def test_what_a_call_does_not_publish_is_not_there(harmed: Open) -> None:
    quiet = Seen(harmed.get("/nl/awards/radicalisation-2021-round2.01.1").text).text
    assert "niet gepubliceerd" in quiet
    assert "Sommige oproepen publiceren geen betalingen" in harmed.get("/nl/sums").text
    rows = tables(harmed.get("/nl/awards?call=radicalisation-2021-round2").text)["awards"][1:]
    assert len(rows) == 14
    assert all(row[-2:] == ["niet gepubliceerd", "niet gepubliceerd"] for row in rows)
    (whole,) = tables(harmed.get("/nl/sums?call=radicalisation-2021-round2").text)["by-year"][1:-1]
    assert whole == ["2021", "13", "€\u00a0660.000,00", "€\u00a0660.000,00", "niet gepubliceerd", "niet gepubliceerd"]


def test_a_call_without_awards_and_a_log_without_a_name(tmp_path: Path) -> None:
    with filled(tmp_path, published=("purpose",)) as feed:
        register = Register(feed.feed, feed.views, BASE)
        here = Here(language="en", path="", root="../")
        assert "This call publishes no awards." in register.call(here, "radicalisation-2021").decode()
        assert "This log is not signed." in register.call(here, "radicalisation-2021").decode()
        assert b"<table" in register.home(here)


def test_words_in_another_language_say_so(harmed: Open) -> None:
    assert '<span lang="nl">Oproep &lt;script&gt;' in harmed.get("/en/calls").text
    assert '<span lang="nl">Oproep' not in harmed.get("/nl/calls").text


def test_formulas_stay_texts(harmed: Open) -> None:
    assert f"'{FORMULA.split(chr(34))[0]}" in harmed.get("/nl/awards.csv").text
