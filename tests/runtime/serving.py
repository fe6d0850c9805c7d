"""A host with real services on SQLite in a directory of its own, and those who call it."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from services.budget_ledger.model import OpenEnvelope
from services.kernel.people import Actor, Role
from services.runtime.client import Client
from services.runtime.clock import FileClock
from services.runtime.host import Host
from services.runtime.settings import Settings
from services.runtime.spec import Spec
from services.runtime.tokens import LocalIssuer
from services.standalone.registry import SPECS

NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)
"""While the call of `tests.strategies` is open: nothing falls due by itself."""
LEDGER = SPECS["budget_ledger"]
TREASURER = Actor(id="treasurer-1", organisation="agency", roles=(Role.TREASURER,))
OFFICER = Actor(id="officer-1", organisation="agency", roles=(Role.OFFICER,))
OPERATOR = Actor(id="operator-1", organisation="agency", roles=(Role.OPERATOR,))
AUDITOR = Actor(id="auditor-1", organisation="court", roles=(Role.AUDITOR,))
APPLICANT = Actor(id="clerk-1", organisation="0123456749", roles=(Role.APPLICANT,))
ASSESSOR = Actor(id="assessor-1", organisation="institute", roles=(Role.ASSESSOR,))


def open_envelope(name: str = "envelope-1", *, budget_cents: int = 100) -> OpenEnvelope:
    return OpenEnvelope(envelope_id=name, budget_year=2021, budget_cents=budget_cents, currency="EUR")


@dataclass
class Serving:
    """A running host."""

    host: Host
    issuer: LocalIssuer
    clock: FileClock
    directory: Path
    _clients: list[Client] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.host.server.port}"

    def client(self, actor: Actor = TREASURER, *, token: Callable[[], str] | None = None, patience_seconds: float = 60) -> Client:
        """A client that speaks for `actor`, or with another token."""
        client = Client(self.address, token or (lambda: self.issuer.token(actor)), patience_seconds=patience_seconds)
        self._clients.append(client)
        return client

    def length(self, log: str) -> int:
        """How many entries a log has."""
        return next(head.length for head in self.client(AUDITOR).heads() if head.log == log)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.host.stop()


def made(
    directory: Path, names: Sequence[str] = ("intake", "budget_ledger"), catalog: Mapping[str, Spec] = SPECS, **settings: Any
) -> Serving:
    """A host that has not started."""
    directory.mkdir(exist_ok=True)
    clock = FileClock(directory / "clock")
    clock.set(NOON)
    values: dict[str, Any] = {
        "store": f"sqlite:///{directory / 'logs'}",
        "bus": f"local:{directory / 'bus.db'}",
        "listen": "127.0.0.1:0",
        "issuer": f"file:{directory / 'issuer'}",
        "log_key": f"file:{directory / 'log-key.pem'}",
        "documents": directory / "documents",
        "vault": directory / "vault.db",
        "clock": f"file:{directory / 'clock'}",
        **settings,
    }
    return Serving(Host(catalog, names, Settings(**values)), LocalIssuer(directory / "issuer"), clock, directory)


@contextmanager
def serving(
    directory: Path, names: Sequence[str] = ("intake", "budget_ledger"), catalog: Mapping[str, Spec] = SPECS, **settings: Any
) -> Generator[Serving]:
    """A host for as long as the block lasts."""
    running = made(directory, names, catalog, **settings)
    running.host.start()
    try:
        yield running
    finally:
        running.close()


def process(place: Path, **changes: str) -> "subprocess.Popen[str]":
    """A ledger as a process."""
    FileClock(place / "clock").set(NOON)
    settings = {
        "listen": "127.0.0.1:0",
        "store": f"sqlite:///{place / 'logs'}",
        "bus": f"local:{place / 'bus.db'}",
        "issuer": f"file:{place / 'issuer'}",
        "log_key": f"file:{place / 'log-key.pem'}",
        "clock": f"file:{place / 'clock'}",
        **changes,
    }
    environment = {**os.environ, **{f"OPROEP_{name.upper()}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "services.cli", "service", "budget_ledger"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    """The status code and the words with which a raw call failed."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error: Any = caught.value
    return error.code().name, error.details()
