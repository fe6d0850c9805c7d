"""What the pages name is there: commands with their options, settings, targets of make, files, tests, events of a service."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from services.cli.main import app
from services.runtime.settings import Settings
from services.standalone.registry import SPECS
from tests.docs.shell import ROOT, fences

_SHELL = ("sh", "bash", "console", "")
_BESIDE = {"OPROEP_AS", "OPROEP_AUDIT_STATE", "OPROEP_EVENT_ID", "OPROEP_WEBHOOK_"}
"""Variables that are no settings of a service, and a prefix of some that are."""
_MADE = {"deployment.json", ".excel.csv", "subsidies-damme.csv"}
"""Names of what exports, the feed and a source elsewhere hold."""


def _listed(pattern: str) -> list[str]:
    return subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, check=True, text=True).stdout.split()


_FILES = _listed("*")
PAGES = [ROOT / name for name in _listed("*.md") if (ROOT / name).exists()]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _inline(page: Path) -> list[str]:
    """What a page has between backticks in its text."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


def _scripts(page: Path) -> list[str]:
    """Lines for a shell: of fenced blocks, indented ones, and between backticks; a line that goes on is one."""
    text = page.read_text("utf-8")
    fenced = [block for _, info, block in fences(page) if info.partition(" ")[0] in _SHELL]
    indented = re.findall(r"^ {4,}(.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return [*_inline(page), *(line for block in (*fenced, "\n".join(indented)) for line in block.replace("\\\n", " ").split("\n"))]


def _calls(page: Path) -> list[list[str]]:
    """The words behind each `oproep`, also of those given in a container."""
    found: list[list[str]] = []
    for line in _scripts(page):
        for part in re.split(r"[|;<>]|&&|&| {2,}", line):
            words = re.search(r"(?:^|(?<=[ /]))oproep(?: intake)? ([a-z].*)|\bcompose run .*?\bcli ([a-z].*)", part)
            if words:
                found.append((words[1] or words[2]).split())
    return found


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_exists_with_its_options(page: Path) -> None:
    wrong: list[str] = []
    for call in _calls(page):
        command: Any = get_command(app)
        words = list(call)
        while hasattr(command, "commands") and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
        unknown = {word.partition("=")[0] for word in words if word.startswith("--")} - options
        if unknown or (hasattr(command, "commands") and words):
            wrong.append(" ".join(call))
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_setting_exists(page: Path) -> None:
    known = {f"OPROEP_{name.upper()}" for name in Settings.model_fields} | _BESIDE
    assert set(re.findall(r"OPROEP_[A-Z_]+", page.read_text("utf-8"))) - known == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z./-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {made[1] for line in _scripts(page) if (made := re.match(r"make ([a-z./-]+)", line))} - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_file_exists(page: Path) -> None:
    named = [word for word in _inline(page) if re.fullmatch(r"[\w.][\w./-]*\w\.(py|toml|md|sh|yml|proto|svg|json|lock|csv)", word)]
    paths = [word for word in _inline(page) if re.fullmatch(r"(services|tests|docs|deploy|calls|protos)/[\w./-]*", word)]
    missing = [word for word in named if word not in _MADE and not any(f"/{file}".endswith(f"/{word}") for file in _FILES)]
    missing += [word for word in paths if not word.startswith("deploy/secrets/") and not (ROOT / word).exists()]
    assert missing == []


@pytest.mark.parametrize("service", SPECS)
def test_a_service_tells_of_all_its_commands_and_events(service: str) -> None:
    decider = SPECS[service].decider
    told = set(re.findall(r"\w+", " ".join(_inline(ROOT / "services" / service / "README.md"))))
    assert {kind.__name__ for kind in (*decider.commands, *decider.events)} - told == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_service_is_left_out_where_all_are_named(page: Path) -> None:
    """A line for a shell that begins to list them lists all, in their order."""
    for found in re.findall(r"\bintake scoring [\w -]+", page.read_text("utf-8")):
        assert [name.replace("-", "_") for name in found.split()][: len(SPECS)] == list(SPECS)


def test_auditors_are_told_of_each_log() -> None:
    guide = (ROOT / "docs" / "how-to" / "auditors.md").read_text("utf-8")
    assert [name for name in SPECS if f"| `{name}` |\n" not in guide] == []
