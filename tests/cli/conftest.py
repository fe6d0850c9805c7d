"""All services in a process of their own, and the command line beside it."""

from collections.abc import Generator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from services.demo.sink import free_port
from services.runtime.clock import FileClock
from tests.runtime.serving import NOON

if TYPE_CHECKING:
    from tests.cli.line import Line


def line_for(place: Path) -> "Line":
    """A command line whose settings all lie in one place."""
    from tests.cli.line import Line  # noqa: PLC0415 - it loads a Kafka client, which warns where nothing is set up yet

    return Line(
        listen=f"127.0.0.1:{free_port()}",
        issuer=f"file:{place / 'issuer'}",
        log_key=f"file:{place / 'log-key.pem'}",
        store=f"sqlite:///{place / 'logs'}",
        bus=f"local:{place / 'bus.db'}",
        documents=str(place / "documents"),
        vault=str(place / "vault.db"),
        clock=f"file:{place / 'clock'}",
        webhook_key=f"file:{place / 'webhook.key'}",
        smtp=f"127.0.0.1:{free_port()}",
    )


@pytest.fixture(scope="module")
def oproep(tmp_path_factory: pytest.TempPathFactory) -> "Generator[Line]":
    place = tmp_path_factory.mktemp("services")
    FileClock(place / "clock").set(NOON)
    line = line_for(place)
    process = line.process("up")
    end = monotonic() + 120
    while line("health").exit_code:
        assert process.poll() is None, "the services did not start"
        assert monotonic() < end, "the services do not answer"
    yield line
    process.terminate()
    assert process.wait(120) == 0


@pytest.fixture
def alone(tmp_path: Path) -> "Line":
    """A command line that no service answers."""
    return line_for(tmp_path)
