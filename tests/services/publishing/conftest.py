"""A filled feed for every test of a door, made once a session."""

from collections.abc import Iterator

import pytest

from tests.services.publishing.feeding import Filled, filled


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """The call of 2021 in its two rounds, as if it published everything: read it, write nothing."""
    with filled(tmp_path_factory.mktemp("feed")) as feed:
        yield feed
