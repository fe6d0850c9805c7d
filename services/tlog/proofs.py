"""Inclusion proofs as text, after C2SP tlog-proof: what a reader keeps beside an entry, and `verify_receipt` checks."""

from base64 import b64encode
from collections.abc import Iterable

HEADER = "c2sp.org/tlog-proof@v1"


def tlog_proof(index: int, hashes: Iterable[bytes], note: str) -> str:
    """The proof that the entry at `index` is in the tree of a checkpoint: the hashes from the leaf upward, and the signed note."""
    lines = "".join(b64encode(hash_).decode() + "\n" for hash_ in hashes)
    return f"{HEADER}\nindex {index}\n{lines}\n{note}"
