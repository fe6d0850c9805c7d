"""A process's logs as the files of C2SP tlog-tiles over HTTP: what a witness, a mirror or an auditor's own tools fetch.

    /<service>/<shard>/checkpoint
    /<service>/<shard>/tile/<level>/<index>[.p/<width>]
    /<service>/<shard>/tile/entries/<index>[.p/<width>]

Checkpoints and hashes are for everybody: anyone may watch that a log only grows. Entries are for those who may read logs, with the
same access token as over gRPC. Everything is answered from the store, beside the writer, as it was last committed.
"""

import gzip
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog

from services.kernel.ports import Reads, Store
from services.runtime.tokens import TokenError
from services.tlog.tiles import ENTRIES, WIDTH, bundle, parse_path, width_of

_IDLE_SECONDS = 10
_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_FOR_EVER = "max-age=31536000, immutable"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    kind: str
    keep: str


class _Listener(ThreadingHTTPServer):
    """A thread for each connection."""

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - named by its base class
        """A connection ends by a fault: of its caller, who may have gone, or of the store. The others go on."""
        log.warning("tlog.broken_off", exc_info=True)  # noqa: LOG014 - it is called while the exception is handled


class TlogServer:
    """Serves the logs of `stores` in threads of its own. `may_read` tells whether an `authorization` header opens entries."""

    def __init__(self, address: str, stores: Mapping[str, Store], may_read: Callable[[str | None], bool]) -> None:
        """Listen; nothing is answered before `start`.

        Raises:
            OSError: if the address cannot be bound.
        """
        host, _, port = address.rpartition(":")
        self._server = _Listener((host.strip("[]"), int(port)), partial(_Handler, stores, may_read))
        self._thread = threading.Thread(target=self._server.serve_forever, name="tlog http", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_address[1]

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "oproep"
    sys_version = ""
    timeout = _IDLE_SECONDS

    def __init__(self, stores: Mapping[str, Store], may_read: Callable[[str | None], bool], *connection: Any) -> None:
        self._stores, self._may_read = stores, may_read
        super().__init__(*connection)

    def do_GET(self) -> None:
        """Answer with a file of a log."""
        service, _, rest = self.path.removeprefix("/").partition("/")
        shard, _, place = rest.partition("/")
        store = self._stores.get(f"{service}/{shard}")
        if store is None:
            self._say(HTTPStatus.NOT_FOUND, "no such log")
            return
        if place.startswith(f"tile/{ENTRIES}/") and not self._may_read_entries():
            return
        with store.read() as reads:
            file = _file(reads, place)
        if file is None:
            self._say(HTTPStatus.NOT_FOUND, "no such file, or not yet")
        else:
            self._send(HTTPStatus.OK, file)

    do_HEAD = do_GET  # noqa: N815 - named by its base class

    def _may_read_entries(self) -> bool:
        """Whether the caller may; otherwise the caller has been told."""
        try:
            allowed = self._may_read(self.headers.get("authorization"))
        except TokenError as error:
            self._say(HTTPStatus.UNAUTHORIZED, str(error), ("WWW-Authenticate", "Bearer"))
            return False
        if not allowed:
            self._say(HTTPStatus.FORBIDDEN, "your roles do not read entries")
        return allowed

    def _say(self, status: HTTPStatus, words: str, *headers: tuple[str, str]) -> None:
        self._send(status, _File(f"{words}\n".encode(), _TEXT, "no-cache"), *headers)

    def _send(self, status: HTTPStatus, file: _File, *headers: tuple[str, str]) -> None:
        content = file.content
        if "gzip" in self.headers.get("accept-encoding", ""):
            content, headers = gzip.compress(content, mtime=0), (*headers, ("Content-Encoding", "gzip"))
        self.send_response(status)
        for name, value in (("Content-Type", file.kind), ("Cache-Control", file.keep), ("Vary", "Accept-Encoding"), *headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by its base class
        """Tell the log of the process."""
        log.debug("tlog.request", said=format % args)


def _file(reads: Reads, place: str) -> _File | None:
    """The file at that place of a log; None if it has none."""
    if place == "checkpoint":
        head = reads.tree_head()
        return None if head is None or head.checkpoint is None else _File(head.checkpoint.encode(), _TEXT, "no-cache")
    tile = parse_path(place)
    if tile is None or tile[2] > width_of(*tile[:2], reads.head().length):
        return None
    level, index, width = tile
    if isinstance(level, str):
        entries = reads.entries(index * WIDTH, width)
        return _File(bundle(stored.value for stored in entries), _BYTES, f"private, {_FOR_EVER}")
    return _File(b"".join(reads.hashes(level, index * WIDTH, width)), _BYTES, f"public, {_FOR_EVER}")
