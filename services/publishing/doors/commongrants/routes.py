"""The routes of the protocol: lists, single records and searches, of opportunities and of awards.

An answer is the protocol's. What is wrong is told by the problem document that all doors have, with the members of the protocol's
error (`status`, `message`, `errors`) in it. No clock is asked: whether a call is open is told as the feed stood at its last event.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from common_grants_sdk.schemas.pydantic.models import AwardBase, OpportunityDetails
from common_grants_sdk.schemas.pydantic.requests import AwdSearchRequest, OpportunitySearchRequest
from common_grants_sdk.schemas.pydantic.responses import (
    AwardResponse,
    AwardsFilteredResponse,
    AwardsListResponse,
    OpportunitiesListResponse,
    OpportunitiesSearchResponse,
    OpportunityResponse,
)
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.publishing.doors import DoorContext
from services.publishing.doors.commongrants import models
from services.publishing.doors.commongrants.asking import MAX_BYTES, MAX_PAGE_SIZE, PAGE_SIZE, Wanted, page_of, question
from services.publishing.doors.commongrants.records import (
    AWARD_ORDERS,
    OPPORTUNITY_ORDERS,
    Granted,
    Opportunity,
    Records,
    wanted_awards,
    wanted_opportunities,
)
from services.publishing.doors.http.answers import LOOK_AGAIN, VARY, Problem, negotiated, number, only, page
from services.publishing.terms import Published
from services.publishing.views import Filter

JSON = "application/json"
_OK: dict[str, Any] = {"status": 200, "message": "Success"}
_ROOT = "/common-grants"
_MAX_PAGE = 2**31 - 1
_SEARCH = "search"

T = TypeVar("T")


def routes(context: DoorContext) -> list[BaseRoute]:
    """The routes of this door."""
    door = _Door(context)
    return [
        Route(f"{_ROOT}/opportunities", _told(door.opportunities)),
        Route(f"{_ROOT}/opportunities/{_SEARCH}", _asked(door.search_opportunities), methods=["POST"]),
        Route(f"{_ROOT}/opportunities/{{id}}", _told(door.opportunity)),
        Route(f"{_ROOT}/awards", _told(door.awards)),
        Route(f"{_ROOT}/awards/{_SEARCH}", _asked(door.search_awards), methods=["POST"]),
        Route(f"{_ROOT}/awards/{{id}}", _told(door.award)),
    ]


class _Door:
    """Answers; each in a thread of the pool, as reading the feed may wait for the disk."""

    def __init__(self, context: DoorContext) -> None:
        self._records = Records(context.feed, context.views, context.settings.feed_url)
        self._naming = self._records.naming

    def opportunities(self, request: Request) -> Response:
        """A page of all calls."""
        items, info = _listed(request, self._records.opportunities())
        return _answer(request, OpportunitiesListResponse, {"items": self._shown(items), "paginationInfo": info})

    def opportunity(self, request: Request) -> Response:
        """A call, with its awards if it publishes them."""
        found = self._records.opportunity(number := _number(request))
        if found is None:
            raise Problem(404, "not_found", f"there is no opportunity {number}")
        awards = None
        if found.call.tells(Published.APPLICANT):
            awards = [one.award for one in self._records.granted(Filter(call_id=found.call.call_id))]
        told = models.opportunity(self._naming, found.call, now=self._records.now(), changed=found.changed, awards=awards)
        return _answer(request, OpportunityResponse, {"data": _wire(told)})

    def search_opportunities(self, body: bytes) -> Response:
        """A page of the calls that are meant."""
        asked = question(OpportunitySearchRequest, body)
        wanted = wanted_opportunities(asked)
        pages = asked.pagination if "pagination" in asked.model_fields_set else None
        size = PAGE_SIZE if pages is None or "page_size" not in pages.model_fields_set else pages.page_size
        found = wanted.found(self._records.opportunities(), OPPORTUNITY_ORDERS)
        items, info = page_of(found, 1 if pages is None else pages.page, size)
        return _found(OpportunitiesSearchResponse, self._shown(items), info, wanted, asked.filters)

    def awards(self, request: Request) -> Response:
        """A page of all awards."""
        items, info = _listed(request, self._records.granted())
        return _answer(request, AwardsListResponse[AwardBase], {"items": self._granted(items), "paginationInfo": info})

    def award(self, request: Request) -> Response:
        """An award."""
        found = self._records.award(number := _number(request))
        if found is None:
            raise Problem(404, "not_found", f"there is no award {number}")
        return _answer(request, AwardResponse[AwardBase], {"data": _wire(models.award(self._naming, found.award, found.call))})

    def search_awards(self, body: bytes) -> Response:
        """A page of the awards that are meant."""
        asked = question(AwdSearchRequest, body)
        wanted, pages = wanted_awards(asked, self._naming), asked.pagination
        found = wanted.found(self._records.granted(), AWARD_ORDERS)
        items, info = page_of(found, *((1, PAGE_SIZE) if pages is None else (pages.page, pages.page_size)))
        return _found(AwardsFilteredResponse[AwardBase], self._granted(items), info, wanted, asked.filters)

    def _shown(self, items: Sequence[Opportunity]) -> list[Any]:
        now = self._records.now()
        return [_wire(models.opportunity(self._naming, one.call, now=now, changed=one.changed)) for one in items]

    def _granted(self, items: Sequence[Granted]) -> list[Any]:
        return [_wire(models.award(self._naming, one.award, one.call)) for one in items]


def _told(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """A route that is read."""

    @wraps(answer)
    def told(request: Request) -> Response:
        try:
            negotiated(request, (JSON,))
            return answer(request)
        except Problem as problem:
            raise _as_error(problem) from problem

    return told


def _asked(answer: Callable[[bytes], Response]) -> Callable[[Request], Awaitable[Response]]:
    """A route that a question is sent to."""

    @wraps(answer)
    async def asked(request: Request) -> Response:
        try:
            negotiated(request, (JSON,))
            only(request)
            return await run_in_threadpool(answer, await _body(request))
        except Problem as problem:
            raise _as_error(problem) from problem

    return asked


async def _body(request: Request) -> bytes:
    """The question, which is JSON and not long; without one, all is meant."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise Problem(413, "too_large", f"the body is longer than {MAX_BYTES} bytes; allowed: so many")
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != JSON and (body or kind):
        raise Problem(415, "unsupported_media_type", f"Content-Type: {kind[:80]!r}; allowed: {JSON}", allowed=[JSON])
    return bytes(body)


