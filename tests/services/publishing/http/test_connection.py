"""Who does not read over a real socket: it is held within bounds, cut off after its time, and comes back having lost nothing."""

import asyncio
import re
import select
import socket
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import pytest

from services.publishing.doors.http import stream
from services.publishing.doors.http.connection import Connection
from tests.services.publishing.feeding import Filled
from tests.services.publishing.http.serving import Open, every_id, opened, streamed

T = TypeVar("T")


def asking(door: Open, path: str) -> socket.socket:
    """A connection that has asked for something, and takes little at a time."""
    asked = socket.socket()
    asked.settimeout(20)
    asked.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asked.connect(("127.0.0.1", door.door.port))
    asked.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return asked


def cut_off(reader: socket.socket, milliseconds: int) -> bool:
    """Whether the other side lets go within that time; nothing is read."""
    poll = select.poll()
    poll.register(reader, 0)
    return bool(poll.poll(milliseconds))


def left_in(reader: socket.socket) -> bytes:
    """What a reader that was cut off still finds."""
    found = bytearray()
    try:
        while piece := reader.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return bytes(found)


class Hasty(Connection):
    """Waits a moment for its reader."""

    patience_seconds = 0.2


def test_a_reader_that_takes_nothing_is_cut_off_and_comes_back_to_where_it_was(
    life: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_READERS", 1)  # it must give its place back, or nobody else is let in
    with opened(life.feed, life.views, connection=Hasty) as door, asking(door, "/v1/stream") as still:
        assert cut_off(still, 20_000)
        seen = [id_.decode() for id_ in re.findall(rb"^id: (\S+)\ndata: .*\n\n", left_in(still), re.MULTILINE)]
        every = every_id(life.feed)
        came = [sent.id for sent in streamed(door, len(every) - len(seen), last_event_id=seen[-1])]
        assert seen + came == every


class Watched(Connection):
    """Looks only when it is told to."""

    patience_seconds = 3600.0
    waiting: "Future[Watched]"
    unsent_then = 0

    def _look_later(self) -> None:
        super()._look_later()
        self.unsent_then = self.transport.get_write_buffer_size()
        if not self.waiting.done():
            self.waiting.set_result(self)

    def ask(self, question: Callable[[], T]) -> T:
        """Ask something in its own loop."""

        async def asked() -> T:
            return question()

        return asyncio.run_coroutine_threadsafe(asked(), self.loop).result(20)

    def unsent(self) -> int:
        return self.ask(self.transport.get_write_buffer_size)

    def look(self) -> None:
        """Do now what it would do in an hour."""
        self.ask(lambda: self._look(self.unsent_then))


def test_a_reader_that_takes_little_is_left_alone(life: Filled) -> None:
    """A page of a hundred events, most of which waits: at the first look some of it was taken, at the second nothing more."""
    Watched.waiting = Future()
    with opened(life.feed, life.views, connection=Watched) as door, asking(door, "/v1/events") as slow:
        connection = Watched.waiting.result(20)
        before = connection.unsent()
        while connection.unsent() == before:
            assert slow.recv(1024)
        assert connection.unsent(), "the page is too short to fill what lies between"
        connection.look()
        assert not connection.transport.is_closing()
        connection.look()
        assert cut_off(slow, 20_000)
