"""Places and choices as a reader names them over HTTP, and the events that lie behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request

from services.publishing.cloudevent import TYPE_PREFIX
from services.publishing.doors.http.answers import Problem, text_of
from services.publishing.events import PUBLIC
from services.publishing.feed import Feed, PositionError, PublicEvent
from services.publishing.views import Views

LOOKED_AT = 2560
"""Events that one page with a filter looks at, at most: then it says where to go on, however few it found."""
_CHOICES = 100
"""Of calls or types, in one question."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events a reader wants: of any of these calls and any of these types; without one of them, of all."""

    calls: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def takes(self, call_id: str, kind: str) -> bool:
        """Whether an event of that call and type is wanted."""
        return (not self.calls or call_id in self.calls) and (not self.types or kind in self.types)

    def query(self) -> list[tuple[str, str]]:
        """The choice as parameters of a query, one way of writing for one choice."""
        return [("call", call) for call in self.calls] + [("type", kind) for kind in self.types]


@dataclass(frozen=True, slots=True)
class Found:
    """What lies behind a place: the events, the place up to which was looked, and whether more can never be found here."""

    events: Sequence[PublicEvent]
    place: int | None
    full: bool


def problem_of(error: PositionError, feed: Feed, base: str) -> Problem:
    """What a reader is told who names a place that this feed does not have: why, and where to start."""
    status, code = {"malformed": (400, "malformed_place"), "other_history": (410, "other_history")}.get(
        error.code, (404, "beyond_the_end")
    )
    return Problem(status, code, str(error), feed=feed.feed_id, length=str(feed.length()), start=f"{base}/v1/events")


def place_in(request: Request, feed: Feed, *, header: str | None = None) -> int | None:
    """The place after which a reader wants to read: of the header if it is there, else of `after`; None: from the first event.

    Raises:
        PositionError: if the feed does not have it.
    """
    text = text_of(request, "after")
    if header is not None:
        text = request.headers.get(header) or text
    return None if text is None else feed.position(text)


def history(feed: Feed, feed_id: str) -> None:
    """Hold a reader to the history that it names in a path.

    Raises:
        PositionError: if this feed has another.
    """
    if feed_id != feed.feed_id:
        raise PositionError("other_history", f"{feed_id[:80]!r} is another history than this one, {feed.feed_id!r}")


def choice_in(request: Request, views: Views) -> Choice:
    """What a reader chooses with `call` and `type`, each as often as wanted. A type may have its prefix.

    Raises:
        Problem: 400 for a type that there is not, 404 for a call that the feed has not told of.
    """
    calls = tuple(sorted(set(request.query_params.getlist("call"))))
    types = tuple(sorted({kind.removeprefix(TYPE_PREFIX) for kind in request.query_params.getlist("type")}))
    if len(calls) > _CHOICES:
        raise Problem(400, "out_of_range", f"call: {len(calls)} calls; allowed: {_CHOICES}", field="call")
    for kind in types:
        if kind not in PUBLIC:
            raise Problem(
                400, "unknown_type", f"type: {kind[:80]!r}; allowed: {', '.join(PUBLIC)}", field="type", allowed=[*PUBLIC]
            )
    for call in calls:
        if views.call(call) is None:
            raise Problem(404, "unknown_call", f"call: the feed tells of no call {call[:80]!r}", field="call")
    return Choice(calls, types)


def look(feed: Feed, after: int | None, limit: int, choice: Choice) -> Found:
    """Up to `limit` events of a choice after a place. The work is bounded, and the same question finds the same again.

    Raises:
        PositionError: if the feed does not have the place.
    """
    if choice == Choice():
        events = feed.events(after, limit)
        return Found(events, events[-1].sequence if events else after, len(events) == limit)
    found: list[PublicEvent] = []
    looked, place = 0, after
    while looked < LOOKED_AT and (chunk := feed.events(place, min(256, LOOKED_AT - looked))):
        for event in chunk:
            looked, place = looked + 1, event.sequence
            if choice.takes(event.call_id, event.type):
                found.append(event)
                if len(found) == limit:
                    return Found(found, place, full=True)
    return Found(found, place, looked == LOOKED_AT)


def address(base: str, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
    """An address below the public one."""
    return f"{base}{path}" + (f"?{urlencode(query, safe='/:')}" if query else "")
