"""What the doors over HTTP say of themselves: their contract, where things are, what a problem means, and that all is well.

The contract (OpenAPI 3.1) is kept by hand in `openapi/`, a file for each door; the shapes of the events are made from the events.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.kernel import canonical
from services.publishing.doors import DoorContext
from services.publishing.doors.http.answers import Problem, negotiated, only, page
from services.publishing.schemas import schemas

JSON = "application/json"
_OPENAPI = "application/vnd.oai.openapi+json;version=3.1"


def routes(context: DoorContext) -> list[BaseRoute]:
    """The routes that are about the others."""
    told = _Told(context)
    return [
        Route("/v1", told.index),
        Route("/openapi.json", told.contract),
        Route("/asyncapi.json", told.topic),
        Route("/problems/{code}", told.problem),
        Route("/healthz", told.health),
    ]


@cache
def contract() -> dict[str, Any]:
    """The OpenAPI document, without the address that it is served at."""
    parts = [json.loads(file.read_bytes()) for file in sorted(_files(), key=lambda file: file.name)]
    whole: dict[str, Any] = next(part for part in parts if "openapi" in part)
    whole["paths"] = dict(sorted((path, item) for part in parts for path, item in part.get("paths", {}).items()))
    for part in parts:
        for kind, members in part.get("components", {}).items():
            whole["components"].setdefault(kind, {}).update(members)
    whole["components"]["schemas"].update(schemas())
    return whole


def _files() -> list[Any]:
    return [file for file in files("services.publishing.doors.http").joinpath("openapi").iterdir() if file.name.endswith(".json")]


class _Told:
    """Answers that hardly need the feed."""

    def __init__(self, context: DoorContext) -> None:
        self._feed, self._base = context.feed, context.settings.feed_url

    def index(self, request: Request) -> Response:
        """Which history this is, how long, and where everything is."""
        media_type = negotiated(request, (JSON,))
        only(request)
        feed_id = self._feed.feed_id
        links = {
            "events": "/v1/events",
            "stream": "/v1/stream",
            "atom": "/v1/atom",
            "ldes": "/v1/ldes",
            "checkpoint": "/v1/log/checkpoint",
            "files": "/v1/files",
            "opportunities": "/common-grants/opportunities",
            "awards": "/common-grants/awards",
            "openapi": "/openapi.json",
            "asyncapi": "/asyncapi.json",
            **({"firstPage": f"/v1/events/pages/{feed_id}/0"} if feed_id else {}),
        }
        body = canonical.encode(
            {
                "feed": feed_id,
                "source": self._feed.source,
                "origin": self._feed.origin,
                "length": str(self._feed.length()),
                "links": {name: self._base + path for name, path in links.items()},
            }
        )
        return page(request, body, media_type, closed=False)

    def contract(self, request: Request) -> Response:
        """The OpenAPI document."""
        negotiated(request, (_OPENAPI, JSON))
        only(request)
        whole = {**contract(), "servers": [{"url": self._base}]}
        return page(request, json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode(), JSON, closed=False)

    def topic(self, request: Request) -> Response:
        """The contract of the topic, for those who read it by Kafka."""
        negotiated(request, (JSON,))
        only(request)
        return page(request, files("services.publishing.doors.kafka").joinpath("asyncapi.json").read_bytes(), JSON, closed=False)

    def problem(self, request: Request) -> Response:
        """What a type of problem means."""
        media_type = negotiated(request, (JSON,))
        only(request)
        code = request.path_params["code"]
        meaning = contract()["x-problems"].get(code)
        if meaning is None:
            raise Problem(404, "not_found", "there is no such type of problem")
        told = {"type": f"{self._base}/problems/{code}", "title": code.replace("_", " ").capitalize(), "description": meaning}
        return page(request, canonical.encode(told), media_type, closed=False)

    def health(self, _request: Request) -> Response:
        """That the log can be read."""
        with self._feed.store.read() as reads:
            entries = reads.head().length
        body = canonical.encode({"status": "ok", "entries": str(entries), "events": str(self._feed.length())})
        return Response(body, headers={"Cache-Control": "no-store"}, media_type=JSON)
