"""The same on PostgreSQL and Kafka: no plaintext in what the servers keep, in dumps or in exports, before or after an erasure."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from services.runtime import topics
from tests.cli.line import OFFICER
from tests.privacy.deployment import Deployment, found, roots
from tests.privacy.test_search import AUDITOR, BODY, PLANTED, forgotten, plant, rest, sound
from tests.runtime.serving import NOON

if TYPE_CHECKING:
    from services.devcluster import Cluster

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]
TOPICS = Path(__file__).parents[2] / "deploy" / "topics.toml"
CONTROL = b"asked for by letter"
"""Words without a person in them, which do stand in a log: a search that does not find them would prove nothing."""


@pytest.fixture
def broker() -> "Iterator[tuple[Cluster, Path]]":
    """A broker of the test's own, and where it keeps what it is sent."""
    from services.devcluster import ClusterError, start  # noqa: PLC0415 - most runs need no broker
    from services.devcluster.guard import GuardError  # noqa: PLC0415
    from services.devcluster.jars import JarError  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="oproep-", ignore_cleanup_errors=True) as directory:
        try:
            cluster = start(Path(directory), brokers=1)
        except (ClusterError, GuardError, JarError, ImportError) as error:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no Kafka here: {error}")
        with cluster:
            made = topics.Cluster(cluster.bootstrap)
            made.apply(made.plan(topics.wanted(TOPICS, shards=1, replicas=1)))
            yield cluster, Path(directory)


class Servers:
    """What PostgreSQL and Kafka keep, as whoever has their disks and backups finds it."""

    def __init__(self, postgres_url: str, kafka: Path, dumps: Path) -> None:
        self._url, self._kafka, self._dumps = postgres_url, kafka, dumps
        dumps.mkdir()

    def dump(self) -> None:
        """A backup of the database, row by row as `pg_dump` has them: bytes as hexadecimal digits, nothing compressed."""
        place = self._dumps / str(len(list(self._dumps.iterdir())))
        place.mkdir()
        with psycopg.connect(self._url) as connection:
            for schema, table in connection.execute(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall():
                copy = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(schema, table))
                with connection.cursor().copy(copy) as rows, (place / f"{schema}.{table}").open("wb") as file:
                    file.writelines(bytes(row) for row in rows)

    def hold(self, *words: bytes) -> list[str]:
        """Where words are found: data files, write-ahead log and dumps of PostgreSQL, segments of Kafka."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            row = connection.execute("SHOW data_directory").fetchone()
        assert row
        places = {"postgres": Path(row[0]), "kafka": self._kafka, "dumps": self._dumps}
        return [f"{name}/{file}" for name, place in places.items() for file in found(place, *words)]


def test_neither_servers_nor_backups_nor_exports_have_the_plaintext(
    tmp_path: Path, postgres_url: str, broker: "tuple[Cluster, Path]"
) -> None:
    cluster, kafka = broker
    oproep = Deployment(tmp_path / "deployment", store=postgres_url, bus=f"kafka://{cluster.bootstrap}")
    servers, scratch = Servers(postgres_url, kafka, tmp_path / "dumps"), tmp_path / "scratch"
    scratch.mkdir()
    oproep.clock.set(NOON)
    with oproep.up():
        sealed, document = plant(oproep, scratch)
        rest(oproep)
        before, balances = oproep.entries(), oproep.balances()
        servers.dump()
        oproep("audit", "export", str(oproep.place / "export-before"), "--as", AUDITOR)
        oproep("erase", BODY, "--reason", CONTROL.decode(), "--as", OFFICER)
        rest(oproep)
        servers.dump()
        after, lengths = oproep.entries(), {name: len(log) for name, log in before.items()}
        for source in ("", cluster.bootstrap):
            where = ("--kafka", source) if source else ()
            oproep("audit", "export", str(oproep.place / f"export{'-kafka' if source else ''}"), *where, "--as", AUDITOR)
        forgotten(oproep, sealed, document)
        assert (roots(after, lengths), oproep.balances()) == (roots(before, lengths), balances)
        assert servers.hold(*PLANTED) == found(oproep.place, *PLANTED) == []
        places = {name.partition("/")[0] for name in servers.hold(CONTROL)}
        assert places == {"postgres", "kafka", "dumps"}
    sound(oproep, "export-before", "export", "export-kafka")
