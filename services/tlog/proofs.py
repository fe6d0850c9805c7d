"""Proofs as text.

Of inclusion after C2SP tlog-proof: what a reader keeps beside an entry, and `verify_receipt` checks. Of consistency as C2SP
tlog-witness begins what a witness is sent.
"""

from base64 import b64encode
from collections.abc import Iterable

HEADER = "c2sp.org/tlog-proof@v1"


def tlog_proof(index: int, hashes: Iterable[bytes], note: str) -> str:
    """The proof that the entry at `index` is in the tree of a checkpoint: the hashes from the leaf upward, and the signed note."""
    return f"{HEADER}\nindex {index}\n{_lines(hashes)}\n{note}"


def consistency_proof(old: int, hashes: Iterable[bytes]) -> str:
    """The proof that a log has only grown since it had `old` entries; a checkpoint may follow after an empty line."""
    return f"old {old}\n{_lines(hashes)}"


def _lines(hashes: Iterable[bytes]) -> str:
    return "".join(b64encode(hash_).decode() + "\n" for hash_ in hashes)
