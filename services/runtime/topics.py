"""Topics as data: what `deploy/topics.toml` wants, what a cluster has, and the steps from one to the other.

Nothing is ever deleted, shrunk or spread over more partitions: a log's shard is its partition, for ever.
"""

import tomllib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, UnknownTopicOrPartitionError

from services.kernel.ports import BusError
from services.runtime.kafka_access import PLAIN, KafkaAccess
from services.runtime.relay import DEAD_LETTERS, topic

_HERE = Path(__file__).resolve()
_PACKED = _HERE.with_name("topics.toml")
SHIPPED = _PACKED if _PACKED.exists() else _HERE.parents[2] / "deploy" / "topics.toml"
"""What this version wants: in a package beside this module, in a copy of the source under `deploy`."""
_TIMEOUT_MS = 30_000
_IN_SYNC = "min.insync.replicas"


class TopicsError(RuntimeError):
    """A topic of the cluster cannot be made what the data want without losing the order or the place of its records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic, wanted or found. `config` has the settings that are made for this topic."""

    name: str
    partitions: int
    replicas: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Create:
    """Make a topic that is missing."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class Configure:
    """Change settings of a topic that is there."""

    name: str
    config: Mapping[str, str]


Step = Create | Configure


def wanted(path: Path, *, shards: int, replicas: int | None = None) -> list[Topic]:
    """The topics that a deployment needs. `replicas` replaces the data's number, for a cluster of fewer brokers."""
    data = tomllib.loads(path.read_text("utf-8"))
    copies: int = replicas or data["replicas"]
    config = {name: str(value) for name, value in data["config"].items()}
    config[_IN_SYNC] = str(min(copies, int(config[_IN_SYNC])))
    logs = [Topic(name=topic(service), partitions=shards, replicas=copies, config=config) for service in data["services"]]
    lone = [*data["public"], DEAD_LETTERS]
    return [*logs, *(Topic(name=name, partitions=1, replicas=copies, config=config) for name in lone)]


def difference(wants: Sequence[Topic], found: Mapping[str, Topic]) -> list[Step]:
    """The steps from what is found to what is wanted; none if it is the same.

    Raises:
        TopicsError: if a topic has another number of partitions or replicas.
    """
    steps: list[Step] = []
    for want in wants:
        have = found.get(want.name)
        if have is None:
            steps.append(Create(want))
            continue
        if have.partitions != want.partitions:
            raise TopicsError(
                f"{want.name} has {have.partitions} partitions, wanted are {want.partitions}: the number of shards is fixed"
                " for the life of a deployment"
            )
        if have.replicas != want.replicas:
            raise TopicsError(
                f"{want.name} has {have.replicas} replicas, wanted are {want.replicas}: reassign them with Kafka's own tools"
            )
        changed = {name: value for name, value in want.config.items() if have.config.get(name) != value}
        if changed:
            steps.append(Configure(want.name, changed))
    return steps


class Cluster:
    """The topics of a running cluster; `brokers` is `HOST:PORT,HOST:PORT`. All methods raise BusError if it does not answer."""

    def __init__(self, brokers: str, access: KafkaAccess = PLAIN) -> None:
        self._brokers, self._access = brokers.split(","), access

    def found(self, names: Sequence[str]) -> dict[str, Topic]:
        """Those of the topics that are there."""
        with self._admin() as admin:
            described = {
                entry["name"]: entry
                for entry in admin.describe_topics(list(names))
                if entry["error_code"] != UnknownTopicOrPartitionError.errno
            }
            configs = self._configs(admin, list(described))
        return {
            name: Topic(
                name=name,
                partitions=len(entry["partitions"]),
                replicas=min(len(partition["replica_nodes"]) for partition in entry["partitions"]),
                config=configs[name],
            )
            for name, entry in described.items()
        }

    def plan(self, wants: Sequence[Topic]) -> list[Step]:
        """The steps that would make the cluster's topics as wanted; see `difference`."""
        return difference(wants, self.found([want.name for want in wants]))

    def apply(self, steps: Sequence[Step]) -> None:
        """Carry out steps; returns when every new topic can be used. A changed setting reaches each broker a moment later."""
        with self._admin() as admin:
            new = [step.topic for step in steps if isinstance(step, Create)]
            if new:
                options = {
                    t.name: {"num_partitions": t.partitions, "replication_factor": t.replicas, "configs": dict(t.config)}
                    for t in new
                }
                admin.create_topics(options, timeout_ms=_TIMEOUT_MS, wait_for_metadata=True)
            changed = [step for step in steps if isinstance(step, Configure)]
            if changed:
                admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, c.name, dict(c.config)) for c in changed])

    @staticmethod
    def _configs(admin: Any, names: list[str]) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])["topic"]
        return {name: {key: entry["value"] for key, entry in described.get(name, {}).items()} for name in names}

    @contextmanager
    def _admin(self) -> Generator[Any]:
        try:
            connect: Any = KafkaAdminClient  # the type stubs that checkers carry are of an older version
            admin = connect(
                bootstrap_servers=self._brokers,
                bootstrap_timeout_ms=_TIMEOUT_MS,
                request_timeout_ms=_TIMEOUT_MS,
                **self._access.client(),
            )
            try:
                yield admin
            finally:
                admin.close()
        except KafkaError as error:
            raise BusError(f"topics: {error!r}") from error
