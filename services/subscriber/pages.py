"""The door of pages: batches of CloudEvents, each asked for after the last place."""

import json
from collections.abc import Iterator
from http import HTTPStatus

from services.subscriber.event import CutError, Event, Place, structured
from services.subscriber.web import Web

_BATCH = "application/cloudevents-batch+json"


class Pages:
    """Reads `/v1/events`."""

    live = False

    def __init__(self, web: Web, *, limit: int = 500) -> None:
        self._web, self._limit = web, limit
        self._seen: tuple[str, str] = ("", "")
        """The address that had nothing new, and the ETag of that answer."""

    def events(self, after: Place | None) -> Iterator[Event]:
        """What there is after that place."""
        while True:
            address = f"/v1/events?limit={self._limit}" + (f"&after={after}" if after else "")
            known = {"If-None-Match": self._seen[1]} if self._seen[0] == address else {}
            answer = self._web.get(address, _BATCH, known)
            if answer.status_code == HTTPStatus.NOT_MODIFIED:
                return
            try:
                documents = json.loads(answer.content)
            except ValueError as error:
                raise CutError(f"a page that is no JSON: {error}") from error
            self._seen = (address, answer.headers.get("etag", "")) if not documents else ("", "")
            if not documents:
                return
            for document in documents:
                event = structured(document)
                yield event
                after = event.place

    def close(self) -> None:
        """Give back connections."""
        self._web.close()
