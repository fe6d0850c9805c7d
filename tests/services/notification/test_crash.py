"""Killed at every point that matters, started again, and the mails counted where they arrive: never two, and no doubt unsaid."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.demo.sink import free_port
from services.notification.model import NoticeStatus, Outcome
from tests.services.notification.crashing import POINTS
from tests.services.notification.post import (
    BODY,
    OPERATOR,
    WAIT_SECONDS,
    Office,
    Server,
    contact,
    listening,
    notice,
    register,
    resolve,
)

CERTAIN = {"before_attempt": NoticeStatus.SENT}
"""Where the kill leaves no doubt, what becomes of the notice; everywhere else it is in doubt."""
ARRIVED = {"before_attempt": {1}, "before_dot": {0}, "after_dot": {0, 1}, "before_confirmation": {1}}
"""How many mails of the killed notice there may be after the restart. Only the kill right behind the dot leaves that open."""


def queue(directory: Path, port: int, *notice_ids: str) -> None:
    office = Office(directory, port)
    office.vault.put(BODY, contact())
    with office.open(sending=False):
        office.give(register())
        for notice_id in notice_ids:
            office.give(notice(notice_id))


def start(directory: Path, port: int, point: str) -> "subprocess.Popen[bytes]":
    module = "tests.services.notification.crashing"
    return subprocess.Popen([sys.executable, "-m", module, str(directory), str(port), point])


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(point: str, tmp_path: Path) -> None:
    server, port = Server(), free_port()
    queue(tmp_path, port, "first", "fatal", "last")
    with listening(server, port):
        assert start(tmp_path, port, point).wait(2 * WAIT_SECONDS) == -signal.SIGKILL
        assert start(tmp_path, port, "nowhere").wait(2 * WAIT_SECONDS) == 0
        office = Office(tmp_path, port)
        with office.open():
            statuses = office.settle()
            assert statuses == {
                "first": NoticeStatus.SENT,
                "fatal": CERTAIN.get(point, NoticeStatus.IN_DOUBT),
                "last": NoticeStatus.SENT,
            }
            assert server.count("fatal") in ARRIVED[point]
            assert server.count("first") == server.count("last") == 1
            if statuses["fatal"] is NoticeStatus.IN_DOUBT:
                outcome = Outcome.SENT if server.count("fatal") else Outcome.AGAIN
                office.give(resolve("fatal", outcome), OPERATOR)
                office.settle()
    assert {server.count(notice_id) for notice_id in ("first", "fatal", "last")} == {1}


@pytest.mark.slow
def test_killed_at_any_moment_again_and_again(tmp_path: Path) -> None:
    server, port = Server(), free_port()
    ids = [f"notice-{n}" for n in range(60)]
    queue(tmp_path, port, *ids)
    with listening(server, port):
        for mails in (1, 7, 8, 23, 41):
            process = start(tmp_path, port, "nowhere")
            server.wait(mails)
            process.kill()
            process.wait()
        assert start(tmp_path, port, "nowhere").wait(2 * WAIT_SECONDS) == 0
        office = Office(tmp_path, port)
        with office.open():
            statuses = office.settle()
    assert len(server.ids()) == len(set(server.ids()))
    for notice_id in ids:
        match statuses[notice_id]:
            case NoticeStatus.SENT:
                assert server.count(notice_id) == 1
            case status:
                assert status is NoticeStatus.IN_DOUBT
    assert sum(status is NoticeStatus.IN_DOUBT for status in statuses.values()) <= 5
