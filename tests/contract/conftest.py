"""A store of each kind, for the suites that all of them are held to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime.sql_store import SqlStore, open_store
from tests.contract.crashing import LOG
from tests.contract.stores import CHECKS, Open


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def opened(url: str) -> Iterator[Open]:
    stores: list[SqlStore] = []

    def open_another() -> SqlStore:
        stores.append(open_store(url, LOG, CHECKS))
        return stores[-1]

    yield open_another
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Open) -> SqlStore:
    return opened()
