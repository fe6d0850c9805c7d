"""The feed as a stream: `GET /v1/stream`, server-sent events (the WHATWG's `EventSource`), from any place on and then live.

Each reader pulls at its own pace and keeps its own place; nothing is queued for it. One that does not read fills the buffer of its
own connection and waits there, until it is cut off (`connection.py`). A change of the feed wakes all readers at once, and what they
then want is read and written out once for all of them.

The `id` of an event is its place (`<feed id>/<sequence>`); a browser that comes back names it in `Last-Event-ID`. There is no
`event` field: whoever listens gets all types, also one that comes later, and the type stands in the data.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from services.publishing.cloudevent import structured_bytes
from services.publishing.doors import DoorContext
from services.publishing.doors.http.answers import Problem, negotiated, only
from services.publishing.doors.http.places import Choice, choice_in, place_in

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
_RETRY_MILLISECONDS = 3000
_READERS = 5000
_BLOCK = 64
_BLOCKS_KEPT = 64
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class _Frame:
    """An event as it goes over the wire, with what a reader chooses by."""

    sequence: int
    call_id: str
    type: str
    text: bytes


class Stream:
    """All readers of the stream. Everything but reading the feed happens in one event loop; `open` it there."""

    def __init__(self, context: DoorContext, *, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._feed, self._views = context.feed, context.views
        self._heartbeat_seconds = heartbeat_seconds
        self._changed = asyncio.Event()
        """Set when the feed grows, and another one put in its place."""
        self._blocks: OrderedDict[int, Sequence[_Frame]] = OrderedDict()
        self._loading: dict[int, asyncio.Task[Sequence[_Frame]]] = {}
        self._readers = 0
        self._closed = False

    def open(self) -> None:
        """Hear of changes from now on."""
        loop = asyncio.get_running_loop()

        def grown() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._wake)

        self._end = self._feed.on_change(grown)

    def close(self) -> None:
        """Let every reader go, after what it is being sent."""
        if not self._closed:
            self._closed = True
            self._end()
            self._wake()

    def routes(self) -> list[BaseRoute]:
        """The routes of this door."""
        return [Route("/v1/stream", self._answer)]

    async def _answer(self, request: Request) -> Response:
        """Begin a stream. What is wrong with the request is told before it begins."""
        negotiated(request, (MEDIA_TYPE,))
        only(request, "after", "call", "type")
        choice = await to_thread.run_sync(choice_in, request, self._views)
        place = place_in(request, self._feed, header="last-event-id")
        if request.method == "HEAD":
            return Response(headers=_HEADERS, media_type=MEDIA_TYPE)
        if self._readers >= _READERS:
            raise Problem(503, "too_many_readers", f"{_READERS} readers are here already", headers={"Retry-After": "30"})
        return StreamingResponse(self.told(-1 if place is None else place, choice), headers=_HEADERS, media_type=MEDIA_TYPE)

    async def told(self, place: int, choice: Choice) -> AsyncIterator[bytes]:
        """What a reader after that place is sent, in pieces of at most a block."""
        self._readers += 1
        passed_over = False
        try:
            yield b"retry: %d\n\n" % _RETRY_MILLISECONDS
            while not self._closed:
                changed = self._changed
                if frames := await self._after(place):
                    place = frames[-1].sequence
                    wanted = [frame.text for frame in frames if choice.takes(frame.call_id, frame.type)]
                    passed_over = not choice.takes(frames[-1].call_id, frames[-1].type)
                    if wanted:
                        yield b"".join(wanted)
                    continue
                if passed_over:  # an id alone moves the place from which the reader comes back, and shows it nothing
                    passed_over = False
                    yield f"id: {self._feed.feed_id}/{place}\n\n".encode()
                try:
                    await asyncio.wait_for(changed.wait(), self._heartbeat_seconds)
                except TimeoutError:
                    yield b": nothing new\n\n"
        finally:
            self._readers -= 1

    async def _after(self, place: int) -> Sequence[_Frame]:
        """The events after a place, up to the end of their block; none at the end of the feed."""
        number, offset = divmod(place + 1, _BLOCK)
        wanted = min(self._feed.length() - number * _BLOCK, _BLOCK)
        if wanted <= offset:
            return ()
        frames = self._blocks.get(number, ())
        while len(frames) < wanted:
            if number not in self._loading:
                self._loading[number] = asyncio.create_task(self._load(number))
            frames = await asyncio.shield(self._loading[number])  # a reader that leaves does not take it from the others
        return frames[offset:]

    async def _load(self, number: int) -> Sequence[_Frame]:
        """Read a block, once for all who want it now."""
        try:
            frames = await to_thread.run_sync(self._read, number)
        finally:
            del self._loading[number]
        self._blocks[number] = frames
        self._blocks.move_to_end(number)
        while len(self._blocks) > _BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        return frames

    def _read(self, number: int) -> Sequence[_Frame]:
        """A block out of the feed."""
        first, source = number * _BLOCK, self._feed.source
        return [
            _Frame(
                event.sequence,
                event.call_id,
                event.type,
                b"id: %s\ndata: %s\n\n" % (event.id.encode(), structured_bytes(event, source=source)),
            )
            for event in self._feed.events(first - 1 if first else None, _BLOCK)
        ]

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
