"""The throw-away cluster: made of exactly what is locked, and gone when its owner is."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from services.devcluster.guard import Guarded, GuardError
from services.devcluster.jars import LOCK, JarError, classpath, locked

PARENT = """
import pathlib, sys
from services.devcluster.guard import Guarded
child = Guarded(["command", sys.executable, "-c", "import time; time.sleep(600)"], pathlib.Path(sys.argv[1]))
print(child.word, flush=True)
sys.stdin.read()
"""
WAIT_SECONDS = 60


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_jar_is_pinned_by_version_and_hash() -> None:
    jars = locked()
    assert len(jars) > 40
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {"4.1.1"}
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert "http" not in LOCK.read_text("ascii")


@pytest.mark.kafka
def test_a_jar_with_another_hash_is_refused(brokers: str, tmp_path: Path) -> None:
    smallest = min(locked(), key=lambda jar: len(jar.name))
    lock = tmp_path / "jars.lock"
    lock.write_text(f"{smallest.group}:{smallest.artifact}:{smallest.version} {'0' * 64}\n", "ascii")
    cache = tmp_path / "cache"
    with pytest.raises(JarError, match="refused"):
        classpath(lock=lock, cache=cache)
    assert list(cache.iterdir()) == []


@pytest.mark.kafka
def test_a_spoilt_cache_is_noticed(brokers: str, tmp_path: Path) -> None:
    smallest = min(locked(), key=lambda jar: len(jar.name))
    lock = tmp_path / "jars.lock"
    lock.write_text(f"{smallest.group}:{smallest.artifact}:{smallest.version} {smallest.sha256}\n", "ascii")
    told: list[str] = []
    (tmp_path / smallest.name).write_bytes(b"half a download")
    classes = classpath(told.append, lock=lock, cache=tmp_path)
    assert len(told) == 1
    assert Path(classes).stat().st_size > 1_000
    classpath(told.append, lock=lock, cache=tmp_path)
    assert len(told) == 1


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent_however_that_ends(tmp_path: Path, sign: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "child.log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert runs(child)
        os.kill(parent.pid, sign)
    deadline, pause = monotonic() + WAIT_SECONDS, Event()
    while runs(child):
        assert monotonic() < deadline
        pause.wait(0.05)  # nobody tells of the end of another's child


def test_a_command_that_cannot_run_says_why(tmp_path: Path) -> None:
    with pytest.raises(GuardError, match="no-such-program"):
        Guarded(["command", "no-such-program"], tmp_path / "child.log")


def test_the_end_of_a_child_is_noticed(tmp_path: Path) -> None:
    child = Guarded(["command", shutil.which("false") or "false"], tmp_path / "child.log")
    assert child.ended(within_seconds=WAIT_SECONDS)
    assert "status 1" in child.describe()
    child.stop()
