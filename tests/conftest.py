"""Servers for the tests, started once and only when a test asks.

Where they cannot run, tests that need them are skipped with the reason; under CI=true that is a failure.
"""

import gc
import os
import tempfile
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
import structlog
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from services.devcluster import Cluster

_serial = count(1)

# A busy machine may stand still for a moment in any example, and how long it takes to draw some is no fault of theirs.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _logging_stays() -> Iterator[None]:
    """Who sets up logging here has all later tests log into what ended with him: let him do it in a process of his own."""
    before = structlog.get_config()
    yield
    assert structlog.get_config() == before


def pytest_sessionfinish() -> None:
    with warnings.catch_warnings():  # the last of what libraries left (see pyproject.toml) need not be shown once more
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def _missing(what: str, error: Exception) -> NoReturn:
    reason = f"no {what} here: {error}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    from services.devcluster.guard import GuardError  # noqa: PLC0415 - most runs need no server
    from services.devcluster.postgres import start_postgres  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="oproep-", ignore_cleanup_errors=True) as directory:
        try:
            server = start_postgres(Path(directory) / "postgres")
        except GuardError as error:
            _missing("PostgreSQL", error)
        with server:
            yield server.url


@pytest.fixture
def postgres_url(_postgres: str) -> str:
    """A database of the test's own."""
    import psycopg  # noqa: PLC0415

    name = f"test_{next(_serial)}"
    with psycopg.connect(_postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return _postgres.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def cluster() -> "Iterator[Cluster]":
    """Three brokers. A test that takes one down brings it up again."""
    from services.devcluster import ClusterError, start  # noqa: PLC0415
    from services.devcluster.guard import GuardError  # noqa: PLC0415
    from services.devcluster.jars import JarError  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="oproep-", ignore_cleanup_errors=True) as directory:
        try:
            running = start(Path(directory))
        except (ClusterError, GuardError, JarError, ImportError) as error:
            _missing("Kafka", error)
        with running:
            yield running


@pytest.fixture(scope="session")
def brokers(cluster: "Cluster") -> str:
    """The brokers' addresses, `HOST:PORT,HOST:PORT,HOST:PORT`."""
    return cluster.bootstrap


@pytest.fixture
def topic_name() -> str:
    """A name that no other test uses."""
    return f"test-{next(_serial)}"
