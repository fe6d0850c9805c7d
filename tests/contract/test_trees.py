"""What every store holds to about the tree over its log: SQLite and PostgreSQL, and the writer on both."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

import pytest

from services.kernel.canonical import leaf
from services.kernel.ports import CorruptLogError, Stored, Transaction, TreeHead
from services.runtime.batch import Order
from services.runtime.checkpoints import Checkpoints
from services.runtime.sql_store import SqlStore
from services.runtime.writer import Writer
from services.tlog import tree
from services.tlog.notes import Checkpoint, SigningKey, origin, sign, verify
from services.tlog.tiles import WIDTH
from services.tlog.tree import Frontier
from tests.contract.crashing import LOG, NOON
from tests.contract.stores import DatabaseError, Open
from tests.runtime.tiny import DECIDER, OFFICER, Put, SetClock

ORIGIN = origin("test", LOG)
KEY = SigningKey(ORIGIN, sha256(b"synthetic").digest())
WAIT_SECONDS = 60


def entry(index: int) -> Stored:
    value = b"value %d" % index
    return Stored(index, "s", value, leaf(value))


def leaves(count: int) -> list[bytes]:
    return [bytes.fromhex(entry(index).leaf) for index in range(count)]


def append(store: SqlStore, epoch: int, indices: Sequence[int], checkpoints: Checkpoints | None = None) -> None:
    """One transaction, as a writer's; without `checkpoints` as a release wrote it that had none."""
    with store.transaction(epoch) as tx:
        if checkpoints is not None:
            checkpoints.enter(tx)
        tx.append([(entry(index), NOON + timedelta(seconds=index)) for index in indices])
        if checkpoints is not None:
            checkpoints.append(entry(index).leaf for index in indices)
            checkpoints.flush()


def signed(store: SqlStore) -> Checkpoint:
    """The checkpoint as it is committed; it is of the entries that are committed, and the frontier with it."""
    with store.read() as reads:
        head, length = reads.tree_head(), reads.head().length
    assert head is not None
    assert head.checkpoint is not None
    checkpoint, frontier = verify(head.checkpoint, [KEY.verifier]), Frontier.from_bytes(head.frontier)
    assert (checkpoint.size, checkpoint.root) == (length, frontier.root())
    return checkpoint


def test_a_log_without_a_tree_has_none(store: SqlStore) -> None:
    append(store, store.take_over(), [0, 1])
    with store.read() as reads:
        assert reads.tree_head() is None
        assert reads.hashes(0, 0, 10) == leaves(2)
        assert reads.hashes(1, 0, 10) == []


def test_trees_come_back_as_they_were_and_the_last_is_kept(store: SqlStore) -> None:
    epoch = store.take_over()
    for number in range(3):
        with store.transaction(epoch) as tx:
            tx.put_tree(TreeHead(b"\0%d" % number, f"c{number}"), [(1, number, b"h%d" % number), (2, number, b"H%d" % number)])
    with store.read() as reads:
        assert reads.tree_head() == TreeHead(b"\x002", "c2")
        assert reads.hashes(1, 0, 10) == [b"h0", b"h1", b"h2"]
        assert reads.hashes(2, 1, 1) == [b"H1"]
        assert reads.hashes(3, 0, 10) == []


def test_a_hash_is_never_written_again(store: SqlStore) -> None:
    epoch = store.take_over()
    with store.transaction(epoch) as tx:
        tx.put_tree(TreeHead(b"", None), [(1, 0, b"a")])
    with pytest.raises(DatabaseError), store.transaction(epoch) as tx:
        tx.put_tree(TreeHead(b"", None), [(1, 0, b"b")])
    with store.read() as reads:
        assert reads.hashes(1, 0, 10) == [b"a"]


