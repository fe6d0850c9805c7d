"""The distributed deployment without containers: three brokers, PostgreSQL, and every service in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event
from time import monotonic
from typing import IO, Any

import psycopg
from kafka import KafkaAdminClient
from psycopg import sql

from services.demo.sink import free_port
from services.demo.world import World
from services.devcluster.cluster import Cluster
from services.devcluster.cluster import start as start_cluster
from services.devcluster.postgres import start_postgres
from services.runtime import topics
from services.standalone.registry import SPECS

_STOP_SECONDS = 20


class Distributed(World):
    """Services as processes: each can be killed and started again."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._ports = {name: free_port() for name in SPECS}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, IO[bytes]] = {}
        self._environment: dict[str, str] = {}
        self.databases: dict[str, str] = {}

    def address(self, service: str) -> str:
        """See `World.address`."""
        return f"127.0.0.1:{self._ports[service]}"

    @contextmanager
    def running(self, start: datetime, cluster: Cluster, postgres_url: str, *, name: str = "demo") -> Generator[None]:
        """Run from `start` on, by the simulated clock, with a database per service and the topics of the project.

        `name` is the deployment's; no two of one cluster share it.
        """
        self.clock.set(start)
        self.databases = {service: _database(postgres_url, f"{name.replace('-', '_')}_{service}") for service in SPECS}
        renew_topics(cluster)
        with self.mail():
            peers = ",".join(f"{service}=127.0.0.1:{port}" for service, port in self._ports.items())
            values = self.settings(deployment=name, bus=f"kafka://{cluster.bootstrap}", peers=peers)
            self._environment = {f"OPROEP_{key.upper()}": str(value) for key, value in values.items()}
            try:
                for service in SPECS:
                    self.start(service)
                yield
            finally:
                self._stop_all()

    def environment(self, service: str) -> dict[str, str]:
        """What the processes of a service find in their environment."""
        own = {"OPROEP_LISTEN": self.address(service), "OPROEP_STORE": self.databases[service]}
        return {**os.environ, **self._environment, **own}

    def start(self, service: str) -> None:
        """Start a service; it serves as soon as it answers."""
        self._logs[service] = (self.directory / f"{service}.log").open("ab")
        command = [sys.executable, "-m", "services.cli", "service", service]
        self.down.discard(service)
        self._processes[service] = subprocess.Popen(  # noqa: S603 - this program itself
            command, env=self.environment(service), stdout=self._logs[service], stderr=subprocess.STDOUT
        )

    def kill(self, service: str) -> None:
        """Let a service die at once."""
        self.down.add(service)
        process = self._processes.pop(service)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._logs.pop(service).close()

    def crashed(self) -> list[str]:
        """The services that ended by themselves."""
        return [name for name, process in self._processes.items() if process.poll() is not None]

    def _stop_all(self) -> None:
        for process in self._processes.values():
            process.terminate()
        end = monotonic() + _STOP_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(0.1, end - monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for file in self._logs.values():
            file.close()
        self._processes.clear()
        self._logs.clear()


@contextmanager
def machines(directory: Path) -> Generator[tuple[Cluster, str]]:
    """Three brokers and a PostgreSQL server, for as long as the block lasts."""
    with ExitStack() as running:
        cluster = running.enter_context(start_cluster(directory / "kafka"))
        server = running.enter_context(start_postgres(directory / "postgres"))
        yield cluster, server.url


def renew_topics(cluster: Cluster) -> None:
    """Make the topics of the project, empty, whatever there was before."""
    _forget_topics(cluster.bootstrap)
    made = topics.Cluster(cluster.bootstrap)
    made.apply(made.plan(topics.wanted(topics.SHIPPED, shards=1, replicas=len(cluster.nodes))))


def _forget_topics(bootstrap: str) -> None:
    """Delete what an earlier play left: a cluster of the demonstration keeps nothing."""
    connect: Any = KafkaAdminClient  # the type stubs that checkers carry are of an older version
    admin = connect(bootstrap_servers=bootstrap.split(","))
    try:
        pause = Event()
        while left := [name for name in admin.list_topics() if name.startswith("grants.")]:
            admin.delete_topics(left, raise_errors=False)  # those of the round before may still be on their way out
            pause.wait(0.1)
    finally:
        admin.close()


def _database(url: str, name: str) -> str:
    """Make a database; gives its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        info = connection.info
        return f"postgresql://{info.user}@/{name}?host={info.host}&port={info.port}"
