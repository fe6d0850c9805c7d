"""Readers of the feed in processes of their own, as those see them who measure."""

import json
import subprocess
import sys
import threading
from time import monotonic
from types import TracebackType
from typing import Any, Self

_PATIENCE_SECONDS = 120.0


class Reader:
    """A process that runs a module of readers. Use it as a context; the end of that is the end of the process."""

    def __init__(self, module: str, *words: str) -> None:
        self._name = " ".join((module, *words))
        command = [sys.executable, "-m", f"services.bench.{module}", *words]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own command
        self._told = threading.Condition()
        self._said: dict[str, Any] = {}
        self._arrived: dict[int, float] = {}
        self._ended = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.terminate()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def ask(self, sequence: int) -> None:
        """Have it look for an event from now on."""
        assert self._process.stdin is not None  # noqa: S101 - asked for
        self._process.stdin.write(f"{sequence}\n".encode())
        self._process.stdin.flush()

    def arrival(self, sequence: int) -> float:
        """When it had that event; waits for it.

        Raises:
            RuntimeError: if it has ended.
            TimeoutError: if the event does not come.
        """
        self._wait(lambda: sequence in self._arrived, f"event {sequence}")
        return self._arrived[sequence]

    def said(self, name: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> dict[str, Any]:
        """All that it has said besides, with that in it; waits for it, and raises as `arrival` does."""
        self._wait(lambda: name in self._said, name, patience_seconds)
        return dict(self._said)

    def _wait(self, done: Any, what: str, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        end = monotonic() + patience_seconds
        with self._told:
            self._told.wait_for(lambda: done() or self._ended, end - monotonic())
            if done():
                return
        if self._ended:
            raise RuntimeError(f"{self._name}: ended without {what}")
        raise TimeoutError(f"{self._name}: no {what} after {patience_seconds:.0f} s")

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - asked for
        for line in self._process.stdout:
            told = json.loads(line)
            with self._told:
                if "sequence" in told:
                    self._arrived.setdefault(told["sequence"], told["at"])
                else:
                    self._said |= told
                self._told.notify_all()
        with self._told:
            self._ended = True
            self._told.notify_all()
