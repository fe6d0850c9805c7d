"""Pages of events as JSON: a batch of CloudEvents each, with the address of the next page in a `Link` header (RFC 8288).

    /v1/events                          after any place, up to so many, of a choice
    /v1/events/pages/<feed id>/<n>      page n of all events: places 100 n to 100 n + 99
    /v1/events/<sequence>               one event
    /v1/events/<feed id>/<sequence>     the same, by its id

There is one form of a page, the batch, and not a second one with an envelope around it: any CloudEvents library reads a batch, a
batch of a choice is put together from the bytes that each event has at every other door, and one form has one ETag. What an
envelope would hold, where to go on, stands in the header, and each event has its own place in it.

A full page never changes. It is marked as that where its address names the history (`feed id`) that it is a page of: were the feed
ever lost and begun anew, no cache answers from the old one.
"""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.publishing.cloudevent import BATCH, JSON, STRUCTURED, structured_bytes
from services.publishing.doors import DoorContext
from services.publishing.doors.http.answers import negotiated, number, only, page
from services.publishing.doors.http.places import address, choice_in, history, look, place_in
from services.publishing.feed import PositionError, PublicEvent

PAGE = 100
"""Events of a page with a number of its own."""
MAX_LIMIT = 1000
_DEFAULT_LIMIT = 100


def routes(context: DoorContext) -> list[BaseRoute]:
    """The routes of this door."""
    door = _Events(context)
    return [
        Route("/v1/events", door.after),
        Route("/v1/events/pages/{feed_id}/{number}", door.numbered),
        Route("/v1/events/{sequence}", door.one),
        Route("/v1/events/{feed_id}/{sequence}", door.by_id),
    ]


def batch(events: Iterable[PublicEvent], source: str) -> bytes:
    """Events as a CloudEvents batch."""
    return b"[" + b",".join(structured_bytes(event, source=source) for event in events) + b"]"


class _Events:
    """Answers from a feed; in threads, as it may have to read."""

    def __init__(self, context: DoorContext) -> None:
        self._feed, self._views, self._base = context.feed, context.views, context.settings.feed_url

    def after(self, request: Request) -> Response:
        """Events after a place."""
        media_type = negotiated(request, (BATCH, JSON))
        only(request, "after", "limit", "call", "type")
        limit = number(request, "limit", _DEFAULT_LIMIT, 1, MAX_LIMIT)
        choice, after = choice_in(request, self._views), place_in(request, self._feed)
        found = look(self._feed, after, limit, choice)
        place = [] if found.place is None else [("after", f"{self._feed.feed_id}/{found.place}")]
        following = address(self._base, "/v1/events", [*place, ("limit", str(limit)), *choice.query()])
        named = "/" in request.query_params.get("after", "")
        body = batch(found.events, self._feed.source)
        return page(request, body, media_type, closed=found.full and named, headers=_links(next=following))

    def numbered(self, request: Request) -> Response:
        """A page of fixed places."""
        media_type = negotiated(request, (BATCH, JSON))
        only(request)
        feed_id, page_number = request.path_params["feed_id"], whole(request.path_params["number"])
        history(self._feed, feed_id)
        length, first = self._feed.length(), page_number * PAGE
        if first > length:
            raise PositionError("beyond", f"there is no page {page_number}; the last is {length // PAGE}")
        events = self._feed.events(first - 1 if first else None, PAGE)
        closed = len(events) == PAGE
        links = {"first": 0, "prev": page_number - 1 if page_number else None, "next": page_number + 1 if closed else None}
        told = {rel: f"{self._base}/v1/events/pages/{feed_id}/{at}" for rel, at in links.items() if at is not None}
        return page(request, batch(events, self._feed.source), media_type, closed=closed, headers=_links(**told))

    def one(self, request: Request) -> Response:
        """An event by its place."""
        return self._single(request, request.path_params["sequence"], closed=False)

    def by_id(self, request: Request) -> Response:
        """An event by its id, which is its place in a history."""
        return self._single(request, f"{request.path_params['feed_id']}/{request.path_params['sequence']}", closed=True)

    def _single(self, request: Request, place: str, *, closed: bool) -> Response:
        media_type = negotiated(request, (STRUCTURED, JSON))
        only(request)
        event = self._feed.event(self._feed.position(place))
        return page(request, structured_bytes(event, source=self._feed.source), media_type, closed=closed)


def whole(text: str) -> int:
    """A number in a path.

    Raises:
        PositionError: if it is none.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > 15 or (text[0] == "0" and text != "0"):  # noqa: PLR2004 - no feed is longer
        raise PositionError("malformed", f"{text[:80]!r} is no number of a page; allowed: 0, 1, 2 …")
    return int(text)


def _links(**addresses: str) -> dict[str, str]:
    return {"Link": ", ".join(f'<{target}>; rel="{rel}"' for rel, target in addresses.items())}
