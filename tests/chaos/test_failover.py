from pathlib import Path

import pytest

from tests.chaos.chance import Chance
from tests.chaos.failover import fails_over
from tests.chaos.verdict import faults

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


def test_the_scene_notices_a_primary_that_waits_for_no_standby(tmp_path: Path) -> None:
    with fails_over(tmp_path / "scene", Chance(1, 2), standbys="") as (ground, load):
        found = faults(ground, load)
    assert any("was acknowledged at" in fault for fault in found)
