"""A connection over HTTP: what a reader does not take is held within bounds, and not for ever.

A stream has no end, so a reader that takes nothing would have its place and its memory for as long as it likes. Here at most
64 KiB wait for it in the kernel, and of its stream one block more; whoever then takes nothing at all for a minute is cut off. A
reader of the stream comes back with the last id that it saw.
"""

import asyncio
import socket
import struct

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

_UNSENT_BYTES = 65_536
"""Held by the kernel beyond what is on its way; left to itself it holds four megabytes for a reader that was quick once."""
_RESET = struct.pack("ii", 1, 0)

log = structlog.get_logger()


class Connection(H11Protocol):
    """uvicorn's, with an end for those who do not read."""

    patience_seconds = 60.0
    """How long a reader may take nothing: four signs of life of the stream, and as long as most proxies wait."""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in its base class
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # so that writing is paused whenever anything waits
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`: the kernel has not taken all."""
        super().pause_writing()
        self._look_later()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`: now it has."""
        self._look_no_more()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._look_no_more()
        super().connection_lost(exc)

    def _look_later(self) -> None:
        self._timer = self.loop.call_later(self.patience_seconds, self._look, self.transport.get_write_buffer_size())

    def _look_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, waited: int) -> None:
        """Cut the connection off, unless some of what waited has been taken. While it waits, nothing is added."""
        waits = self.transport.get_write_buffer_size()
        if waits < waited:
            self._look_later()
            return
        log.info("http.cut_off", unsent_bytes=waits)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)  # the kernel lets go too
        self.transport.abort()
