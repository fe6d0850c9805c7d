"""The addresses of the files.

    /v1/files                                   which files there are
    /v1/files/360giving.json, /v1/files/awards.csv …
    /v1/files/register/2021-Q4.csv              a quarter; asked for again, it is as it was if it is over
    /v1/files/<feed id>/register/2021-Q4.csv    the same, which a cache may keep for ever once the quarter is over

As everywhere, what may be kept for ever names the history that it is of: were the feed lost and begun anew, no cache would answer
from the old one.
"""

from collections.abc import Awaitable, Callable

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.kernel import canonical
from services.kernel.form import Json
from services.publishing.doors import DoorContext
from services.publishing.doors.files import giving
from services.publishing.doors.files.quarters import named, quarter_of
from services.publishing.doors.files.shelf import JSON, File, Shelf
from services.publishing.doors.files.tables import MEDIA_TYPES
from services.publishing.doors.http.answers import Problem, negotiated, only, page
from services.publishing.doors.http.places import history
from services.runtime.extra import MissingExtraError

_AT_A_TIME = 2
"""Files made at a time: a long feed makes long files, and whoever waits for one must not keep readers of events waiting."""


def routes(context: DoorContext) -> list[BaseRoute]:
    """The routes of this door."""
    door, limiter = _Door(context), CapacityLimiter(_AT_A_TIME)

    def apart(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            return await to_thread.run_sync(answer, request, limiter=limiter)

        return answered

    return [
        Route("/v1/files", apart(door.index)),
        Route("/v1/files/360giving.json", apart(door.plain)),
        *(Route(f"/v1/files/awards.{ending}", apart(door.plain)) for ending in MEDIA_TYPES),
        Route("/v1/files/register/{file}", apart(door.quarter)),
        Route("/v1/files/{feed_id}/register/{file}", apart(door.quarter)),
    ]


class _Door:
    """Answers; a file is made when it is asked for."""

    def __init__(self, context: DoorContext) -> None:
        self._feed, self._base = context.feed, context.settings.feed_url
        self._shelf = Shelf(context.feed, context.views, self._base)

    def index(self, request: Request) -> Response:
        """Which files there are, where, and which of them can never change."""
        media_type = negotiated(request, (JSON,))
        only(request)
        length = self._feed.length()
        files: list[Json] = [
            {"name": file.name, "href": self._address(file), "mediaType": file.media_type, "closed": file.closed}
            for file in self._shelf.files()
        ]
        body = canonical.encode({"feed": self._feed.feed_id, "length": str(length), "files": files})
        return page(request, body, media_type, closed=False)

    def plain(self, request: Request) -> Response:
        """A file of what stands now."""
        name = request.url.path.rpartition("/")[2]
        return self._answer(request, name, named_history=False)

    def quarter(self, request: Request) -> Response:
        """A quarter for the register."""
        feed_id, file = request.path_params.get("feed_id"), request.path_params["file"]
        if feed_id is not None:
            history(self._feed, feed_id)
        stem, _, ending = file.partition(".")
        quarter = named(stem)
        if quarter is None or ending not in MEDIA_TYPES:
            forms = ", ".join(f"2021-Q4.{ending}" for ending in MEDIA_TYPES)
            raise Problem(400, "malformed", f"{file[:80]!r} is no quarter; allowed: a name such as {forms}", field="file")
        return self._answer(request, f"register/{file}", named_history=feed_id is not None)

    def _answer(self, request: Request, name: str, *, named_history: bool) -> Response:
        only(request)
        file = self._shelf.file(name)
        if file is None:
            raise Problem(404, "not_found", f"there is no {name}: {self._missing(name)}")
        media_type = negotiated(request, (file.media_type,))
        try:
            content = file.content()
        except MissingExtraError as error:
            raise Problem(501, "not_installed", f"{name} cannot be made here: {error}") from error
        shown = {"Content-Disposition": f'attachment; filename="{name.rpartition("/")[2]}"'}
        return page(request, content, media_type, closed=file.closed and named_history, headers=shown)

    def _missing(self, name: str) -> str:
        length = self._feed.length()
        if name == giving.NAME:
            return "no award stands, and a package holds at least one"
        if not length:
            return "the feed has not told anything yet"
        first, last = (quarter_of(self._feed.event(place).time) for place in (0, length - 1))
        return f"the feed tells of {first} to {last}"

    def _address(self, file: File) -> str:
        held = f"/{self._feed.feed_id}" if file.quarter and file.closed else ""
        return f"{self._base}/v1/files{held}/{file.name}"
