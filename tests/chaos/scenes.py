"""What is done to running services. Each scene has the yard and its load, and returns when the harm is done and mended."""

import signal
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from services.devcluster.cluster import Cluster
from services.devcluster.cluster import start as start_cluster
from services.devcluster.postgres import start_postgres
from services.runtime import topics
from tests.chaos.chance import Chance
from tests.chaos.deaths import deaths, deaths_on_postgres
from tests.chaos.failover import fails_over
from tests.chaos.load import Load
from tests.chaos.power import power_cuts
from tests.chaos.yard import Yard, until, yard

_TOPICS = Path(__file__).parents[2] / "deploy" / "topics.toml"
_FULL = 3_000_000
"""Bytes that a file may have when the disk is full: enough to start, too little for the load."""

Scene = Callable[[Path, Chance], Generator[tuple[Yard, Load]]]


def _killed(ground: Yard, load: Load, chance: Chance) -> None:
    for turn in range(chance.rounds):
        chance.wait()
        (ground.ledger if turn % 2 == 0 else ground.reader).kill()
        load.more()


def _zombie(ground: Yard, load: Load, chance: Chance) -> None:
    """One that froze inside its transaction holds the lock, and nobody can take over before it goes on: safe, not quick."""
    for _ in range(chance.rounds):
        chance.wait()
        frozen = ground.ledger.freeze()
        chance.wait()
        frozen.send_signal(signal.SIGCONT)
        load.more()
        until(partial(_ended, frozen), "the older writer to notice that it was replaced")


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None


def _full(ground: Yard, load: Load, chance: Chance) -> None:
    chance.wait()
    ground.ledger.starve(_FULL)
    load.more()


@contextmanager
def on_sqlite(directory: Path, chance: Chance, harm: Callable[[Yard, Load, Chance], None]) -> Generator[tuple[Yard, Load]]:
    """Harm done on SQLite and the local bus."""
    with yard(directory) as ground:
        yield _played(ground, harm, chance)


@contextmanager
def on_postgres(directory: Path, chance: Chance, harm: Callable[[Yard, Load, Chance], None]) -> Generator[tuple[Yard, Load]]:
    """Harm done on PostgreSQL and the local bus."""
    with start_postgres(directory / "postgres") as server, yard(directory / "yard", store=server.url) as ground:
        yield _played(ground, harm, chance)


@contextmanager
def postgres_restarts(directory: Path, chance: Chance) -> Generator[tuple[Yard, Load]]:
    """PostgreSQL goes away under load and comes back, and so do the services that cannot do without."""
    server = start_postgres(directory / "postgres")
    try:
        with yard(directory / "yard", store=server.url) as ground:
            load = Load(ground, 8)
            for _ in range(chance.rounds):
                chance.wait()
                server.stop()
                server = start_postgres(directory / "postgres")
                load.more()
            load.stop()
            yield ground, load
    finally:
        server.stop()


@contextmanager
def brokers_bounce(directory: Path, chance: Chance) -> Generator[tuple[Yard, Load]]:
    """Each of three brokers in turn dies at once, comes back, stops in order, comes back."""
    with start_cluster(directory / "kafka") as cluster:
        made = topics.Cluster(cluster.bootstrap)
        made.apply(made.plan(topics.wanted(_TOPICS, shards=1, replicas=len(cluster.nodes))))
        with yard(directory / "yard", bus=f"kafka://{cluster.bootstrap}") as ground:
            load = Load(ground, 2)  # it is the brokers that have to work
            for node in cluster.nodes:
                for harm in (cluster.kill9, cluster.down):
                    _bounce(cluster, node, harm, chance, load)
            load.stop()
            yield ground, load


def _bounce(cluster: Cluster, node: int, harm: Callable[[int], None], chance: Chance, load: Load) -> None:
    chance.wait()
    harm(node)
    load.more()
    cluster.up(node)


def _played(ground: Yard, harm: Callable[[Yard, Load, Chance], None], chance: Chance) -> tuple[Yard, Load]:
    load = Load(ground, 8)
    harm(ground, load, chance)
    load.stop()
    return ground, load


SCENES = {
    "killed on sqlite": lambda directory, chance: on_sqlite(directory, chance, _killed),
    "zombie on sqlite": lambda directory, chance: on_sqlite(directory, chance, _zombie),
    "disk full on sqlite": lambda directory, chance: on_sqlite(directory, chance, _full),
    "killed on postgres": lambda directory, chance: on_postgres(directory, chance, _killed),
    "zombie on postgres": lambda directory, chance: on_postgres(directory, chance, _zombie),
    "postgres restarts": postgres_restarts,
    "brokers bounce": brokers_bounce,
    "failpoints on sqlite": deaths,
    "failpoints on postgres": deaths_on_postgres,
    "power cuts on sqlite": power_cuts,
    "postgres fails over": fails_over,
}
