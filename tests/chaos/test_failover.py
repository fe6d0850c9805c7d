import tempfile
from pathlib import Path

import pytest

from tests.chaos.chance import Chance
from tests.chaos.failover import fails_over
from tests.chaos.verdict import faults

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


def test_the_scene_notices_a_primary_that_waits_for_no_standby() -> None:
    # Not below pytest's own directory, which is closed to the user that the server runs as.
    with (
        tempfile.TemporaryDirectory(prefix="oproep-", ignore_cleanup_errors=True) as directory,
        fails_over(Path(directory) / "scene", Chance(1, 2), standbys="") as (ground, load),
    ):
        found = faults(ground, load)
    assert any("was acknowledged at" in fault for fault in found)
