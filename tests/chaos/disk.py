"""A disk that forgets: what it holds now, and what of that would be there after a loss of power.

A file's bytes are safe once the file was synced, its name once the directory was. Of everything later a power cut keeps what it
likes: nothing, the first writes with the last one torn at a sector, or any sectors in any order.
"""

import random  # noqa: TID251 - what a cut keeps; a seed names it
from itertools import pairwise

SECTOR = 512

Write = tuple[int, bytes]
"""Where, and what."""


class File:
    """Bytes, and those of them that were synced."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)
        self._synced = bytearray(content)
        self._later: list[Write | int] = []

    def write(self, offset: int, data: bytes) -> None:
        """Write, for now only in the cache."""
        _apply(self.content, (offset, data))
        self._later.append((offset, data))

    def resize(self, size: int) -> None:
        """Cut off, or fill with zeros."""
        _apply(self.content, size)
        self._later.append(size)

    def sync(self) -> None:
        """Make all that was written safe."""
        for change in self._later:
            _apply(self._synced, change)
        self._later.clear()

    def after_cut(self, chance: random.Random) -> "File":
        """What stands on the disk when the power is back."""
        for change in chance.choice((_nothing, _torn, _scattered))(self._later, chance):
            _apply(self._synced, change)
        return File(bytes(self._synced))


class Disk:
    """One directory of files, found by their number. A file without a name lives on for who has it open."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._numbers = 1  # the directory itself
        self.files: dict[int, File] = {}
        self.names: dict[str, int] = {}
        self._synced: dict[str, int] = {}
        self._later: list[tuple[str, int | None]] = []

    def create(self, name: str) -> int:
        """Make an empty file; gives its number."""
        self._numbers += 1
        self.files[self._numbers] = File()
        self.link(self._numbers, name)
        return self._numbers

    def link(self, number: int, name: str) -> None:
        """Give a file one more name."""
        self.names[name] = number
        self._later.append((name, number))

    def unlink(self, name: str) -> None:
        """Take a name away."""
        del self.names[name]
        self._later.append((name, None))

    def sync(self) -> None:
        """Make all names safe."""
        self._synced = dict(self.names)
        self._later.clear()

    def cut(self) -> None:
        """Lose power: from now on this is the disk as it is found afterwards."""
        kept = self._later[: self._chance.randint(0, len(self._later))]  # a directory is journalled: its changes keep their order
        for name, number in kept:
            if number is None:
                self._synced.pop(name, None)
            else:
                self._synced[name] = number
        self.files = {number: self.files[number].after_cut(self._chance) for number in sorted(set(self._synced.values()))}
        self.names = dict(self._synced)
        self._later.clear()


def _apply(content: bytearray, change: Write | int) -> None:
    end = change if isinstance(change, int) else change[0] + len(change[1])
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if isinstance(change, int):
        del content[change:]
    else:
        content[change[0] : end] = change[1]


def _nothing(_later: list[Write | int], _chance: random.Random) -> list[Write | int]:
    return []


def _torn(later: list[Write | int], chance: random.Random) -> list[Write | int]:
    """The first changes; the last of them only up to the end of a sector."""
    kept = later[: chance.randint(0, len(later))]
    if kept and not isinstance(kept[-1], int):
        offset, data = kept[-1]
        ends = range(SECTOR - offset % SECTOR, len(data), SECTOR)
        kept[-1] = (offset, data[: chance.choice([0, *ends])])
    return kept


def _scattered(later: list[Write | int], chance: random.Random) -> list[Write | int]:
    """Any sectors of any writes, each as the write left it; sizes as they were."""
    kept: list[Write | int] = []
    for change in later:
        if isinstance(change, int):
            kept.append(change)
            continue
        offset, data = change
        edges = [0, *range(SECTOR - offset % SECTOR, len(data), SECTOR), len(data)]
        kept += [(offset + a, data[a:b]) for a, b in pairwise(edges) if chance.random() < 0.5]
    return kept
