"""What is wrong is told by a whole problem document: never by a part of a page, and never by another page than was asked for."""

import ast
import re
from pathlib import Path

import httpx
import pytest

import services.publishing.doors as doors_package
from services.publishing.doors.http.description import contract
from services.publishing.doors.http.limits import Limiter
from tests.services.publishing.feeding import Filled
from tests.services.publishing.http.serving import BASE, Open, opened

OTHER = "0123456789abcdef"


def problem(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    """The document, which must be whole and of that kind."""
    document: dict[str, object] = response.json()
    assert (response.status_code, document["type"]) == (status, f"{BASE}/problems/{code}")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert document["status"] == status
    assert document["title"] == code.replace("_", " ").capitalize()
    assert str(document["instance"]).startswith(BASE)
    assert document["detail"]
    return document


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("after=abc", 400, "malformed_place"),
        ("after=", 400, "malformed_place"),
        ("after=-1", 400, "malformed_place"),
        ("after=1.5", 400, "malformed_place"),
        ("after=%D9%A1", 400, "malformed_place"),
        ("after=" + "9" * 30, 400, "malformed_place"),
        ("after=122", 404, "beyond_the_end"),
        (f"after={OTHER}/3", 410, "other_history"),
        ("after=1&after=2", 400, "repeated"),
        ("limit=0", 400, "out_of_range"),
        ("limit=1001", 400, "out_of_range"),
        ("limit=-1", 400, "malformed"),
        ("limit=ten", 400, "malformed"),
        ("limit=01", 400, "malformed"),
        ("limit=", 400, "malformed"),
        ("limit=1&limit=2", 400, "repeated"),
        ("type=AwardGiven", 400, "unknown_type"),
        ("type=", 400, "unknown_type"),
        ("call=nobody-2030", 404, "unknown_call"),
        ("tpye=AwardGranted", 400, "unknown_parameter"),
        ("&".join(f"call=c{n}" for n in range(101)), 400, "out_of_range"),
    ],
)
def test_a_bad_question_gets_a_problem_and_no_page(door: Open, query: str, status: int, code: str) -> None:
    problem(door.get(f"/v1/events?{query}"), status, code)
    if "limit" not in query:
        problem(door.get(f"/v1/stream?{query}"), status, code)


def test_a_place_of_another_history_says_where_to_start(door: Open, life: Filled) -> None:
    answers = [
        door.get(f"/v1/events?after={OTHER}/3"),
        door.get(f"/v1/events/{OTHER}/3"),
        door.get(f"/v1/events/pages/{OTHER}/0"),
        door.get(f"/v1/atom/{OTHER}/0"),
        door.get("/v1/stream", last_event_id=f"{OTHER}/3"),
    ]
    for answer in answers:
        document = problem(answer, 410, "other_history")
        assert (document["feed"], document["start"]) == (life.feed.feed_id, f"{BASE}/v1/events")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nowhere", 404, "not_found"),
        ("/v1/events/", 404, "not_found"),
        ("/v1/events/x", 400, "malformed_place"),
        ("/v1/events/122", 404, "beyond_the_end"),
        ("/v1/events/122/proof", 404, "beyond_the_end"),
        ("/v1/events/pages/{feed}/2", 404, "beyond_the_end"),
        ("/v1/events/pages/{feed}/01", 400, "malformed_place"),
        ("/v1/events/pages/{feed}/0?limit=3", 400, "unknown_parameter"),
        ("/v1/atom/{feed}/2", 404, "beyond_the_end"),
        ("/v1/atom/{feed}/-1", 400, "malformed_place"),
        ("/problems/other", 404, "not_found"),
    ],
)
def test_an_address_where_nothing_is(door: Open, path: str, status: int, code: str) -> None:
    problem(door.get(path.replace("{feed}", door.feed.feed_id)), status, code)


