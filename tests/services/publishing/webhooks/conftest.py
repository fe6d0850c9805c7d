"""A yard for deliveries: a receiver on a real socket, a clock that stands still, and a store of each kind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services.publishing.feeding import Filled
from tests.services.publishing.webhooks.yard import Receiver, Yard

Yards = Callable[..., Yard]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def yards(tmp_path: Path, life: Filled) -> Iterator[Yards]:
    """Makes yards over one directory: a second one is what starts after a crash of the first."""
    made: list[Yard] = []

    def another(store: str = "") -> Yard:
        made.append(Yard(tmp_path, life.feed, store=store))
        return made[-1]

    yield another
    for yard in made:
        yard.store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def each_yard(request: pytest.FixtureRequest, yards: Yards) -> Yard:
    """A yard on each kind of database."""
    return yards("" if request.param == "sqlite" else request.getfixturevalue("postgres_url"))


@pytest.fixture
def yard(yards: Yards) -> Yard:
    return yards()
