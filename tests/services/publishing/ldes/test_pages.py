"""Which event is on which page, what relations promise, and that nothing that was closed ever changes."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.entry import Entry
from services.publishing.doors.ldes.pages import Layout, Page, Stream
from services.publishing.feed import Feed
from services.publishing.views import Views
from tests.services.publishing.feeding import DEPLOYMENT, Filled, Hands, in_time, recorded, take_in, writing
from tests.services.publishing.ldes.serving import BASE, bytes_of, stream

layouts = st.builds(Layout, page=st.integers(1, 40), part=st.integers(1, 6))


def cut(life: Filled, length: int) -> Feed:
    """The feed as it was when it had told so much. The views stay those of today: nothing of today may show."""
    feed = Feed(life.store, deployment=DEPLOYMENT)
    feed._length = length  # pyright: ignore[reportPrivateUsage]
    return feed


def whole(made: Stream) -> dict[str, Page]:
    """Every page of a stream, by its address."""
    parts = {f"{made.address}/parts/{number}": made.part(number) for number in range(made.parts())}
    pages = {f"{made.address}/pages/{number}": made.page(number) for number in range(made.pages())}
    return {made.root_address: made.root()} | parts | pages


def held(page: Page) -> list[str]:
    return [member["@id"] for tree in page.trees for member in tree.get("member", [])]


def led_to(page: Page, at: str) -> Iterator[str]:
    """Where a reader goes on who wants the members of one time: all that no relation rules out."""
    bounds: dict[str, list[bool]] = {}
    for relation in page.trees[0].get("relation", []):
        fits = at >= relation["value"] if relation["@type"] == "AtOrAfter" else at <= relation["value"]
        bounds.setdefault(relation["node"], []).append(fits)
    return (node for node, fits in bounds.items() if all(fits))


@settings(max_examples=15, deadline=None)
@given(st.data(), layouts)
def test_each_event_is_on_one_page_in_order_and_what_was_closed_stays(life: Filled, data: st.DataObject, layout: Layout) -> None:
    short = data.draw(st.integers(0, life.feed.length()))
    before = whole(stream(cut(life, short), life.views, layout))
    after = whole(stream(life.feed, life.views, layout))
    for pages, length in ((before, short), (after, life.feed.length())):
        found = [member for page in pages.values() for member in held(page)]
        assert found == [f"{BASE}/v1/ldes/{life.feed.feed_id}/members/{number}" for number in range(length)]
    for address, page in before.items():
        if page.closed:
            assert after[address] == page
            assert page.trees[0]["immutable"] == "true"
        else:
            assert held(after[address])[: len(held(page))] == held(page), "an open page only grows"
    open_pages = [address for address, page in before.items() if not page.closed]
    assert len(open_pages) <= 3, "the root, the last part and the last page"


@settings(max_examples=15, deadline=None)
@given(st.data(), layouts)
def test_a_reader_of_one_time_is_led_to_all_events_of_that_time(life: Filled, data: st.DataObject, layout: Layout) -> None:
    """Also where they lie on both sides of a border."""
    length = data.draw(st.integers(1, life.feed.length()))
    pages = whole(made := stream(cut(life, length), life.views, layout))
    members = [member for page in pages.values() for tree in page.trees for member in tree.get("member", [])]
    for at in {member["generatedAtTime"] for member in members}:
        to_see, seen = [made.root_address], list[str]()
        while to_see:
            seen.append(to_see.pop())
            to_see.extend(led_to(pages[seen[-1]], at))
        wanted = [member["@id"] for member in members if member["generatedAtTime"] == at]
        assert {one for address in seen for one in held(pages[address])} >= set(wanted)


def test_a_reader_of_one_time_is_spared_the_rest(life: Filled) -> None:
    pages = whole(made := stream(life.feed, life.views))
    at = pages[f"{made.address}/pages/0"].trees[1]["member"][0]["generatedAtTime"]
    (part,) = led_to(pages[made.root_address], at)
    assert list(led_to(pages[part], at)) == [f"{made.address}/pages/0"]


def test_there_are_events_of_one_time_at_a_border(life: Filled) -> None:
    """The case that inclusive bounds are for."""
    times = [event.time for event in life.feed.events(None, 1000)]
    assert any(times[border - 1] == times[border] for border in range(10, len(times), 10))


def test_relations_have_zoned_times_both_bounds_where_full_and_the_lower_one_where_not(life: Filled) -> None:
    pages = whole(stream(life.feed, life.views))
    for page in pages.values():
        kinds: dict[str, list[str]] = {}
        for relation in page.trees[0].get("relation", []):
            assert datetime.fromisoformat(relation["value"]).utcoffset() is not None
            kinds.setdefault(relation["node"], []).append(relation["@type"])
        for node, found in kinds.items():
            assert found == (["AtOrAfter", "AtOrBefore"] if pages[node].closed else ["AtOrAfter"])


def test_every_page_names_one_stream_and_its_view(life: Filled) -> None:
    made = stream(life.feed, life.views)
    for page in whole(made).values():
        named = bytes_of(page).decode()
        assert f"<{made.address}> a ldes:EventStream ;\n    tree:view <{made.root_address}>" in named
        assert named.count(" a ldes:EventStream") == 1


def test_while_the_feed_grows_a_member_is_the_same_for_ever(tmp_path: Path) -> None:
    """A real feed, page by page and member by member at the moment at which it could first be read, and again at the end."""
    history = list(in_time(recorded()))
    clock = Hands(Entry.from_bytes(history[0][1].value).time)
    seen: dict[str, bytes] = {}
    with writing(tmp_path, clock) as writer:
        feed = Feed(writer.store, deployment=DEPLOYMENT)
        made = stream(feed, Views(feed))
        told = 0
        for entry in history:
            take_in(writer, clock, [entry])
            feed.refresh()
            for sequence in range(told, feed.length()):
                seen[f"member {sequence}"] = bytes_of(made.member(sequence))
            for number in range(told // 10, feed.length() // 10):
                seen[f"page {number}"] = bytes_of(made.page(number))
            for number in range(told // 40, feed.length() // 40):
                seen[f"part {number}"] = bytes_of(made.part(number))
            told = feed.length()
        anew = Feed(writer.store, deployment=DEPLOYMENT)
        again = stream(anew, Views(anew))
        assert told > 100
        for name, was in seen.items():
            kind, which = name.split()
            page: Page = getattr(again, kind)(int(which))
            assert bytes_of(page) == was, name
            assert page.closed


_PRINT = """
import sys, tempfile
from hashlib import sha256
from pathlib import Path
from services.publishing.doors.rdf.writing import jsonld, turtle
from tests.services.publishing.feeding import filled
from tests.services.publishing.ldes.serving import BASE, stream
from tests.services.publishing.ldes.test_pages import whole
with tempfile.TemporaryDirectory() as folder, filled(Path(folder)) as life:
    for address, page in whole(stream(life.feed, life.views)).items():
        print(address, sha256(turtle(page.trees, BASE)).hexdigest(), sha256(jsonld(page.trees, BASE)).hexdigest())
"""


def test_a_feed_that_is_built_anew_gives_the_same_bytes() -> None:
    """In two processes whose hashes differ, so that no order of a set can hide."""
    root = Path(__file__).parents[4]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _PRINT],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{root}:{root / 'protos/gen'}"},
            stdout=subprocess.PIPE,
        )
        for seed in ("1", "2")
    ]
    first, second = (process.communicate(timeout=120)[0] for process in running)
    assert first == second
    assert first.count(b"\n") == 18
