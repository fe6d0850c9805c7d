"""A client for a process in which many call at once: while calls are on their way, the next commands gather for one together."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import grpc

from services.runtime.batch import Answer
from services.runtime.client import AGAIN, CALL_SECONDS, RejectedError, translated
from services.runtime.spec import Spec
from services.runtime.tls import PLAIN, Tls
from services.runtime.wire import MAX_COMMANDS, Codec

_UNDER_WAY = 2
"""Calls at a time: one that the service works on, and one that it finds when it is done."""
_AGAIN_SECONDS = 0.2


class GatheringClient:
    """Talks to one service as whoever `token` speaks for, from the event loop that it is made in. Answers as `Client` does."""

    def __init__(
        self, address: str, spec: Spec, token: Callable[[], str], *, tls: Tls = PLAIN, patience_seconds: float = 60.0
    ) -> None:
        (service,) = spec.wire.service.DESCRIPTOR.services_by_name.values()
        self._channel = tls.aio_channel(address)
        self._stub: Any = getattr(spec.wire.grpc, f"{service.name}Stub")(self._channel)
        self._address, self._codec, self._token, self._patience = address, Codec(spec), token, patience_seconds
        self._waiting: list[tuple[str, object, asyncio.Future[Answer]]] = []
        self._calls: set[asyncio.Task[None]] = set()

    async def execute(self, command_id: str, command: object) -> Answer:
        """Have a command decided; a refusal is an answer.

        Raises:
            RejectedError: if the service would not decide it.
            UnreachableError: if it did not answer, although asked again.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._send)
        self._waiting.append((command_id, command, future))
        return await future

    async def close(self) -> None:
        """Give back the connection."""
        await self._channel.close()

    def _send(self, ended: "asyncio.Task[None] | None" = None) -> None:
        if ended is not None:
            self._calls.discard(ended)
        while self._waiting and len(self._calls) < _UNDER_WAY:
            share = -(-len(self._waiting) // (_UNDER_WAY - len(self._calls)))  # so that the service need not wait for the next
            batch, self._waiting = self._waiting[: min(share, MAX_COMMANDS)], self._waiting[min(share, MAX_COMMANDS) :]
            call = asyncio.get_running_loop().create_task(self._call(batch))
            self._calls.add(call)
            call.add_done_callback(self._send)

    async def _call(self, batch: "list[tuple[str, object, asyncio.Future[Answer]]]") -> None:
        try:
            answers = await self._answers([(command_id, command) for command_id, command, _ in batch])
        except RejectedError as error:
            if len(batch) == 1:
                _fail(batch[0][2], error)
            else:  # one of them has no form: each is sent alone, so that the others do not pay for it
                for one in batch:
                    await self._call([one])
        except BaseException as error:  # noqa: BLE001 - whatever it is goes to those who wait for the answers
            for _, _, future in batch:
                _fail(future, error)
        else:
            for (_, _, future), answer in zip(batch, answers, strict=True):
                if not future.done():  # whoever asked may have given up
                    future.set_result(answer)

    async def _answers(self, commands: list[tuple[str, object]]) -> list[Answer]:
        end = time.monotonic() + self._patience
        request = self._codec.request_of_many(commands)
        while True:
            metadata = (("authorization", f"Bearer {self._token()}"),)
            try:
                return self._codec.answers(await self._stub.ExecuteMany(request, metadata=metadata, timeout=CALL_SECONDS))
            except grpc.RpcError as error:
                if error.code() not in AGAIN or time.monotonic() > end:
                    raise translated(error, self._address) from error
            await asyncio.sleep(_AGAIN_SECONDS)


def _fail(future: "asyncio.Future[Answer]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
