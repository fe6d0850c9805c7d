import random  # noqa: TID251 - as in the disk itself
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.chaos.chance import Chance
from tests.chaos.disk import SECTOR, Disk, File
from tests.chaos.power import NotHereError, power_cuts
from tests.chaos.verdict import faults


def test_what_was_synced_survives_every_cut() -> None:
    for seed in range(200):
        file = File()
        file.write(0, b"a" * 2000)
        file.sync()
        file.write(2000, b"b" * 2000)
        assert file.content == b"a" * 2000 + b"b" * 2000
        assert bytes(file.after_cut(random.Random(seed)).content[:2000]) == b"a" * 2000


def test_a_cut_keeps_nothing_or_a_torn_beginning_or_sectors_in_any_order() -> None:
    def after(seed: int) -> bytes:
        file = File(bytes(4 * SECTOR))
        file.write(0, b"x" * 2 * SECTOR)
        file.write(2 * SECTOR, b"x" * 2 * SECTOR)
        content = bytes(file.after_cut(random.Random(seed)).content)
        return bytes(content[n * SECTOR] for n in range(4))

    found = {after(seed) for seed in range(1000)}
    assert len(found) == 16, "every subset of the four sectors"
    torn = File(bytes(SECTOR))
    torn.write(100, b"x" * SECTOR)
    kept = {bytes(torn.after_cut(random.Random(seed)).content).count(b"x") for seed in range(100)}
    assert kept <= {0, SECTOR - 100, 100, SECTOR}, "a write that crosses a sector's edge is torn there"


def test_a_name_is_safe_when_its_directory_was_synced() -> None:
    kept: set[tuple[str, ...]] = set()
    for seed in range(100):
        disk = Disk(seed)
        disk.create("first")
        disk.sync()
        disk.files[disk.create("second")].sync()
        disk.unlink("first")
        disk.cut()
        kept.add(tuple(sorted(disk.names)))
    assert kept == {("first",), ("first", "second"), ("second",)}, "changes of a directory keep their order"


def _play(directory: Path, seed: int, rounds: int, careless: Sequence[str] = ()) -> list[str]:
    try:
        with power_cuts(directory / "scene", Chance(seed, rounds), careless=careless) as (ground, load):
            return faults(ground, load)
    except NotHereError as reason:
        pytest.skip(f"power cuts were not tried: {reason}")


def test_a_cut_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    assert _play(tmp_path, seed=1, rounds=1) == []


@pytest.mark.parametrize("level", ["NORMAL", "OFF"])
def test_the_scene_notices_who_syncs_too_little(level: str, tmp_path: Path) -> None:
    found = _play(tmp_path, seed=1, rounds=6, careless=("--synchronous", level))
    assert any("was acknowledged at" in fault or "cannot be read" in fault for fault in found)
