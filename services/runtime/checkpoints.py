"""The tree over a log, grown and signed in the transaction that appends: no checkpoint ever speaks of what was not committed."""

from collections.abc import Iterable, Sequence

from services.kernel.ports import CorruptLogError, Transaction, TreeHead
from services.tlog.notes import Checkpoint, SigningKey, sign, unverified
from services.tlog.tree import Frontier

_PAGE = 10_000


class Checkpoints:
    """A log's tree in the hands of its one writer. Each entry costs a hash or two; each commit a signature of each key."""

    def __init__(self, origin: str, keys: Sequence[SigningKey]) -> None:
        self._origin, self._keys = origin, keys
        self._tree: Frontier | None = None
        self._completed: list[tuple[int, int, bytes]] = []
        self._committed = -1
        """The size that the store has a checkpoint of."""

    def enter(self, tx: Transaction) -> None:
        """Use this transaction from now on; the first one takes up the tree where it was left.

        Raises:
            CorruptLogError: if the tree that is kept is not of this log.
        """
        self._tx = tx
        if self._tree is None:
            self._tree = self._taken_up(tx)

    def forget(self) -> None:
        """Drop everything: the transaction was rolled back."""
        self._tree = None
        self._completed = []

    def append(self, leaves: Iterable[str]) -> None:
        """Grow by entries with these leaf hashes, in hexadecimal."""
        tree = self._grown()
        for leaf in leaves:
            self._completed += tree.append(bytes.fromhex(leaf))

    def flush(self) -> None:
        """Write the tree with its checkpoint, if it has grown."""
        tree = self._grown()
        if tree.size != self._committed:
            self._tx.put_tree(TreeHead(tree.to_bytes(), self._signed(tree)), self._completed)
            self._completed = []
            self._committed = tree.size

    def _taken_up(self, tx: Transaction) -> Frontier:
        """The tree that the store has, caught up with entries that an earlier release wrote without one."""
        head, length = tx.tree_head(), tx.head().length
        tree = Frontier() if head is None else self._checked(head, length)
        if head is not None and tree.size == length and head.checkpoint == self._signed(tree):
            self._committed = length
            return tree
        self._committed = -1  # new, or of older keys, or behind: sign at once
        while tree.size < length:
            page = tx.hashes(0, tree.size, _PAGE)
            if not page:
                raise CorruptLogError(f"{self._origin} has {length} entries, and some of them are missing")
            for hash_ in page:
                self._completed += tree.append(hash_)
        return tree

    def _checked(self, head: TreeHead, length: int) -> Frontier:
        try:
            tree = Frontier.from_bytes(head.frontier)
            said = None if head.checkpoint is None else unverified(head.checkpoint)
        except ValueError as error:
            raise CorruptLogError(f"{self._origin}: the tree that is kept: {error}") from error
        if tree.size > length:
            raise CorruptLogError(f"{self._origin} has {length} entries, and its tree {tree.size}")
        if said not in {None, Checkpoint(self._origin, tree.size, tree.root())}:
            raise CorruptLogError(f"{self._origin}: its checkpoint is of another log or another state")
        return tree

    def _signed(self, tree: Frontier) -> str | None:
        return sign(Checkpoint(self._origin, tree.size, tree.root()), self._keys) if self._keys else None

    def _grown(self) -> Frontier:
        assert self._tree is not None, "no transaction"  # noqa: S101 - a broken invariant stops the process
        return self._tree
