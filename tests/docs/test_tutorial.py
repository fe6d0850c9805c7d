"""The tutorial and the guides are run as they stand: in an empty directory, against services of their own."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from services.demo.sink import free_port
from services.kernel.form import parse_instant
from services.kernel.people import Actor, Role
from services.runtime.client import Client, UnreachableError
from services.runtime.tokens import LocalIssuer
from tests.docs.shell import ROOT, Shell, blocks

_TUTORIAL = ROOT / "docs" / "tutorial" / "your-own-call.md"
_GUIDES = ("auditors.md", "integrators.md")
_PATIENCE_SECONDS = 180
_READER = Actor(id="reader", organisation="local", roles=(Role.AUDITOR,))


class Reader:
    """Somebody who goes through a page and waits after each step until the services have told each other."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._mail = f"127.0.0.1:{free_port()}"
        self._listen = f"127.0.0.1:{free_port()}"
        self._elsewhere = {
            "127.0.0.1:2525": self._mail,
            **{f"127.0.0.1:{n}": f"127.0.0.1:{free_port()}" for n in (7500, 8080, 8090)},
        }
        """The addresses of the pages, and those that are free here."""
        self.shell = Shell(directory, {"OPROEP_LISTEN": self._listen, "OPROEP_SMTP": self._mail})

    def read(self, page: Path, *, upto: str = "") -> None:
        """Run a page's blocks, up to the one that is marked so."""
        for block in blocks(page):
            if upto and block.mark == upto:
                return
            script = block.script
            for shown, here in self._elsewhere.items():
                script = script.replace(shown, here)
            self.shell.run(replace(block, script=script))
            self._settle()

    def _settle(self) -> None:
        if not (self._directory / ".run" / "issuer").exists():
            return
        issuer = LocalIssuer(self._directory / ".run" / "issuer")
        client = Client(self._listen, lambda: issuer.token(_READER), patience_seconds=0)
        end, pause, before = time.monotonic() + _PATIENCE_SECONDS, Event(), None
        try:
            while (now := self._at_rest(client)) is None or now != before:
                assert time.monotonic() < end, "the services do not come to rest"
                before = now
                pause.wait(0.1)
        finally:
            client.close()

    def _at_rest(self, client: Client) -> dict[str, int] | None:
        """The lengths of the logs, if all is sent and read and what is due by the clock is done; nothing is where no one serves."""
        now = parse_instant((self._directory / "clock").read_text("ascii").strip(), "clock")
        try:
            heads = client.heads()
        except UnreachableError:
            return {}
        lengths = {head.log: head.length for head in heads}
        quiet = all(
            head.relayed == head.length
            and not head.pending
            and head.swept_at.seconds >= now.timestamp()
            and all(source.next_index == lengths[source.log] for source in head.sources)
            for head in heads
        )
        return lengths if quiet else None


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    someone = Reader(tmp_path)
    with someone.shell:
        yield someone


@pytest.mark.slow
def test_the_tutorial_and_then_the_guides_do_what_they_say(reader: Reader, tmp_path: Path) -> None:
    reader.read(_TUTORIAL, upto="last")
    for guide in _GUIDES:
        reader.read(ROOT / "docs" / "how-to" / guide)
    (end,) = (block for block in blocks(_TUTORIAL) if block.mark == "last")
    reader.shell.run(end)
    assert json.loads((tmp_path / "up.log").read_text("utf-8").splitlines()[-1])["event"] == "host.stopped"
