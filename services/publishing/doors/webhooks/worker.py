"""The door: a thread with an event loop, in which up to so many endpoints are sent to at a time, each in its own order.

None holds up another: an attempt keeps its place for a second at most and then goes on beside, those whose last attempt failed or
was slow have no more than half of the places between them (`rota.py`), and one that fails comes back later and later. The feed
waits for nobody here.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from secrets import randbelow
from typing import Any, TypeVar

import httpx
from grants.webhooks.v1 import webhooks_pb2, webhooks_pb2_grpc

from services.publishing.doors import DoorContext
from services.publishing.doors.webhooks.addresses import Guard, networks
from services.publishing.doors.webhooks.admin import Admin
from services.publishing.doors.webhooks.delivery import Deliverer
from services.publishing.doors.webhooks.mailer import Mailer
from services.publishing.doors.webhooks.rota import Rota
from services.publishing.doors.webhooks.safe import Safe
from services.publishing.doors.webhooks.servicer import Servicer
from services.publishing.doors.webhooks.store import open_webhooks
from services.publishing.doors.webhooks.transport import Transport
from services.runtime.clock import clock
from services.runtime.ending import last_words

_LOOK_SECONDS = 1.0
"""How long an attempt that falls due may wait to be seen."""
PLACE_SECONDS = 1.0
"""How long an attempt may hold a place: a receiver that only keeps what it gets has long answered by then."""
_GRACE_SECONDS = 5.0
"""How long a stop waits for attempts under way; what is broken off is sent again, under the same id."""

T = TypeVar("T")


class Webhooks:
    """Sends to as many endpoints at a time as the rota has places, and is told by operators what to send to."""

    def __init__(
        self,
        deliverer: Deliverer,
        mailer: Mailer,
        rota: Rota,
        *,
        stopped: Callable[[BaseException], None],
        place_seconds: float = PLACE_SECONDS,
    ) -> None:
        self.admin = Admin(deliverer)
        self._deliverer, self._mailer, self._rota, self._stopped = deliverer, mailer, rota, stopped
        self._place_seconds = place_seconds
        self._busy: dict[str, asyncio.Task[bool]] = {}
        self._mailing: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """End after the attempts under way, or in the midst of them if they take too long."""
        self._stop.set()
        self.wake()
        self._thread.join()

    def serve(self, server: Any) -> list[str]:
        """Put the operators' service on a gRPC server; gives its name."""
        webhooks_pb2_grpc.add_WebhookServiceServicer_to_server(Servicer(self.admin, self.run, self.wake), server)
        return [webhooks_pb2.DESCRIPTOR.services_by_name["WebhookService"].full_name]

    def wake(self) -> None:
        """Look at once at what is to be done; from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended in this very moment
                self._loop.call_soon_threadsafe(self._wake.set)

    def run(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Have something done in the event loop of the door; from any thread.

        Raises:
            RuntimeError: if the door is not open.
        """
        if self._loop is None or self._stop.is_set():
            work.close()
            raise RuntimeError("no webhooks are sent now")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self) -> None:
        try:
            with last_words(self._stopped, "webhooks.stopped"):
                asyncio.run(self._main())
        finally:
            self._deliverer.store.close()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        end = self._deliverer.feed.on_change(self.wake)
        try:
            while not self._stop.is_set():
                self._wake.clear()
                self._begin()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), _LOOK_SECONDS)
        finally:
            end()
            await self._end()

    def _begin(self) -> None:
        """Begin with every endpoint that an attempt is due for, as far as there is room; and with mails that are owed."""
        now, length = self._deliverer.clock.now(), self._deliverer.feed.length()
        passed = self._busy.keys() | self._rota.slow  # none of these may hide one that has its turn
        with self._deliverer.store.transaction() as tx:
            ready, owed = tx.ready(now, length, len(passed) + self._rota.at_once), tx.owed_mails(now)
        for endpoint_id, failed in ready:
            if endpoint_id not in self._busy and self._rota.begin(endpoint_id, failed=failed):
                self._attempt(endpoint_id)
        if owed and self._mailing is None:
            self._mailing = asyncio.create_task(self._mailer.send_owed())
            self._mailing.add_done_callback(self._mailed)

    def _attempt(self, endpoint_id: str) -> None:
        task = self._busy[endpoint_id] = asyncio.create_task(self._deliverer.step(endpoint_id))
        place = asyncio.get_running_loop().call_later(self._place_seconds, self._outlasts, endpoint_id)
        task.add_done_callback(partial(self._done, endpoint_id, place))

    def _outlasts(self, endpoint_id: str) -> None:
        self._rota.outlast(endpoint_id)
        self._wake.set()

    def _done(self, endpoint_id: str, place: asyncio.TimerHandle, task: "asyncio.Task[bool]") -> None:
        place.cancel()
        del self._busy[endpoint_id]
        self._rota.end(endpoint_id)
        self._wake.set()
        self._heed(task)

    def _mailed(self, task: "asyncio.Task[None]") -> None:
        self._mailing = None
        self._heed(task)

    def _heed(self, task: "asyncio.Task[Any]") -> None:
        """An attempt that fails is an outcome; what comes here is the store, or a bug, and nothing goes on without it."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._stop.set()
            with last_words(self._stopped, "webhooks.failed"):
                raise error

    async def _end(self) -> None:
        tasks: list[asyncio.Task[Any]] = [*self._busy.values()]
        tasks += [self._mailing] if self._mailing is not None else []
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def door(context: DoorContext) -> Webhooks:
    """The door, as the settings say."""
    settings = context.settings
    store, safe, now = open_webhooks(settings.store), Safe(settings.webhook_key), clock(settings.clock)
    guard = Guard(allowed=networks(settings.webhook_allow), ports=frozenset(map(int, settings.webhook_ports.split(","))))
    deliverer = Deliverer(
        store=store,
        feed=context.feed,
        safe=safe,
        guard=guard,
        transport=Transport(guard, httpx.create_ssl_context()),
        clock=now,
        chance=randbelow,
        base=settings.feed_url if settings.feed or settings.feed_base else "",
    )
    mailer = Mailer(
        store=store, safe=safe, clock=now, deployment=settings.deployment, smtp=settings.smtp, mail_from=settings.mail_from
    )
    return Webhooks(deliverer, mailer, Rota(settings.webhook_at_once), stopped=context.stopped)
