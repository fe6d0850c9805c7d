"""Services in processes of their own, for as long as a measurement takes."""

import os
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import grpc

from services.bench.figures import cpu_seconds, memory_mib
from services.demo.sink import free_port
from services.kernel.people import Actor
from services.runtime.client import Client
from services.runtime.shards import system_actor
from services.runtime.tls import PLAIN
from services.runtime.tokens import LocalIssuer

_START_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A process that serves, and how it is reached."""

    process: int
    address: str
    metrics: str
    issuer: LocalIssuer
    started_in: float
    """Seconds from the start of the process until it served."""

    def token(self, actor: Actor) -> str:
        """A token for somebody."""
        return self.issuer.token(actor)

    def client(self, actor: Actor | None = None) -> Client:
        """A client that speaks for somebody, or for a service."""
        token = self.token(actor or system_actor("bench"))
        return Client(self.address, lambda: token)

    def cpu(self) -> float:
        """CPU seconds so far."""
        return cpu_seconds(self.process)

    def memory(self) -> float:
        """Resident MiB now."""
        return memory_mib(self.process)

    def commits(self) -> int:
        """Transactions so far, of all logs."""
        with urlopen(f"http://{self.metrics}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith("oproep_commit_seconds_count"))


@contextmanager
def serving(
    directory: Path, names: Sequence[str], *, store: str = "", bus: str = "", smtp: str = "", feed: str = ""
) -> Generator[Serving]:
    """Run services (none named: all) with everything they keep in `directory`, unless a store or a bus is named.

    `feed` is the address of the feed, which then answers any number of requests.

    Raises:
        RuntimeError: if they do not serve in time.
    """
    directory.mkdir(parents=True, exist_ok=True)
    address, metrics = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    settings = {
        "OPROEP_DEPLOYMENT": "bench",
        "OPROEP_STORE": store or f"sqlite:///{directory / 'logs'}",
        "OPROEP_BUS": bus or f"local:{directory / 'bus.db'}",
        "OPROEP_LISTEN": address,
        "OPROEP_METRICS": metrics,
        "OPROEP_ISSUER": f"file:{directory / 'issuer'}",
        "OPROEP_LOG_KEY": f"file:{directory / 'log-key.pem'}",
        "OPROEP_DOCUMENTS": str(directory / "documents"),
        "OPROEP_VAULT": str(directory / "vault.db"),
        "OPROEP_LOG_LEVEL": "warning",
        "OPROEP_WEBHOOK_KEY": f"file:{directory / 'webhook.key'}",
    }
    settings |= {"OPROEP_SMTP": smtp} if smtp else {}
    settings |= {"OPROEP_FEED": feed, "OPROEP_FEED_RATE": "0"} if feed else {}
    command = [sys.executable, "-m", "services.cli", *(["service", *names] if names else ["up"])]
    began = time.monotonic()
    with (directory / "service.log").open("ab") as log:
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=log, stderr=log)  # noqa: S603 - our own command
    try:
        _wait(process, address, directory / "service.log")
        yield Serving(
            process=process.pid,
            address=address,
            metrics=metrics,
            issuer=LocalIssuer(directory / "issuer"),
            started_in=round(time.monotonic() - began, 2),
        )
    finally:
        process.terminate()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    with PLAIN.channel(address, backoff_ms=50) as channel:
        ready = grpc.channel_ready_future(channel)
        for _ in range(_START_SECONDS * 10):
            try:
                ready.result(timeout=0.1)
            except grpc.FutureTimeoutError:
                if process.poll() is not None:
                    raise RuntimeError(f"the service ended: {log.read_text('utf-8')[-2000:]}") from None
            else:
                return
    raise RuntimeError(f"no answer from {address} in {_START_SECONDS} seconds")
