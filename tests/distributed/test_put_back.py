"""A database put back to before what Kafka has: its service ends and says so, as soon as Kafka can be asked."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.parse import urlsplit

import psycopg
import pytest

from services.demo import samenleven
from services.demo.distributed import Distributed
from services.devcluster import Cluster
from tests.runtime.serving import LEDGER, TREASURER, open_envelope, serving

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]
_SECONDS = 120


def copied(server: str, url: str, name: str) -> str:
    """A copy of a database that nobody uses; gives its URL."""
    before = urlsplit(url).path.strip("/")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {before}".encode())
    return url.replace(f"/{before}?", f"/{name}?")


def until(what: Callable[[], object]) -> None:
    end, pause = monotonic() + _SECONDS, Event()
    while not what():
        assert monotonic() < end, "it did not come to it"
        pause.wait(0.1)


def test_a_database_put_back_to_before_what_was_sent_is_not_written_to(cluster: Cluster, postgres_url: str, tmp_path: Path) -> None:
    world = Distributed(tmp_path)
    with world.running(samenleven.START, cluster, postgres_url, name="put-back"):
        world.execute("budget_ledger", TREASURER, open_envelope("envelope-1"))
        world.settle()
        world.kill("budget_ledger")
        copy = copied(postgres_url, world.databases["budget_ledger"], "put_back_copy")
        world.start("budget_ledger")
        world.execute("budget_ledger", TREASURER, open_envelope("envelope-2"))
        world.settle()
        world.kill("budget_ledger")
        world.databases["budget_ledger"] = copy
        world.start("budget_ledger")
        until(lambda: world.crashed() == ["budget_ledger"])
        with psycopg.connect(copy) as connection:
            assert connection.execute("SELECT length FROM budget_ledger_0.writer").fetchone() == (1,)
    said = (tmp_path / "budget_ledger.log").read_text("utf-8")
    assert "budget_ledger/0 has 1 entries, and 2 were published" in said
    assert "oproep restore budget_ledger/0 --from bus" in said


def test_without_brokers_people_file(tmp_path: Path) -> None:
    with serving(tmp_path, ["budget_ledger"], bus="kafka://127.0.0.1:1,127.0.0.1:2") as running:
        assert running.client().execute(LEDGER, "open-1", open_envelope()).index == 0
        assert running.host.failure is None
