"""Tiles and bundles: found where others look for them, complete at every size, and every fault named with where it starts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tlog import tiles, tree
from services.tlog.tiles import ENTRIES, TileError, Tiles, bundle, parse_path, path, read, unbundle, width_of, write
from services.tlog.tree import leaf_hash

FORMAT = [
    ((0, 0, 256), "tile/0/000"),
    ((0, 0, 1), "tile/0/000.p/1"),
    ((0, 999, 256), "tile/0/999"),
    ((0, 1000, 256), "tile/0/x001/000"),
    ((0, 1_234_067, 256), "tile/0/x001/x234/067"),
    ((1, 1_234_067, 17), "tile/1/x001/x234/067.p/17"),
    ((63, 0, 255), "tile/63/000.p/255"),
    ((ENTRIES, 273, 112), "tile/entries/273.p/112"),
]


def entries(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


def files(directory: Path) -> set[str]:
    return {str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file()}


@pytest.mark.parametrize(("place", "text"), FORMAT)
def test_paths(place: tuple[int | str, int, int], text: str) -> None:
    assert path(*place) == text
    assert parse_path(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "checkpoint",
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/\u0660\u0660\u0660",
        "tile/entry/000",
        "tile/0/../000",
    ],
)
def test_other_spellings_are_no_paths(text: str) -> None:
    assert parse_path(text) is None


@given(level=st.integers(0, 63), index=st.integers(0, 10**12), width=st.integers(1, 256))
def test_every_place_has_one_path(level: int, index: int, width: int) -> None:
    assert parse_path(path(level, index, width)) == (level, index, width)


def test_a_log_of_70_000_is_the_example_of_the_specification() -> None:
    assert [width_of(0, index, 70_000) for index in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [width_of(1, index, 70_000) for index in (0, 1, 2)] == [256, 17, 0]
    assert [width_of(2, 0, 70_000), width_of(3, 0, 70_000)] == [1, 0]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, set()),
        (1, {"tile/0/000.p/1", "tile/entries/000.p/1"}),
        (255, {"tile/0/000.p/255", "tile/entries/000.p/255"}),
        (256, {"tile/0/000", "tile/1/000.p/1", "tile/entries/000"}),
        (257, {"tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1"}),
        (512, {"tile/0/000", "tile/0/001", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001"}),
    ],
)
def test_files_at_the_edges_of_tiles(tmp_path: Path, size: int, expected: set[str]) -> None:
    frontier = write(tmp_path, entries(size))
    assert files(tmp_path) == expected
    assert list(read(tmp_path, size)) == entries(size)
    assert frontier.size == size
    assert frontier.root() == tree.root([leaf_hash(entry) for entry in entries(size)])


@pytest.mark.parametrize("size", [1, 255, 256, 257, 300])
def test_proofs_come_from_tiles_alone(tmp_path: Path, size: int) -> None:
    frontier = write(tmp_path, entries(size))
    node = Tiles(tmp_path, size).node
    for index in {0, 1 % size, size // 2, size - 1}:
        proof = tree.inclusion(index, size, node)
        assert tree.verify_inclusion(leaf_hash(b"entry %d" % index), index, size, proof, frontier.root())
        old = tree.root([leaf_hash(entry) for entry in entries(index + 1)])
        assert tree.verify_consistency(index + 1, old, size, frontier.root(), tree.consistency(index + 1, size, node))


def test_65_536_entries_fill_a_tile_of_the_second_level(tmp_path: Path) -> None:
    size = 65_537
    frontier = write(tmp_path, entries(size))
    above = {name for name in files(tmp_path) if not name.startswith(("tile/0/", "tile/entries/"))}
    assert above == {"tile/1/000", "tile/2/000.p/1"}
    assert len(files(tmp_path)) == 2 * 257 + 2
    held = Tiles(tmp_path, size)
    assert held.node(16, 0) == (tmp_path / "tile/2/000.p/1").read_bytes()
    for index in (0, 255, 256, 32_767, 65_535, 65_536):
        proof = tree.inclusion(index, size, held.node)
        assert tree.verify_inclusion(leaf_hash(b"entry %d" % index), index, size, proof, frontier.root())
    for old in (255, 256, 257, 65_535, 65_536):
        before = tree.root([leaf_hash(entry) for entry in entries(old)])
        assert tree.verify_consistency(old, before, size, frontier.root(), tree.consistency(old, size, held.node))


def test_the_bytes_of_a_bundle() -> None:
    assert bundle([b"", b"abc", b"x" * 258]) == b"\0\0" + b"\0\3abc" + b"\1\2" + b"x" * 258
    assert bundle([b"x" * 65_535])[:2] == b"\xff\xff"
    with pytest.raises(ValueError, match="at most 65535 fit"):
        bundle([b"x" * 65_536])


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_bundles_are_read_as_written(values: list[bytes]) -> None:
    assert unbundle(bundle(values), place="here", start=0, width=len(values)) == values


@pytest.mark.parametrize(
    ("data", "index", "fault"),
    [
        (b"", 512, "ends within entry 512"),
        (b"\0\1a", 513, "ends within entry 513"),
        (b"\0\1a\0", 513, "ends within entry 513"),
        (b"\0\1a\0\2b", 513, "ends within entry 513"),
        (b"\0\1a\0\1bc", 514, "1 bytes after the last entry"),
        (b"\0\1a\0\1b\0\1c", 514, "3 bytes after the last entry"),
    ],
)
def test_a_bundle_that_is_not_whole(data: bytes, index: int, fault: str) -> None:
    with pytest.raises(TileError, match=fault) as raised:
        unbundle(data, place="here", start=512, width=2)
    assert raised.value.index == index


@pytest.mark.parametrize(("gone", "index"), [("tile/entries/000", 0), ("tile/entries/001", 256), ("tile/entries/002.p/3", 512)])
def test_a_bundle_that_is_missing(tmp_path: Path, gone: str, index: int) -> None:
    write(tmp_path, entries(515))
    (tmp_path / gone).unlink()
    with pytest.raises(TileError, match="missing") as raised:
        list(read(tmp_path, 515))
    assert (raised.value.path, raised.value.index) == (gone, index)


def test_a_tile_that_is_missing_or_too_short(tmp_path: Path) -> None:
    write(tmp_path, entries(515))
    (tmp_path / "tile/0/001").write_bytes(b"x" * 8191)
    (tmp_path / "tile/1/000.p/2").unlink()
    with pytest.raises(TileError, match="8191 bytes instead of 8192") as raised:
        Tiles(tmp_path, 515).node(0, 300)
    assert raised.value.index == 256
    with pytest.raises(TileError, match="missing"):
        Tiles(tmp_path, 515).node(8, 1)
    with pytest.raises(TileError, match="no such tile in a log of 515"):
        Tiles(tmp_path, 515).node(0, 1000)


def test_what_is_written_twice_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        tiles.write(tmp_path / name, entries(300))
    assert files(tmp_path / "one") == files(tmp_path / "other")
    assert all(
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes() for name in files(tmp_path / "one")
    )
