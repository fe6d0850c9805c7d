"""What every bus holds to: one suite for the local one, for Kafka, and for the worst that the port allows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from services.kernel.canonical import MAX_ENTRY_BYTES
from services.kernel.ports import Bus, CorruptLogError, Message, Outgoing
from services.runtime.local_bus import LocalBus
from tests.contract.patience import PATIENCE_SECONDS, incoming
from tests.contract.unruly import UnrulyBus

PARTITIONS = 3


@pytest.fixture(params=["local", "unruly", pytest.param("kafka", marks=pytest.mark.kafka)])
def bus(request: pytest.FixtureRequest, tmp_path: Path, topic_name: str) -> Bus:
    if request.param != "kafka":
        local = LocalBus(tmp_path / "bus.db")
        return UnrulyBus(local, seed=topic_name) if request.param == "unruly" else local
    from services.runtime.kafka_bus import KafkaBus  # noqa: PLC0415 - the other runs need no Kafka client
    from services.runtime.topics import Cluster, Create, Topic  # noqa: PLC0415

    brokers: str = request.getfixturevalue("brokers")
    topic = Topic(name=topic_name, partitions=PARTITIONS, replicas=3, config={"min.insync.replicas": "2"})
    Cluster(brokers).apply([Create(topic)])
    return KafkaBus(brokers)


@pytest.fixture
def send(bus: Bus) -> Iterator[Callable[[Sequence[Outgoing]], None]]:
    with closing(bus.publisher()) as publisher:
        yield publisher.publish


def record(topic: str, number: int, partition: int = 0, sender: str = "a") -> Outgoing:
    headers = (("index", str(number).encode()), ("sender", sender.encode()), ("empty", b""), ("index", b"once more"))
    return Outgoing(topic, partition, f"key {number}".encode(), f"value {sender} {number}".encode(), headers)


def first_seen(bus: Bus, topic: str, partition: int, count: int, position: int = 0) -> list[Message]:
    """The first `count` different values of a partition from a position on, each as it came first."""
    found: dict[bytes, Message] = {}
    with closing(bus.subscribe(topic, partition, position)) as subscription:
        for message in incoming(subscription):
            found.setdefault(message.value, message)
            if len(found) == count:
                break
    return list(found.values())


def numbers(messages: Sequence[Message]) -> list[int]:
    return [int(message.header("index") or "") for message in messages]


def test_a_record_comes_as_it_was_sent(bus: Bus, send: Callable[[Sequence[Outgoing]], None], topic_name: str) -> None:
    sent = record(topic_name, 7, partition=2)
    send([sent])
    (message,) = first_seen(bus, topic_name, 2, 1)
    assert (message.topic, message.partition) == (topic_name, 2)
    assert (message.key, message.value, message.headers) == (sent.key, sent.value, sent.headers)


def test_all_records_come_in_order(bus: Bus, send: Callable[[Sequence[Outgoing]], None], topic_name: str) -> None:
    for start in range(0, 300, 100):
        send([record(topic_name, n, partition=n % PARTITIONS) for n in range(start, start + 100)])
    for partition in range(PARTITIONS):
        messages = first_seen(bus, topic_name, partition, 100)
        assert numbers(messages) == list(range(partition, 300, PARTITIONS))
        positions = [message.position for message in messages]
        assert positions == sorted(set(positions))


def test_reading_goes_on_from_a_position(bus: Bus, send: Callable[[Sequence[Outgoing]], None], topic_name: str) -> None:
    send([record(topic_name, n) for n in range(20)])
    after = first_seen(bus, topic_name, 0, 20)[11].position + 1
    with closing(bus.subscribe(topic_name, 0, after)) as subscription:
        assert next(incoming(subscription)).position >= after
    last = first_seen(bus, topic_name, 0, 20)[-1].position
    assert first_seen(bus, topic_name, 0, 1, position=last)[0].position == last


def test_a_subscription_hears_what_is_sent_after_it(bus: Bus, send: Callable[[Sequence[Outgoing]], None], topic_name: str) -> None:
    with closing(bus.subscribe(topic_name, 0, 0)) as subscription:
        assert subscription.poll(0.05) == []
        for n in range(5):
            send([record(topic_name, n)])
            assert any(message.header("index") == str(n) for message in incoming(subscription))


def test_an_empty_poll_ends_after_its_time(bus: Bus, topic_name: str) -> None:
    with closing(bus.subscribe(topic_name, 0, 0)) as subscription:
        subscription.poll(0.05)
        start = monotonic()
        assert subscription.poll(0.3) == []
        assert monotonic() - start < PATIENCE_SECONDS


def test_two_publishers_keep_their_own_order(bus: Bus, topic_name: str) -> None:
    with closing(bus.publisher()) as a, closing(bus.publisher()) as b:
        for n in range(20):
            a.publish([record(topic_name, n, sender="a")])
            b.publish([record(topic_name, n, sender="b")])
    messages = first_seen(bus, topic_name, 0, 40)
    for sender in ("a", "b"):
        assert numbers([m for m in messages if m.header("sender") == sender]) == list(range(20))


def test_publishing_nothing_is_no_fault(send: Callable[[Sequence[Outgoing]], None]) -> None:
    send([])


def test_the_longest_entry_goes_through(bus: Bus, send: Callable[[Sequence[Outgoing]], None], topic_name: str) -> None:
    value = b"x" * MAX_ENTRY_BYTES
    send([Outgoing(topic_name, 0, b"k", value + bytes([n]), ()) for n in range(30)])
    assert [m.value[-1] for m in first_seen(bus, topic_name, 0, 30)] == list(range(30))


def test_a_position_beyond_the_end_is_no_place_to_wait(
    bus: Bus, send: Callable[[Sequence[Outgoing]], None], topic_name: str
) -> None:
    send([record(topic_name, 0)])
    with pytest.raises(CorruptLogError):
        bus.subscribe(topic_name, 0, 1_000)


def test_the_last_records_come_in_order_and_no_others(
    bus: Bus, send: Callable[[Sequence[Outgoing]], None], topic_name: str
) -> None:
    assert bus.last(topic_name, 0, 10) == []
    send([record(topic_name, n, partition=n % 2) for n in range(40)])
    everything = bus.last(topic_name, 1, 1_000)
    assert list(dict.fromkeys(numbers(everything))) == list(range(1, 40, 2))
    assert bus.last(topic_name, 1, 3) == everything[-3:]
    assert numbers(everything)[-1] == 39
