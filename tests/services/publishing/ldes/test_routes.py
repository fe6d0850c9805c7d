"""How the doors answer: in the form asked for, for ever where nothing can change, and with a problem where nothing is."""

from pathlib import Path

import pytest
from rdflib import URIRef

from services.kernel.entry import Entry
from services.publishing.doors.rdf.oslo import Names
from services.publishing.feed import Feed
from services.publishing.views import Views
from tests.services.publishing.feeding import DEPLOYMENT, Filled, Hands, in_time, recorded, writing
from tests.services.publishing.http.serving import opened
from tests.services.publishing.ldes.serving import LDES, TREE, Served, graph, serving

TURTLE, JSON_LD = "text/turtle", "application/ld+json"


def test_the_root_says_what_the_stream_is(served: Served) -> None:
    root, stream = URIRef(f"{served.base}/v1/ldes"), URIRef(f"{served.base}{served.history}")
    said = served.graph("/v1/ldes")
    assert list(said.subject_objects(URIRef(TREE + "view"))) == [(stream, root)]
    for name in ("timestampPath", "versionOfPath", "sequencePath"):
        assert len(list(said.objects(stream, URIRef(LDES + name)))) == 1
    redirected = served.get(served.history)
    assert (redirected.status_code, redirected.headers["Location"]) == (303, str(root))


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", TURTLE),
        ("*/*", TURTLE),
        (JSON_LD, JSON_LD),
        ("application/ld+json;q=0.5, text/turtle;q=0.4", JSON_LD),
        ("application/n-quads,application/ld+json;q=0.8,*/*;q=0.1", JSON_LD),
    ],
)
def test_the_form_is_negotiated(served: Served, accept: str, wanted: str) -> None:
    for path in ("/v1/ldes", f"{served.history}/pages/0", "/v1/rdf/calls", "/v1/rdf/terms"):
        answer = served.get(path, Accept=accept) if accept else served.get(path)
        assert answer.headers["Content-Type"].partition(";")[0] == wanted
        assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "stem", ["/v1/ldes", "{history}/pages/0", "{history}/members/3", "/v1/rdf/calls", "/v1/rdf/calls/radicalisation-2021"]
)
def test_a_suffix_asks_for_a_form_as_accept_does(served: Served, stem: str) -> None:
    path = stem.format(history=served.history)
    for suffix, form in ((".ttl", TURTLE), (".jsonld", JSON_LD)):
        named, asked = served.get(path + suffix, Accept="image/png"), served.get(path, Accept=form)
        assert named.content == asked.content
        assert named.headers["Content-Type"].partition(";")[0] == form


def test_what_is_full_is_for_ever_and_the_rest_is_looked_at_again(served: Served) -> None:
    for_ever = {f"{served.history}/{name}" for name in ("pages/0", "pages/11", "parts/0", "members/121")}
    growing = {"/v1/ldes", f"{served.history}/pages/12", f"{served.history}/parts/3", "/v1/rdf/calls"}
    for path in for_ever | growing:
        answer = served.get(path)
        assert ("immutable" in answer.headers["Cache-Control"]) == (path in for_ever), path
        assert served.get(path, If_None_Match=answer.headers["ETag"]).status_code == 304


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("{history}/pages/13", 404, "beyond_the_end"),
        ("{history}/parts/4", 404, "beyond_the_end"),
        ("{history}/members/122", 404, "beyond_the_end"),
        ("{history}/members/99999999999999999", 404, "beyond_the_end"),
        ("{history}/pages/-1", 400, "malformed_place"),
        ("{history}/pages/01", 400, "malformed_place"),
        ("{history}/pages/1.xml", 400, "malformed_place"),
        ("/v1/ldes/0123456789abcdef", 410, "other_history"),
        ("/v1/ldes/0123456789abcdef/pages/0", 410, "other_history"),
        ("/v1/ldes?page=2", 400, "unknown_parameter"),
        ("{history}/pages/0?limit=5", 400, "unknown_parameter"),
        ("/v1/rdf/calls?call=x", 400, "unknown_parameter"),
        ("/v1/rdf/calls/no-such-call", 404, "not_found"),
        ("/v1/rdf/awards/no-such-award", 404, "not_found"),
    ],
)
def test_what_is_not_there_is_a_problem(served: Served, path: str, status: int, code: str) -> None:
    answer = served.get(path.format(history=served.history))
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["type"] == f"{served.base}/problems/{code}"


def test_a_form_that_is_not_there_is_a_problem(served: Served) -> None:
    assert served.get("/v1/ldes", Accept="application/rdf+xml").status_code == 406
    assert served.get(f"/v1/rdf/awards/{'radicalisation-2021.01.1'}", Accept="text/html").status_code == 406


def test_addresses_are_the_public_ones_and_lead_to_what_they_name(served: Served) -> None:
    """Whatever host a caller names."""
    names = Names(served.base)
    answer = served.client.get(f"{served.base}/v1/rdf/calls", headers={"Host": "elsewhere.example"})
    assert "elsewhere" not in answer.text
    for address in (names.call("radicalisation-2021"), names.award("radicalisation-2021.01.1")):
        assert list(graph(served.client.get(address).content).predicate_objects(URIRef(address)))
    member = URIRef(f"{served.base}{served.history}/members/7")
    assert list(graph(served.client.get(str(member)).content).predicate_objects(member))


def test_before_anything_was_told_a_reader_is_asked_to_come_back(tmp_path: Path) -> None:
    start = Entry.from_bytes(next(in_time(recorded()))[1].value).time
    with writing(tmp_path, Hands(start)) as writer:
        feed = Feed(writer.store, deployment=DEPLOYMENT)
        with serving(feed, Views(feed)) as served:
            answer = served.get("/v1/ldes")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
            assert served.get("/v1/rdf/calls").status_code == 200


def test_the_service_hands_them_over(life: Filled) -> None:
    with opened(life.feed, life.views) as door:
        assert door.get("/v1/ldes").status_code == 200
        assert door.get(f"/v1/ldes/{life.feed.feed_id}/pages/0", Accept=JSON_LD).status_code == 200
        assert door.get("/v1/rdf/awards/radicalisation-2021.01.1").status_code == 200
