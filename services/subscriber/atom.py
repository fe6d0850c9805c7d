"""The door of the Atom archive (RFC 5005): back from the latest document to the one with the last place, then forward."""

import json
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from services.subscriber.event import CutError, Event, FeedError, Place, structured
from services.subscriber.web import Web

_ATOM = "{http://www.w3.org/2005/Atom}"


class Atom:
    """Reads `/v1/atom`. Archives on the way are kept by address only, so that a long way back needs little room."""

    live = False

    def __init__(self, web: Web) -> None:
        self._web = web

    def events(self, after: Place | None) -> Iterator[Event]:
        """What there is after that place."""
        wanted = after.sequence + 1 if after else 0
        address, way = "/v1/atom", list[str]()
        while True:
            way.append(address)
            found, previous = self._document(address)
            if previous is None or (found and found[0].place.sequence <= wanted):
                break
            address = previous
        last = wanted - 1
        while way:
            for event in found:
                if event.place.sequence > last:
                    yield event
                    last = event.place.sequence
            way.pop()
            if way:
                found, _ = self._document(way[-1])

    def close(self) -> None:
        """Give back connections."""
        self._web.close()

    def _document(self, address: str) -> tuple[list[Event], str | None]:
        """A document's events, the earliest first, and the address of the one before it."""
        content = self._web.get(address, "application/atom+xml").content
        if b"<!DOCTYPE" in content:
            raise FeedError(f"{address}: a document with a type declaration")
        try:
            root = ET.fromstring(content)  # noqa: S314 - see above
            texts = [entry.findtext(f"{_ATOM}content") or "" for entry in root.iter(f"{_ATOM}entry")]
            events = [structured(json.loads(text)) for text in texts]
        except (ET.ParseError, ValueError) as error:
            raise CutError(f"{address}: no whole document: {error}") from error
        links = {link.get("rel"): link.get("href") for link in root.findall(f"{_ATOM}link")}
        return sorted(events, key=lambda event: event.place.sequence), links.get("prev-archive")
