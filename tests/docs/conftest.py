"""The filled feed, for pages that show how it is read."""

from tests.services.publishing.conftest import life as life  # noqa: PLC0414 - handed on, as a fixture is found by its name
