"""Two services as processes, the ledger and one that reads its log, on one store and one bus; each can be hurt."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.demo.sink import free_port
from services.runtime.tokens import LocalIssuer

READER = "awarding"
LEDGER = "budget_ledger"
_ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 300.0
_LOOK_SECONDS = 0.05


class Service:
    """One service's process; a watchman starts it again whenever it ends by itself, as an orchestrator would."""

    def __init__(self, yard: "Yard", name: str) -> None:
        self._yard, self.name = yard, name
        self.address = f"127.0.0.1:{free_port()}"
        self.starts = 0
        self._over = threading.Event()
        self._process = self._spawn()
        self._watchman = threading.Thread(target=self._watch, daemon=True)
        self._watchman.start()

    def _spawn(self, *, file_bytes: int | None = None) -> "subprocess.Popen[bytes]":
        self.starts += 1
        return self._yard.spawn(self.name, self.address, file_bytes=file_bytes)

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            if self._process.poll() is not None:
                self._process = self._spawn()

    def kill(self) -> None:
        """Let it die at once; the watchman starts it again."""
        self._process.send_signal(signal.SIGKILL)

    def freeze(self) -> "subprocess.Popen[bytes]":
        """Stop it in mid-air and give its place, at a new address, to another; gives the frozen process."""
        frozen = self._process
        frozen.send_signal(signal.SIGSTOP)
        self.address = f"127.0.0.1:{free_port()}"
        self._process = self._spawn()
        return frozen

    def starve(self, file_bytes: int) -> None:
        """From its next start on, no file may grow beyond that, once: the disk is full. Then it is emptied."""
        self.stop()
        self._process = self._spawn(file_bytes=file_bytes)
        until(lambda: self._process.poll() is not None, "the service to notice that the disk is full")
        self.go_on()

    def halt(self) -> None:
        """Let it die at once, and not start again. It may end later: who waits for a disk cannot be killed before that is gone."""
        self._over.set()
        self._watchman.join()
        self._process.kill()

    def stop(self) -> None:
        """The same, and wait for its end."""
        self.halt()
        self._process.wait()

    def go_on(self) -> None:
        """Start it again after its end, and keep it going."""
        self._process.wait()
        self._process = self._spawn()
        self._over.clear()
        self._watchman = threading.Thread(target=self._watch, daemon=True)
        self._watchman.start()


Entry = Callable[[str], Sequence[str]]
"""How a service is started this time: what stands between Python and `service NAME`."""


def as_released(_service: str) -> Sequence[str]:
    """The entry point that everybody uses."""
    return ("-m", "services.cli")


class Yard:
    """Where the services run. `store` and `bus` are settings; by default SQLite and the local bus. In `keys` lies the logs' key."""

    def __init__(
        self, directory: Path, *, store: str = "", bus: str = "", keys: Path | None = None, entry: Entry = as_released
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.store = store or f"sqlite:///{directory / 'logs'}"
        self._keys = keys or directory
        self._bus, self._entry = bus or f"local:{directory / 'bus.db'}", entry
        self.issuer = LocalIssuer(directory / "issuer")
        self.ledger = Service(self, LEDGER)
        self.reader = Service(self, READER)

    def spawn(self, name: str, address: str, *, file_bytes: int | None = None) -> "subprocess.Popen[bytes]":
        """Start a process of a service."""
        settings = {
            "OPROEP_DEPLOYMENT": "chaos",
            "OPROEP_STORE": self.store,
            "OPROEP_BUS": self._bus,
            "OPROEP_LISTEN": address,
            "OPROEP_PEERS": f"{LEDGER}={self.ledger.address}" if name == READER else f"{LEDGER}={address}",
            "OPROEP_ISSUER": f"file:{self.directory / 'issuer'}",
            "OPROEP_LOG_KEY": f"file:{self._keys / 'log-key.pem'}",
            "OPROEP_DOCUMENTS": str(self.directory / "documents"),
            "OPROEP_VAULT": str(self.directory / "vault.db"),
        }
        limit: Any = None if file_bytes is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        with (self.directory / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *self._entry(name), "service", name],
                cwd=_ROOT,
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
                preexec_fn=limit,  # noqa: PLW1509 - before the first thread of the child
            )

    def stop(self) -> None:
        """End all."""
        self.ledger.stop()
        self.reader.stop()


@contextmanager
def yard(
    directory: Path, *, store: str = "", bus: str = "", keys: Path | None = None, entry: Entry = as_released
) -> Generator[Yard]:
    """A yard for as long as the block lasts."""
    made = Yard(directory, store=store, bus=bus, keys=keys, entry=entry)
    try:
        yield made
    finally:
        made.stop()


def until(done: Callable[[], bool], what: str) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: saying for what.
    """
    end, pause = time.monotonic() + _PATIENCE_SECONDS, threading.Event()
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {_PATIENCE_SECONDS:.0f} s for {what}")
        pause.wait(_LOOK_SECONDS)
