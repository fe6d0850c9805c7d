"""What is around every answer: reading from any web page is allowed (CORS), and no fault leaves without a problem document."""

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.publishing.doors.http.answers import Problem

_READING = "GET, HEAD, OPTIONS"
_EXPOSED = "ETag, Link, Retry-After"
_ASKED = "Accept, Cache-Control, If-None-Match, Last-Event-ID"
_DAY_SECONDS = "86400"

log = structlog.get_logger()


class Around:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, *, base: str) -> None:
        self._app, self._base = app, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a browser that asks what it may do; pass all else on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = "*"
                headers["Access-Control-Expose-Headers"] = _EXPOSED
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        try:
            if scope["method"] == "OPTIONS":
                await _allowed()(scope, receive, sent)
            else:
                await self._app(scope, receive, sent)
        except ClientDisconnect:
            log.debug("http.left")
        except Exception:  # whatever it is: its caller gets a whole answer or none, and the others go on
            log.exception("http.failed", route=getattr(scope.get("route"), "path", ""))
            if started:
                raise  # the connection is broken off, so that what was sent cannot pass for the whole
            problem = Problem(500, "internal", "the service failed at this request; it has been noted")
            await problem.response(Request(scope), self._base)(scope, receive, sent)


def _allowed() -> Response:
    """Everything may be read, from anywhere, without credentials."""
    headers = {
        "Allow": _READING,
        "Access-Control-Allow-Methods": _READING,
        "Access-Control-Allow-Headers": _ASKED,
        "Access-Control-Max-Age": _DAY_SECONDS,
    }
    return Response(status_code=204, headers=headers)
