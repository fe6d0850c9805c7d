"""The register over the call of 2021, and over calls that mean harm; open on a socket for all tests that only read."""

from collections.abc import Iterator

import pytest

from tests.services.publishing.feeding import Filled
from tests.services.publishing.http.serving import Open, opened
from tests.services.publishing.register.serving import hostile


@pytest.fixture(scope="session")
def door(life: Filled) -> Iterator[Open]:
    with opened(life.feed, life.views) as found:
        yield found


@pytest.fixture(scope="session")
def harm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with hostile(tmp_path_factory.mktemp("harm")) as feed:
        yield feed


@pytest.fixture(scope="session")
def harmed(harm: Filled) -> Iterator[Open]:
    with opened(harm.feed, harm.views) as found:
        yield found
