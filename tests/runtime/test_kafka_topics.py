"""Topics as data: what is planned, what is refused, and that a cluster then is as planned."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.runtime.relay import DEAD_LETTERS
from services.runtime.topics import SHIPPED, Cluster, Configure, Create, Topic, TopicsError, difference, wanted

WAIT_SECONDS = 60
TOPIC = Topic(name="t", partitions=4, replicas=3, config={"retention.ms": "-1"})


def test_every_log_has_a_topic_with_a_partition_for_each_shard() -> None:
    topics = {topic.name: topic for topic in wanted(SHIPPED, shards=8)}
    assert topics["grants.budget_ledger.v1"].partitions == 8
    assert topics[DEAD_LETTERS].partitions == 1
    assert {topic.replicas for topic in topics.values()} == {3}


def test_nothing_that_was_acknowledged_may_be_forgotten() -> None:
    for topic in wanted(SHIPPED, shards=1):
        assert topic.config["min.insync.replicas"] == "2"
        assert topic.config["unclean.leader.election.enable"] == "false"
        assert topic.config["cleanup.policy"] == "delete"
        assert topic.config["retention.ms"] == topic.config["retention.bytes"] == "-1"


@pytest.mark.parametrize(("replicas", "in_sync"), [(1, "1"), (2, "2"), (5, "2")])
def test_another_number_of_brokers_is_an_argument(replicas: int, in_sync: str) -> None:
    for topic in wanted(SHIPPED, shards=1, replicas=replicas):
        assert (topic.replicas, topic.config["min.insync.replicas"]) == (replicas, in_sync)


def test_only_what_differs_is_a_step() -> None:
    by_hand = replace(TOPIC, config={"retention.ms": "-1", "segment.ms": "1000"})
    assert difference([TOPIC], {}) == [Create(TOPIC)]
    assert difference([TOPIC], {"t": TOPIC}) == []
    assert difference([TOPIC], {"t": by_hand}) == []
    assert difference([TOPIC], {"t": replace(TOPIC, config={"retention.ms": "5"})}) == [Configure("t", {"retention.ms": "-1"})]
    assert difference([TOPIC], {"t": replace(TOPIC, config={})}) == [Configure("t", {"retention.ms": "-1"})]


@pytest.mark.parametrize("found", [replace(TOPIC, partitions=5), replace(TOPIC, partitions=3), replace(TOPIC, replicas=2)])
def test_a_topic_is_never_spread_anew(found: Topic) -> None:
    with pytest.raises(TopicsError):
        difference([TOPIC], {"t": found})


def asked_until(so: Callable[[], bool]) -> None:
    """Ask again until it is so: any broker may answer, and each hears of a change in its own time."""
    end = time.monotonic() + WAIT_SECONDS
    while not so():
        assert time.monotonic() < end, "the cluster does not become as planned"


@pytest.mark.kafka
def test_a_cluster_becomes_as_planned_and_stays_so(brokers: str, topic_name: str) -> None:
    cluster = Cluster(brokers)
    wants = [replace(topic, name=f"{topic_name}.{topic.name}") for topic in wanted(SHIPPED, shards=2)]
    assert cluster.plan(wants) == [Create(topic) for topic in wants]
    cluster.apply(cluster.plan(wants))
    asked_until(lambda: cluster.plan(wants) == [])
    asked_until(lambda: cluster.found([topic.name for topic in wants]) == {topic.name: topic for topic in wants})

    changed = [replace(wants[0], config={**wants[0].config, "retention.ms": "86400000"}), *wants[1:]]
    assert cluster.plan(changed) == [Configure(wants[0].name, {"retention.ms": "86400000"})]
    cluster.apply(cluster.plan(changed))
    asked_until(lambda: cluster.plan(changed) == [])
    with pytest.raises(TopicsError):
        cluster.plan([replace(wants[0], partitions=3)])
