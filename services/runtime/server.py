"""The gRPC server of a process: commands in, answers out, logs and documents to read, health and reflection.

One interceptor proves who calls and turns malformed input into `INVALID_ARGUMENT`; no handler sees a call without an actor.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import grpc
import structlog
from grants.document.v1 import document_pb2, document_pb2_grpc
from grants.log.v1 import log_pb2_grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.kernel.form import Digest, MalformedError, from_json
from services.kernel.people import Actor, Role
from services.runtime.documents import Documents
from services.runtime.log_servicer import LogServicer
from services.runtime.shards import shard_of
from services.runtime.spec import Spec
from services.runtime.tokens import TokenError, Tokens
from services.runtime.wire import Codec
from services.runtime.writer import Writer

MAX_DOCUMENT_BYTES = 100_000_000
PIECE_BYTES = 1 << 20
_OPEN = ("/grpc.health.", "/grpc.reflection.")
_READERS = (Role.AUDITOR, Role.OPERATOR, Role.OFFICER, Role.SYSTEM)
_GRACE_SECONDS = 2
_DIGEST: Any = Digest  # an Annotated type, not a class
_THREADS = 64
"""For what blocks: checks of tokens, reads of stores, and those who follow a log, each of whom waits in one."""
_actor: ContextVar[Actor] = ContextVar("actor")

log = structlog.get_logger()


class Executor:
    """Carries out one service's commands: form is checked here, everything else in the core."""

    def __init__(self, spec: Spec, writers: Mapping[int, Writer], shards: int, documents: Documents) -> None:
        self._spec, self._writers, self._shards, self._documents = spec, writers, shards, documents
        self._codec = Codec(spec)

    async def Execute(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by the contract
        """Decide a command durably and answer; a refusal is an answer. Cancelling the call does not cancel the command."""
        order = self._codec.order(request, _actor.get())
        for name in self._spec.documents(order.command):
            if await asyncio.to_thread(self._documents.get, name) is None:
                raise MalformedError("document", f"{name} is not kept here", "the name of a document that was uploaded before")
        shard = shard_of(self._spec.decider.shard(order.command), self._shards)
        if shard not in self._writers:
            service = self._spec.decider.service
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{service}/{shard} is written by another process")
        try:
            answer = await asyncio.shield(asyncio.wrap_future(self._writers[shard].submit(order)))
        except RuntimeError as error:  # this process no longer writes the log; whoever takes over answers the same command
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
            raise
        return self._codec.response(answer)


class DocumentServicer(document_pb2_grpc.DocumentServiceServicer):
    """Keeps and gives documents."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def Put(self, request_iterator: AsyncIterator[document_pb2.PutRequest], context: Any) -> document_pb2.PutResponse:  # noqa: ARG002, N802
        """Keep a document of at most `MAX_DOCUMENT_BYTES`."""
        content = bytearray()
        async for request in request_iterator:
            content += request.piece
            if len(content) > MAX_DOCUMENT_BYTES:
                raise MalformedError("piece", "the document is too large", f"at most {MAX_DOCUMENT_BYTES} bytes")
        name = await asyncio.to_thread(self._documents.put, bytes(content))
        return document_pb2.PutResponse(document=name, size_bytes=len(content))

    async def Get(self, request: document_pb2.GetRequest, context: Any) -> AsyncIterator[document_pb2.GetResponse]:  # noqa: N802
        """Give a document to those who handle applications."""
        await _require(context, *_READERS, Role.ASSESSOR, Role.CHAIR)
        name: str = from_json(_DIGEST, request.document, "document")
        content = await asyncio.to_thread(self._documents.get, name)
        if content is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"document: {name} is not kept here")
        for start in range(0, len(content or b""), PIECE_BYTES):
            yield document_pb2.GetResponse(piece=(content or b"")[start : start + PIECE_BYTES])


class Server:
    """Serves in a thread of its own, on an event loop that nothing blocking runs on."""

    def __init__(self, address: str, tokens: Tokens, servicers: Callable[[Any], list[str]]) -> None:
        self._address, self._tokens, self._register = address, tokens, servicers
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="grpc"))
        self._thread = threading.Thread(target=self._loop.run_forever, name="grpc", daemon=True)
        self.port = 0

    def start(self) -> None:
        """Listen.

        Raises:
            RuntimeError: if the address cannot be bound.
        """
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    def stop(self) -> None:
        """Finish the calls in hand, then end."""
        asyncio.run_coroutine_threadsafe(self._server.stop(_GRACE_SECONDS), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> int:
        self._server = grpc.aio.server(interceptors=[_Gate(self._tokens)])
        names = self._register(self._server)
        checker = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(checker, self._server)
        for name in ("", *names):
            await checker.set(name, health_pb2.HealthCheckResponse.SERVING)
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        port = self._server.add_insecure_port(self._address)
        await self._server.start()
        return port


def register(server: Any, executors: Sequence[tuple[Spec, Executor]], documents: Documents, logs: LogServicer) -> list[str]:
    """Put all servicers of a process on a server; gives their full names."""
    names = ["grants.log.v1.LogService", "grants.document.v1.DocumentService"]
    log_pb2_grpc.add_LogServiceServicer_to_server(logs, server)
    document_pb2_grpc.add_DocumentServiceServicer_to_server(DocumentServicer(documents), server)
    for spec, executor in executors:
        (service,) = spec.wire.service.DESCRIPTOR.services_by_name.values()
        getattr(spec.wire.grpc, f"add_{service.name}Servicer_to_server")(executor, server)
        names.append(service.full_name)
    return names


async def _require(context: Any, *roles: Role) -> None:
    if not _actor.get().has(*roles):
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, f"needs one of: {', '.join(sorted(roles))}")


class _Gate(grpc.aio.ServerInterceptor):
    """Lets a call in with a proven actor, and answers for malformed input. Health and reflection are open to all."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method
        if handler is None or method.startswith(_OPEN):
            return handler
        if method.startswith("/grants.log."):
            return self._wrapped(handler, method, _READERS)
        return self._wrapped(handler, method, tuple(Role))

    def _wrapped(self, handler: Any, method: str, roles: tuple[Role, ...]) -> Any:
        if handler.response_streaming:

            async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
                await self._enter(context, roles)
                try:
                    async for response in handler.unary_stream(request, context):
                        yield response
                except MalformedError as error:
                    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

            return grpc.unary_stream_rpc_method_handler(stream, handler.request_deserializer, handler.response_serializer)

        inner = handler.stream_unary if handler.request_streaming else handler.unary_unary

        async def unary(request: Any, context: Any) -> Any:
            await self._enter(context, roles)
            try:
                return await inner(request, context)
            except MalformedError as error:
                log.info("request.malformed", method=method, field=error.field)
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

        make = grpc.stream_unary_rpc_method_handler if handler.request_streaming else grpc.unary_unary_rpc_method_handler
        return make(unary, handler.request_deserializer, handler.response_serializer)

    async def _enter(self, context: Any, roles: tuple[Role, ...]) -> None:
        header = dict(context.invocation_metadata() or ()).get("authorization")
        try:
            _actor.set(await asyncio.to_thread(self._tokens.actor, header))
        except TokenError as error:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(error))
        await _require(context, *roles)
