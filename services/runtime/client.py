"""Calls to the services over gRPC: commands, logs, documents. Deadlines are explicit; a lost answer is asked for again.

Repeating a command id repeats the answer, not the deed, so an unknown outcome is settled by sending the same command again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from copy import copy
from typing import Any, TypeVar

import grpc
from grants.document.v1 import document_pb2, document_pb2_grpc
from grants.log.v1 import log_pb2, log_pb2_grpc

from services.kernel.ports import BusError, Stored
from services.runtime import tracing
from services.runtime.batch import Answer
from services.runtime.server import PIECE_BYTES
from services.runtime.spec import Spec
from services.runtime.tls import PLAIN, Tls, TlsError
from services.runtime.wire import Codec

T = TypeVar("T")
CALL_SECONDS = 20.0
AGAIN = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})


class UnreachableError(RuntimeError):
    """A service did not answer in time; nothing is known about the outcome of the call."""


class RejectedError(RuntimeError):
    """A service said no before deciding anything: malformed, not authenticated, not found."""


class Client:
    """Talks to one service at `address`, as whoever `token` speaks for (asked anew for each call)."""

    def __init__(self, address: str, token: Callable[[], str], *, tls: Tls = PLAIN, patience_seconds: float = 60.0) -> None:
        self._channel = tls.channel(address)
        self._address, self._token, self._patience = address, token, patience_seconds
        self._logs = log_pb2_grpc.LogServiceStub(self._channel)
        self._documents = document_pb2_grpc.DocumentServiceStub(self._channel)

    def execute(self, spec: Spec, command_id: str, command: object) -> Answer:
        """Have a command decided; a refusal is an answer.

        Raises:
            RejectedError: if the service would not decide it.
            UnreachableError: if it did not answer, although asked again.
        """
        (service,) = spec.wire.service.DESCRIPTOR.services_by_name.values()
        stub = getattr(spec.wire.grpc, f"{service.name}Stub")(self._channel)
        codec = Codec(spec)
        request = codec.request(command_id, command)
        return codec.answer(self._call(lambda: stub.Execute(request, **self._terms())))

    def entries(self, name: str, start: int, limit: int = 0, *, follow: bool = False) -> Iterator[Stored]:
        """A log's entries from `start` on."""
        request = log_pb2.ReadEntriesRequest(log=name, start=start, limit=limit, follow=follow)
        terms: dict[str, Any] = {"metadata": self._metadata()} if follow else self._terms()
        stream = self._logs.ReadEntries(request, **terms)
        try:
            for entry in stream:
                yield Stored(entry.index, entry.stream, entry.value, entry.leaf)
        except grpc.RpcError as error:
            raise translated(error, self._address) from error

    def heads(self) -> list[log_pb2.LogHead]:
        """Where the logs of the service stand."""
        return list(self._call(lambda: self._logs.ReadHeads(log_pb2.ReadHeadsRequest(), **self._terms())).heads)

    def checkpoint(self, name: str) -> log_pb2.ReadCheckpointResponse:
        """A log's signed checkpoint, with the keys that its writer says it has.

        Raises:
            RejectedError: if there is none yet.
        """
        request = log_pb2.ReadCheckpointRequest(log=name)
        return self._call(lambda: self._logs.ReadCheckpoint(request, **self._terms()))

    def state(self, name: str, kind: str = "", prefix: str = "") -> list[log_pb2.ReadStateResponse]:
        """State records of a log."""
        request = log_pb2.ReadStateRequest(log=name, kind=kind, prefix=prefix)
        return self._call(lambda: list(self._logs.ReadState(request, **self._terms())))

    def dead_letters(self) -> list[log_pb2.DeadLetter]:
        """What the service has set aside."""
        return list(self._call(lambda: self._logs.ListDeadLetters(log_pb2.ListDeadLettersRequest(), **self._terms())).dead_letters)

    def replay_dead_letters(self, name: str, source: str, stream: str) -> log_pb2.ReplayDeadLettersResponse:
        """Have a stream's records taken in again."""
        request = log_pb2.ReplayDeadLettersRequest(log=name, source=source, stream=stream)
        return self._call(lambda: self._logs.ReplayDeadLetters(request, **self._terms()))

    def upload(self, content: bytes) -> str:
        """Keep a document; gives its name."""

        def pieces() -> Iterator[document_pb2.PutRequest]:
            for start in range(0, len(content), PIECE_BYTES):
                yield document_pb2.PutRequest(piece=content[start : start + PIECE_BYTES])

        return self._call(lambda: self._documents.Put(pieces(), **self._terms())).document

    def download(self, name: str) -> bytes:
        """A document's content."""
        request = document_pb2.GetRequest(document=name)
        return self._call(lambda: b"".join(part.piece for part in self._documents.Get(request, **self._terms())))

    def speaking(self, token: Callable[[], str]) -> "Client":
        """The same connection for somebody else."""
        other = copy(self)
        other._token = token  # noqa: SLF001 - its own kind
        return other

    def close(self) -> None:
        """Give back the connection."""
        self._channel.close()

    def _terms(self) -> dict[str, Any]:
        return {"metadata": self._metadata(), "timeout": CALL_SECONDS}

    def _metadata(self) -> Sequence[tuple[str, str]]:
        return (("authorization", f"Bearer {self._token()}"), tracing.onward())

    def _call(self, call: Callable[[], T]) -> T:
        end = time.monotonic() + self._patience
        while True:
            try:
                return call()
            except grpc.RpcError as error:
                problem = translated(error, self._address)
                left = end - time.monotonic()
                if not isinstance(problem, UnreachableError) or left <= 0:
                    raise problem from error
                with suppress(grpc.FutureTimeoutError):  # then the next call says what is wrong
                    grpc.channel_ready_future(self._channel).result(timeout=min(left, 5.0))


class RemoteOwner:
    """Fetches what the bus has not brought from the service that wrote it."""

    def __init__(self, client: Callable[[str], Client]) -> None:
        self._client = client

    def entries(self, name: str, start: int, end: int) -> Sequence[Stored]:
        """See `Owner.entries`."""
        try:
            found = list(self._client(name.partition("/")[0]).entries(name, start, end - start))
        except (UnreachableError, RejectedError, TlsError) as error:
            raise BusError(f"{name} {start} to {end} could not be fetched: {error}") from error
        if [stored.index for stored in found] != list(range(start, end)):
            raise BusError(f"{name} {start} to {end}: the owner gave {len(found)} entries")
        return found


def translated(error: grpc.RpcError, address: str) -> RuntimeError:
    """The error of a call in the words of this module."""
    code, detail = error.code(), error.details()
    if code in AGAIN:
        return UnreachableError(f"{address}: {detail}")
    return RejectedError(f"{address}: {code.name}: {detail}")