@pytest.mark.parametrize(
    "path", ["/v1/events", "/v1/events/3", "/v1/stream", "/v1/atom", "/v1", "/openapi.json", "/v1/events/3/proof"]
)
def test_what_is_not_here_in_a_form_that_the_caller_takes(door: Open, path: str) -> None:
    document = problem(door.get(path, accept="image/png, text/*;q=0, application/*;q=0"), 406, "not_acceptable")
    assert isinstance(document["allowed"], list)


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("*/*", "application/cloudevents-batch+json"),
        ("application/json", "application/json"),
        ("application/json;q=0.5, application/cloudevents-batch+json;q=0.4", "application/json"),
        ("application/*;q=0.2, application/json;q=0.1", "application/cloudevents-batch+json"),
        ("application/json; charset=utf-8", "application/json"),
        ("text/html, */*;q=0.1", "application/cloudevents-batch+json"),
        ("nonsense, application/json", "application/json"),
    ],
)
def test_the_form_is_the_one_that_the_caller_likes_best(door: Open, accept: str, given: str) -> None:
    assert door.get("/v1/events?limit=1", accept=accept).headers["content-type"] == given


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_nothing_is_changed_from_outside(door: Open, method: str) -> None:
    response = door.client.request(method, f"{door.url}/v1/events")
    problem(response, 405, "method_not_allowed")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_a_fault_of_the_service_is_a_problem_that_tells_nothing_of_its_inside(
    life: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("/secret/place")

    with opened(life.feed, life.views) as door:
        monkeypatch.setattr(type(life.feed), "events", broken)
        response = door.get("/v1/events")
        problem(response, 500, "internal")
        assert "secret" not in response.text
        monkeypatch.undo()
        assert door.get("/v1/events").status_code == 200


def test_any_web_page_may_read(door: Open) -> None:
    asked = door.client.options(
        f"{door.url}/v1/events", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    )
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert "Last-Event-ID" in asked.headers["access-control-allow-headers"]
    for response in (door.get("/v1/events"), door.get("/v1/events?after=x"), door.get("/nowhere")):
        assert response.headers["access-control-allow-origin"] == "*"
        assert {"ETag", "Link"} <= set(response.headers["access-control-expose-headers"].split(", "))
        assert "access-control-allow-credentials" not in response.headers


def test_who_asks_too_often_is_told_when_to_come_again(life: Filled) -> None:
    with opened(life.feed, life.views, rate=3) as door:
        answers = [door.get("/v1/events/3") for _ in range(4)]
        assert [answer.status_code for answer in answers[:3]] == [200] * 3
        problem(answers[3], 429, "too_many_requests")
        assert 0 < int(answers[3].headers["retry-after"]) <= 20
        assert answers[3].headers["access-control-allow-origin"] == "*"
        assert door.get("/healthz").status_code == 200


def test_an_address_is_who_asks_and_a_proxy_is_believed_only_if_it_is_ours(life: Filled) -> None:
    for proxies, statuses in (("127.0.0.1", [200, 200]), ("192.0.2.9", [200, 429])):
        with opened(life.feed, life.views, rate=1, proxies=proxies) as door:
            asked = [door.get("/v1/events/3", x_forwarded_for=address) for address in ("198.51.100.1", "198.51.100.2")]
            assert [answer.status_code for answer in asked] == statuses


def test_a_bucket_fills_up_evenly_and_belongs_to_one_holder() -> None:
    now = 0.0
    limiter = Limiter(6, lambda: now)
    assert [limiter.wait("192.0.2.1") for _ in range(7)] == [0] * 6 + [10]
    assert limiter.wait("192.0.2.2") == 0
    now = 9.0
    assert limiter.wait("192.0.2.1") == 1
    now = 10.0
    assert [limiter.wait("192.0.2.1") for _ in range(2)] == [0, 10]
    now = 1000.0
    assert [limiter.wait("192.0.2.1") for _ in range(7)] == [0] * 6 + [10]
    assert [limiter.wait(f"2001:db8::{n}") for n in range(7)] == [0] * 6 + [10]
    assert limiter.wait("2001:db8:0:1::1") == 0


def test_addresses_are_forgotten_so_that_they_never_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.publishing.doors.http.limits._ADDRESSES", 3)
    limiter = Limiter(1, lambda: 0.0)
    assert [limiter.wait(str(n)) for n in range(10)] == [0] * 10
    assert len(limiter) == 3


def test_every_kind_of_problem_is_explained(door: Open) -> None:
    """Each code that any door gives stands in the contract, and its address says what it means."""
    used = set[str]()
    for file in Path(str(doors_package.__file__)).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem" and len(node.args) > 1:
                codes = [leaf.value for leaf in ast.walk(node.args[1]) if isinstance(leaf, ast.Constant)]
                used.update(code for code in codes if isinstance(code, str) and re.fullmatch("[a-z_]+", code))
    known = set(contract()["x-problems"])
    assert used <= known, used - known
    for code in sorted(known):
        assert door.get(f"/problems/{code}").json()["type"] == f"{BASE}/problems/{code}"
