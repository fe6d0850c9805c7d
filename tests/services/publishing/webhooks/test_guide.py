"""The guide: its receiver takes what is sent and nothing else, and its commands do what it says, in its order."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic

import httpx
import pytest

from services.demo.sink import free_port
from services.publishing.doors.webhooks.worker import Webhooks
from services.runtime.clock import SystemClock
from services.runtime.server import Server
from services.runtime.tokens import Tokens
from tests.cli.line import Line
from tests.docs.shell import ROOT, fences
from tests.services.publishing.feeding import Filled
from tests.services.publishing.webhooks.test_worker import running
from tests.services.publishing.webhooks.yard import Receiver, Yard

GUIDE = ROOT / "docs" / "how-to" / "webhooks.md"
COMMANDS = [line.strip() for line in GUIDE.read_text("utf-8").splitlines() if line.startswith("    oproep ")]


@dataclass
class Program:
    """The receiver of the guide as a process. It is given its key when it is started."""

    file: Path
    port: int
    running: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self, key: str) -> None:
        command = [sys.executable, str(self.file), str(self.port), key]
        self.running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        transport = httpx.HTTPTransport(retries=8)  # it takes a moment to listen
        with httpx.Client(transport=transport) as client:
            assert client.get(self.url).status_code == 501

    def lines(self) -> list[str]:
        """What it printed; it is stopped for that."""
        assert self.running is not None
        self.running.terminate()
        return self.running.communicate(timeout=20)[0].splitlines()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    (text,) = (text for _, info, text in fences(GUIDE) if info == "python")
    assert len([line for line in text.splitlines() if line]) <= 20, "short enough to be read"
    file = tmp_path / "receiver.py"
    file.write_text(text, "utf-8")
    made = Program(file, free_port())
    yield made
    if made.running is not None and made.running.poll() is None:
        made.running.kill()
        made.running.communicate()


def test_the_receiver_takes_each_event_once(yard: Yard, program: Program) -> None:
    yard.clock.at = SystemClock().now()
    program.start(yard.add(program.url))
    for _ in range(3):
        yard.step()
    yard.admin.resend("books", "1", "2", by="operator-1")
    yard.step()
    yard.step()
    assert [delivery.outcome.status for delivery in yard.log()] == [204] * 5
    events = yard.feed.events(None, 3)
    assert program.lines() == [f"grants.awards.v1.{event.type} {event.id}" for event in events]


def test_the_receiver_refuses_what_is_not_proven(yard: Yard, program: Program) -> None:
    yard.add(program.url)  # its clock stands long ago or far ahead: too old, or too new
    program.start(yard.add(program.url, "other"))
    yard.step("other")
    yard.clock.at = SystemClock().now()
    yard.step("books")
    assert [yard.log(name)[0].outcome.status for name in ("other", "books")] == [401, 401]
    assert program.lines() == []


def test_the_commands_do_what_they_say(life: Filled, tmp_path: Path, receiver: Receiver) -> None:
    issuer = f"file:{tmp_path / 'issuer'}"
    with running(life.feed, tmp_path) as webhooks:
        server = Server("127.0.0.1:0", Tokens(issuer, "oproep"), webhooks.serve)
        server.start()
        try:
            line = Line(listen=f"127.0.0.1:{server.port}", issuer=issuer)
            for command in COMMANDS:
                _, *words = command.replace("https://books.example/hook", receiver.url).split()
                done = line(*words)
                assert done.exit_code == 0, (command, done.stdout, done.stderr)
                settle(webhooks, life.feed.length())
        finally:
            server.stop()
    length = life.feed.length()
    test, *sent = receiver.requests
    assert test.id.startswith("test/")
    assert [request.sequence for request in sent] == [*range(7, length), 3, *range(3, 8), *range(3, length)]


def settle(webhooks: Webhooks, length: int) -> None:
    """Until endpoints have come to the end of what there is to send."""
    end, pause = monotonic() + 60, Event()
    while any(endpoint.resend_next is not None or endpoint.next < length for endpoint in webhooks.admin.endpoints()):
        assert monotonic() < end, "it does not come to an end"
        pause.wait(0.02)
