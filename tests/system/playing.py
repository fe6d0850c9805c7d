"""Scenarios as the system tests play them: embedded, in a process of their own, and told in canonical form."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from services.demo import full_cap
from services.demo.result import Snapshot
from services.demo.stage import Stage
from services.demo.world import Embedded
from services.runtime.logging import configure

Told = dict[str, list[str]]


def begun(module: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    """A process of this program, without settings of the machine's own."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("OPROEP_")}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, env={**bare, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Its exit code and what it said, when it is over."""
    out, complaints = process.communicate(timeout=300)
    return process.returncode, out, complaints


def full(directory: Path) -> Told:
    """Play the scenario at the full cap on SQLite and the local bus."""
    world = Embedded(directory)
    with world.running(full_cap.START):
        full_cap.run(Stage(world, lambda _words: None))
        world.settle()
        return Snapshot.of(world).canonical()


def without(told: Mapping[str, list[str]], service: str) -> Told:
    """Everything but one service's log and state."""
    return {name: lines for name, lines in told.items() if service not in name}


if __name__ == "__main__":
    configure("test", "warning")
    sys.stdout.write(json.dumps(full(Path(sys.argv[1]))))
