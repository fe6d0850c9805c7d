"""The Faust worker against real brokers: acknowledged is what is durable, and nothing else."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from time import monotonic
from typing import Any

import pytest

from services.devcluster import Cluster
from services.kernel.ports import BusError, CorruptLogError, Message, Outgoing
from services.runtime.faust_worker import FaustWorker
from services.runtime.kafka_bus import KafkaBus
from services.runtime.relay import topic
from services.runtime.topics import Cluster as Topics
from services.runtime.topics import Create, Topic
from tests.contract.patience import insist

pytestmark = pytest.mark.kafka

PARTITIONS = 3
PATIENCE_SECONDS = 120


class Ledger:
    """A reader that writes down what it takes, and fails as it is told."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.taken: list[Message] = []
        self.fault: Callable[[Sequence[Message]], None] = lambda _messages: None
        self.changed = threading.Condition()

    def take(self, messages: Sequence[Message]) -> None:
        """See `Reader.take`."""
        self.fault(messages)
        with self.changed:
            self.taken += messages
            self.changed.notify_all()

    def catch_up(self, unless: Callable[[], bool]) -> None:
        """See `Reader.catch_up`; here all comes by the group."""

    def wait(self, count: int) -> list[bytes]:
        """Wait until so many different values have been taken; gives them in the order in which they came first."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.values()) >= count, PATIENCE_SECONDS), self.values()
        return self.values()

    def values(self) -> list[bytes]:
        return list(dict.fromkeys(message.value for message in self.taken))


class Desk:
    """A topic of its own, a publisher, and workers of one group."""

    def __init__(self, brokers: str, service: str, running: ExitStack) -> None:
        self.brokers, self.service, self._running = brokers, service, running
        self.topic = topic(service)
        Topics(brokers).apply(
            [Create(Topic(name=self.topic, partitions=PARTITIONS, replicas=3, config={"min.insync.replicas": "2"}))]
        )
        self.publisher = running.enter_context(closing(KafkaBus(brokers).publisher()))
        self.reasons: list[BaseException] = []
        self.stopped = threading.Event()

    def send(self, start: int, end: int, partition: int | None = None) -> None:
        """Send the numbers from `start` to before `end`, round all partitions or to one."""
        records = [
            Outgoing(
                self.topic,
                n % PARTITIONS if partition is None else partition,
                b"k",
                str(n).encode(),
                (("index", str(n).encode()),),
            )
            for n in range(start, end)
        ]
        insist(lambda: self.publisher.publish(records))

    def work(self) -> tuple[FaustWorker, list[Ledger]]:
        """A worker of the group, running, and its readers."""
        ledgers = [Ledger(f"{self.service}/{n}") for n in range(PARTITIONS)]
        readers: Any = ledgers
        worker = FaustWorker(readers, self.brokers, group=f"group-{self.service}", stopped=self.on_stopped)
        worker.start()
        self._running.callback(worker.stop)
        return worker, ledgers

    def on_stopped(self, reason: BaseException) -> None:
        self.reasons.append(reason)
        self.stopped.set()


@pytest.fixture
def desk(brokers: str, topic_name: str) -> Iterator[Desk]:
    with ExitStack() as running:
        yield Desk(brokers, topic_name.replace("-", "_"), running)


def expected(start: int, end: int, partition: int) -> list[bytes]:
    return [str(n).encode() for n in range(start, end) if n % PARTITIONS == partition]


def test_every_reader_gets_its_partition_in_order(desk: Desk) -> None:
    desk.send(0, 300)
    worker, ledgers = desk.work()
    for partition, ledger in enumerate(ledgers):
        assert ledger.wait(100) == expected(0, 300, partition)
        (first, *_) = ledger.taken
        assert (first.topic, first.partition, first.position, first.key) == (desk.topic, partition, 0, b"k")
        assert first.headers == (("index", str(partition).encode()),)
    worker.stop()
    assert desk.reasons == []


def test_a_worker_goes_on_where_the_one_before_it_stopped(desk: Desk) -> None:
    desk.send(0, 30)
    worker, ledgers = desk.work()
    for ledger in ledgers:
        ledger.wait(10)
    worker.stop()
    desk.send(30, 60)
    _, later = desk.work()
    for partition, ledger in enumerate(later):
        assert ledger.wait(10)[-10:] == expected(30, 60, partition)
        assert len(ledger.values()) == 10, "what was acknowledged came again"


def test_while_the_owner_is_away_the_same_records_are_given_again(desk: Desk) -> None:
    away = iter([True, True])

    def fault(_messages: Sequence[Message]) -> None:
        if next(away, False):
            raise BusError("the owner is away")

    desk.send(0, 3)
    _, ledgers = desk.work()
    ledgers[1].fault = fault
    assert [ledger.wait(1) for ledger in ledgers] == [[b"0"], [b"1"], [b"2"]]
    desk.send(3, 6)
    assert [ledger.wait(2) for ledger in ledgers] == [[b"0", b"3"], [b"1", b"4"], [b"2", b"5"]]
    assert desk.reasons == []


def test_stopping_while_the_owner_is_away_acknowledges_nothing(desk: Desk) -> None:
    tried = threading.Event()

    def fault(_messages: Sequence[Message]) -> None:
        tried.set()
        raise BusError("the owner is away")

    worker, ledgers = desk.work()
    ledgers[0].fault = fault
    desk.send(0, 5, partition=0)
    assert tried.wait(PATIENCE_SECONDS)
    worker.stop()
    assert desk.reasons == []
    _, later = desk.work()
    assert later[0].wait(5) == [str(n).encode() for n in range(5)]


def test_an_error_stops_the_worker_and_what_was_not_taken_comes_again(desk: Desk) -> None:
    def fault(messages: Sequence[Message]) -> None:
        if any(message.value == b"7" for message in messages):
            raise CorruptLogError("not what it was")

    worker, ledgers = desk.work()
    ledgers[0].fault = fault
    desk.send(0, 5, partition=0)
    ledgers[0].wait(5)
    desk.send(5, 10, partition=0)
    desk.send(10, 15, partition=0)
    assert desk.stopped.wait(PATIENCE_SECONDS)
    worker.stop()
    assert [type(reason) for reason in desk.reasons] == [CorruptLogError]
    assert b"7" not in ledgers[0].values()
    _, later = desk.work()
    missing = {str(n).encode() for n in range(15)} - set(ledgers[0].values())
    values = later[0].wait(len(missing))
    assert missing <= set(values)
    assert values == sorted(values, key=int)


def test_a_record_of_a_partition_that_nobody_reads_stops_the_worker(desk: Desk) -> None:
    readers: Any = [Ledger(f"{desk.service}/0")]
    worker = FaustWorker(readers, desk.brokers, group=f"group-{desk.service}", stopped=desk.on_stopped)
    worker.start()
    desk.send(0, 1, partition=2)
    assert desk.stopped.wait(PATIENCE_SECONDS)
    worker.stop()
    assert [type(reason) for reason in desk.reasons] == [KeyError]


@pytest.mark.slow
def test_the_death_of_a_broker_is_survived(cluster: Cluster, desk: Desk) -> None:
    _, ledgers = desk.work()
    desk.send(0, 30)
    for ledger in ledgers:
        ledger.wait(10)
    cluster.kill9(2)
    try:
        desk.send(30, 60)
    finally:
        cluster.up(2)
    started = monotonic()
    desk.send(60, 90)
    for partition, ledger in enumerate(ledgers):
        assert ledger.wait(30) == expected(0, 90, partition)
    assert monotonic() - started < PATIENCE_SECONDS
    assert desk.reasons == []


def test_without_brokers_it_waits_and_can_be_stopped() -> None:
    reasons: list[BaseException] = []
    readers: Any = [Ledger("nowhere/0")]
    worker = FaustWorker(readers, "127.0.0.1:1", group="nowhere", stopped=reasons.append)
    worker.start()
    worker.stop()
    assert reasons == []
