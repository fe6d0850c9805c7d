"""A process that runs services: for each of their logs a writer, a relay, a reader for each source, and one gRPC server for all.

Whatever can no longer go on ends the process, and whoever started it starts it again: half a service helps nobody.
"""

import gc
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from google.protobuf.message import Message
from prometheus_client import start_http_server

from services.kernel.ports import Bus, BusError, Reads
from services.runtime import metrics
from services.runtime.client import Client, RemoteOwner
from services.runtime.clock import clock
from services.runtime.documents import Documents
from services.runtime.ending import last_words
from services.runtime.kafka_access import KafkaAccess
from services.runtime.local_bus import LocalBus
from services.runtime.log_keys import seeds
from services.runtime.log_servicer import LogServicer
from services.runtime.reader import Interpreter, Reader, follow_all
from services.runtime.relay import Relay
from services.runtime.server import READERS, Executor, Server, register
from services.runtime.settings import Settings
from services.runtime.shards import system_actor
from services.runtime.spec import Serving, Spec, Worker
from services.runtime.sql_store import open_store
from services.runtime.state import RowView
from services.runtime.tlog_http import TlogServer
from services.runtime.tls import Tls
from services.runtime.tokens import LocalIssuer, Tokens
from services.runtime.writer import Writer
from services.tlog.notes import SigningKey, origin

_SWEEP_EVERY = timedelta(seconds=1)
_TICK_SECONDS = 0.05

log = structlog.get_logger()


def open_bus(settings: Settings) -> Bus:
    """The bus that the settings name."""
    url = settings.bus
    if url.startswith("local:"):
        return LocalBus(Path(url.removeprefix("local:")))
    from services.runtime.kafka_bus import KafkaBus  # noqa: PLC0415 - a standalone installation never loads a Kafka client

    return KafkaBus(url.removeprefix("kafka://"), KafkaAccess.of(settings))


