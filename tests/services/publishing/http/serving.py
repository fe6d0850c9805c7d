"""The doors over HTTP, open on a real socket, and readers that speak to them."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from services.publishing.codec import SPEC
from services.publishing.doors import DoorContext
from services.publishing.doors.http.app import Door
from services.publishing.doors.http.connection import Connection
from services.publishing.feed import Feed
from services.publishing.views import Views
from services.runtime.restore import restore
from services.runtime.settings import Settings
from services.runtime.sql_store import open_store
from services.tlog.notes import SigningKey
from tests.services.publishing.feeding import DEPLOYMENT, LOG, Filled

BASE = "https://feed.example"
"""The public address, which the server is told and not asked."""


@dataclass(frozen=True, slots=True)
class Open:
    """An open door."""

    url: str
    feed: Feed
    client: httpx.Client
    door: Door

    def get(self, path: str, **headers: str) -> httpx.Response:
        """What it answers; underlines in the names of headers are hyphens. A public address is asked for here."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(self.url + path.removeprefix(BASE), headers=named)


def settings(rate: int = 0, proxies: str = "") -> Settings:
    return Settings(deployment=DEPLOYMENT, feed="127.0.0.1:0", feed_base=BASE, feed_rate=rate, feed_proxies=proxies)


@contextmanager
def opened(
    feed: Feed, views: Views, rate: int = 0, proxies: str = "", connection: type[Connection] = Connection
) -> Generator[Open]:
    """The doors of a feed."""
    failures: list[BaseException] = []
    door = Door(DoorContext(feed=feed, views=views, settings=settings(rate, proxies), stopped=failures.append), connection)
    door.start()
    try:
        with httpx.Client(timeout=20) as client:
            yield Open(f"http://127.0.0.1:{door.port}", feed, client, door)
    finally:
        door.stop()
    assert not failures


@contextmanager
def restored(life: Filled, directory: Path, keys: Sequence[SigningKey] = ()) -> Generator[Feed]:
    """The same feed in an empty store, made again from its log; signed with `keys`."""
    with life.store.read() as reads:
        entries = reads.entries(0, reads.head().length)
    store = open_store(f"sqlite:///{directory}", LOG, SPEC.decider.checks)
    try:
        restore(store, SPEC.decider, entries, deployment=DEPLOYMENT, name=LOG, keys=keys)
        yield Feed(store, deployment=DEPLOYMENT)
    finally:
        store.close()


def ids(response: httpx.Response) -> list[str]:
    """The ids of a page's events."""
    assert response.status_code == 200, response.text
    return [event["id"] for event in response.json()]


def links(response: httpx.Response) -> dict[str, str]:
    """The addresses in its `Link` header."""
    return {str(name): link["url"] for name, link in response.links.items()}


def every_id(feed: Feed) -> list[str]:
    return [f"{feed.feed_id}/{sequence}" for sequence in range(feed.length())]


@dataclass(frozen=True, slots=True)
class Sent:
    """A server-sent event."""

    id: str
    data: str


def messages(lines: Iterator[str]) -> Iterator[Sent]:
    """What a stream sends, after the WHATWG's rules: an event without data moves the id and is not shown."""
    id_, data = "", list[str]()
    for line in lines:
        if not line:
            yield Sent(id_, "\n".join(data))
            data = []
        elif line.startswith("id: "):
            id_ = line.removeprefix("id: ")
        elif line.startswith("data: "):
            data.append(line.removeprefix("data: "))
        else:
            assert line.startswith((":", "retry: ")), line


def streamed(door: Open, count: int, path: str = "/v1/stream", **headers: str) -> list[Sent]:
    """The first `count` events of a stream; then the reader leaves."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    found: list[Sent] = []
    with door.client.stream("GET", door.url + path, headers=named) as response:
        assert response.status_code == 200, response.read()
        for sent in messages(response.iter_lines()):
            if sent.data:
                found.append(sent)
            if len(found) == count:
                break
    return found


class Reader(threading.Thread):
    """A reader of the stream in a thread of its own, until it has `count` events or the server lets it go."""

    def __init__(self, door: Open, count: int, path: str = "/v1/stream") -> None:
        super().__init__(daemon=True)
        self.door, self.count, self.path = door, count, path
        self.here = threading.Event()
        self.found: Sequence[Sent] = ()

    def run(self) -> None:
        with httpx.Client(timeout=20) as client, client.stream("GET", self.door.url + self.path) as response:
            found: list[Sent] = []
            self.found = found
            for sent in messages(response.iter_lines()):
                self.here.set()
                if sent.data:
                    found.append(sent)
                if len(found) == self.count:
                    return
