"""The files of a transparency log, after C2SP tlog-tiles: tiles of 256 hashes, bundles of 256 entries, found by their place.

    tile/<level>/<index>[.p/<width>]    hashes of consecutive complete subtrees of 256**level entries
    tile/entries/<index>[.p/<width>]    the entries, each behind its length in two bytes, big-endian

An index is written in groups of three digits, `x001/x234/067`; a tile that is not full is named with its width.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from services.tlog.tree import HASH_BYTES, TILE_HEIGHT, Frontier, leaf_hash, root

WIDTH = 1 << TILE_HEIGHT
"""Hashes in a full tile, entries in a full bundle."""
ENTRIES = "entries"
"""What stands in the place of a level in the path of a bundle."""
_LENGTH_BYTES = 2
_MAX_ENTRY_BYTES = (1 << 16) - 1
_MAX_LEVEL = 63
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)
_CACHED_TILES = 512


class TileError(ValueError):
    """A file of a log is missing or not as it must be. `index`: the first entry that it leaves in doubt."""

    def __init__(self, path: str, index: int, fault: str) -> None:
        super().__init__(f"{path}: {fault}")
        self.path, self.index, self.fault = path, index, fault


def path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Where a tile or, with `ENTRIES` as level, a bundle is found below the log's place."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{number}" + ("" if width == WIDTH else f".p/{width}")


def parse_path(text: str) -> tuple[int | str, int, int] | None:
    """The level, index and width of a tile's path; None if it is not written as `path` writes it."""
    match = _PATH.fullmatch(text)
    if match is None:
        return None
    level: int | str = match[1] if match[1] == ENTRIES else int(match[1])
    index, width = int(match[2].replace("x", "").replace("/", "")), int(match[3] or WIDTH)
    sound = isinstance(level, str) or level <= _MAX_LEVEL
    return (level, index, width) if sound and path(level, index, width) == text else None


def width_of(level: int | str, index: int, size: int) -> int:
    """How wide that tile or bundle is in a log of `size` entries; 0: there is none."""
    complete = size if isinstance(level, str) else size >> TILE_HEIGHT * level
    return max(0, min(WIDTH, complete - index * WIDTH))


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries as one bundle.

    Raises:
        ValueError: if one is longer than 65,535 bytes.
    """
    pieces: list[bytes] = []
    for entry in entries:
        if len(entry) > _MAX_ENTRY_BYTES:
            raise ValueError(f"an entry of {len(entry)} bytes, at most {_MAX_ENTRY_BYTES} fit")
        pieces += (len(entry).to_bytes(_LENGTH_BYTES, "big"), entry)
    return b"".join(pieces)


def unbundle(data: bytes, *, place: str, start: int, width: int) -> list[bytes]:
    """The `width` entries of a bundle that begins with entry `start`.

    Raises:
        TileError: if it ends too early, or does not end with its last entry.
    """
    entries: list[bytes] = []
    at = 0
    while len(entries) < width:
        begin = at + _LENGTH_BYTES
        end = begin + int.from_bytes(data[at:begin], "big")
        if begin > len(data) or end > len(data):
            raise TileError(place, start + len(entries), f"ends within entry {start + len(entries)}")
        entries.append(data[begin:end])
        at = end
    if at != len(data):
        raise TileError(place, start + width, f"{len(data) - at} bytes after the last entry")
    return entries


def write(directory: Path, entries: Iterable[bytes]) -> Frontier:
    """Write all tiles and bundles of a log below `directory`; gives its frontier, with size and root.

    Holds one bundle and one tile of each level in memory.
    """
    frontier = Frontier()
    waiting: list[bytes] = []
    levels: list[_Level] = [_Level(directory, 0)]
    for entry in entries:
        waiting.append(entry)
        if len(waiting) == WIDTH:
            _write_bundle(directory, frontier, waiting, levels)
            waiting = []
    if waiting:
        _write_bundle(directory, frontier, waiting, levels)
    for level in levels:
        level.end()
    return frontier


def read(directory: Path, size: int) -> Iterator[bytes]:
    """The first `size` entries of a log written below `directory`, in order, one bundle in memory at a time.

    Raises:
        TileError: at a bundle that is missing or not as it must be.
    """
    for index in range(-(-size // WIDTH)):
        width = width_of(ENTRIES, index, size)
        place = path(ENTRIES, index, width)
        yield from unbundle(_contents(directory, place, index * WIDTH), place=place, start=index * WIDTH, width=width)


class Tiles:
    """The hashes of a log of `size` entries written below `directory`."""

    def __init__(self, directory: Path, size: int) -> None:
        self._directory, self.size = directory, size
        self.tile = lru_cache(maxsize=_CACHED_TILES)(self._tile)

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree (see `tree.Node`).

        Raises:
            TileError: if its tile is missing or not as it must be.
        """
        height = level % TILE_HEIGHT
        number, at = divmod(index << height, WIDTH)
        return root(self.tile(level // TILE_HEIGHT, number)[at : at + (1 << height)])

    def _tile(self, level: int, index: int) -> Sequence[bytes]:
        """The hashes of a tile."""
        width = width_of(level, index, self.size)
        place, start = path(level, index, width or WIDTH), index * WIDTH << TILE_HEIGHT * level
        if not width:
            raise TileError(place, start, f"no such tile in a log of {self.size} entries")
        data = _contents(self._directory, place, start)
        if len(data) != width * HASH_BYTES:
            raise TileError(place, start, f"{len(data)} bytes instead of {width * HASH_BYTES}")
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


class _Level:
    """The tiles of one level on their way to files."""

    def __init__(self, directory: Path, level: int) -> None:
        self._directory, self._level, self._index = directory, level, 0
        self._hashes: list[bytes] = []

    def add(self, hash_: bytes) -> None:
        self._hashes.append(hash_)
        if len(self._hashes) == WIDTH:
            self.end()

    def end(self) -> None:
        """Write what there is; full or last."""
        if self._hashes:
            _put(self._directory, path(self._level, self._index, len(self._hashes)), b"".join(self._hashes))
            self._hashes = []
            self._index += 1


def _write_bundle(directory: Path, frontier: Frontier, entries: Sequence[bytes], levels: list[_Level]) -> None:
    index = frontier.size // WIDTH
    for entry in entries:
        leaf = leaf_hash(entry)
        levels[0].add(leaf)
        for level, _, hash_ in frontier.append(leaf):
            if level == len(levels):
                levels.append(_Level(directory, level))
            levels[level].add(hash_)
    _put(directory, path(ENTRIES, index, len(entries)), bundle(entries))


def _put(directory: Path, place: str, data: bytes) -> None:
    file = directory / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def _contents(directory: Path, place: str, start: int) -> bytes:
    try:
        return (directory / place).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise TileError(place, start, "missing") from error
