"""The stream and what stands now on a real socket, and how a reader sees them as graphs."""

import logging
import socket
import threading
import warnings
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from rdflib import BNode, Graph, URIRef
from rdflib.term import Node
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from services.publishing.doors import DoorContext
from services.publishing.doors.http.answers import Problem
from services.publishing.doors.http.places import problem_of
from services.publishing.doors.ldes import routes as ldes
from services.publishing.doors.ldes.pages import Layout, Page, Stream
from services.publishing.doors.rdf import routes as rdf
from services.publishing.doors.rdf.facts import Facts
from services.publishing.doors.rdf.writing import turtle
from services.publishing.feed import Feed, PositionError
from services.publishing.views import Views
from services.runtime.settings import Settings

BASE = "https://feed.example"
SMALL = Layout(page=10, part=4)
TREE, LDES = "https://w3id.org/tree#", "https://w3id.org/ldes#"
TIME = "http://www.w3.org/ns/prov#generatedAtTime"

logging.getLogger("rdflib.term").setLevel(logging.ERROR)  # it says at each reading that two of the official shapes have odd names


def stream(feed: Feed, views: Views, layout: Layout = SMALL) -> Stream:
    """The pages without a server."""
    return Stream(feed, Facts(feed, views), BASE, layout)


def bytes_of(page: Page) -> bytes:
    return turtle(page.trees, BASE)


def graph(text: bytes | str, media_type: str = "text/turtle") -> Graph:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's reader of JSON-LD uses a class that rdflib deprecates
        return Graph().parse(data=text, format={"application/ld+json": "json-ld"}.get(media_type, "turtle"))


def extracted(graph: Graph, member: Node) -> Graph:
    """A member as a client takes it from its page: its own triples, and those of its blank nodes."""
    found, to_see, seen = Graph(), [member], {member}
    while to_see:
        for triple in graph.triples((to_see.pop(), None, None)):
            found.add(triple)
            if isinstance(triple[2], BNode) and triple[2] not in seen:
                seen.add(triple[2])
                to_see.append(triple[2])
    return found


def grounded(graph: Graph) -> Counter[str]:
    """All triples, each blank node replaced by what is said of it: alike for graphs that say the same, where blank nodes go in no
    circle, and much faster found than an isomorphism."""

    def said(node: Node) -> str:
        if not isinstance(node, BNode):
            return node.n3()
        return f"[{' ; '.join(sorted(f'{path.n3()} {said(value)}' for path, value in graph.predicate_objects(node)))}]"

    return Counter(f"{said(subject)} {path.n3()} {said(value)}" for subject, path, value in graph)


def members(graph: Graph) -> list[Node]:
    return list(graph.objects(None, URIRef(TREE + "member")))


@dataclass(frozen=True, slots=True)
class Served:
    """A running server; its public address is the one that it listens at."""

    base: str
    feed: Feed
    client: httpx.Client

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(self.base + path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def graph(self, path: str, media_type: str = "text/turtle") -> Graph:
        answer = self.get(path, Accept=media_type)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith(media_type)
        return graph(answer.content, media_type)

    @property
    def history(self) -> str:
        return f"/v1/ldes/{self.feed.feed_id}"


def _stopped(error: BaseException) -> None:
    raise AssertionError from error


@contextmanager
def serving(feed: Feed, views: Views, layout: Layout = SMALL) -> Generator[Served]:
    """A server of both doors; callers that come before it answers wait at its socket."""
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = Settings(deployment="demo", feed_base=base)
    context = DoorContext(feed=feed, views=views, settings=settings, stopped=_stopped)

    async def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response(request, base)

    async def misplaced(request: Request, error: Exception) -> Response:
        assert isinstance(error, PositionError)
        return problem_of(error, feed, base).response(request, base)

    app = Starlette(
        routes=[*ldes.routes(context, layout), *rdf.routes(context)],
        exception_handlers={Problem: problem, PositionError: misplaced},
    )
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        with httpx.Client(timeout=60) as client:
            yield Served(base, feed, client)
    finally:
        server.should_exit = True
        thread.join()
