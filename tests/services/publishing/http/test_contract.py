"""The contract and the service: every route is in the document and the document has no other, and what it says is so."""

import copy
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis import Case, GenerationMode
from starlette.routing import BaseRoute, Mount, Route

from services.publishing.doors import DoorContext
from services.publishing.doors.http.app import application
from services.publishing.doors.http.description import contract
from tests.services.publishing.feeding import Filled
from tests.services.publishing.http import serving
from tests.services.publishing.http.serving import BASE, Open


def routed(routes: Iterable[BaseRoute], before: str = "") -> Iterator[str]:
    """Method and path of every route."""
    for route in routes:
        if isinstance(route, Mount):
            yield from routed(route.routes, before + route.path)
        elif isinstance(route, Route):
            path = before + re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
            yield from (f"{method} {path}" for method in route.methods or () if method != "HEAD")


def test_routes_and_document_name_the_same(life: Filled) -> None:
    context = DoorContext(feed=life.feed, views=life.views, settings=serving.settings(), stopped=lambda _: None)
    documented = {f"{method.upper()} {path}" for path, item in contract()["paths"].items() for method in item}
    assert set(routed(application(context).routes)) == documented


def test_the_document_is_served_and_says_where(door: Open) -> None:
    response = door.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {**contract(), "servers": [{"url": BASE}]}
    assert response.json()["openapi"].startswith("3.1.")


def test_every_event_of_a_year_is_as_the_document_says(door: Open) -> None:
    whole = contract()
    event = {**whole["components"]["schemas"]["CloudEvent"], "components": whole["components"]}
    check, seen = Draft202012Validator(event, format_checker=Draft202012Validator.FORMAT_CHECKER), set[str]()
    for told in door.get("/v1/events?limit=1000").json():
        check.validate(told)
        kind = told["type"].rpartition(".")[2]
        Draft202012Validator({**whole["components"]["schemas"][kind], "components": whole["components"]}).validate(told["data"])
        seen.add(kind)
    assert seen == {schema["$ref"].rpartition("/")[2] for schema in event["properties"]["data"]["anyOf"]}


def parameters(path: str) -> list[dict[str, Any]]:
    return [item for operation in contract()["paths"][path].values() for item in operation.get("parameters", ())]


@pytest.fixture(scope="session")
def api(door: Open) -> Any:
    """The document, with what this feed has among the values that are tried: else hardly a question would find anything."""
    tried: dict[str, Any] = copy.deepcopy({**contract(), "servers": [{"url": door.url}]})
    schemas = tried["components"]["schemas"]
    schemas["FeedId"]["enum"] = [door.feed.feed_id]
    schemas["Whole"]["enum"] = ["0", "1", "7", "121", "122", "999999999999"]
    schemas["Place"]["enum"] = ["0", "121", "122", f"{door.feed.feed_id}/3"]
    tried["paths"] = {path: item for path, item in tried["paths"].items() if path != "/v1/stream"}  # its answer has no end
    found = schemathesis.openapi.from_dict(tried)
    found.config.update(base_url=door.url)
    return found


TRIED = sorted(set(contract()["paths"]) - {"/v1/stream"})
ASKED = [path for path in TRIED if any(item.get("$ref", "").endswith("/Limit") for item in parameters(path))]


@pytest.mark.parametrize(
    ("path", "mode"), [(path, GenerationMode.POSITIVE) for path in TRIED] + [(path, GenerationMode.NEGATIVE) for path in ASKED]
)
def test_each_operation_answers_as_it_says(api: Any, path: str, mode: GenerationMode) -> None:
    """To good questions, and to bad ones where much can be asked: status, form and content are those of the document."""
    for operation in (api[path][method] for method in contract()["paths"][path]):

        @settings(
            max_examples=8 if mode is GenerationMode.POSITIVE else 40,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers(case: Case[Any]) -> None:
            case.call_and_validate()

        answers()
