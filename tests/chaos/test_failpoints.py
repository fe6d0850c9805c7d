from pathlib import Path

import pytest

from tests.chaos.chance import Chance
from tests.chaos.deaths import deaths
from tests.chaos.failpoints import ALL, LEDGER_ONLY, ON_POSTGRES, READER_ONLY, WRITER, Point
from tests.chaos.verdict import faults
from tests.chaos.yard import LEDGER, READER

_EXPLAINED = Path(__file__).parents[2] / "docs" / "explanation" / "simulation.md"


def test_every_failpoint_is_explained() -> None:
    text = _EXPLAINED.read_text("utf-8")
    assert [name for name, point in ALL.items() if f"| {name} |" not in text or f"| {point.proves} |" not in text] == []


def _some(points: dict[str, Point], *names: str) -> dict[str, Point]:
    return {name: points[name] for name in names}


def test_processes_that_die_at_a_failpoint_lose_and_double_nothing(tmp_path: Path) -> None:
    points = {
        LEDGER: _some({**WRITER, **LEDGER_ONLY}, "signed", "committed", "acknowledged by the bus"),
        READER: _some({**WRITER, **READER_ONLY}, "noted in the inbox", "committed"),
    }
    with deaths(tmp_path / "scene", Chance(1, 1), points=points) as (ground, load):
        assert faults(ground, load) == []
        assert load.acknowledged
        assert load.heads


@pytest.mark.postgres
def test_a_commit_that_was_sent_and_not_heard_of(tmp_path: Path, postgres_url: str) -> None:

    with deaths(tmp_path / "scene", Chance(1, 1), store=postgres_url, points={LEDGER: ON_POSTGRES}) as (ground, load):
        assert faults(ground, load) == []
