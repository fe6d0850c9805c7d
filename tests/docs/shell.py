"""Runs the shell blocks of a page in one shell, as a reader would, and holds what they print against what the page says."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_ELSEWHERE = ("once", "kafka")
"""`once` prepares the machine, `kafka` needs brokers: other tests see to them."""
_PATIENCE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Block:
    """A shell block, and the text block that follows it. `mark` is what stands behind `sh`."""

    page: str
    line: int
    mark: str
    script: str
    expected: str


def fences(page: Path) -> list[tuple[int, str, str]]:
    """The fenced blocks of a page: line, what stands behind the fence, and the text."""
    text = page.read_text("utf-8")
    return [(text[: m.start()].count("\n") + 1, m[1].strip(), m[2]) for m in _FENCE.finditer(text)]


def blocks(page: Path) -> Iterator[Block]:
    """The shell blocks of a page, in order, and its Python programs. Those with a mark of `_ELSEWHERE` are left out."""
    found = fences(page)
    for n, (line, info, text) in enumerate(found):
        name, _, mark = info.partition(" ")
        if name in ("sh", "python") and mark not in _ELSEWHERE:
            follows = found[n + 1] if n + 1 < len(found) else (0, "", "")
            script = text if name == "sh" else f"python - <<'PROGRAM'\n{text}PROGRAM\n"
            yield Block(page.name, line, mark, script, follows[2] if follows[1] == "text" else "")


class Shell:
    """A bash with `oproep` on its path, in a directory of its own. Whatever it started ends with it."""

    def __init__(self, directory: Path, variables: dict[str, str]) -> None:
        self._directory = directory
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OPROEP_")}
        self._bash = subprocess.Popen(
            ["bash"],
            cwd=directory,
            env={**clean, "PATH": path, "COLUMNS": "2000", "NO_COLOR": "1", **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._bash.stdin
        assert self._bash.stdout
        self._ears: IO[str] = self._bash.stdin
        self._mouth: IO[str] = self._bash.stdout
        self._serial = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._kill()
        self._ears.close()
        self._mouth.close()
        self._bash.wait()

    def run(self, block: Block) -> str:
        """Run a block; a command that fails fails the test, unless the block is marked `refused`; then one must."""
        self._serial += 1
        script, output = (self._directory / f".block-{self._serial}.{kind}" for kind in ("sh", "out"))
        script.write_text(block.script, "utf-8")
        source = f". ./{script.name} > {output.name} 2>&1 < /dev/null"
        failed = self._say(f"failed=; trap 'failed=$BASH_COMMAND' ERR; {source}; trap - ERR")
        printed = output.read_text("utf-8")
        where = f"{block.page}:{block.line}"
        assert bool(failed) == (block.mark == "refused"), f"{where}: {failed or 'nothing was refused'}\n{printed}"
        missing = first_missing(block.expected, printed)
        assert missing is None, f"{where}: {missing!r} is not in\n{printed}"
        return printed

    def _say(self, command: str) -> str:
        """Run a command; gives the command that failed in it, or nothing."""
        watch = threading.Timer(_PATIENCE_SECONDS, self._kill)
        watch.start()
        try:
            self._ears.write(f'{command}; echo "done $failed"\n')
            self._ears.flush()
            answer = self._mouth.readline()
        finally:
            watch.cancel()
        assert answer.startswith("done"), f"the shell ended: {command}"
        return answer.removeprefix("done").strip()

    def _kill(self) -> None:
        if self._bash.poll() is None:
            os.killpg(self._bash.pid, signal.SIGKILL)


def first_missing(expected: str, printed: str) -> str | None:
    """The first line of `expected` that `printed` does not have, in order; `…` stands for anything, and space is space."""
    rest = _spaced(printed)
    for line in expected.splitlines():
        for part in (_spaced(part) for part in line.split("…")):
            at = rest.find(part)
            if at < 0:
                return line
            rest = rest[at + len(part) :]
    return None


def _spaced(text: str) -> str:
    return " ".join(text.split())
