"""The feed as a topic: every event, in order, once and for all, whatever dies in between."""

import threading
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from grants.awards.v1 import awards_pb2

from services.kernel import canonical
from services.kernel.ports import Bus, BusError, CorruptLogError, Message, Outgoing, Publisher
from services.publishing import cloudevent
from services.publishing.doors.kafka import door as door_module
from services.publishing.doors.kafka.door import TopicDoor, fitting, told
from services.publishing.doors.kafka.records import PARTITION, TOPIC, Format, place, record
from services.publishing.feed import Feed
from services.runtime import convert
from services.runtime.local_bus import LocalBus
from tests.services.publishing.feeding import Filled

PATIENCE_SECONDS = 60


class Frail(LocalBus):
    """A bus that fails at chosen batches: before anything is there, or after all of it is."""

    def __init__(self, path: Path, failing: Sequence[str]) -> None:
        super().__init__(path)
        self.fates = list(failing)

    def publisher(self) -> "Frailer":  # type: ignore[override]
        return Frailer(self, super().publisher())


class Frailer:
    def __init__(self, bus: Frail, inner: Publisher) -> None:
        self.bus, self.inner = bus, inner

    def publish(self, records: Sequence[Outgoing]) -> None:
        fate = self.bus.fates.pop(0) if self.bus.fates else ""
        if fate == "before":
            raise BusError("nothing arrived")
        self.inner.publish(records)
        if fate == "after":
            raise BusError("all arrived, the answer did not")

    def close(self) -> None:
        self.inner.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(door_module, "_BATCH", 10)
    monkeypatch.setattr(door_module, "_LAST", 20)


def records(bus: Bus) -> list[Message]:
    return list(bus.last(TOPIC, PARTITION, 10_000))


def sequences(bus: Bus) -> list[int]:
    return [found.sequence for message in records(bus) if (found := place(message))]


@contextmanager
def running(feed: Feed, bus: Bus, form: Format = "json") -> Generator[list[BaseException]]:
    failures: list[BaseException] = []
    door = TopicDoor(feed, bus, form, failures.append)
    door.start()
    try:
        yield failures
    finally:
        door.stop()


def wait_for(bus: Bus, last: int) -> None:
    """Until the topic has that event."""
    with closing(bus.subscribe(TOPIC, PARTITION, 0)) as subscription:
        seen = -1
        while seen < last:
            messages = subscription.poll(PATIENCE_SECONDS)
            assert messages, f"{last} never came"
            seen = max(found.sequence for message in messages if (found := place(message)))


@pytest.mark.parametrize("form", ["json", "protobuf"])
def test_every_event_is_a_record_that_says_what_the_feed_says(life: Filled, tmp_path: Path, form: Format) -> None:
    bus = LocalBus(tmp_path / "bus.db")
    with running(life.feed, bus, form) as failures:
        wait_for(bus, life.feed.length() - 1)
    assert failures == []
    events = life.feed.events(None, 1_000)
    found = records(bus)
    assert len(found) == len(events)
    for event, message in zip(events, found, strict=True):
        headers = {name: value.decode() for name, value in message.headers}
        assert headers.pop("content-type") == f"application/{form}"
        assert headers == dict(cloudevent.binary(event, source=life.feed.source))
        assert message.key.decode() == event.call_id
        assert _data(event.type, message.value, form) == event.data


def _data(kind: str, value: bytes, form: Format) -> Any:
    if form == "json":
        return canonical.decode(value)
    return convert.body(getattr(awards_pb2, kind).FromString(value))


def test_a_second_run_sends_nothing_anew(life: Filled, tmp_path: Path) -> None:
    bus = LocalBus(tmp_path / "bus.db")
    last = life.feed.length() - 1
    for _ in range(3):
        with running(life.feed, bus):
            wait_for(bus, last)
    assert sequences(bus) == list(range(last + 1))


@pytest.mark.parametrize("at", [0, 1, 5, 12])
@pytest.mark.parametrize("fate", ["before", "after"])
def test_a_cut_at_any_batch_loses_nothing_and_repeats_nothing_that_is_there(
    life: Filled, tmp_path: Path, at: int, fate: str
) -> None:
    bus = Frail(tmp_path / "bus.db", [*[""] * at, fate])
    with running(life.feed, bus) as failures:
        wait_for(bus, life.feed.length() - 1)
    assert failures == []
    assert sequences(bus) == list(range(life.feed.length()))


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 11, 60, 121, 122])
def test_it_goes_on_from_the_last_event_of_the_topic(life: Filled, tmp_path: Path, cut: int) -> None:
    bus = LocalBus(tmp_path / "bus.db")
    with closing(bus.publisher()) as publisher:
        publisher.publish([record(event, source=life.feed.source, form="json") for event in life.feed.events(None, cut)])
        # A batch that was given up arrives once more, behind others that came after it.
        publisher.publish([record(event, source=life.feed.source, form="json") for event in life.feed.events(None, cut)][-13:-3])
    assert told(life.feed, bus) == cut
    with running(life.feed, bus):
        wait_for(bus, life.feed.length() - 1)
    assert list(dict.fromkeys(sequences(bus))) == list(range(life.feed.length()))
    assert len(sequences(bus)) == life.feed.length() + max(0, min(cut - 3, 10))


def altered(outgoing: Outgoing, name: str, value: bytes) -> Outgoing:
    headers = tuple((key, value if key == name else kept) for key, kept in outgoing.headers)
    return Outgoing(outgoing.topic, outgoing.partition, outgoing.key, outgoing.value, headers)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ce_id", b"0123456789abcdef/121", "feed 0123456789abcdef"),
        ("ce_feedleaf", b"0" * 64, "of the entry 000"),
        ("ce_id", b"nonsense", "no event of a feed"),
    ],
)
def test_a_topic_of_another_history_is_not_added_to(life: Filled, tmp_path: Path, name: str, value: bytes, said: str) -> None:
    bus = LocalBus(tmp_path / "bus.db")
    sent = record(life.feed.event(5), source=life.feed.source, form="json")
    with closing(bus.publisher()) as publisher:
        publisher.publish([altered(sent, name, value)])
    stopped = threading.Event()
    failures: list[BaseException] = []

    def stop(error: BaseException) -> None:
        failures.append(error)
        stopped.set()

    door = TopicDoor(life.feed, bus, "json", stop)
    door.start()
    assert stopped.wait(PATIENCE_SECONDS)
    door.stop()
    assert isinstance(failures[0], CorruptLogError)
    assert said in str(failures[0])
    assert len(records(bus)) == 1


def test_a_topic_ahead_of_the_feed_is_not_added_to(life: Filled, tmp_path: Path) -> None:
    bus = LocalBus(tmp_path / "bus.db")
    sent = record(life.feed.event(5), source=life.feed.source, form="json")
    with closing(bus.publisher()) as publisher:
        publisher.publish([altered(sent, "ce_id", f"{life.feed.feed_id}/122".encode())])
    with pytest.raises(CorruptLogError, match="has event 122, and the feed has 122 events"):
        told(life.feed, bus)


def test_what_is_sent_at_once_fits_into_one_batch() -> None:
    small, large = (Outgoing(TOPIC, PARTITION, b"k", bytes(size), ()) for size in (1_000, 64_000))
    assert len(fitting([small] * 200)) == 200
    assert len(fitting([large] * 200)) == 4
    assert len(fitting([Outgoing(TOPIC, PARTITION, b"k", bytes(300_000), ())] * 2)) == 1
    assert fitting([]) == []
