"""The power goes, again and again, for a machine on whose disk both services keep their logs, their bus and the key of the logs."""

import os
import select
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.chaos.chance import Chance
from tests.chaos.load import Load
from tests.chaos.verdict import lost
from tests.chaos.yard import LEDGER, Yard, as_released, yard

_PATIENCE_SECONDS = 300.0
_STARTING, _UNDER_LOAD = (1, 200), (500, 10_000)
"""Writes and syncs before a cut, least and most, by turns."""


class NotHereError(RuntimeError):
    """This machine cannot play the scene; says why."""


class Power:
    """A mounted disk that forgets, in a process of its own; see `fuse.py`."""

    def __init__(self, directory: Path, seed: int) -> None:
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            raise NotHereError("/dev/fuse is not there, or not for this user")
        directory.mkdir(parents=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.fuse", str(directory), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # an interrupt from the keyboard ends the services first
        )
        if (word := self._word()) != "mounted":
            self.stop()
            raise NotHereError(f"no file system can be mounted: {word}")

    def cut_after(self, changes: int) -> None:
        """Let the power go at a change of the disk."""
        self._say(f"arm {changes}")

    def wait_for_cut(self) -> None:
        """Return when it has gone.

        Raises:
            TimeoutError: if nobody changes anything any more.
        """
        ready, _, _ = select.select([self._pipe(self._process.stdout)], [], [], _PATIENCE_SECONDS)
        if not ready:
            raise TimeoutError(f"waited {_PATIENCE_SECONDS:.0f} s for services to change something on their disk")
        assert self._word() == "cut"

    def on(self) -> None:
        """Give power again: the disk has what it kept, and all that was open on it is dead."""
        self._say("on")
        assert self._word() == "mounted"

    def stop(self) -> None:
        """Unmount."""
        self._pipe(self._process.stdin).close()
        self._process.wait()
        self._pipe(self._process.stdout).close()

    def _say(self, words: str) -> None:
        stream = self._pipe(self._process.stdin)
        stream.write(words.encode())
        stream.flush()

    def _word(self) -> str:
        return self._pipe(self._process.stdout).readline().decode().strip()

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe


@contextmanager
def power_cuts(directory: Path, chance: Chance, *, careless: Sequence[str] = ()) -> Generator[tuple[Yard, Load]]:
    """Twice as many cuts as rounds, some while services still start and mend what the one before has left.

    `careless` are words for the launcher, to see that the scene notices.

    Raises:
        NotHereError: if this machine lets nobody mount a file system.
    """
    mount, cuts = directory / "disk", 2 * chance.rounds
    power = Power(mount, chance.seed)
    try:
        entry = (lambda _service: ("-m", "tests.chaos.launch", *careless)) if careless else as_released
        store, bus = f"sqlite:///{mount}", f"local:{mount / 'bus.db'}"
        with yard(directory / "yard", store=store, bus=bus, keys=mount, entry=entry) as ground:
            load = Load(ground, 8)
            for cut in range(cuts):
                power.cut_after(chance.number(*(_STARTING, _UNDER_LOAD)[cut % 2]))
                if cut:
                    _switch_on(ground)
                power.wait_for_cut()
                for service in (ground.ledger, ground.reader):
                    service.halt()
                power.on()
                load.faults += _lost(mount, load)
                if load.faults:
                    break
            if load.faults:
                load.give_up()
            else:
                _switch_on(ground)
                load.more()
                load.stop()
            yield ground, load
    finally:
        power.stop()


def _switch_on(ground: Yard) -> None:
    for service in (ground.ledger, ground.reader):
        service.go_on()


def _lost(mount: Path, load: Load) -> list[str]:
    """Acknowledged commands that are not on the disk, before anything has been started on it. Looks at a copy: opening mends."""
    with tempfile.TemporaryDirectory(prefix="oproep-cut-") as copy:
        for file in mount.glob(f"{LEDGER}-0.db*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, copy)
        try:
            return lost(f"sqlite:///{copy}", load)
        except sqlite3.DatabaseError as error:
            return [f"the ledger's log cannot be read after a cut: {error}"]