class Host:
    """Runs `names` out of `catalog` with `settings`. Use: `start()`, then `wait()`, then `stop()`.

    Raises TlsError, before it touches any log, if certificates are missing or are not what they must be.
    """

    def __init__(self, catalog: Mapping[str, Spec], names: Sequence[str], settings: Settings) -> None:
        self._catalog, self._settings, self._tls = catalog, settings, Tls.of(settings)
        self._specs = {name: catalog[name] for name in names}
        self._clock = clock(settings.clock)
        self._bus = open_bus(settings)
        self._documents = Documents(settings.documents)
        self._over = threading.Event()
        self._stopping = threading.Event()
        self.failure: BaseException | None = None
        self._writers: dict[str, Writer] = {}
        self._readers: dict[str, list[Reader]] = {}
        self._swept: dict[str, datetime] = {}
        self._relays: list[Relay] = []
        self._workers: list[Worker] = []
        self._threads: list[threading.Thread] = []
        self._client = lru_cache(maxsize=len(catalog))(self._connect)
        self._seeds = seeds(settings.log_key)
        for name, spec in self._specs.items():
            for shard in settings.owned_shards:
                self._build(name, spec, shard)
        logs = LogServicer(self._writers, self._readers, self._swept, self._pending)
        executors = {name: Executor(spec, self._own(name), settings.shards, self._documents) for name, spec in self._specs.items()}
        tokens = Tokens(settings.issuer, settings.audience)
        pairs = [(self._specs[name], executor) for name, executor in executors.items()]
        self.server = Server(
            settings.listen, tokens, lambda server: register(server, pairs, self._documents, logs) + self._beside(server), self._tls
        )
        stores = {own: writer.store for own, writer in self._writers.items()}
        self.tlog = TlogServer(settings.tlog, stores, lambda header: tokens.actor(header).has(*READERS)) if settings.tlog else None

    def start(self) -> None:
        """Begin: write, serve, send, read, sweep, in this order.

        Raises:
            CorruptLogError: if a log does not have what was published of it.
        """
        self._check()
        for writer in self._writers.values():
            writer.start()
        for writer in self._writers.values():
            writer.submit_all(()).result()  # an empty commit: the tree is caught up and signed before anybody can ask
        self.server.start()
        if self._settings.metrics:
            address, _, port = self._settings.metrics.rpartition(":")
            start_http_server(int(port), address)
        if self.tlog is not None:
            self.tlog.start()
        for relay in self._relays:
            relay.start()
        for name, spec in self._specs.items():
            self._follow(name, spec)
            metrics.up.labels(name).set(1)
        for worker in self._workers:
            worker.start()
        sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)
        sweeper.start()
        self._threads.append(sweeper)
        log.info("host.started", services=list(self._specs), listen=self._settings.listen)

    def _check(self) -> None:
        """Hold the logs against what the bus has of them. Without the bus people can file; relays look before they send."""
        try:
            for relay in self._relays:
                relay.check()
        except BusError as error:
            log.warning("host.unchecked", reason=str(error))

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until something can no longer go on, or `end()` is called; False after the time-out."""
        return self._over.wait(timeout_seconds)

    def end(self) -> None:
        """Make `wait` return."""
        self._over.set()

    def stop(self) -> None:
        """End in order; what was answered is durable already."""
        self._stopping.set()
        for worker in self._workers:
            worker.stop()
        for thread in self._threads:
            thread.join()
        self.server.stop()
        if self.tlog is not None:
            self.tlog.stop()
        for relay in self._relays:
            relay.stop()
        for writer in self._writers.values():
            writer.stop()
            writer.store.close()
        log.info("host.stopped", services=list(self._specs))

    def _build(self, name: str, spec: Spec, shard: int) -> None:
        settings, own = self._settings, f"{name}/{shard}"
        store = open_store(settings.store, own, spec.decider.checks)
        writer = Writer(
            deployment=settings.deployment,
            name=own,
            decider=spec.decider,
            store=store,
            clock=self._clock,
            stopped=self._stopped,
            keys=[SigningKey(origin(settings.deployment, own), seed) for seed in self._seeds],
        )
        self._writers[own] = writer
        self._relays.append(Relay(writer, self._bus, self._stopped))
        interpreter = Interpreter(spec, shard=shard, shards=settings.shards, events={s: self._events(s) for s in spec.sources})
        sources = [f"{source}/{n}" for source in spec.sources for n in range(settings.shards)]
        owner = RemoteOwner(lambda service: self._client(service, self._tls.stamp()))
        self._readers[own] = [Reader(source, writer, interpreter, self._bus, owner) for source in sources]
        if spec.worker is not None:
            self._workers.append(spec.worker(writer, settings, self._stopped))

    def _follow(self, name: str, spec: Spec) -> None:
        for own in (log_name for log_name in self._writers if log_name.partition("/")[0] == name):
            if spec.derived and self._settings.bus.startswith("kafka://"):
                from services.runtime.faust_worker import FaustWorker  # noqa: PLC0415 - loaded on Kafka only

                brokers = self._settings.bus.removeprefix("kafka://")
                group = f"{self._settings.deployment}-{own.replace('/', '-')}"
                access = KafkaAccess.of(self._settings)
                self._workers.append(FaustWorker(self._readers[own], brokers, access, group=group, stopped=self._stopped))
            else:
                self._threads += follow_all(self._readers[own], self._stopping, self._stopped)

    def _sweep(self) -> None:
        """Look for commands that time has made due, whenever the clock has moved on."""
        with last_words(self._stopped, "sweeper.stopped"):
            while not self._stopping.wait(_TICK_SECONDS):
                now = self._clock.now()
                for own, writer in self._writers.items():
                    if own not in self._swept or now - self._swept[own] >= _SWEEP_EVERY:
                        self._measure(own)
                        self._swept[own] = writer.sweep(system_actor(own.partition("/")[0])).result()

    def _measure(self, own: str) -> None:
        with self._writers[own].store.read() as reads:
            metrics.parked.labels(own).set(len(reads.parked()))
            metrics.log_length.labels(own).set(reads.head().length)

    def _pending(self, own: str, reads: Reads) -> int:
        return self._specs[own.partition("/")[0]].pending(RowView(reads))

    def _own(self, name: str) -> dict[int, Writer]:
        return {shard: self._writers[f"{name}/{shard}"] for shard in self._settings.owned_shards}

    def _beside(self, server: Any) -> list[str]:
        """Put on the server what workers answer; gives the names."""
        return [name for worker in self._workers if isinstance(worker, Serving) for name in worker.serve(server)]

    def _events(self, service: str) -> dict[str, type[Message]]:
        module: Any = self._catalog[service].wire.events
        return {name: getattr(module, name) for name in module.DESCRIPTOR.message_types_by_name}

    def _connect(self, service: str, stamp: object) -> Client:
        """A client of a service; a new one once certificates are others, of which `stamp` tells."""
        del stamp
        address, issuer = self._settings.peer(service), self._settings.issuer
        if self._settings.token_file is not None:
            file = self._settings.token_file
            return Client(address, lambda: file.read_text("ascii").strip(), tls=self._tls, patience_seconds=0)
        if not issuer.startswith("file:"):
            raise BusError("OPROEP_TOKEN_FILE: missing; allowed: a file with an access token of the issuer")
        local = LocalIssuer(Path(issuer.removeprefix("file:")))
        actor = system_actor(next(iter(self._specs)))
        return Client(address, lambda: local.token(actor, audience=self._settings.audience), tls=self._tls, patience_seconds=0)

    def _stopped(self, reason: BaseException) -> None:
        if self.failure is None:
            self.failure = reason
        for name in self._specs:
            metrics.up.labels(name).set(0)
        self._over.set()


def run(host: Host, on_signal: Callable[[Callable[[], None]], None]) -> None:
    """Run a host until a signal; a failure ends the process at once, with exit code 1.

    Nothing is tidied up then: another process may be the writer already, and all that was answered is durable.
    """
    try:
        host.start()
        gc.collect()
        gc.freeze()  # what is there now stays: looking through it again and again would hold up those who wait
        on_signal(host.end)
        host.wait()
    except Exception:  # noqa: BLE001 - whatever it is, it did not begin
        try:
            log.exception("host.failed")
        finally:  # also where nothing can be logged
            os._exit(1)
    if host.failure is not None:
        os._exit(1)
    host.stop()
