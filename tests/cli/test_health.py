"""`oproep health` asks for the service by its name, wherever it is said to be."""

from pathlib import Path
from time import monotonic

from services.runtime.clock import FileClock
from services.standalone.registry import SPECS
from tests.cli.conftest import line_for
from tests.runtime.serving import NOON

_PATIENCE_SECONDS = 120


def test_another_service_at_the_address_is_not_the_one_that_was_asked_for(tmp_path: Path) -> None:
    FileClock(tmp_path / "clock").set(NOON)
    line = line_for(tmp_path)
    line.settings["OPROEP_PEERS"] = f"intake={line.settings['OPROEP_LISTEN']}"  # the others are looked for here as well
    process = line.process("service", "intake")
    end = monotonic() + _PATIENCE_SECONDS
    try:
        while "intake         SERVING" not in (told := line("health")).stdout:
            assert process.poll() is None, "the service did not start"
            assert monotonic() < end, told.stdout
    finally:
        process.terminate()
        process.wait(60)
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [f"{name:14} {'SERVING' if name == 'intake' else 'NOT_FOUND'}" for name in SPECS]
