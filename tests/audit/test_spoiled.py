"""Spoiled exports, each way at the first, a middle and the last place and where a bundle ends: all rejected, at the right entry."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.audit.memory import Memory
from services.audit.pack import Pack
from services.audit.verifying import Verified, verify
from tests.audit import small, spoiling
from tests.audit.packs import SEED, lay_down
from tests.audit.spoiling import AT_EVERY_PLACE, ONCE

LENGTHS = (255, 256, 257, 600)
PLACES = {255: (0, 127, 254), 256: (0, 255), 257: (0, 255, 256), 600: (0, 255, 256, 257, 300, 511, 512, 599)}
Copy = Callable[[int], Path]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A sound export of each length."""
    found = {length: tmp_path_factory.mktemp(f"sound-{length}") / "export" for length in LENGTHS}
    for length, directory in found.items():
        lay_down(directory, small.logs(length), seed=SEED)
    return found


@pytest.fixture(scope="module")
def entries() -> list[bytes]:
    return small.ledger(max(LENGTHS))


@pytest.fixture
def copied(sound: dict[int, Path], tmp_path: Path) -> Copy:
    """A copy to be spoiled."""

    def copy(length: int) -> Path:
        return Path(shutil.copytree(sound[length], tmp_path / "export"))

    return copy


def looked_at(directory: Path, memory: Path) -> Verified:
    pack = Pack(directory)
    return verify(pack, Memory(memory), [key for key in Pack(directory).keys if key])


@pytest.mark.parametrize("length", LENGTHS)
def test_a_sound_export_is_accepted(sound: dict[int, Path], tmp_path: Path, length: int) -> None:
    found = looked_at(sound[length], tmp_path / "memory")
    assert (found.faults, found.sizes[small.LEDGER]) == ([], length)


@pytest.mark.parametrize("way", AT_EVERY_PLACE)
@pytest.mark.parametrize("length", LENGTHS)
def test_a_spoiled_one_is_rejected_where_it_starts(
    copied: Copy, entries: list[bytes], tmp_path: Path, length: int, way: str
) -> None:
    pristine = copied(length)
    for at in PLACES[length]:
        directory = Path(shutil.copytree(pristine, tmp_path / f"at-{at}"))
        index = AT_EVERY_PLACE[way](directory, at, entries[:length])
        found = looked_at(directory, tmp_path / "memory")
        assert [(fault.log, fault.index) for fault in found.faults] == [(small.LEDGER, index)], (at, found.faults)
        assert not (tmp_path / "memory").exists(), "nothing is remembered of what is spoiled"


@pytest.mark.parametrize("way", ONCE)
@pytest.mark.parametrize("length", [255, 256, 257])
def test_what_concerns_a_whole_log(copied: Copy, entries: list[bytes], tmp_path: Path, length: int, way: str) -> None:
    directory = copied(length)
    index = ONCE[way](directory, 0, entries[:length])
    found = looked_at(directory, tmp_path / "memory")
    assert [(fault.log, fault.index) for fault in found.faults] == [(small.LEDGER, index)]
    assert not (tmp_path / "memory").exists()


@pytest.mark.parametrize("way", ["edit_and_rebuild", "renumber_after_drop", "edit_and_rebuild_leaves"])
@pytest.mark.parametrize("at", [0, 255, 256, 300, 599])
def test_what_was_accepted_before_tells_where_a_rebuilt_log_departs(
    copied: Copy, entries: list[bytes], tmp_path: Path, way: str, at: int
) -> None:
    directory, memory = copied(600), tmp_path / "memory"
    assert not looked_at(directory, memory).faults
    remembered = {file: file.read_bytes() for file in memory.rglob("*") if file.is_file()}
    AT_EVERY_PLACE[way](directory, at, entries)
    (fault,) = looked_at(directory, memory).faults
    above = way == "edit_and_rebuild_leaves" and at < 512  # the tiles above tell first, by the block
    assert fault.index == (at // 256 * 256 if above else at)
    assert {file: file.read_bytes() for file in memory.rglob("*") if file.is_file()} == remembered


@pytest.mark.parametrize("kept", [0, 1, 255, 256, 257, 599])
def test_a_log_that_was_rolled_back_is_known_although_it_is_signed(
    copied: Copy, entries: list[bytes], tmp_path: Path, kept: int
) -> None:
    directory, memory = copied(600), tmp_path / "memory"
    assert not looked_at(directory, memory).faults
    spoiling.rebuild(directory, entries[:kept], seed=SEED)
    (fault,) = looked_at(directory, memory).faults
    assert (fault.index, "rolled back" in fault.words) == (kept, True)


@pytest.mark.parametrize("at", [0, 255, 256, 599])
def test_a_fork_is_known_although_it_is_signed(copied: Copy, entries: list[bytes], tmp_path: Path, at: int) -> None:
    directory, memory = copied(600), tmp_path / "memory"
    assert not looked_at(directory, memory).faults
    other = [*entries[:at], small.edited(entries[at], command_id="other"), *entries[at + 1 :]]
    spoiling.rebuild(directory, [*other, small.edited(entries[-1], index=600)], seed=SEED)
    (fault,) = looked_at(directory, memory).faults
    assert (fault.index, "forked" in fault.words) == (at, True)


def test_a_log_that_has_grown_is_accepted_and_remembered(sound: dict[int, Path], tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    assert looked_at(sound[255], memory).since == {}
    assert looked_at(sound[600], memory).since[small.LEDGER] == 255
    assert looked_at(sound[600], memory).since[small.LEDGER] == 600
    (fault,) = looked_at(sound[255], memory).faults
    assert fault.index == 255


def test_there_are_enough_of_them() -> None:
    places = sum(len(found) for found in PLACES.values())
    assert len(AT_EVERY_PLACE) * places + len(ONCE) * 3 >= 300