@pytest.mark.parametrize("edge", [255, 256, 257])
def test_hashes_are_those_of_the_tiles(store: SqlStore, edge: int) -> None:
    epoch, checkpoints = store.take_over(), Checkpoints(ORIGIN, [KEY])
    append(store, epoch, range(200), checkpoints)
    append(store, epoch, range(200, edge), checkpoints)
    assert signed(store) == Checkpoint(ORIGIN, edge, tree.root(leaves(edge)))
    with store.read() as reads:
        assert reads.hashes(0, 0, WIDTH) == leaves(min(edge, WIDTH))
        assert reads.hashes(1, 0, WIDTH) == [tree.root(leaves(WIDTH))][: edge // WIDTH]


def _interrupted(tx: Transaction, checkpoints: Checkpoints, *, flushed: bool) -> None:
    """A transaction that fails when entries are appended, or when their tree is written too."""
    checkpoints.enter(tx)
    tx.append([(entry(1), NOON)])
    checkpoints.append([entry(1).leaf])
    if flushed:
        checkpoints.flush()
    raise ZeroDivisionError


@pytest.mark.parametrize("place", ["append", "put_tree"])
def test_entries_and_checkpoint_are_committed_together_or_not_at_all(store: SqlStore, place: str) -> None:
    epoch = store.take_over()
    append(store, epoch, [0], Checkpoints(ORIGIN, [KEY]))
    before = signed(store)
    checkpoints = Checkpoints(ORIGIN, [KEY])
    with pytest.raises(ZeroDivisionError), store.transaction(epoch) as tx:
        _interrupted(tx, checkpoints, flushed=place == "put_tree")
    checkpoints.forget()
    assert signed(store) == before
    append(store, epoch, [1], checkpoints)
    assert signed(store).root == tree.root(leaves(2))


@pytest.mark.parametrize("older", [1, 255, 256, 513])
def test_a_log_of_a_release_without_trees_is_caught_up(store: SqlStore, older: int) -> None:
    epoch = store.take_over()
    append(store, epoch, range(older))
    append(store, epoch, [older], Checkpoints(ORIGIN, [KEY]))
    assert signed(store).root == tree.root(leaves(older + 1))
    with store.read() as reads:
        assert len(reads.hashes(1, 0, WIDTH)) == (older + 1) // WIDTH


def test_a_log_that_such_a_release_wrote_on_is_caught_up(store: SqlStore) -> None:
    epoch = store.take_over()
    append(store, epoch, range(250), Checkpoints(ORIGIN, [KEY]))
    append(store, epoch, range(250, 300))
    append(store, epoch, [300], Checkpoints(ORIGIN, [KEY]))
    assert signed(store).root == tree.root(leaves(301))


@pytest.mark.parametrize(
    ("frontier", "checkpoint", "found"),
    [
        (b"", None, "a frontier of size 0 has 8 bytes, not 0"),
        (b"\0" * 7 + b"\3" + b"x" * 64, None, "has 2 entries, and its tree 3"),
        (None, "no note", "no signed note"),
        (None, sign(Checkpoint(ORIGIN, 2, sha256(b"fork").digest()), [KEY]), "of another log or another state"),
        (None, sign(Checkpoint("oproep/other/tiny/0", 2, tree.root(leaves(2))), [KEY]), "of another log or another state"),
        (None, sign(Checkpoint(ORIGIN, 1, tree.root(leaves(1))), [KEY]), "of another log or another state"),
    ],
)
def test_a_tree_of_another_log_is_not_grown(store: SqlStore, frontier: bytes | None, checkpoint: str | None, found: str) -> None:
    epoch = store.take_over()
    append(store, epoch, [0, 1], Checkpoints(ORIGIN, [KEY]))
    with store.transaction(epoch) as tx:
        head = tx.tree_head()
        assert head is not None
        tx.put_tree(TreeHead(head.frontier if frontier is None else frontier, checkpoint), [])
    with pytest.raises(CorruptLogError, match=found):
        append(store, epoch, [2], Checkpoints(ORIGIN, [KEY]))
    with store.read() as reads:
        assert reads.head().length == 2


def test_without_keys_the_tree_grows_unsigned_and_is_signed_when_there_are(store: SqlStore) -> None:
    epoch = store.take_over()
    append(store, epoch, [0, 1], Checkpoints(ORIGIN, []))
    with store.read() as reads:
        head = reads.tree_head()
    assert head is not None
    assert head.checkpoint is None
    append(store, epoch, [], Checkpoints(ORIGIN, [KEY]))
    assert signed(store).size == 2


class CountingKey(SigningKey):
    """A key that counts what it signs."""

    made = 0

    def line(self, text: str) -> str:
        self.made += 1
        return super().line(text)


def test_a_commit_is_signed_once_however_many_commands_are_in_it(opened: Open) -> None:
    key = CountingKey(ORIGIN, sha256(b"synthetic").digest())
    writer = Writer(
        deployment="test", name=LOG, decider=DECIDER, store=opened(), clock=SetClock(), stopped=lambda _reason: None, keys=[key]
    )
    orders = [Order(command_id=f"c{n}", command=Put(box=f"b{n}", amount=1), actor=OFFICER) for n in range(100)]
    futures = [writer.submit(order) for order in orders]
    writer.start()
    for future in futures:
        future.result(WAIT_SECONDS)
    writer.stop()
    assert signed(opened()).size == 100
    assert key.made == 1
