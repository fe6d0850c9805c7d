"""Any one service dies, twice, and one broker as well: filing goes on, the end is the same, and no mail goes out twice."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.demo import people, samenleven
from services.demo.canon import difference
from services.demo.distributed import Distributed
from services.demo.result import Snapshot
from services.demo.stage import Stage
from services.demo.world import Embedded
from services.devcluster import Cluster
from services.notification import model as notification
from tests.distributed.interrupted import IN_THE_MIDDLE, Interrupted, told

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]
_CONSORTIA = 8


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[str]], int]:
    """The embedded run: canonical logs and state, and the number of mails."""
    world = Embedded(tmp_path_factory.mktemp("embedded"))
    with world.running(samenleven.START):
        samenleven.run(Stage(world, lambda _words: None))
        world.settle()
        return Snapshot.of(world).canonical(), len(world.sink.mails)


@pytest.fixture
def whole(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster; a broker that a test took down is up again afterwards."""
    yield cluster
    down = [node for node in cluster.nodes if node not in cluster.running]
    cluster.up(*down)


@pytest.mark.parametrize("victim", IN_THE_MIDDLE)
def test_a_service_dies(
    victim: str, whole: Cluster, postgres_url: str, tmp_path: Path, undisturbed: tuple[dict[str, list[str]], int]
) -> None:
    expected, mails = undisturbed
    world = Distributed(tmp_path)
    with world.running(samenleven.START, whole, postgres_url, name=f"dies-{victim.replace('_', '-')}"):
        stage = Interrupted(world, victim, meanwhile=lambda: whole.kill9(2) if victim == "budget_ledger" else None)
        samenleven.run(stage)
        world.settle()
        assert stage.deaths == 2, "it died in the middle of its own work, too"
        assert stage.filed_meanwhile == _CONSORTIA, "filing went on without it"
        _resolve_doubts(world)
        found = Snapshot.of(world).canonical()
        assert not world.crashed()
    aside = ["notification"] if victim == "notification" else []
    assert difference(told(expected, aside), told(found, aside)) == []
    assert world.sink.doubled() == {}
    assert len(world.sink.mails) == mails


def _resolve_doubts(world: Distributed) -> None:
    """What an operator does: a mail that arrived counts as sent, one that did not goes out again."""
    arrived = Counter(message_id for message_id, _ in world.sink.mails)
    for (kind, _), body in world.state("notification").items():
        notice = json.loads(body)
        if kind != "Notice" or notice["status"] != notification.NoticeStatus.IN_DOUBT:
            continue
        came = any(message_id.startswith(f"<{notice['noticeId']}@") for message_id in arrived)
        outcome = notification.Outcome.SENT if came else notification.Outcome.AGAIN
        command = notification.Resolve(call_id=notice["callId"], notice_id=notice["noticeId"], outcome=outcome)
        world.execute("notification", people.OPERATOR, command)
    world.settle()
