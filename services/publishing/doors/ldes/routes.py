"""The addresses of the stream.

`/v1/ldes` is the root, where a reader begins. What lies under a history's name is of that history for ever; a reader who comes with
the name of another one is told so, and never gets its pages mixed with these.
"""

import re
from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.publishing.doors import DoorContext
from services.publishing.doors.http.answers import Growing, Problem, only, page
from services.publishing.doors.http.places import history
from services.publishing.doors.ldes.pages import Layout, Page, Stream
from services.publishing.doors.rdf.facts import Facts
from services.publishing.doors.rdf.routes import media_type
from services.publishing.doors.rdf.writing import SUFFIXES, written

_NUMBER = re.compile(r"(0|[1-9][0-9]{0,17})(\.ttl|\.jsonld)?", re.ASCII)


def routes(context: DoorContext, layout: Layout = Layout()) -> list[BaseRoute]:  # noqa: B008 - frozen
    """The routes of the stream."""
    door = _Door(context, layout)
    return [
        Route("/v1/ldes", door.root),
        *(Route(f"/v1/ldes{suffix}", door.root) for suffix in SUFFIXES),
        Route("/v1/ldes/{feed_id}", door.stream),
        Route("/v1/ldes/{feed_id}/parts/{number}", door.part),
        Route("/v1/ldes/{feed_id}/pages/{number}", door.page),
        Route("/v1/ldes/{feed_id}/members/{number}", door.member),
    ]


class _Door:
    """Answers; each in a thread of the pool, as reading the feed may wait for the disk."""

    def __init__(self, context: DoorContext, layout: Layout) -> None:
        self._feed, self._base = context.feed, context.settings.feed_url
        self._stream = Stream(context.feed, Facts(context.feed, context.views), self._base, layout)
        self._growing = Growing(context.feed.length)

    def root(self, request: Request) -> Response:
        """The root."""
        only(request)
        if not self._feed.feed_id:
            raise Problem(503, "not_begun", "the feed has not told anything yet", headers={"Retry-After": "60"})
        suffix = next((suffix for suffix in SUFFIXES if request.url.path.endswith(suffix)), "")
        return self._answer(request, self._stream.root, suffix)

    def stream(self, request: Request) -> Response:
        """The stream is a thing and no page: see its root (303)."""
        only(request)
        history(self._feed, request.path_params["feed_id"])
        return RedirectResponse(self._stream.root_address, 303)

    def part(self, request: Request) -> Response:
        """A part."""
        return self._numbered(request, "part", self._stream.parts(), self._stream.part)

    def page(self, request: Request) -> Response:
        """A page."""
        return self._numbered(request, "page", self._stream.pages(), self._stream.page)

    def member(self, request: Request) -> Response:
        """One event."""
        return self._numbered(request, "event", self._feed.length(), self._stream.member)

    def _numbered(self, request: Request, what: str, count: int, made: Callable[[int], Page]) -> Response:
        """What has the number that the address names, of `count` such."""
        only(request)
        history(self._feed, request.path_params["feed_id"])
        text = request.path_params["number"]
        number = _NUMBER.fullmatch(text)
        if number is None:
            raise Problem(400, "malformed_place", f"{text[:80]!r} is no number of a {what}", field="number")
        if int(number[1]) >= count:
            last = f"the last is {count - 1}" if count else "there is none yet"
            raise Problem(404, "beyond_the_end", f"there is no {what} {number[1]}; {last}")
        return self._answer(request, partial(made, int(number[1])), number[2] or "")

    def _answer(self, request: Request, made: Callable[[], Page], suffix: str) -> Response:
        kind = media_type(request, suffix)

        def make() -> tuple[bytes, bool]:
            found = made()
            return written(found.trees, self._base, kind), found.closed

        body, closed = self._growing.made(f"{kind} {request.url.path}", make)
        return page(request, body, kind, closed=closed)
