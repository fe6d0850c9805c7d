"""One open door for all tests that only read, and the protocol's own client before it."""

from collections.abc import Iterator
from typing import Any

import pytest
from common_grants_sdk.client import Auth, Client, Config

from tests.services.publishing.feeding import Filled
from tests.services.publishing.http.serving import Open, opened


@pytest.fixture(scope="session")
def door(life: Filled) -> Iterator[Open]:
    with opened(life.feed, life.views) as found:
        yield found


@pytest.fixture(scope="session")
def client(door: Open) -> Iterator[Any]:
    """The client asks for pages of 7, so that lists have several."""
    with Client(Config(base_url=door.url, api_key="none is needed", page_size=7), Auth.api_key("none is needed")) as found:
        yield found
