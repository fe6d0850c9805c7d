"""The door of the stream: server-sent events, from the last place on and then as they happen."""

import json
from collections.abc import Iterable, Iterator

from services.subscriber.event import CutError, Event, Place, structured
from services.subscriber.web import Web


class Stream:
    """Reads `/v1/stream`."""

    live = True

    def __init__(self, web: Web) -> None:
        self._web = web

    def events(self, after: Place | None) -> Iterator[Event]:
        """Everything after that place, without end: it raises CutError when the other side lets go."""
        headers = {"Last-Event-ID": str(after)} if after else {}
        with self._web.stream("/v1/stream", "text/event-stream", headers) as answer:
            for text in told(answer.iter_lines()):
                try:
                    document = json.loads(text)
                except ValueError as error:
                    raise CutError(f"an event that is no JSON: {error}") from error
                yield structured(document)
        raise CutError("the stream ended")

    def close(self) -> None:
        """Give back connections."""
        self._web.close()


def told(lines: Iterable[str]) -> Iterator[str]:
    """The data of each event; one that its empty line does not end has not come whole, and is dropped."""
    data: list[str] = []
    for line in lines:
        if not line and data:
            yield "\n".join(data)
            data = []
        elif line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
