"""The addresses of what stands now: calls, awards with their commitment and payments, and the words that are ours."""

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.publishing.doors import DoorContext
from services.publishing.doors.http.answers import Problem, negotiated, only, page
from services.publishing.doors.rdf import oslo
from services.publishing.doors.rdf.facts import PAYMENT, Facts
from services.publishing.doors.rdf.oslo import Names, Naming
from services.publishing.doors.rdf.terms import Tree
from services.publishing.doors.rdf.vocabulary import vocabulary
from services.publishing.doors.rdf.writing import SUFFIXES, WRITTEN, written
from services.publishing.records import Call

T = TypeVar("T")
_NOW = Naming()


def routes(context: DoorContext) -> list[BaseRoute]:
    """The routes of what stands now."""
    door = _Door(context)
    return [
        Route("/v1/rdf/calls", door.calls),
        Route("/v1/rdf/calls/{id}", door.call),
        Route("/v1/rdf/awards/{id}", door.award),
        Route("/v1/rdf/terms", door.terms),
        *(Route(f"/v1/rdf/calls{suffix}", door.calls) for suffix in SUFFIXES),
        *(Route(f"/v1/rdf/terms{suffix}", door.terms) for suffix in SUFFIXES),
    ]


def media_type(request: Request, suffix: str) -> str:
    """What the answer is written in: what the address ends with, or else what the caller likes best."""
    return SUFFIXES[suffix] if suffix else negotiated(request, WRITTEN)


class _Door:
    """Answers; each in a thread of the pool, as reading the feed may wait for the disk."""

    def __init__(self, context: DoorContext) -> None:
        self._views, self._base = context.views, context.settings.feed_url
        self._facts, self._names = Facts(context.feed, context.views), Names(self._base)

    def calls(self, request: Request) -> Response:
        """All calls."""
        return self._answer(request, [self._call(call) for call in self._views.calls()], _split(request.url.path)[1])

    def call(self, request: Request) -> Response:
        """A call."""
        call, suffix = _asked("call", request, self._views.call)
        return self._answer(request, [self._call(call)], suffix)

    def award(self, request: Request) -> Response:
        """An award, with what was paid on it and what came back."""
        award, suffix = _asked("award", request, self._views.award)
        call, last = self._facts.call(award.call_id), award.events[-1]
        data, paid_on = self._facts.feed.event(last).data, self._facts.paid_on(award.award_id, last)
        tree = oslo.award(self._names, _NOW, data, call, paid_on)
        moves = [
            (oslo.payment if event.type == PAYMENT else oslo.recovery)(self._names, _NOW, event.data, self._facts.day(event))
            for event in self._facts.moves(award.award_id)
        ]
        return self._answer(request, [tree | {"payment": moves} if moves else tree], suffix)

    def terms(self, request: Request) -> Response:
        """What our own words mean."""
        return self._answer(request, vocabulary(self._base), _split(request.url.path)[1])

    def _call(self, call: Call) -> Tree:
        return oslo.call(self._names, _NOW, self._facts.standing(call, call.events[-1]))

    def _answer(self, request: Request, trees: list[Tree], suffix: str) -> Response:
        only(request)
        kind = media_type(request, suffix)
        return page(request, written(trees, self._base, kind), kind, closed=False)


def _asked(what: str, request: Request, find: Callable[[str], T | None]) -> tuple[T, str]:
    """The thing that the address names, and what the address says of the form. An id may itself end as a suffix does."""
    name = request.path_params["id"]
    for stem, suffix in ((name, ""), _split(name)):
        if (found := find(stem)) is not None:
            return found, suffix
    raise Problem(404, "not_found", f"there is no {what} {name[:80]!r}")


def _split(path: str) -> tuple[str, str]:
    suffix = next((suffix for suffix in SUFFIXES if path.endswith(suffix)), "")
    return path.removesuffix(suffix), suffix
