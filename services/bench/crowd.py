"""Many readers of the stream in one process: `python -m services.bench.crowd HOST:PORT READERS AFTER`.

Each has a connection of its own, and ends the process if an event is missing or comes twice. The process says when all of them are
there, and of each event when the last of them has it.
"""

import asyncio
import signal
import sys
from collections import Counter
from time import perf_counter

from services.bench.reading import say, streamed

_AT_ONCE = 50


class _Crowd:
    """What all of them have."""

    def __init__(self, readers: int) -> None:
        self._readers = readers
        self._had: Counter[int] = Counter()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def has(self, sequence: int, at: float) -> None:
        """One more has that event."""
        self._had[sequence] += 1
        if self._had[sequence] == self._readers:
            say(sequence=sequence, at=at)

    def fail(self, words: str) -> None:
        """End it, as one of them has not what it should."""
        if not self.ended.done():
            self.ended.set_exception(RuntimeError(words))

    def end(self) -> None:
        """End it."""
        if not self.ended.done():
            self.ended.set_result(None)


class _Reader(asyncio.Protocol):
    """One reader, after that place."""

    def __init__(self, crowd: _Crowd, host: str, after: int) -> None:
        self._crowd, self._host, self._after, self._last = crowd, host, after, after
        self._held = bytearray()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a connection
        asked = f"GET /v1/stream?after={self._after} HTTP/1.1\r\nHost: {self._host}\r\nAccept: text/event-stream\r\n\r\n"
        transport.write(asked.encode())

    def data_received(self, data: bytes) -> None:
        """Count."""
        at = perf_counter()
        self._held += data
        if not self.ready.done() and b"retry:" in self._held:
            self.ready.set_result(None)
        for sequence in streamed(self._held):
            if sequence != self._last + 1:
                self._crowd.fail(f"event {sequence} came after {self._last}")
            self._last = sequence
            self._crowd.has(sequence, at)

    def connection_lost(self, exc: Exception | None) -> None:
        """None may leave."""
        self._crowd.fail(f"the stream ended: {exc}; {bytes(self._held[:300])!r}")


async def _main(where: str, readers: int, after: int) -> None:
    host, _, port = where.rpartition(":")
    loop, crowd, gate = asyncio.get_running_loop(), _Crowd(readers), asyncio.Semaphore(_AT_ONCE)
    loop.add_signal_handler(signal.SIGTERM, crowd.end)

    async def join() -> None:
        async with gate:
            _, reader = await loop.create_connection(lambda: _Reader(crowd, where, after), host, int(port))
            await reader.ready

    await asyncio.gather(*(join() for _ in range(readers)))
    say(ready=readers)
    await crowd.ended


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
