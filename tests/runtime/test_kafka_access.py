"""Our clients at a broker that asks for TLS and a password, and what a reader from outside may do there and what not."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from services.devcluster import ClusterError
from services.kernel.ports import BusError, Message, Outgoing
from services.publishing.cloudevent import structured_bytes
from services.publishing.doors.kafka.door import TopicDoor
from services.publishing.doors.kafka.records import TOPIC
from services.runtime.faust_worker import FaustWorker
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_bus import KafkaBus
from services.runtime.relay import topic
from services.runtime.topics import Cluster as Topics
from services.runtime.topics import Create, Topic
from tests.contract.patience import PATIENCE_SECONDS
from tests.runtime.secured import Secured, secured
from tests.services.publishing.feeding import Filled, filled

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
INNER = topic("intake")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    try:
        with secured(tmp_path_factory.mktemp("secured")) as running:
            access = running.access("oproep")
            made = [Create(Topic(name=name, partitions=1, replicas=1, config={})) for name in (TOPIC, INNER)]
            Topics(running.outside, access).apply(made)
            running.admit("reader")
            yield running
    except ClusterError as error:
        pytest.skip(f"no Kafka here: {error}")


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with filled(tmp_path_factory.mktemp("feed")) as feed:
        yield feed


@pytest.fixture(scope="module")
def told(broker: Secured, life: Filled) -> Sequence[str]:
    """The feed, sent to the topic by a door that proves who it is."""
    failures: list[BaseException] = []
    bus = KafkaBus(broker.outside, broker.access("oproep"))
    door = TopicDoor(life.feed, bus, "protobuf", failures.append)
    door.start()
    with closing(bus.subscribe(TOPIC, 0, 0)) as subscription:
        count = 0
        while count < life.feed.length():
            messages = subscription.poll(PATIENCE_SECONDS)
            assert messages
            count += len(messages)
    door.stop()
    assert failures == []
    return [structured_bytes(event, source=life.feed.source).decode() for event in life.feed.events(None, 1_000)]


def subscribe(broker: Secured, monkeypatch: pytest.MonkeyPatch, access: KafkaAccess, *arguments: str) -> Any:
    for name, value in {
        "SECURITY": access.protocol,
        "SASL": access.mechanism,
        "USER": access.user,
        "PASSWORD_FILE": str(access.password_file),
        "CA_FILE": str(access.ca_file),
    }.items():
        monkeypatch.setenv(f"OPROEP_KAFKA_{name}", value)
    return CliRunner().invoke(app, ["subscribe", "--from", f"kafka://{broker.outside}", *arguments])


def test_a_reader_reads_the_feed(broker: Secured, told: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    done = subscribe(broker, monkeypatch, broker.access("reader"))
    assert (done.exit_code, done.stdout.splitlines()) == (0, told), done.stderr


def test_a_reader_goes_on_where_it_was(
    broker: Secured, told: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    for count in ("1", "60", "1000"):
        done = subscribe(broker, monkeypatch, broker.access("reader"), "--place", str(tmp_path / "place"), "--count", count)
        said += done.stdout.splitlines()
    assert said == told


def test_a_reader_may_do_nothing_else(broker: Secured, told: Sequence[str]) -> None:
    assert len(KafkaBus(broker.outside, broker.access("reader")).last(TOPIC, 0, 5)) == min(5, len(told))
    bus = KafkaBus(broker.outside, broker.access("reader"), patience_seconds=3)
    with pytest.raises(BusError):
        bus.last(INNER, 0, 1)
    with closing(bus.publisher()) as publisher, pytest.raises(BusError):
        publisher.publish([Outgoing(TOPIC, 0, b"k", b"forged", ())])
    assert all(message.value != b"forged" for message in KafkaBus(broker.cluster.bootstrap).last(TOPIC, 0, 5))


@pytest.mark.parametrize(
    "access",
    [
        lambda broker: broker.access("reader", password="wrong"),
        lambda broker: broker.access("nobody"),
        lambda broker: broker.access("reader", ca="other-ca.pem"),
        lambda _broker: KafkaAccess(),
    ],
    ids=["wrong password", "unknown user", "another authority", "no proof"],
)
def test_who_does_not_prove_it_stays_outside(broker: Secured, access: Callable[[Secured], KafkaAccess]) -> None:
    with pytest.raises(BusError):
        KafkaBus(broker.outside, access(broker), patience_seconds=3).last(TOPIC, 0, 1)


class Taking:
    """As much of a reader as the worker uses."""

    source = "intake/0"

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.done = threading.Event()

    def catch_up(self, unless: Callable[[], bool]) -> None:
        """Nothing was missed."""

    def take(self, messages: Sequence[Message]) -> None:
        self.taken += [message.value for message in messages]
        if len(self.taken) == 5:
            self.done.set()


def test_a_stream_worker_proves_who_it_is(broker: Secured) -> None:
    access = broker.access("oproep")
    with closing(KafkaBus(broker.outside, access).publisher()) as publisher:
        publisher.publish([Outgoing(INNER, 0, b"k", str(n).encode(), ()) for n in range(5)])
    reader: Any = Taking()
    failures: list[BaseException] = []
    worker = FaustWorker([reader], broker.outside, access, group="secured", stopped=failures.append)
    worker.start()
    try:
        assert reader.done.wait(60)
    finally:
        worker.stop()
    assert reader.taken == [str(n).encode() for n in range(5)]
    assert failures == []


def test_a_password_that_is_not_there_yet_is_an_error_of_the_bus(tmp_path: Path) -> None:
    access = KafkaAccess(protocol="SASL_SSL", mechanism="PLAIN", user="u", password_file=tmp_path / "none")
    with pytest.raises(BusError, match="OPROEP_KAFKA_PASSWORD_FILE"):
        access.client()
    access = KafkaAccess(protocol="SSL", ca_file=tmp_path / "none")
    with pytest.raises(BusError, match="OPROEP_KAFKA_CA_FILE"):
        access.client()
