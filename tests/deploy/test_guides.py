"""What the operators' guide and the decisions say about commands and libraries is so."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from services.cli.main import app

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/how-to/operators.md").read_text("utf-8")
DECISIONS = sorted((ROOT / "docs/decisions").glob("0*.md"))
CALLS = sorted(set(re.findall(r"(?:^ {4,}|`)(?:[A-Z_]+=\S+ )*oproep ([a-z][^`|\n]*)", GUIDE, re.MULTILINE)))


@pytest.mark.parametrize("call", CALLS)
def test_every_command_of_the_guide_exists(call: str) -> None:
    words = call.replace("NAME", "intake").split()
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_every_library_has_its_line_of_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    always = project["project"]["dependencies"] + project["build-system"]["requires"]
    wanted = [
        sorted({re.split(r"[\[=><]", name)[0] for name in names})
        for names in (always, project["project"]["optional-dependencies"]["audit"])
    ]
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", (ROOT / "docs/decisions/0005-libraries.md").read_text("utf-8"), re.MULTILINE)
    assert listed == wanted[0] + wanted[1]


def test_decisions_are_short_and_in_the_index() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    for file in DECISIONS:
        text = file.read_text("utf-8")
        assert len(text.splitlines()) <= 80
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
        assert text.startswith(f"# {file.name[:4]} ")
        assert f"[{file.name[:4]}]({file.name})" in index


def test_links_of_the_guide_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", GUIDE):
        assert (ROOT / "docs/how-to" / target).resolve().exists()
    anchors = {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) <= anchors
