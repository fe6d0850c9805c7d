"""The worker beside the log: doors open after the feed follows, and close before it stops."""

import resource
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from services.publishing import doors
from services.publishing.doors import DoorContext
from services.publishing.feed import feed_log
from services.runtime.settings import Settings
from services.runtime.writer import Writer
from tests.services.publishing.feeding import Hands, in_time, recorded, take_in, writing


class Door:
    """A door that notes what is done to it."""

    def __init__(self, context: DoorContext) -> None:
        self.context, self.steps = context, list[str]()

    def start(self) -> None:
        """Begin."""
        self.steps.append("start")

    def stop(self) -> None:
        """End."""
        self.steps.append("stop")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Door]:
    """The doors that were made; there is one of each process."""
    found: list[Door] = []

    def factory(context: DoorContext) -> Door:
        found.append(Door(context))
        return found[-1]

    monkeypatch.setattr(doors, "factories", lambda: (factory,))
    return found


@pytest.fixture
def clock() -> Hands:
    return Hands(datetime.fromisoformat("2021-01-01T00:00:00Z"))


@pytest.fixture
def writer(tmp_path: Path, clock: Hands) -> Iterator[Writer]:
    with writing(tmp_path, clock) as running:
        yield running


def test_a_door_hears_of_what_is_told(writer: Writer, clock: Hands, made: list[Door]) -> None:
    failures: list[BaseException] = []
    worker = doors.doors(writer, Settings(), failures.append)
    worker.start()
    take_in(writer, clock, list(in_time(recorded()))[:40])
    feed = made[0].context.feed
    assert feed.wait(0, 60)
    assert feed.event(0).type == "CallPublished"
    worker.stop()
    assert made[0].steps == ["start", "stop"]
    assert not failures


def test_a_feed_that_cannot_be_followed_ends_the_process(writer: Writer, made: list[Door], monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[BaseException] = []
    worker = doors.doors(writer, Settings(), failures.append)

    def gone() -> None:
        raise OSError("no disk")

    monkeypatch.setattr(made[0].context.feed, "refresh", gone)
    worker.start()
    worker.stop()
    assert [str(failure) for failure in failures] == ["no disk"]


def test_a_log_without_the_feed_has_no_doors(writer: Writer, made: list[Door]) -> None:
    elsewhere = next(shards for shards in range(2, 20) if feed_log(shards) != writer.name)
    worker = doors.doors(writer, Settings(shards=elsewhere), lambda _error: None)
    worker.start()
    worker.stop()
    assert made == []


def test_a_process_with_doors_may_open_as_many_files_as_the_system_lets_it(writer: Writer, made: list[Door]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        worker = doors.doors(writer, Settings(), lambda _error: None)
        worker.start()
        worker.stop()
        assert made[0].steps == ["start", "stop"]
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536), hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
