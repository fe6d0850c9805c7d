"""`python -m tests.chaos.launch [--die NAME --on-pass N --note FILE] [--synchronous LEVEL] service NAME`

The usual entry point, made to kill itself at a failpoint, or to be careless with SQLite's files so that a test can be seen to fail.
"""

import argparse
import itertools
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from services.cli.main import main
from services.runtime.local_bus import LocalBus
from services.runtime.sql_store import Sqlite
from tests.chaos.failpoints import ALL, wrap


def _mortal(name: str, on_pass: int, note: Path) -> None:
    """Die by SIGKILL when the failpoint is passed for the n-th time, and leave a line about it."""
    passes = itertools.count(1)

    def passed(last_act: Callable[[], None] = lambda: None) -> None:
        if next(passes) == on_pass:
            last_act()
            with note.open("a") as file:
                file.write(f"{name}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    wrap(ALL[name], passed)


def _careless(level: str) -> None:
    """Let SQLite sync less than the product asks for."""
    for owner, function in ((Sqlite, "connect"), (LocalBus, "_connect")):
        inner = getattr(owner, function)

        def connect(self: object, inner: object = inner) -> sqlite3.Connection:
            connection: sqlite3.Connection = inner(self)  # type: ignore[operator]
            connection.execute(f"PRAGMA synchronous = {level}")
            return connection

        setattr(owner, function, connect)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.launch")
    parser.add_argument("--die", choices=ALL)
    parser.add_argument("--on-pass", type=int, default=1)
    parser.add_argument("--note", type=Path)
    parser.add_argument("--synchronous", choices=("OFF", "NORMAL"))
    wanted, rest = parser.parse_known_args()
    if wanted.die:
        _mortal(wanted.die, wanted.on_pass, wanted.note)
    if wanted.synchronous:
        _careless(wanted.synchronous)
    sys.argv = ["oproep", *rest]
    main()
