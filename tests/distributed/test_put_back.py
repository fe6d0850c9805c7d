"""Databases put back to before what Kafka has, or emptied: the service ends and says so, and is made whole again from Kafka."""

import json
import subprocess
import sys
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from services.demo import samenleven
from services.demo.distributed import Distributed
from services.demo.result import Snapshot
from services.demo.stage import Stage
from services.devcluster import Cluster
from tests.runtime.serving import LEDGER, TREASURER, open_envelope, serving

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]
_SECONDS = 300


def made(server: str, url: str, name: str, *, template: str = "template1") -> str:
    """Another database beside that of `url`, out of one that nobody uses; gives its URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        used = b"SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        end, pause = monotonic() + _SECONDS, Event()
        while connection.execute(used, (template,)).fetchone() != (0,):
            assert monotonic() < end, "its users were killed, and their sessions do not end"
            pause.wait(0.1)
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    return url.replace(urlsplit(url).path, f"/{name}")


def refused(world: Distributed, service: str) -> str:
    """Start a service that will not begin; gives what it said."""
    world.start(service)
    end, pause = monotonic() + _SECONDS, Event()
    while world.crashed() != [service]:
        assert monotonic() < end, "it began"
        pause.wait(0.1)
    world.kill(service)
    return (world.directory / f"{service}.log").read_text("utf-8")


def restored(world: Distributed, service: str) -> Any:
    """What `oproep restore SERVICE --from bus` says."""
    command = [sys.executable, "-m", "services.cli", "restore", service, "--from", "bus", "--json"]
    done = subprocess.run(command, env=world.environment(service), capture_output=True, check=True, timeout=_SECONDS)
    return json.loads(done.stdout)


def test_a_database_put_back_and_one_that_was_emptied(cluster: Cluster, postgres_url: str, tmp_path: Path) -> None:
    world = Distributed(tmp_path)
    with world.running(samenleven.START, cluster, postgres_url, name="put-back"):
        opened = world.execute("budget_ledger", TREASURER, open_envelope("envelope-1"))
        world.settle()
        world.kill("budget_ledger")
        before = urlsplit(world.databases["budget_ledger"]).path.strip("/")
        copy = made(postgres_url, world.databases["budget_ledger"], "put_back_copy", template=before)
        world.start("budget_ledger")
        samenleven.run(Stage(world, lambda _words: None))
        world.settle()
        told, length, mails = Snapshot.of(world).canonical(), len(world.log("budget_ledger")), len(world.sink.mails)

        world.kill("budget_ledger")
        world.databases["budget_ledger"] = copy
        said = refused(world, "budget_ledger")
        assert f"budget_ledger/0 has 1 entries, and {length} were published" in said
        assert "oproep restore budget_ledger/0 --from bus" in said
        with psycopg.connect(copy) as connection:
            assert connection.execute("SELECT length FROM budget_ledger_0.writer").fetchone() == (opened.index + 1,)
        assert restored(world, "budget_ledger") == [{"log": "budget_ledger/0", "before": 1, "published": length, "length": length}]
        world.start("budget_ledger")

        world.kill("notification")
        world.databases["notification"] = made(postgres_url, copy, "put_back_empty")
        assert "notification/0 has 0 entries" in refused(world, "notification")
        assert restored(world, "notification")[0]["before"] == 0
        world.start("notification")

        world.settle()
        assert Snapshot.of(world).canonical() == told
        assert (world.sink.doubled(), len(world.sink.mails)) == ({}, mails)
        assert not world.crashed()


def test_without_brokers_people_file(tmp_path: Path) -> None:
    with serving(tmp_path, ["budget_ledger"], bus="kafka://127.0.0.1:1,127.0.0.1:2") as running:
        assert running.client().execute(LEDGER, "open-1", open_envelope()).index == 0
        assert running.host.failure is None
