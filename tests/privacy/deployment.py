"""A whole deployment in one directory, also what its process writes to standard error, and a look through all of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from services.demo.sink import free_port
from services.kernel.people import Actor, Role
from services.kernel.ports import Stored
from services.runtime.client import Client
from services.runtime.clock import FileClock
from services.runtime.tokens import LocalIssuer
from services.standalone.registry import SPECS
from services.tlog.tree import root
from tests.cli.line import Line

AUDITOR = Actor(id="auditor-1", organisation="court", roles=(Role.AUDITOR,))
_PATIENCE_SECONDS = 120


class Deployment:
    """`oproep up` and the command line beside it. All that they keep lies below `place`."""

    def __init__(self, place: Path, *, store: str = "", bus: str = "") -> None:
        """With a store and a bus of its own below `place`, unless others are named."""
        self.place = place
        place.mkdir()
        self.clock = FileClock(place / "clock")
        self._listen = f"127.0.0.1:{free_port()}"
        self.line = Line(
            listen=self._listen,
            issuer=f"file:{place / 'issuer'}",
            log_key=f"file:{place / 'log-key.pem'}",
            store=store or f"sqlite:///{place / 'logs'}",
            bus=bus or f"local:{place / 'bus.db'}",
            documents=str(place / "documents"),
            vault=str(place / "vault.db"),
            clock=f"file:{place / 'clock'}",
            smtp=f"127.0.0.1:{free_port()}",
            log_level="debug",
        )

    def __call__(self, *arguments: str, said: bytes | None = None, code: int = 0) -> str:
        """Call the command line; gives what it printed."""
        result: Any = self.line.fed(*arguments, said=said)
        assert result.exit_code == code, (arguments, result.output)
        return str(result.stdout)

    @contextmanager
    def up(self) -> Generator[None]:
        """All services in a process of their own."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith("OPROEP_")}
        with (self.place / "stderr.log").open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.cli", "up"], env={**bare, **self.line.settings}, stdout=errors, stderr=errors
            )
        try:
            patiently(lambda: self.line("health").exit_code == 0)
            yield
        finally:
            process.terminate()
            assert process.wait(_PATIENCE_SECONDS) == 0

    def entries(self) -> dict[str, list[Stored]]:
        """Every log as it stands."""
        issuer = LocalIssuer(self.place / "issuer")
        client = Client(self._listen, lambda: issuer.token(AUDITOR), patience_seconds=60)
        try:
            return {f"{name}/0": list(client.entries(f"{name}/0", 0)) for name in SPECS}
        finally:
            client.close()

    def balances(self) -> dict[str, str]:
        """The ledger's state."""
        issuer = LocalIssuer(self.place / "issuer")
        client = Client(self._listen, lambda: issuer.token(AUDITOR), patience_seconds=60)
        try:
            return {f"{row.kind}/{row.key}": row.body for row in client.state("budget_ledger/0")}
        finally:
            client.close()

    def copy(self, to: Path, *names: str) -> None:
        """Files and folders of the deployment into another place, with whatever stands beside a database."""
        to.mkdir()
        for name in names:
            for path in self.place.glob(f"{name}*"):
                shutil.copytree(path, to / path.name) if path.is_dir() else shutil.copy2(path, to / path.name)

    def restore(self, backup: Path) -> None:
        """Put copies in the place of what is there."""
        for path in backup.iterdir():
            here = self.place / path.name
            if here.is_dir():
                shutil.rmtree(here)
            fresh = here.with_name(f"{path.name}.new")
            shutil.copytree(path, fresh) if path.is_dir() else shutil.copy2(path, fresh)
            fresh.replace(here)  # in one step: a running process may be about to open it


def patiently(holds: Callable[[], bool]) -> None:
    """Look until something holds."""
    end, pause = monotonic() + _PATIENCE_SECONDS, Event()
    while not holds():
        assert monotonic() < end, "it never came to be"
        pause.wait(0.05)


def found(place: Path, *words: bytes) -> list[str]:
    """The files that hold one of the words, in any encoding that a database or a log line would use."""
    needles = [w for word in words for w in (word, word.decode().encode("utf-16-le"), word.hex().encode())]
    return sorted(
        str(path.relative_to(place))
        for path in place.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    )


def roots(logs: dict[str, list[Stored]], lengths: dict[str, int]) -> dict[str, str]:
    """The tree's root of each log over its first entries."""
    return {name: root([bytes.fromhex(entry.leaf) for entry in log[: lengths[name]]]).hex() for name, log in logs.items()}
