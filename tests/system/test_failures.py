"""Processes that are taken over or die in the middle, and everything ends as if they had not."""

import signal
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from os import environ
from pathlib import Path

from services.demo import full_cap
from services.demo.canon import difference
from services.demo.result import Snapshot
from services.demo.sink import free_port
from services.demo.stage import Stage
from services.demo.world import World
from services.kernel.people import Actor
from services.kernel.ports import FencedError
from services.runtime.batch import Answer
from services.runtime.replay import replay, rows, steps
from services.standalone.registry import SPECS
from tests.runtime.serving import AUDITOR, LEDGER, open_envelope, serving
from tests.system.playing import Told, without

_DEATHS = (30, 95, 190)
"""Which commands of the scenario the process does not survive: while filing, while scoring, and towards the approval."""
_ANSWER_LOST = 95
"""After which of them it dies."""


class Mortal(World):
    """All services in another process, which dies and is started again."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self.deaths = 0

    def address(self, service: str) -> str:
        del service
        return f"127.0.0.1:{self._port}"

    def execute(self, service: str, actor: Actor, command: object) -> Answer:
        """As always, but now and then the process dies: with the command in its hands, or when all but the answer is done."""
        self._count += 1
        if self._count not in _DEATHS:
            return super().execute(service, actor, command)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(super().execute, service, actor, command)
            if self._count == _ANSWER_LOST:
                future.result()
            self._die()
            self._start()
            answer = future.result()
        again = self._client(service, actor).execute(SPECS[service], f"demo-{self._count:05d}", command)
        assert again == replace(answer, repeated=True)
        return answer

    @contextmanager
    def running(self, start: datetime) -> Generator[None]:
        self.clock.set(start)
        with self.mail():
            self._start()
            try:
                yield
            finally:
                self._die()

    def _start(self) -> None:
        values = self.settings(
            store=f"sqlite:///{self.directory / 'logs'}",
            bus=f"local:{self.directory / 'bus.db'}",
            listen=self.address(""),
            log_level="error",
        )
        settings = {f"OPROEP_{name.upper()}": str(value) for name, value in values.items()}
        with (self.directory / "process.log").open("ab") as log:
            command = [sys.executable, "-m", "services.cli", "up"]
            self._process = subprocess.Popen(command, env={**environ, **settings}, stdout=log, stderr=log)

    def _die(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        assert self._process.wait() == -signal.SIGKILL, (self.directory / "process.log").read_text()
        self.deaths += 1


def test_a_process_that_dies_in_the_middle_ends_the_same(tmp_path: Path, elsewhere: list[Told]) -> None:
    world = Mortal(tmp_path)
    with world.running(full_cap.START):
        full_cap.run(Stage(world, lambda _words: None))
        world.settle()
        told = Snapshot.of(world).canonical()
    assert world.deaths == len(_DEATHS)
    # A mail that was under way when the process died waits for an operator, and goes out no second time.
    assert world.sink.doubled() == {}
    assert difference(without(elsewhere[0], "notification"), without(told, "notification")) == []


def test_a_second_host_on_the_same_files_takes_over(tmp_path: Path) -> None:
    names = list(SPECS)
    with serving(tmp_path, names) as first:
        opened = first.client().execute(LEDGER, "open-1", open_envelope("envelope-1"))
        with serving(tmp_path, names) as second:
            assert second.client().execute(LEDGER, "open-1", open_envelope("envelope-1")).index == opened.index
            after = second.client().execute(LEDGER, "open-2", open_envelope("envelope-2"))
            assert first.host.wait(60)
            assert isinstance(first.host.failure, FencedError)
            assert (after.index, after.repeated) == (opened.index + 1, False)
            auditor = second.client(AUDITOR)
            state = {(row.kind, row.key): row.body.encode() for row in auditor.state("budget_ledger/0")}
            log = auditor.entries("budget_ledger/0", 0)
            assert rows(replay(LEDGER.decider, steps("budget_ledger/0", log))) == state
            assert second.host.failure is None
