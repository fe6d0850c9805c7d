"""The consumer of the guide for integrators, as it stands there, at a real topic that a real door has filled."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from services.publishing.doors.kafka import door as door_module
from services.publishing.doors.kafka.door import TopicDoor
from services.publishing.doors.kafka.records import record
from services.publishing.feed import PublicEvent
from services.runtime.kafka_bus import KafkaBus
from services.runtime.topics import Cluster, Create, Topic
from tests.docs.shell import ROOT, fences
from tests.services.publishing.feeding import Filled

pytestmark = pytest.mark.kafka
_PATIENCE_SECONDS = 120
PAGE = ROOT / "docs" / "how-to" / "integrators.md"
WANTED = {"AwardGranted", "AwardAmended", "AwardWithdrawn", "AwardSettled", "AwardRecovered"}


@pytest.fixture
def program(tmp_path: Path, topic_name: str, brokers: str) -> Sequence[str]:
    """The program's command line; it reads a topic of the test's own."""
    (text,) = (text for _, info, text in fences(PAGE) if info == "python kafka")
    assert len([line for line in text.splitlines() if line]) <= 40, "short enough to be read"
    script = tmp_path / "award_events.py"
    script.write_text(text.replace("grants.awards.v1", topic_name), "utf-8")
    Cluster(brokers).apply([Create(Topic(name=topic_name, partitions=1, replicas=3, config={"min.insync.replicas": "2"}))])
    return [sys.executable, str(script), brokers, str(tmp_path / "last")]


@pytest.fixture
def filled(life: Filled, topic_name: str, brokers: str, program: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Sequence[str]:
    """What the program should print of the whole feed, which a door has sent to that topic in two lives."""
    assert program
    for module in (door_module, sys.modules[record.__module__]):
        monkeypatch.setattr(module, "TOPIC", topic_name)
    monkeypatch.setattr(door_module, "_BATCH", 30)
    events = life.feed.events(None, 1_000)
    bus = KafkaBus(brokers)
    with closing(bus.publisher()) as publisher:  # as a life that ended left it: a batch and, unanswered, the next one twice
        for batch in (events[:30], events[30:50], events[30:50]):
            publisher.publish([record(event, source=life.feed.source, form="json") for event in batch])
    failures: list[BaseException] = []
    door = TopicDoor(life.feed, bus, "json", failures.append)
    door.start()
    with closing(bus.subscribe(topic_name, 0, 0)) as subscription:
        count = 0
        while count < len(events) + 20:
            messages = subscription.poll(_PATIENCE_SECONDS)
            assert messages
            count += len(messages)
    door.stop()
    assert failures == []
    return [line(event) for event in events if event.type in WANTED]


def line(event: PublicEvent) -> str:
    organisation = event.data["organisation"]
    assert isinstance(organisation, dict)
    said = (event.sequence, event.type, event.data["awardId"], organisation["name"], event.data["committedCents"])
    return " ".join(map(str, said))


def killed(program: Sequence[str], output: Path, count: int) -> None:
    """Run it until its output has so many lines, repeated ones not counted; then kill it, wherever it is."""
    pause = threading.Event()
    end = monotonic() + _PATIENCE_SECONDS
    with output.open("ab") as out, subprocess.Popen(program, stdout=out) as running:
        try:
            while len(set(output.read_bytes().split(b"\n")[:-1])) < count:
                assert running.poll() is None
                assert monotonic() < end
                pause.wait(0.005)
        finally:
            running.kill()
    whole, _, _ = output.read_bytes().rpartition(b"\n")
    output.write_bytes(whole + b"\n")  # half a line is what a death leaves; it was not noted, so it comes whole the next time


def test_it_prints_each_event_once_and_goes_on_where_it_was_killed(
    program: Sequence[str], filled: Sequence[str], life: Filled, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    deaths = (1, 15, 40, len(filled))
    for count in deaths:
        killed(program, output, count)
    found = output.read_text("utf-8").splitlines()
    assert list(dict.fromkeys(found)) == filled
    assert len(found) - len(filled) <= len(deaths), "what it did last may not have been noted"

    place = life.feed.length() // 2
    Path(program[-1]).write_text(f"{life.feed.feed_id}/{place}", "ascii")
    later = [text for text in filled if int(text.split()[0]) > place]
    output.unlink()
    killed(program, output, len(later))
    assert output.read_text("utf-8").splitlines() == later


def test_another_history_and_a_shorter_topic_end_it(
    program: Sequence[str], filled: Sequence[str], life: Filled, brokers: str
) -> None:
    last = Path(program[-1])
    end = life.feed.length() - 1
    with closing(KafkaBus(brokers).publisher()) as publisher:
        other = life.feed.event(end)
        publisher.publish([record(replace(other, id=f"{'0' * 16}/{end + 1}"), source=life.feed.source, form="json")])
    last.write_text(f"{life.feed.feed_id}/{end}", "ascii")
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=_PATIENCE_SECONDS)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is of another history than" in done.stderr
    last.write_text(f"{life.feed.feed_id}/{end + 1_000}", "ascii")
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=_PATIENCE_SECONDS)
    assert done.returncode == 1
    assert "OffsetOutOfRange" in done.stderr, "the topic is shorter than it was"
    last.write_text(f"{life.feed.feed_id}/{end - 20}", "ascii")
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=_PATIENCE_SECONDS)
    assert "is of another history than" in done.stderr
    assert done.stdout.splitlines() == [text for text in filled if int(text.split()[0]) > end - 20]
