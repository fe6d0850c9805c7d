"""The consumer of the guide for integrators, as it stands there, on a real cluster."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.people import Actor, Role
from services.kernel.ports import Outgoing, Stored
from services.runtime.kafka_bus import KafkaBus
from services.runtime.relay import outgoing
from services.runtime.topics import Cluster, Create, Topic
from tests.docs.shell import ROOT, fences

pytestmark = pytest.mark.kafka


def record(topic: str, index: int, kind: str = "AwardGranted", amount: str = "1000000") -> Outgoing:
    """The record of an entry with one event."""
    event = {"type": kind, "applicationId": f"call.{index}", "amountCents": amount}
    entry = Entry(
        deployment="test",
        log="awarding/0",
        index=index,
        stream="call",
        time=datetime(2027, 4, 15, tzinfo=UTC),
        command_id=f"c-{index}",
        command={"type": "NoteCommitted"},
        actor=Actor(id="service:awarding", organisation="oproep", roles=(Role.SYSTEM,)),
        cause=None,
        events=(event,),
    )
    value = entry.to_bytes()
    sent = outgoing("awarding/0", Stored(index, "call", value, leaf(value)))
    return Outgoing(topic, 0, sent.key, sent.value, sent.headers)


@pytest.fixture
def program(tmp_path: Path, topic_name: str, brokers: str) -> Sequence[str]:
    """The program's command line; it reads a topic of the test's own."""
    (text,) = (text for _, info, text in fences(ROOT / "docs" / "how-to" / "integrators.md") if info == "python kafka")
    assert len([line for line in text.splitlines() if line]) <= 40, "short enough to be read"
    script = tmp_path / "award_events.py"
    script.write_text(text.replace("grants.awarding.v1", topic_name), "utf-8")
    Cluster(brokers).apply([Create(Topic(name=topic_name, partitions=1, replicas=3, config={}))])
    return [sys.executable, str(script), brokers, str(tmp_path / "seen")]


def lines(program: Sequence[str], count: int) -> list[str]:
    """The first lines that it prints; then it is stopped."""
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            return [running.stdout.readline().strip() for _ in range(count)]
        finally:
            running.kill()


def test_it_goes_on_where_it_stopped_and_sees_what_was_changed(program: Sequence[str], topic_name: str, brokers: str) -> None:
    publisher = KafkaBus(brokers).publisher()
    publisher.publish([record(topic_name, 0), record(topic_name, 1, "PlaceNoted"), record(topic_name, 1, "PlaceNoted")])
    publisher.publish([record(topic_name, 2, "AwardDeclined", "")])
    assert lines(program, 2) == ["awarding/0 0 AwardGranted call.0 1000000", "awarding/0 2 AwardDeclined call.2"]

    publisher.publish([record(topic_name, 2, "AwardDeclined", ""), record(topic_name, 3)])
    seen = Path(program[-1])
    assert len(seen.read_text("ascii").splitlines()) in (2, 3), "what it did last may not be noted yet"
    assert lines(program, 1) in (["awarding/0 3 AwardGranted call.3 1000000"], ["awarding/0 2 AwardDeclined call.2"])

    publisher.publish([record(topic_name, 0, amount="9999999")])
    publisher.close()
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "awarding/0/0: not the bytes" in done.stderr


def test_a_gap_ends_it(program: Sequence[str], topic_name: str, brokers: str) -> None:
    publisher = KafkaBus(brokers).publisher()
    publisher.publish([record(topic_name, 0), record(topic_name, 3)])
    publisher.close()
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["awarding/0", "0", "AwardGranted", "call.0", "1000000"]
    assert "entries 1 to 2 are missing" in done.stderr
