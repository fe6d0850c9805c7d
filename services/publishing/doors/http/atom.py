"""The feed as an Atom archive (RFC 4287 and RFC 5005): a document with the latest events, and behind it all that came before.

    /v1/atom                    the latest events: what feed readers subscribe to
    /v1/atom/<feed id>/<n>      archive n: places 100 n to 100 n + 99, the latest first

The document for subscribers holds the last full archive's events too, so that one that looks now and then misses none when a new
archive begins; whoever walks back by `prev-archive` drops what has the same `id`, as RFC 5005 has it. A full archive never changes:
its `next-archive` is there from the beginning, and until that is full it is a document without `fh:archive`.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.kernel.form import instant
from services.publishing.cloudevent import STRUCTURED, TYPE_PREFIX, structured_bytes
from services.publishing.doors import DoorContext
from services.publishing.doors.http.answers import Growing, negotiated, only, page
from services.publishing.doors.http.events import PAGE, whole
from services.publishing.doors.http.places import history
from services.publishing.feed import PositionError, PublicEvent

MEDIA_TYPE = "application/atom+xml"
_NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without events was last changed."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def routes(context: DoorContext) -> list[BaseRoute]:
    """The routes of this door."""
    door = _Atom(context)
    return [Route("/v1/atom", door.latest), Route("/v1/atom/{feed_id}/{number}", door.archive)]


class _Atom:
    """Answers from a feed; in threads, as it may have to read."""

    def __init__(self, context: DoorContext) -> None:
        self._feed, self._base = context.feed, context.settings.feed_url
        self._deployment = context.settings.deployment
        self._growing = Growing(context.feed.length)

    def latest(self, request: Request) -> Response:
        """The document for subscribers."""
        negotiated(request, (MEDIA_TYPE,))
        only(request)
        full = self._feed.length() // PAGE
        first = max(full - 1, 0) * PAGE
        links = {"self": self._address(), **({"prev-archive": self._address(full - 1)} if full else {})}
        events = self._feed.events(first - 1 if first else None, 2 * PAGE)
        return page(request, self._document(events, links, archive=False), MEDIA_TYPE, closed=False)

    def archive(self, request: Request) -> Response:
        """An archive, or what will be one."""
        negotiated(request, (MEDIA_TYPE,))
        only(request)
        number, first = whole(request.path_params["number"]), whole(request.path_params["number"]) * PAGE
        history(self._feed, request.path_params["feed_id"])
        if first > self._feed.length():
            raise PositionError("beyond", f"there is no archive {number}; the last is {self._feed.length() // PAGE}")
        events = self._feed.events(first - 1 if first else None, PAGE)
        full = len(events) == PAGE
        links = {"self": self._address(number), "current": self._address()}
        if number:
            links["prev-archive"] = self._address(number - 1)
        if full:
            links["next-archive"] = self._address(number + 1)
        return page(request, self._document(events, links, archive=full), MEDIA_TYPE, closed=full)

    def _latest(self) -> tuple[bytes, bool]:
        full = self._feed.length() // PAGE
        first = max(full - 1, 0) * PAGE
        links = {"self": self._address(), **({"prev-archive": self._address(full - 2)} if full else {})}
        events = self._feed.events(first - 1 if first else None, 2 * PAGE)
        return self._document(events, links, archive=False), False

    def _address(self, number: int | None = None) -> str:
        return f"{self._base}/v1/atom" + ("" if number is None else f"/{self._feed.feed_id}/{number}")

    def _document(self, events: Sequence[PublicEvent], links: dict[str, str], *, archive: bool) -> bytes:
        """A feed document, the latest event first. Its `updated` is that of the latest event."""
        updated = events[-1].time if events else _NOTHING_YET
        lines = [
            '<?xml version="1.0" encoding="utf-8"?>',
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:fh="http://purl.org/syndication/history/1.0" xml:lang="en">',
            f"<id>{in_xml(self._address())}</id>",
            f"<title>{in_xml(f'Awards of {self._deployment}')}</title>",
            f"<updated>{instant(updated)}</updated>",
            f"<author><name>{in_xml(self._deployment)}</name></author>",
            *(f'<link rel="{rel}" type="{MEDIA_TYPE}" href={_quoted(target)}/>' for rel, target in links.items()),
            *(["<fh:archive/>"] if archive else []),
            *(self._entry(event) for event in reversed(events)),
            "</feed>\n",
        ]
        return "\n".join(lines).encode()

    def _entry(self, event: PublicEvent) -> str:
        """An event: its address is its id, its content the CloudEvent as text, its summary words for people."""
        address, told = f"{self._base}/v1/events/{event.id}", instant(event.time)
        content = structured_bytes(event, source=self._feed.source).decode()
        lines = [
            "<entry>",
            f"<id>{in_xml(address)}</id>",
            f"<title>{in_xml(f'{event.type}: {event.subject}')}</title>",
            f"<updated>{told}</updated>",
            f"<published>{told}</published>",
            f'<link rel="alternate" type="{STRUCTURED}" href={_quoted(address)}/>',
            f'<category term="{TYPE_PREFIX}{event.type}"/>',
            f"<category term={_quoted(event.call_id)} scheme={_quoted(f'{self._base}/calls')}/>",
            f"<summary>{in_xml(_summary(event))}</summary>",
            f"<content>{json_in_xml(content)}</content>",
            "</entry>",
        ]
        return "\n".join(lines)


def _summary(event: PublicEvent) -> str:
    """One line for people: who, and how much if it is about money."""
    organisation, title = event.data.get("organisation"), event.data.get("title")
    parts: list[str] = []
    if isinstance(organisation, dict):
        parts.append(str(organisation["name"]))
    if isinstance(title, dict):
        parts.append(str(title.get("en") or next(iter(title.values()))))
    if "amountCents" in event.data:
        cents = int(str(event.data["amountCents"]))
        parts.append(f"{event.data['currency']} {'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02}")
    return ", ".join([*parts, event.call_id])


def in_xml(text: str) -> str:
    """Text between tags."""
    return escape(_NOT_XML.sub("\ufffd", text))


def _quoted(text: str) -> str:
    """Text as the value of an attribute, with its quotes."""
    return quoteattr(_NOT_XML.sub("\ufffd", text))


def json_in_xml(text: str) -> str:
    """JSON between tags. What XML cannot hold is written as JSON can write it, so nothing is lost."""
    return escape(_NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text))
