"""What the suites of the webhooks have in common."""

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from random import Random  # noqa: TID251 - seeded
from types import TracebackType
from typing import Any, Self

import httpx

from services.publishing.doors.webhooks.addresses import Guard
from services.publishing.doors.webhooks.admin import Admin, NewEndpoint
from services.publishing.doors.webhooks.delivery import Deliverer
from services.publishing.doors.webhooks.endpoints import Delivery, Endpoint
from services.publishing.doors.webhooks.mailer import Mailer
from services.publishing.doors.webhooks.safe import Safe
from services.publishing.doors.webhooks.store import open_webhooks
from services.publishing.doors.webhooks.transport import Transport
from services.publishing.feed import Feed
from tests.services.publishing.feeding import Hands

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
OWNER = "owner@receiver.example"
BASE = "https://feed.example"
LOOPBACK = Guard(allowed=(ip_network("127.0.0.0/8"),))


@dataclass(frozen=True, slots=True)
class Request:
    """What came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def sequence(self) -> int:
        return int(json.loads(self.body)["sequence"])


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


class Receiver:
    """A server of plain HTTP on the loopback address. It answers as `answer` says."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.came = threading.Condition()
        self.answer: Callable[[Request], Reply] = lambda _request: Reply()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                with outer.came:
                    outer.requests.append(request)
                    outer.came.notify_all()
                reply = outer.answer(request)
                self.send_response(reply.status)
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def statuses(self, *statuses: int) -> None:
        """Answer with these, one after the other, and then with the last for ever."""
        left = list(statuses)
        self.answer = lambda _request: Reply(left.pop(0) if len(left) > 1 else left[0])

    def sequences(self) -> list[int]:
        return [request.sequence for request in self.requests]

    def wait(self, count: int, seconds: float = 20) -> None:
        """Until that many requests came."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.requests) >= count, seconds), f"{len(self.requests)} of {count} came"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


class Yard:
    """All parts over a directory, with a clock that is moved by hand. `store`: the URL of another database."""

    def __init__(self, directory: Path, feed: Feed, *, store: str = "", guard: Guard = LOOPBACK) -> None:
        self.directory, self.feed, self.clock = directory, feed, Hands(NOON)
        self.store = open_webhooks(store or f"sqlite:///{directory}")
        self.safe = Safe(f"file:{directory / 'webhook.key'}")
        self.deliverer = Deliverer(
            store=self.store,
            feed=feed,
            safe=self.safe,
            guard=guard,
            transport=Transport(guard, httpx.create_ssl_context()),
            clock=self.clock,
            chance=Random(1).randrange,
            base=BASE,
        )
        self.admin = Admin(self.deliverer)

    def mailer(self, smtp: str) -> Mailer:
        return Mailer(
            store=self.store, safe=self.safe, clock=self.clock, deployment="demo", smtp=smtp, mail_from="noreply@oproep.example"
        )

    def add(self, url: str, name: str = "books", *, start: str = "0", **members: Any) -> str:
        """Add an endpoint; gives its key."""
        new = NewEndpoint(endpoint_id=name, url=url, owner=OWNER, start=start, **members)
        return self.admin.add(new, by="operator-1")[1]

    def step(self, name: str = "books") -> bool:
        return asyncio.run(self.deliverer.step(name))

    def steps(self, name: str = "books", limit: int = 1000) -> int:
        """Until nothing is to be done now; gives how many."""
        for count in range(limit):
            if not self.step(name):
                return count
        return limit

    def endpoint(self, name: str = "books") -> Endpoint:
        with self.store.transaction() as tx:
            found = tx.endpoint(name)
        assert found is not None
        return found

    def log(self, name: str = "books") -> list[Delivery]:
        """The log of deliveries, the oldest first."""
        return list(reversed(self.admin.deliveries(name, 1000)))

    def pass_time(self, time: timedelta) -> None:
        self.clock.at += time

    def until_due(self, name: str = "books") -> timedelta:
        """Pass the time to the next attempt; gives how long that was."""
        wait = self.endpoint(name).due - self.clock.at
        self.clock.at += wait
        return wait

    def until_due_mail(self, name: str = "books") -> timedelta:
        """Pass the time until the owner is told again; gives how long that was."""
        due = self.endpoint(name).mail_due
        assert due is not None
        wait = due - self.clock.at
        self.clock.at += wait
        return wait
