"""What the Kafka bus does when brokers or topics go away. What every bus does is in the contract suite."""

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from services.devcluster import Cluster, start
from services.kernel.ports import BusError, CorruptLogError, Outgoing, Subscription
from services.runtime.kafka_bus import KafkaBus, checksums, kafka
from services.runtime.topics import Cluster as Topics
from services.runtime.topics import Create, Topic
from tests.contract.patience import PATIENCE_SECONDS, incoming, insist

pytestmark = pytest.mark.kafka

RECORDS = 3_000


@pytest.fixture
def topic(brokers: str, topic_name: str) -> str:
    Topics(brokers).apply([Create(Topic(name=topic_name, partitions=1, replicas=3, config={"min.insync.replicas": "2"}))])
    return topic_name


def record(topic: str, number: int) -> Outgoing:
    return Outgoing(topic, 0, b"k", str(number).encode(), ())


def test_without_the_fast_checksum_there_is_no_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "crc32c_c", None)
    with pytest.raises(RuntimeError, match="crc32c"):
        KafkaBus("127.0.0.1:9092")


def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    before = set(threading.enumerate())  # other tests of this process may have clients of their own
    bus = KafkaBus("127.0.0.1:1,127.0.0.1:2")
    with closing(bus.publisher()) as publisher, pytest.raises(BusError):
        publisher.publish([record("t", 0)])
    with pytest.raises(BusError):
        bus.subscribe("t", 0, 0)
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("kafka")]


def test_a_partition_that_is_not_there_is_an_error_of_the_bus(brokers: str, topic: str) -> None:
    with closing(KafkaBus(brokers).publisher()) as publisher:
        with pytest.raises(BusError):
            publisher.publish([Outgoing(topic, 1, b"k", b"v", ())])
        publisher.publish([record(topic, 0)])


def poll_patiently(subscription: Subscription) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while monotonic() < deadline:
        subscription.poll(0.5)


def leader(brokers: str, topic: str) -> int:
    """The broker that leads the topic's partition."""
    admin = kafka.KafkaAdminClient(bootstrap_servers=brokers.split(","))
    try:
        return int(admin.describe_topics([topic])[0]["partitions"][0]["leader_id"])
    finally:
        admin.close()


@pytest.mark.slow
def test_the_death_of_a_broker_loses_nothing_and_mixes_nothing_up(cluster: Cluster, topic: str) -> None:
    bus = KafkaBus(cluster.bootstrap)
    victim = leader(cluster.bootstrap, topic)
    killed = threading.Event()
    found: list[int] = []

    def read() -> None:
        deadline, at = monotonic() + PATIENCE_SECONDS, 0
        while RECORDS - 1 not in found[-500:] and monotonic() < deadline:
            with suppress(BusError), closing(bus.subscribe(topic, 0, at)) as subscription:
                while RECORDS - 1 not in found[-500:] and monotonic() < deadline:
                    for message in subscription.poll(0.5):
                        found.append(int(message.value))
                        at = message.position + 1

    reading = threading.Thread(target=read)
    reading.start()
    try:
        with closing(bus.publisher()) as publisher:
            for start in range(0, RECORDS, 100):
                if start == RECORDS // 2:
                    cluster.kill9(victim)
                    killed.set()
                batch = [record(topic, n) for n in range(start, start + 100)]
                insist(partial(publisher.publish, batch))
            cluster.up(victim)
            insist(lambda: publisher.publish([record(topic, RECORDS - 1)]))
    finally:
        if killed.is_set():
            cluster.up(*[n for n in [victim] if not cluster.is_up(n)])
        reading.join()
    firsts = list(dict.fromkeys(found))
    assert firsts == list(range(RECORDS))


@pytest.mark.slow
def test_a_topic_made_anew_is_not_taken_for_the_old_one(brokers: str, topic: str) -> None:
    bus = KafkaBus(brokers)
    with closing(bus.publisher()) as publisher:
        publisher.publish([record(topic, n) for n in range(10)])
    admin = kafka.KafkaAdminClient(bootstrap_servers=brokers.split(","))
    with closing(bus.subscribe(topic, 0, 10)) as subscription:
        assert subscription.poll(0.5) == []
        admin.delete_topics([topic])
        insist(lambda: Topics(brokers).apply([Create(Topic(name=topic, partitions=1, replicas=3, config={}))]))
        admin.close()
        with pytest.raises(CorruptLogError):
            insist(lambda: bus.subscribe(topic, 0, 10))
        with pytest.raises(CorruptLogError):
            insist(lambda: poll_patiently(subscription))


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of a single broker, which a test may lose."""
    with start(tmp_path, brokers=1) as cluster:
        yield cluster


@pytest.mark.slow
def test_a_lost_cluster_is_told_and_a_restarted_one_is_found_again(cluster: Cluster, lone: Cluster, topic_name: str) -> None:
    bus = KafkaBus(lone.bootstrap, patience_seconds=3)
    Topics(lone.bootstrap).apply([Create(Topic(name=topic_name, partitions=1, replicas=1, config={}))])
    with closing(bus.publisher()) as publisher, closing(insist(lambda: bus.subscribe(topic_name, 0, 0))) as subscription:
        insist(lambda: publisher.publish([record(topic_name, 0)]))
        lone.kill9(1)
        with pytest.raises(BusError):
            publisher.publish([record(topic_name, 1)])
        with pytest.raises(BusError):
            poll_patiently(subscription)
        lone.up(1)
        insist(lambda: publisher.publish([record(topic_name, 2)]))
    with closing(KafkaBus(lone.bootstrap).subscribe(topic_name, 0, 0)) as subscription:
        records = incoming(subscription)
        assert next(records).value == b"0"
        assert any(message.value == b"2" for message in records)