def _as_error(problem: Problem) -> Problem:
    """The problem with the members that the protocol's error has."""
    said = str(problem)
    members = {"message": said, "errors": [said], **problem.members}
    return Problem(problem.status, problem.code, said, headers=problem.headers, **members)


def _number(request: Request) -> UUID:
    text = request.path_params["id"]
    if text == _SEARCH:
        raise HTTPException(405, "a search is sent by POST", headers={"Allow": "POST"})
    try:
        return UUID(text)
    except ValueError as error:
        raise Problem(400, "malformed", f"{text[:80]!r} is no UUID", field="id") from error


def _listed(request: Request, items: Sequence[T]) -> tuple[Sequence[T], dict[str, int]]:
    only(request, "page", "pageSize")
    return page_of(items, number(request, "page", 1, 1, _MAX_PAGE), number(request, "pageSize", PAGE_SIZE, 1, MAX_PAGE_SIZE))


def _wire(model: AwardBase | OpportunityDetails) -> dict[str, Any]:
    """A record as it is sent: what is not known is left out."""
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _answer(request: Request, model: type[BaseModel], members: dict[str, Any]) -> Response:
    return page(request, _bytes(model, members), JSON, closed=False)


def _found(
    model: type[BaseModel], items: list[Any], info: dict[str, int], wanted: Wanted[Any], asked: BaseModel | None
) -> Response:
    applied = {} if asked is None else asked.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"custom_filters"})
    members = {
        "items": items,
        "paginationInfo": info,
        "sortInfo": wanted.sort_info(),
        "filterInfo": {"filters": applied, "errors": wanted.errors},
    }
    return Response(_bytes(model, members), headers={"Cache-Control": LOOK_AGAIN, "Vary": VARY}, media_type=JSON)


def _bytes(model: type[BaseModel], members: dict[str, Any]) -> bytes:
    """An answer that has passed the protocol's own model."""
    return model.model_validate({**_OK, **members}).model_dump_json(by_alias=True, exclude_unset=True).encode()
