"""A host ends as a whole when a part of it can no longer go on."""

from collections.abc import Callable
from pathlib import Path

from services.kernel.form import MalformedError
from services.runtime.host import run
from tests.runtime.serving import AUDITOR, LEDGER, made, open_envelope, process, serving


def test_without_a_clock_nothing_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path, ["budget_ledger"]) as running:
        assert not running.host.wait(0.2)
        (tmp_path / "clock").write_text("noon", "ascii")
        assert running.host.wait(60)
        assert isinstance(running.host.failure, MalformedError)


def test_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    ends: list[Callable[[], None]] = []

    def on_signal(end: Callable[[], None]) -> None:
        ends.append(end)
        running.client().execute(LEDGER, "open-1", open_envelope())
        end()

    running = made(tmp_path, ["budget_ledger"])
    run(running.host, on_signal)
    assert len(ends) == 1
    with serving(tmp_path, ["budget_ledger"]) as again:
        assert [stored.index for stored in again.client(AUDITOR).entries("budget_ledger/0", 0)] == [0]


def test_a_failure_ends_the_process_with_code_one(tmp_path: Path) -> None:
    with process(tmp_path) as running:
        assert running.stderr is not None
        assert any("host.started" in line for line in running.stderr)
        (tmp_path / "clock").unlink()
        said = running.stderr.read()
        assert running.wait(60) == 1
    assert "FileNotFoundError" in said


def test_a_failure_ends_the_process_also_where_nobody_reads_what_it_says(tmp_path: Path) -> None:
    with process(tmp_path) as running:
        assert running.stderr is not None
        assert any("host.started" in line for line in running.stderr)
        running.stderr.close()
        (tmp_path / "clock").unlink()
        try:
            assert running.wait(60) == 1
        finally:
            running.kill()


def test_an_address_that_is_none_ends_the_process_with_code_one(tmp_path: Path) -> None:
    with process(tmp_path, listen="nowhere.invalid:7400") as running:
        _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "nowhere.invalid:7400" in said
