"""What a process tells about its logs over gRPC: entries, heads, state, and what was set aside."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from grants.log.v1 import log_pb2 as pb
from grants.log.v1 import log_pb2_grpc as pb_grpc

from services.kernel.form import MalformedError
from services.kernel.ports import Reads, Stored
from services.runtime.reader import Reader
from services.runtime.writer import Writer

_PAGE = 500
_FOLLOW_SECONDS = 0.5


class LogServicer(pb_grpc.LogServiceServicer):
    """Answers from the store, beside the writer. `swept` tells each log's last sweep, `pending` its work in hand."""

    def __init__(
        self,
        writers: Mapping[str, Writer],
        readers: Mapping[str, Sequence[Reader]],
        swept: Mapping[str, Any],
        pending: Callable[[str, Reads], int],
    ) -> None:
        self._writers, self._readers, self._swept, self._pending = writers, readers, swept, pending

    async def ReadEntries(self, request: pb.ReadEntriesRequest, context: Any) -> AsyncIterator[pb.ReadEntriesResponse]:  # noqa: ARG002, N802
        """Entries from `start` on, up to `limit` (0: no limit); with `follow` also those to come."""
        writer = self._writer(request.log)
        if request.start < 0 or request.limit < 0:
            raise MalformedError("start, limit", f"{request.start}, {request.limit}", "numbers from 0")
        at, end = request.start, request.start + request.limit if request.limit else None
        while end is None or at < end:
            page = await asyncio.to_thread(_page, writer, at, _PAGE if end is None else min(_PAGE, end - at))
            for stored in page:
                yield pb.ReadEntriesResponse(index=stored.index, stream=stored.stream, value=stored.value, leaf=stored.leaf)
            at += len(page)
            if not page and not request.follow:
                return
            if not page:
                await asyncio.to_thread(writer.wait_beyond, at, _FOLLOW_SECONDS)

    async def ReadHeads(self, request: pb.ReadHeadsRequest, context: Any) -> pb.ReadHeadsResponse:  # noqa: ARG002, N802
        """Where all logs of this process stand."""
        return pb.ReadHeadsResponse(heads=[await asyncio.to_thread(self._head, name) for name in self._writers])

    async def ReadState(self, request: pb.ReadStateRequest, context: Any) -> AsyncIterator[pb.ReadStateResponse]:  # noqa: ARG002, N802
        """State rows as they are now."""
        for row in await asyncio.to_thread(_rows, self._writer(request.log), request.kind, request.prefix):
            yield row

    async def ListDeadLetters(self, request: pb.ListDeadLettersRequest, context: Any) -> pb.ListDeadLettersResponse:  # noqa: ARG002, N802
        """What was set aside, and what is held behind it."""
        return await asyncio.to_thread(self._dead_letters)

    async def ReplayDeadLetters(self, request: pb.ReplayDeadLettersRequest, context: Any) -> pb.ReplayDeadLettersResponse:  # noqa: N802
        """Take a stream's records in again, in order, as far as they can be read now."""
        self._writer(request.log)
        reader = next((r for r in self._readers[request.log] if r.source == request.source), None)
        if reader is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"source: {request.log} does not read {request.source!r}")
            raise AssertionError("abort does not return")
        replayed = await asyncio.to_thread(reader.replay, request.stream)
        letters = (await asyncio.to_thread(self._dead_letters)).dead_letters
        same = (request.log, request.source, request.stream)
        return pb.ReplayDeadLettersResponse(replayed=replayed, left=sum((d.log, d.source, d.stream) == same for d in letters))

    async def ReadCheckpoint(self, request: pb.ReadCheckpointRequest, context: Any) -> pb.ReadCheckpointResponse:  # noqa: N802
        """What the last commit was signed as."""
        writer = self._writer(request.log)
        checkpoint = await asyncio.to_thread(_checkpoint, writer)
        if checkpoint is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"log: {request.log} has no signed checkpoint yet")
            raise AssertionError("abort does not return")
        return pb.ReadCheckpointResponse(checkpoint=checkpoint, keys=[str(key.verifier) for key in writer.keys])

    def _writer(self, name: str) -> Writer:
        if name not in self._writers:
            raise MalformedError("log", f"{name!r} is not written here", ", ".join(sorted(self._writers)))
        return self._writers[name]

    def _head(self, name: str) -> pb.LogHead:
        with self._writers[name].store.read() as reads:
            head = reads.head()
            sources = [
                pb.Source(log=reader.source, next_index=reads.progress(reader.source).next_index) for reader in self._readers[name]
            ]
            pending, parked, relayed = self._pending(name, reads), len(reads.parked()), reads.relayed()
        return pb.LogHead(
            log=name,
            length=head.length,
            relayed=relayed,
            last_time=_timestamp(head.last_time),
            sources=sources,
            parked=parked,
            swept_at=_timestamp(self._swept.get(name)),
            pending=pending,
        )

    def _dead_letters(self) -> pb.ListDeadLettersResponse:
        letters: list[pb.DeadLetter] = []
        for name, writer in self._writers.items():
            with writer.store.read() as reads:
                letters += [
                    pb.DeadLetter(log=name, source=p.source, index=p.index, stream=p.stream, reason=p.reason)
                    for p in reads.parked()
                ]
        return pb.ListDeadLettersResponse(dead_letters=letters)


def _checkpoint(writer: Writer) -> str | None:
    with writer.store.read() as reads:
        head = reads.tree_head()
    return None if head is None else head.checkpoint


def _page(writer: Writer, start: int, limit: int) -> Sequence[Stored]:
    with writer.store.read() as reads:
        return reads.entries(start, limit)


def _rows(writer: Writer, kind: str, prefix: str) -> list[pb.ReadStateResponse]:
    with writer.store.read() as reads:
        kinds = [kind] if kind else reads.kinds()
        return [pb.ReadStateResponse(kind=k, key=key, body=body.decode()) for k in kinds for key, body in reads.rows(k, prefix)]


def _timestamp(value: Any) -> Timestamp | None:
    if value is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return stamp
