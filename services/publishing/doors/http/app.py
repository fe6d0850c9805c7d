"""All doors over HTTP as one application, and the server that runs it in a thread of its own."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.publishing.doors import DoorContext
from services.publishing.doors.commongrants import routes as commongrants
from services.publishing.doors.files import routes as files
from services.publishing.doors.http import atom, description, events, proofs
from services.publishing.doors.http.answers import Problem
from services.publishing.doors.http.around import Around
from services.publishing.doors.http.connection import Connection
from services.publishing.doors.http.limits import Limiter, Limits
from services.publishing.doors.http.places import problem_of
from services.publishing.doors.http.stream import Stream
from services.publishing.doors.ldes import routes as ldes
from services.publishing.doors.rdf import routes as rdf
from services.publishing.doors.register import routes as register
from services.publishing.feed import PositionError
from services.runtime.ending import last_words

_CODES = {404: "not_found", 405: "method_not_allowed"}
_LAST_WORDS_SECONDS = 5
"""What an answer under way gets at the end."""
_START_SECONDS = 30.0
_BACKLOG = 2048

ROUTES: tuple[Callable[[DoorContext], list[BaseRoute]], ...] = (
    description.routes,
    proofs.routes,
    events.routes,
    atom.routes,
    ldes.routes,
    rdf.routes,
    files.routes,
    commongrants.routes,
    register.routes,
)
"""What each door hands over; the first route that fits answers."""

log = structlog.get_logger()


def application(context: DoorContext, stream: Stream | None = None) -> Starlette:
    """The application. `context.settings` says its public address, and how many requests an address may make."""
    live = Stream(context) if stream is None else stream
    base, limiter = context.settings.feed_url, Limiter(context.settings.feed_rate, time.monotonic)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        live.open()
        yield
        live.close()

    async def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - registered for it
        return error.response(request, base)

    async def misplaced(request: Request, error: Exception) -> Response:
        assert isinstance(error, PositionError)  # noqa: S101
        return problem_of(error, context.feed, base).response(request, base)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        code = _CODES.get(error.status_code, f"http_{error.status_code}")
        return Problem(error.status_code, code, error.detail, headers=error.headers).response(request, base)

    app = Starlette(
        routes=[route for routes in ROUTES for route in routes(context)] + live.routes(),
        middleware=[Middleware(Around, base=base), Middleware(Limits, limiter=limiter, base=base)],
        exception_handlers={Problem: problem, PositionError: misplaced, HTTPException: refused},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # it would send callers to the host that they named
    return app


class Door:
    """The server: `start` returns when it answers, `stop` when it has let everybody go. Without an address it does nothing."""

    def __init__(self, context: DoorContext, connection: type[Connection] = Connection) -> None:
        self._context, self._connection = context, connection
        self._stream = Stream(context)
        self._ready = threading.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        """Where it listens, once it does."""

    def start(self) -> None:
        """Listen and answer.

        Raises:
            OSError: if the address cannot be bound.
        """
        settings = self._context.settings
        if not settings.feed:
            return
        host, _, port = settings.feed.rpartition(":")
        sockets = [_listening(host.strip("[]"), int(port))]
        self.port = sockets[0].getsockname()[1]
        config = uvicorn.Config(
            application(self._context, self._stream),
            http=self._connection,
            log_config=None,  # the process has set up its log; addresses of callers do not belong in it
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="on",
            proxy_headers=bool(settings.feed_proxies),
            forwarded_allow_ips=settings.feed_proxies,
            timeout_graceful_shutdown=_LAST_WORDS_SECONDS,
        )
        self._server = _Server(config, self._ready)
        self._thread = threading.Thread(target=self._run, args=(sockets,), name="feed http", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise OSError(f"the feed does not answer at {settings.feed} after {_START_SECONDS} s")
        log.info("feed.listening", address=f"{host}:{self.port}")

    def stop(self) -> None:
        """End all streams, let answers under way be finished, and go."""
        if self._thread is None:
            return
        self._stopping = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stream.close)
        self._server.should_exit = True
        self._thread.join()

    def _run(self, sockets: list[socket.socket]) -> None:
        try:
            with last_words(self._context.stopped, "feed.http_stopped"):
                asyncio.run(self._serve(sockets))
        finally:
            self._ready.set()

    async def _serve(self, sockets: list[socket.socket]) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets)
        if not self._stopping:
            raise RuntimeError("the server has ended by itself")


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        self._ready.set()


def door(context: DoorContext) -> Door:
    """All doors over HTTP."""
    return Door(context)


def _listening(host: str, port: int) -> socket.socket:
    """A listening socket. It names its protocol: only then does the event loop send each answer at once (TCP_NODELAY)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
