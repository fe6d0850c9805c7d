"""The tree is that of RFC 6962: known roots and proofs first, then every small tree, then trees and bits at random."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tlog import tree
from services.tlog.tree import Frontier, leaf_hash, node_hash

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
"""The entries of the test suite of Certificate Transparency, in hexadecimal, and below the roots over the first n of them."""
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [  # (index, size, proof), of the same test suite
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [  # (old, new, proof)
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
KNOWN = [leaf_hash(bytes.fromhex(text)) for text in LEAVES]


class Kept:
    """Leaf hashes, and the hash of any complete subtree over them."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves

    def node(self, level: int, index: int) -> bytes:
        assert (index + 1) << level <= len(self.leaves), "a node beyond the tree was asked for"
        return tree.root(self.leaves[index << level : (index + 1) << level])

    def root(self, size: int) -> bytes:
        return tree.root(self.leaves[:size])


def numbered(count: int) -> Kept:
    return Kept([leaf_hash(str(number).encode()) for number in range(count)])


def by_definition(leaves: Sequence[bytes]) -> bytes:
    """The root as RFC 6962, section 2.1, writes it down."""
    if len(leaves) == 1:
        return leaves[0]
    left = max(1 << bit for bit in range(20) if 1 << bit < len(leaves))
    return node_hash(by_definition(leaves[:left]), by_definition(leaves[left:]))


@pytest.mark.parametrize("size", range(9))
def test_roots_of_certificate_transparency(size: int) -> None:
    frontier = Frontier()
    for leaf in KNOWN[:size]:
        frontier.append(leaf)
    assert frontier.root().hex() == tree.root(KNOWN[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_inclusion_proofs_of_certificate_transparency(index: int, size: int, proof: list[str]) -> None:
    made = tree.inclusion(index, size, Kept(KNOWN).node)
    assert [hash_.hex() for hash_ in made] == proof
    assert tree.verify_inclusion(KNOWN[index], index, size, made, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_consistency_proofs_of_certificate_transparency(old: int, new: int, proof: list[str]) -> None:
    made = tree.consistency(old, new, Kept(KNOWN).node)
    assert [hash_.hex() for hash_ in made] == proof
    assert tree.verify_consistency(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), made)


def test_every_proof_in_every_small_tree() -> None:
    kept = numbered(33)
    for size in range(1, 34):
        assert kept.root(size) == by_definition(kept.leaves[:size])
        for index in range(size):
            proof = tree.inclusion(index, size, kept.node)
            assert tree.verify_inclusion(kept.leaves[index], index, size, proof, kept.root(size))
        for old in range(size + 1):
            proof = tree.consistency(old, size, kept.node)
            assert tree.verify_consistency(old, kept.root(old), size, kept.root(size), proof)


def test_a_proof_shows_nothing_else() -> None:
    kept = numbered(12)
    for size in range(1, 13):
        for index in range(size):
            proof = tree.inclusion(index, size, kept.node)
            shown = [n for n in range(size) if tree.verify_inclusion(kept.leaves[index], n, size, proof, kept.root(size))]
            assert shown == [index]
            assert not tree.verify_inclusion(kept.leaves[index], index, size, [*proof, proof[0] if proof else b""], kept.root(size))
            assert not proof or not tree.verify_inclusion(kept.leaves[index], index, size, proof[:-1], kept.root(size))


BIT = st.integers(0, 255)
SIZES = st.integers(1, 300)


def flipped(hash_: bytes, bit: int) -> bytes:
    return (int.from_bytes(hash_, "big") ^ 1 << bit).to_bytes(32, "big")


@settings(max_examples=60, deadline=None)
@given(size=SIZES, data=st.data(), bit=BIT)
def test_any_changed_bit_is_no_inclusion(size: int, data: st.DataObject, bit: int) -> None:
    kept = numbered(size)
    index = data.draw(st.integers(0, size - 1))
    whole = [kept.leaves[index], kept.root(size), *tree.inclusion(index, size, kept.node)]
    assert tree.verify_inclusion(whole[0], index, size, whole[2:], whole[1])
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = flipped(whole[at], bit)
    assert not tree.verify_inclusion(whole[0], index, size, whole[2:], whole[1])


@settings(max_examples=60, deadline=None)
@given(new=SIZES, data=st.data(), bit=BIT)
def test_any_changed_bit_is_no_consistency(new: int, data: st.DataObject, bit: int) -> None:
    kept = numbered(new)
    old = data.draw(st.integers(1, new))
    whole = [kept.root(old), kept.root(new), *tree.consistency(old, new, kept.node)]
    assert tree.verify_consistency(old, whole[0], new, whole[1], whole[2:])
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = flipped(whole[at], bit)
    assert not tree.verify_consistency(old, whole[0], new, whole[1], whole[2:])


@settings(max_examples=60, deadline=None)
@given(new=st.integers(2, 300), data=st.data())
def test_a_fork_is_not_consistent(new: int, data: st.DataObject) -> None:
    honest = numbered(new)
    changed = data.draw(st.integers(0, new - 1))
    old = data.draw(st.integers(changed + 1, new))
    forked = Kept([*honest.leaves[:changed], leaf_hash(b"another"), *honest.leaves[changed + 1 :]])
    proof = tree.consistency(old, new, forked.node)
    assert not tree.verify_consistency(old, honest.root(old), new, forked.root(new), proof)


def test_a_log_that_went_back_is_not_consistent() -> None:
    kept = numbered(10)
    assert not tree.verify_consistency(10, kept.root(10), 9, kept.root(9), [])
    with pytest.raises(ValueError, match="does not begin with"):
        tree.consistency(10, 9, kept.node)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 600))
def test_a_frontier_goes_on_where_it_was_written_down(size: int) -> None:
    kept = numbered(size + 1)
    frontier = Frontier()
    for leaf in kept.leaves[:size]:
        frontier.append(leaf)
    again = Frontier.from_bytes(frontier.to_bytes())
    assert (again.size, again.root()) == (size, kept.root(size))
    again.append(kept.leaves[size])
    assert again.root() == kept.root(size + 1)


@pytest.mark.parametrize("data", [b"", b"\0" * 7, b"\0" * 8 + b"x", (3).to_bytes(8, "big") + b"x" * 32])
def test_a_frontier_of_another_length_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        Frontier.from_bytes(data)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 4)])
def test_there_is_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        tree.inclusion(index, size, numbered(4).node)
    assert not tree.verify_inclusion(b"", index, size, [], b"")
