"""One server for all tests of this folder that only read, over the call of 2021, with pages of ten events."""

from collections.abc import Iterator

import pytest

from services.publishing.records import Award
from tests.services.publishing.feeding import Filled
from tests.services.publishing.ldes.serving import Served, serving


@pytest.fixture(scope="session")
def served(life: Filled) -> Iterator[Served]:
    with serving(life.feed, life.views) as found:
        yield found


@pytest.fixture(scope="session")
def life_awards(life: Filled) -> list[Award]:
    return life.views.awards()
