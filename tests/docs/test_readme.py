"""The README shows what its commands do."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.shell import ROOT, fences, first_missing


def _readme() -> str:
    return (ROOT / "README.md").read_text("utf-8")


def test_its_two_commands_are_there() -> None:
    for target in ("demo", "test"):
        assert f"    make {target}\n" in _readme()
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.slow
def test_the_demonstration_ends_as_shown(tmp_path: Path) -> None:
    shown = next(text for _, info, text in fences(ROOT / "README.md") if info == "text")
    oproep = Path(sys.executable).with_name("oproep")
    done = subprocess.run([oproep, "demo", "--dir", tmp_path], check=True, capture_output=True, text=True)
    assert first_missing(shown, done.stdout) is None
    assert done.stdout.splitlines()[-1] == shown.splitlines()[-1]
