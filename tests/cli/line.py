"""The command line as a test calls it: in this process, with settings of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from services.cli.main import app

CALLS = Path(__file__).parents[2] / "calls"
CALL_FILE = CALLS / "radicalisation-2021.toml"
OFFICER = "officer-1:agency:officer"


class Line:
    """`oproep`, with an environment that knows only these settings."""

    def __init__(self, **settings: str) -> None:
        self.settings = {f"OPROEP_{name.upper()}": value for name, value in settings.items()}

    def process(self, *arguments: str) -> "subprocess.Popen[str]":
        """Run it in a process of its own."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith("OPROEP_")}
        command = [sys.executable, "-m", "services.cli", *arguments]
        return subprocess.Popen(
            command, env={**bare, **self.settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
        )

    def __call__(self, *arguments: str, **more: str) -> Any:
        """Call it; gives click's result, with what went to standard output and to standard error apart."""
        environment = {**self.settings, **{f"OPROEP_{name.upper()}": value for name, value in more.items()}}
        return CliRunner(env=environment).invoke(app, list(arguments))

    def fed(self, *arguments: str, said: bytes | None) -> Any:
        """Call it with something on standard input."""
        return CliRunner(env=self.settings).invoke(app, list(arguments), input=said)


def commands() -> Iterator[tuple[str, Any]]:
    """All commands with their full names."""
    yield from _below(typer.main.get_command(app), "")


def _below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for part, inner in command.commands.items():
        yield from _below(inner, f"{name} {part}".strip())
