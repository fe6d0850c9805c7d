"""The command and the program of the guide for integrators, as they stand there."""

import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from services.cli.main import app
from tests.docs.shell import ROOT, fences
from tests.services.publishing.feeding import Filled
from tests.services.publishing.http.serving import Open

GUIDE = ROOT / "docs" / "how-to" / "integrators.md"
FEED = "https://feed.example"


def fenced(kind: str) -> str:
    (text,) = (text for _, info, text in fences(GUIDE) if info == kind)
    return text


def test_the_command_takes_all_files(door: Open, tmp_path: Path) -> None:
    program, *words = fenced("bash files").split()
    target = tmp_path / words.pop(words.index("awards"))
    done = CliRunner().invoke(app, [*(word.replace(FEED, door.url) for word in words), str(target)])
    assert (program, done.exit_code) == ("oproep", 0), done.stderr
    assert (target / "register" / "2021-Q4.csv").read_bytes() == door.get("/v1/files/register/2021-Q4.csv").content


def test_the_program_prints_every_award(life: Filled, door: Open, tmp_path: Path) -> None:
    script = tmp_path / "calls.py"
    script.write_text(fenced("py commongrants"), "utf-8")
    done = subprocess.run([sys.executable, str(script), door.url], capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith(" ")]
    assert len(lines) == len(life.views.awards())
    assert " Zoersel 0.00 cancelled" in lines
    assert " Antwerpen 60000.00 completed" in lines


def test_the_guide_says_what_is_so(door: Open) -> None:
    text = GUIDE.read_text("utf-8")
    header = door.get("/v1/files/register/2021-Q4.csv").text.split("\r\n")[0]
    assert all(f"`{column}`" in text for column in header.split(","))
