"""One open door for all tests that only read, over the call of 2021."""

from collections.abc import Iterator

import pytest

from tests.services.publishing.feeding import Filled
from tests.services.publishing.http.serving import Open, opened


@pytest.fixture(scope="session")
def door(life: Filled) -> Iterator[Open]:
    with opened(life.feed, life.views) as found:
        yield found
