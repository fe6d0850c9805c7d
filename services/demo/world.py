"""A deployment as a scenario sees it: commands, time, mail, and the moment when everything is at rest."""

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Event

from aiosmtpd.controller import Controller

from services.demo.sink import Sink, free_port
from services.kernel.people import Actor, Role
from services.kernel.ports import Stored
from services.runtime.batch import Answer
from services.runtime.client import Client, UnreachableError
from services.runtime.clock import FileClock
from services.runtime.host import Host
from services.runtime.settings import Settings
from services.runtime.tokens import LocalIssuer
from services.runtime.vault import Contact, Vault
from services.standalone.registry import SPECS

_AUDITOR = Actor(id="auditor-1", organisation="court-of-audit", roles=(Role.AUDITOR,))
_PATIENCE_SECONDS = 300.0
"""Longer than a busy machine needs to start all services, and a consumer group to notice that a member has died."""
_LOOK_AGAIN_SECONDS = 0.01


class World(ABC):
    """What every deployment has; where the services run is up to the subclass."""

    deployment = "demo"

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.clock = FileClock(directory / "clock")
        self.issuer = LocalIssuer(directory / "issuer")
        self.vault = Vault(directory / "vault.db", self.clock)
        self.sink = Sink()
        self._mail = Controller(
            self.sink,
            hostname="127.0.0.1",
            port=free_port(),
            ready_timeout=_PATIENCE_SECONDS,
            server_hostname="localhost",  # or each connection asks the network for this machine's name
        )
        self._channel = cache(self._connect)
        self._numbers = iter(range(1, 10**9))
        self.down: set[str] = set()
        """Services that are known not to run; nothing waits for them."""
        self.more: dict[str, object] = {}
        """Further settings, for the next `running`."""

    @abstractmethod
    def address(self, service: str) -> str:
        """Where a service answers."""

    def settings(self, **more: object) -> dict[str, object]:
        """The settings that all deployments share."""
        return {
            "deployment": self.deployment,
            "issuer": f"file:{self.directory / 'issuer'}",
            "log_key": f"file:{self.directory / 'log-key.pem'}",
            "vault": self.directory / "vault.db",
            "documents": self.directory / "documents",
            "smtp": f"127.0.0.1:{self._mail.port}",
            "clock": f"file:{self.directory / 'clock'}",
            **self.more,
            **more,
        }

    @contextmanager
    def mail(self) -> Generator[None]:
        """A real SMTP server that keeps what it takes."""
        self._mail.start()
        try:
            yield
        finally:
            self._mail.stop()

    def at(self, instant: datetime) -> None:
        """Wait for rest, move the clock, and wait until what has fallen due is done."""
        self.settle()
        self.clock.set(instant)
        self.settle()

    def execute(self, service: str, actor: Actor, command: object) -> Answer:
        """Have one command decided. Its id counts up, so that two runs of a scenario give the same ids."""
        return self._client(service, actor).execute(SPECS[service], f"demo-{next(self._numbers):05d}", command)

    def upload(self, actor: Actor, content: bytes) -> str:
        """Keep a document."""
        return self._client("intake", actor).upload(content)

    def contact(self, body: str, name: str, *, language: str = "nl") -> None:
        """Give a body a synthetic address."""
        self.vault.put(body, Contact(name=name, mail=f"grants@{body}.example.org", language=language))

    def log(self, service: str) -> list[Stored]:
        """All entries of a service's log."""
        return list(self.reader(service).entries(f"{service}/0", 0))

    def reader(self, service: str) -> Client:
        """A service as an auditor calls it."""
        return self._client(service, _AUDITOR)

    def state(self, service: str) -> dict[tuple[str, str], bytes]:
        """All state of a service's log, by kind and key."""
        rows = self.reader(service).state(f"{service}/0")
        return {(row.kind, row.key): row.body.encode() for row in rows}

    def settle(self) -> None:
        """Wait until every log is relayed and read by all its readers, nothing is due, and no mail is on its way.

        What is down, and what the others have from it, is left out.

        Raises:
            TimeoutError: saying what is not at rest.
        """
        end = time.monotonic() + _PATIENCE_SECONDS
        before: object = None
        pause = Event()
        while True:
            now, faults = self._look([name for name in SPECS if name not in self.down])
            if not faults and now == before:
                return
            if time.monotonic() > end:
                raise TimeoutError(f"not at rest after {_PATIENCE_SECONDS:.0f} s: {'; '.join(faults)}")
            before = now
            pause.wait(_LOOK_AGAIN_SECONDS)

    def _look(self, services: Sequence[str]) -> tuple[dict[str, int], list[str]]:
        clients = {self.address(service): self._client(service, _AUDITOR) for service in services}
        try:
            heads = {head.log: head for client in clients.values() for head in client.heads()}
        except UnreachableError as error:
            return {}, [str(error)]
        lengths = {name: head.length for name, head in heads.items()}
        at = self.clock.now().timestamp()
        faults: list[str] = []
        for name, head in heads.items():
            faults += [
                f"{name} has read {s.next_index} of {s.log}"
                for s in head.sources
                if s.next_index != lengths.get(s.log, s.next_index)
            ]
            if head.relayed != head.length:
                faults.append(f"{name} has relayed {head.relayed} of {head.length}")
            if head.pending:
                faults.append(f"{name} has {head.pending} in hand")
            if head.swept_at.ToDatetime().timestamp() < 0 or head.swept_at.seconds < int(at):
                faults.append(f"{name} has not looked at what is due")
        return lengths, faults

    def _client(self, service: str, actor: Actor) -> Client:
        return self._channel(self.address(service)).speaking(lambda: self.issuer.token(actor))

    def _connect(self, address: str) -> Client:
        return Client(address, lambda: "", patience_seconds=_PATIENCE_SECONDS)


class Embedded(World):
    """All services in this process, on SQLite and the local bus."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._listen = f"127.0.0.1:{free_port()}"

    def address(self, service: str) -> str:
        """See `World.address`."""
        del service
        return self._listen

    @contextmanager
    def running(self, start: datetime) -> Generator[None]:
        """Run from `start` on, by the simulated clock."""
        self.clock.set(start)
        with self.mail():
            values = self.settings(
                store=f"sqlite:///{self.directory / 'logs'}", bus=f"local:{self.directory / 'bus.db'}", listen=self._listen
            )
            host = Host(SPECS, list(SPECS), Settings(**values))  # type: ignore[arg-type]  # checked by the class itself
            host.start()
            try:
                yield
            finally:
                host.stop()
            if host.failure is not None:
                raise host.failure
