"""The gRPC server of a process: commands in, answers out, logs and documents to read, health and reflection.

One interceptor proves who calls and turns malformed input into `INVALID_ARGUMENT`; no handler sees a call without an actor.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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
from services.runtime import tracing
from services.runtime.batch import Answer, Order
from services.runtime.documents import DestroyedError, Documents
from services.runtime.log_servicer import LogServicer
from services.runtime.shards import shard_of
from services.runtime.spec import Spec
from services.runtime.tls import PLAIN, Tls
from services.runtime.tokens import TokenError, Tokens
from services.runtime.wire import Codec
from services.runtime.writer import Writer

MAX_DOCUMENT_BYTES = 100_000_000
PIECE_BYTES = 1 << 20
_OPEN = ("/grpc.health.", "/grpc.reflection.")
READERS = (Role.AUDITOR, Role.OPERATOR, Role.OFFICER, Role.SYSTEM)
"""Who may read the entries of logs."""
_GRACE_SECONDS = 2
_DIGEST: Any = Digest  # an Annotated type, not a class
_THREADS = 64
"""For what blocks: checks of tokens, reads of stores, and those who follow a log, each of whom waits in one."""
_actor: ContextVar[Actor] = ContextVar("actor")

log = structlog.get_logger()


class Executor:
    """Carries out one service's commands: form is checked here, everything else in the core."""

    def __init__(self, spec: Spec, writers: Mapping[int, Writer], shards: int, documents: Documents) -> None:
        self._spec, self._shards, self._documents = spec, shards, documents
        self._doors = {shard: _Door(writer) for shard, writer in writers.items()}
        self._codec = Codec(spec)

    async def Execute(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by the contract
        """Decide a command durably and answer; a refusal is an answer. Cancelling the call does not cancel the command."""
        (answer,) = await self._decided([self._codec.order(request, _actor.get(), tracing.followed())], context)
        return self._codec.response(answer)

    async def ExecuteMany(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by the contract
        """Decide commands durably, those of one log in the order of the request, and answer when all are done."""
        answers = await self._decided(self._codec.orders(request, _actor.get(), tracing.followed()), context)
        return self._codec.many(answers)

    async def _decided(self, orders: Sequence[Order], context: Any) -> Sequence[Answer]:
        by_shard: dict[int, list[int]] = {}
        for number, order in enumerate(orders):
            await self._check_documents(order)
            by_shard.setdefault(shard_of(self._spec.decider.shard(order.command), self._shards), []).append(number)
        if missing := by_shard.keys() - self._doors.keys():
            name = f"{self._spec.decider.service}/{min(missing)}"
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{name} is written by another process")
        under_way = [(numbers, self._doors[shard].submit([orders[n] for n in numbers])) for shard, numbers in by_shard.items()]
        answers: dict[int, Answer] = {}
        try:
            for numbers, future in under_way:
                answers |= zip(numbers, await asyncio.shield(future), strict=True)
        except RuntimeError as error:  # this process no longer writes the log; whoever takes over answers the same command
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
            raise
        return [answers[number] for number in range(len(orders))]

    async def _check_documents(self, order: Order) -> None:
        for name in self._spec.documents(order.command):
            if not await asyncio.to_thread(self._documents.has, name):
                raise MalformedError("document", f"{name} is not kept here", "the name of a document that was uploaded before")


class _Door:
    """Where commands of one log go in.

    Those that came in one turn of the event loop go to the writer together, and their answers come back together: a crossing
    between threads costs as much as a decision.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: list[tuple[Sequence[Order], asyncio.Future[Sequence[Answer]]]] = []

    def submit(self, orders: Sequence[Order]) -> "asyncio.Future[Sequence[Answer]]":
        """The answers after the commit. From the event loop only."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[Answer]] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._send, loop)
        self._waiting.append((orders, future))
        return future

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting, self._waiting = self._waiting, []
        done = self._writer.submit_all([order for orders, _ in waiting for order in orders])
        done.add_done_callback(lambda done: loop.call_soon_threadsafe(self._deliver, waiting, done))

    @staticmethod
    def _deliver(waiting: list[tuple[Sequence[Order], asyncio.Future[Sequence[Answer]]]], done: "Future[list[Answer]]") -> None:
        error, start = done.exception(), 0
        for orders, future in waiting:
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result()[start : start + len(orders)])
                start += len(orders)


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
        try:
            name = await asyncio.to_thread(self._documents.put, bytes(content))
        except DestroyedError as error:
            raise MalformedError("piece", str(error), "a document that was not destroyed") from error
        return document_pb2.PutResponse(document=name, size_bytes=len(content))

    async def Get(self, request: document_pb2.GetRequest, context: Any) -> AsyncIterator[document_pb2.GetResponse]:  # noqa: N802
        """Give a document to those who handle applications."""
        await require(context, *READERS, Role.ASSESSOR, Role.CHAIR)
        name: str = from_json(_DIGEST, request.document, "document")
        content = await asyncio.to_thread(self._documents.get, name)
        if content is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"document: {name} is not kept here")
        for start in range(0, len(content or b""), PIECE_BYTES):
            yield document_pb2.GetResponse(piece=(content or b"")[start : start + PIECE_BYTES])


class Server:
    """Serves in a thread of its own, on an event loop that nothing blocking runs on."""

    def __init__(self, address: str, tokens: Tokens, servicers: Callable[[Any], list[str]], tls: Tls = PLAIN) -> None:
        self._address, self._tokens, self._register, self._tls = address, tokens, servicers, tls
        self.port = 0

    def start(self) -> None:
        """Listen.

        Raises:
            RuntimeError: if the address cannot be bound.
            TlsError: if a certificate is missing or is not what it must be.
        """
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="grpc"))
        self._thread = threading.Thread(target=self._loop.run_forever, name="grpc", daemon=True)
        self._thread.start()
        try:
            self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        """Finish the calls in hand, then end."""
        asyncio.run_coroutine_threadsafe(self._server.stop(_GRACE_SECONDS), self._loop).result()
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> int:
        self._server = grpc.aio.server(
            interceptors=[_Gate(self._tokens)],
            options=[("grpc.so_reuseport", 0)],  # a second process on one address is a mistake, and must hear of it
        )
        names = self._register(self._server)
        checker = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(checker, self._server)
        for name in ("", *names):
            await checker.set(name, health_pb2.HealthCheckResponse.SERVING)
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        port = self._tls.bind(self._server, self._address)
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


def caller() -> Actor:
    """Who makes the call that is being answered."""
    return _actor.get()


async def require(context: Any, *roles: Role) -> None:
    """End the call that is being answered if its caller has none of these roles."""
    if not _actor.get().has(*roles):
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, f"needs one of: {', '.join(sorted(roles))}")


class _Gate(grpc.aio.ServerInterceptor):
    """Lets a call in with a proven actor, and answers for malformed input. Health and reflection are open to all."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._handlers: dict[str, Any] = {}

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        method: str = handler_call_details.method
        if method in self._handlers:
            return self._handlers[method]
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        if not method.startswith(_OPEN):
            handler = self._wrapped(handler, method, READERS if method.startswith("/grants.log.") else tuple(Role))
        self._handlers[method] = handler
        return handler

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
        tracing.enter(context.invocation_metadata())
        header = dict(context.invocation_metadata() or ()).get("authorization")
        try:
            actor = self._tokens.known(header)
            if actor is None:
                actor = await asyncio.to_thread(self._tokens.actor, header)
            _actor.set(actor)
        except TokenError as error:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(error))
        await require(context, *roles)
