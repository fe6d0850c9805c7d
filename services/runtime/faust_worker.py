"""Readers driven by a Faust app, for consumers whose work is derived and can be done again.

A record is acknowledged to the broker only after its reader has made its effects durable. The reader's own progress, by
(log, index), is what counts: a consumer group that lags behind or runs ahead of it repeats records or leaves a gap, and the
reader drops the one and fetches the other.
"""

import asyncio
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import structlog

from services.kernel.ports import BusError, Message
from services.runtime.kafka_access import PLAIN, KafkaAccess
from services.runtime.reader import Reader
from services.runtime.relay import topic

faust: Any = import_module("faust")  # ships no types that a strict checker could use
faust_auth: Any = import_module("faust.auth")
aiokafka_errors: Any = import_module("aiokafka.errors")

_BATCH = 100
_WITHIN_SECONDS = 0.05
_RETRY_SECONDS = 1.0

log = structlog.get_logger()


class FaustWorker:
    """Runs the readers of one log in a thread with its own event loop.

    `brokers` is `HOST:PORT,HOST:PORT`. `group` is the consumer group: one for each log that is written, as every log reads all
    of its sources. `stopped` hears, once, of an error after which nothing may go on; a bus that is away is no such error.
    """

    def __init__(
        self,
        readers: Sequence[Reader],
        brokers: str,
        access: KafkaAccess = PLAIN,
        *,
        group: str,
        stopped: Callable[[BaseException], None],
    ) -> None:
        self._readers = {_partition(reader.source): reader for reader in readers}
        self._brokers, self._access, self._group, self._stopped = brokers, access, group, stopped
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"faust {group}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def stop(self) -> None:
        """End after the batch in hand; what is not acknowledged comes again."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended by itself and is closed
                self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._own_loop) as runner:
                runner.run(self._work())
        except BaseException as error:  # noqa: BLE001 - whatever it is, these logs are no longer read, and the owner must know
            self._failure = self._failure or error
        if self._failure is not None:
            try:
                log.error("worker.stopped", group=self._group, reason=repr(self._failure))
            finally:
                self._stopped(self._failure)

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        assert self._loop is not None, "started"  # noqa: S101 - a broken invariant stops the process
        return self._loop

    async def _work(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            while not self._ending.is_set():
                if not await self._caught_up():
                    await self._pause()
                    continue
                app = self._app(scratch)
                try:
                    await app.start()
                    await app.wait_for_stopped(self._ending)
                except aiokafka_errors.KafkaError as error:
                    log.warning("worker.waiting", group=self._group, reason=repr(error))
                else:
                    self._failure = self._failure or app.crash_reason
                    return
                finally:
                    await app.stop()
                await self._pause()

    async def _caught_up(self) -> bool:
        """Let the readers take in what is there: the group may be far ahead of a store that was made anew."""
        try:
            for reader in self._readers.values():
                await asyncio.to_thread(reader.catch_up, self._ending.is_set)
        except BusError as error:
            log.warning("worker.waiting", group=self._group, reason=str(error))
            return False
        return True

    def _app(self, scratch: str) -> Any:
        app = faust.App(
            self._group,
            broker="kafka://" + self._brokers.replace(",", ";"),
            **self._access.faust(faust_auth),
            store="memory://",
            datadir=scratch,
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,  # topics are data; a misspelt name must fail, not appear
            topic_disable_leader=True,
            consumer_auto_offset_reset="earliest",
            stream_wait_empty=False,  # at a rebalance: do not wait for acknowledgements that a waiting owner holds up
        )
        for name in sorted({name for name, _ in self._readers}):
            source = app.topic(name, key_serializer="raw", value_serializer="raw")
            app.agent(source, name=f"{self._group}.{name}", concurrency=1)(self._consume)
        return app

    async def _consume(self, stream: Any) -> None:
        # Not the default loop over a stream: that one acknowledges a record when the next is asked for, done or not.
        async for events in stream.noack_take(_BATCH, within=_WITHIN_SECONDS):
            await self._take([_message(event.message) for event in events])
            for event in events:
                await stream.ack(event)

    async def _take(self, messages: Sequence[Message]) -> None:
        """Give every reader the records of its partition, in order."""
        if self._failure is not None:
            raise self._failure  # an agent that the app has restarted: nothing may be acknowledged past a failure
        try:
            for partition in dict.fromkeys((message.topic, message.partition) for message in messages):
                batch = [message for message in messages if (message.topic, message.partition) == partition]
                await self._take_patiently(self._readers[partition], batch)
        except Exception as error:
            self._failure = error
            self._ending.set()
            raise

    async def _take_patiently(self, reader: Reader, messages: Sequence[Message]) -> None:
        while True:
            try:
                await asyncio.to_thread(reader.take, messages)
            except BusError as error:
                log.warning("reader.waiting", source=reader.source, reason=str(error))
                await self._pause()
                if self._ending.is_set():
                    raise asyncio.CancelledError from error  # nothing is acknowledged: the batch comes again
            else:
                return

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._ending.wait(), _RETRY_SECONDS)
        except TimeoutError:
            return


def _partition(source: str) -> tuple[str, int]:
    service, _, shard = source.partition("/")
    return topic(service), int(shard)


def _message(record: Any) -> Message:
    """A record as the bus port delivers it."""
    headers = record.headers.items() if isinstance(record.headers, dict) else record.headers or ()
    return Message(
        record.topic,
        record.partition,
        record.offset,
        record.key or b"",
        record.value or b"",
        tuple((name, value or b"") for name, value in headers),
    )
