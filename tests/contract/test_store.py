"""What every store holds to: one suite, SQLite and PostgreSQL."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.kernel.ports import FencedError, Head, Parked, Progress, Recorded, Stored
from services.runtime.sql_store import SqlStore
from tests.contract.crashing import NOON
from tests.contract.stores import DatabaseError, Open


def stored(index: int, stream: str = "s") -> Stored:
    return Stored(index, stream, f"value {index}".encode(), f"leaf {index}")


def append(store: SqlStore, epoch: int, indices: Sequence[int]) -> None:
    with store.transaction(epoch) as tx:
        tx.append([(stored(index), NOON + timedelta(seconds=index)) for index in indices])


def test_a_new_log_is_empty(store: SqlStore) -> None:
    with store.read() as reads:
        assert reads.head() == Head(0, None)
        assert reads.entries(0, 10) == []
        assert reads.progress("other/0") == Progress(0, 0)
        assert reads.relayed() == 0


def test_entries_come_back_as_they_were_and_the_head_follows(store: SqlStore) -> None:
    epoch = store.take_over()
    append(store, epoch, [0, 1])
    append(store, epoch, [2])
    with store.read() as reads:
        assert reads.entries(0, 10) == [stored(0), stored(1), stored(2)]
        assert reads.entries(1, 1) == [stored(1)]
        assert reads.head() == Head(3, NOON + timedelta(seconds=2))


@pytest.mark.parametrize("indices", [[1], [0, 2], [3]])
def test_a_gap_is_never_stored(store: SqlStore, indices: list[int]) -> None:
    epoch = store.take_over()
    with pytest.raises(AssertionError):
        append(store, epoch, indices)
    with store.read() as reads:
        assert reads.head().length == 0


def test_an_index_is_never_used_twice(store: SqlStore) -> None:
    epoch = store.take_over()
    append(store, epoch, [0])
    with pytest.raises(DatabaseError):
        append(store, epoch, [0])
    append(store, epoch, [1])


def test_after_a_take_over_the_older_writer_commits_nothing(opened: Open) -> None:
    older, newer = opened(), opened()
    old = older.take_over()
    append(older, old, [0])
    new = newer.take_over()
    with pytest.raises(FencedError), older.transaction(old) as tx:
        tx.append([(stored(1), NOON)])
    append(newer, new, [1])
    with newer.read() as reads:
        assert reads.entries(0, 10) == [stored(0), stored(1)]


def test_a_take_over_waits_for_the_transaction_under_way(opened: Open) -> None:
    older, newer = opened(), opened()
    old = older.take_over()
    lengths: list[int] = []
    taken = threading.Event()

    def take_over() -> None:
        new = newer.take_over()
        taken.set()
        with newer.transaction(new) as tx:
            lengths.append(tx.head().length)

    taking = threading.Thread(target=take_over)
    with older.transaction(old) as tx:
        taking.start()
        assert not taken.wait(0.3), "taken over between the check of the epoch and the commit under it"
        tx.append([(stored(0), NOON)])
    taking.join()
    assert lengths == [1]
    with pytest.raises(FencedError):
        append(older, old, [1])


def test_a_failed_transaction_leaves_nothing(store: SqlStore) -> None:
    epoch = store.take_over()
    with pytest.raises(ZeroDivisionError), store.transaction(epoch) as tx:  # noqa: PT012 - one transaction
        tx.append([(stored(0), NOON)])
        tx.put_rows([("Box", "a", b'{"total":"1"}')])
        tx.record_command("c", Recorded("body", 0, 1))
        tx.accept("other/0", 0, "leaf")
        tx.advance("other/0", Progress(1, 5))
        tx.park(Parked("other/0", 0, "s", "why", b"v"))
        raise ZeroDivisionError
    with store.transaction(epoch) as tx:
        assert tx.head() == Head(0, None)
        assert tx.row("Box", "a") is None
        assert tx.recorded("c") is None
        assert tx.seen("other/0", 0) is None
        assert tx.progress("other/0") == Progress(0, 0)
        assert tx.parked() == []


def test_rows_are_replaced_and_listed_by_code_point(store: SqlStore) -> None:
    keys = ["Z", "a", "a-b", "a/b", "a/b/c", "a0", "z", "é", "\uffee", "😀"]  # UTF-16 or a dictionary would order otherwise
    with store.transaction(store.take_over()) as tx:
        tx.put_rows(("Box", key, b'{"total":"1"}') for key in reversed(keys))
        tx.put_rows([("Box", "a", b'{"total":"2"}'), ("Crate", "a", b'{"b":"1","a":"2"}')])
        assert [key for key, _ in tx.rows("Box", "")] == keys
        assert [key for key, _ in tx.rows("Box", "a/")] == ["a/b", "a/b/c"]
        assert tx.row("Box", "a") == b'{"total":"2"}'
        assert tx.row("Crate", "a") == b'{"b":"1","a":"2"}'  # byte for byte
        assert tx.kinds() == ["Box", "Crate"]


def test_the_state_checks_refuse_what_a_core_must_never_write(store: SqlStore) -> None:
    epoch = store.take_over()
    with store.transaction(epoch) as tx:
        tx.put_rows([("Box", "a", b'{"total":"100"}'), ("Crate", "a", b'{"total":"101"}')])
    with pytest.raises(DatabaseError), store.transaction(epoch) as tx:
        tx.put_rows([("Box", "a", b'{"total":"101"}')])
    with store.read() as reads:
        assert reads.row("Box", "a") == b'{"total":"100"}'


def test_what_the_bus_has_acknowledged_never_goes_back(store: SqlStore) -> None:
    append(store, store.take_over(), [0, 1, 2])
    for length, expected in ((2, 2), (1, 2), (3, 3)):
        store.mark_relayed(length)
        with store.read() as reads:
            assert reads.relayed() == expected


def test_no_more_is_acknowledged_than_there_is(store: SqlStore) -> None:
    append(store, store.take_over(), [0])
    with pytest.raises(DatabaseError):
        store.mark_relayed(2)
    store.mark_relayed(1)


def test_commands_and_the_inbox_are_remembered_once(store: SqlStore) -> None:
    epoch = store.take_over()
    with store.transaction(epoch) as tx:
        tx.record_command("c", Recorded("body", 4, 2))
        tx.accept("other/0", 7, "leaf 7")
        tx.advance("other/0", Progress(8, 30))
        tx.advance("other/0", Progress(9, 31))
    with store.transaction(epoch) as tx:
        assert tx.recorded("c") == Recorded("body", 4, 2)
        assert tx.seen("other/0", 7) == "leaf 7"
        assert tx.seen("other/1", 7) is None
        assert tx.progress("other/0") == Progress(9, 31)
    with pytest.raises(DatabaseError), store.transaction(epoch) as tx:
        tx.accept("other/0", 7, "leaf 7")
    with pytest.raises(DatabaseError), store.transaction(epoch) as tx:
        tx.record_command("c", Recorded("body", 4, 2))


def test_parked_records_hold_back_their_stream(store: SqlStore) -> None:
    first, second = Parked("a/0", 4, "s", "why", b"\x00v"), Parked("b/0", 1, "t", "why", b"w")
    with store.transaction(store.take_over()) as tx:
        tx.park(second)
        tx.park(first)
        tx.park(first)  # once more changes nothing
        assert tx.parked() == [first, second]
        assert tx.has_parked("a/0", "s")
        assert not tx.has_parked("a/0", "t")
        tx.unpark("a/0", 4)
        assert not tx.has_parked("a/0", "s")


def test_readers_see_the_last_commit_and_neither_wait_nor_hold_up(opened: Open) -> None:
    store, other = opened(), opened()
    epoch = store.take_over()
    append(store, epoch, [0])
    with store.transaction(epoch) as tx:
        tx.append([(stored(1), NOON)])
        with store.read() as reads, other.read() as elsewhere:
            assert reads.head().length == elsewhere.head().length == 1
    with store.read() as before:
        assert before.head().length == 2
        append(store, epoch, [2])
        assert before.head().length == 2
        assert len(before.entries(0, 10)) == 2


def test_a_failing_reader_costs_no_connection(store: SqlStore) -> None:
    for _ in range(200):
        with pytest.raises(ZeroDivisionError), store.read():
            raise ZeroDivisionError
    with store.read() as reads:
        assert reads.head().length == 0


@pytest.mark.parametrize(("moment", "length"), [("before", 0), ("after", 1)])
def test_a_killed_writer_leaves_exactly_what_it_committed(url: str, opened: Open, moment: str, length: int) -> None:
    command = [sys.executable, "-m", "tests.contract.crashing", url, moment]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "standing\n"
        child.kill()
    store = opened()
    with store.transaction(store.take_over()) as tx:
        assert tx.head().length == length
        assert (tx.row("Box", "a") is not None) == bool(length)
        assert (tx.recorded("c") is not None) == bool(length)
        assert (tx.seen("other/0", 0) is not None) == bool(length)
        assert tx.progress("other/0").next_index == length
        assert (tx.tree_head() is not None) == bool(length)
        assert len(tx.hashes(1, 0, 10)) == length
