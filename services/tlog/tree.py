"""The Merkle tree of RFC 6962 over the entries of a log: roots, and proofs that an entry is in it or that it only grew.

A hash is 32 bytes of SHA-256. A *node* is the hash of a complete subtree: `node(level, index)` covers the 2**level leaves
from index * 2**level on. Proofs are made from nodes alone, so that whoever keeps those needs no entries.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()
TILE_HEIGHT = 8
"""Levels of a tile: it holds 2**8 hashes."""

Node = Callable[[int, int], bytes]
"""The hash of a complete subtree, by its level and its index in that level."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, or over the hashes of complete subtrees of one size; of none: the hash of nothing."""
    level = list(hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        lone = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)  # the lone one, if any, goes up as it is
        level = [node_hash(left, right) for left, right in pairs] + lone
    return level[0]


class Frontier:
    """The right edge of a tree: all that is needed to let it grow and to tell its root. It holds at most 64 hashes."""

    __slots__ = ("_hashes", "size")

    def __init__(self) -> None:
        self.size = 0
        """The number of leaves."""
        self._hashes: list[bytes] = []  # of the complete subtrees, the largest first: one for each bit set in `size`

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf hash. Gives (tile level, index, hash) of the subtrees that it completed and that the higher tiles hold."""
        node, level, completed = leaf, 0, []
        while self.size >> level & 1:
            node = node_hash(self._hashes.pop(), node)
            level += 1
            if level % TILE_HEIGHT == 0:
                completed.append((level // TILE_HEIGHT, self.size >> level, node))
        self._hashes.append(node)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self._hashes:
            return EMPTY_ROOT
        node = self._hashes[-1]
        for left in self._hashes[-2::-1]:
            node = node_hash(left, node)
        return node

    def to_bytes(self) -> bytes:
        """The frontier as 8 bytes of size, big-endian, and its hashes, the largest subtree first."""
        return self.size.to_bytes(8, "big") + b"".join(self._hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: if the number of hashes is not that of the size.
        """
        frontier = cls()
        frontier.size = int.from_bytes(data[:8], "big")
        expected = 8 + HASH_BYTES * frontier.size.bit_count()
        if len(data) != expected:
            raise ValueError(f"a frontier of size {frontier.size} has {expected} bytes, not {len(data)}")
        frontier._hashes = [data[at : at + HASH_BYTES] for at in range(8, expected, HASH_BYTES)]
        return frontier


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The proof that leaf `index` is in the tree of the first `size` leaves, from the leaf upward.

    Raises:
        ValueError: if there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    start, end, proof = 0, size, []
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            proof.append(_root_between(middle, end, node))
            end = middle
        else:
            proof.append(_root_between(start, middle, node))
            start = middle
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf stands at `index` in the tree of that size and root."""
    if not 0 <= index < size:
        return False
    at, last, node = index, size - 1, leaf
    for hash_ in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(hash_, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, hash_)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """The proof that the tree of the first `new` leaves begins with that of the first `old`.

    Raises:
        ValueError: if `old` is larger than `new`.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not begin with one of {old}")
    if old in {0, new}:
        return []
    start, end, proof = 0, new, []
    while old != end:
        middle = start + _left(end - start)
        if old <= middle:
            proof.append(_root_between(middle, end, node))
            end = middle
        else:
            proof.append(_root_between(start, middle, node))
            start = middle
    if start:  # otherwise the old tree is itself a subtree, whose root the verifier has
        proof.append(_root_between(start, end, node))
    return proof[::-1]


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the new tree begins with the old one: nothing that was there was changed or taken out."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old == new:
        return not proof and old_root == new_root
    hashes = [*proof] if old & (old - 1) else [old_root, *proof]
    if not hashes:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = hashes[0]
    for hash_ in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(hash_, before), node_hash(hash_, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, hash_)
        at, last = at >> 1, last >> 1
    return last == 0 and (before, after) == (old_root, new_root)


def _left(size: int) -> int:
    """How many leaves of a tree of `size` > 1 are in its left subtree: the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _root_between(start: int, end: int, node: Node) -> bytes:
    """The root over the leaves from `start` up to `end`; RFC 6962 splits so that every left part is a node."""
    size = end - start
    level = size.bit_length() - 1
    if size == 1 << level:
        return node(level, start >> level)
    middle = start + _left(size)
    return node_hash(_root_between(start, middle, node), _root_between(middle, end, node))
