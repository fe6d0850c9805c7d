"""A disk that is full ends the writer with that reason, and takes nothing that was answered."""

import sqlite3
from pathlib import Path

import pytest

from services.kernel.ports import Stored
from services.runtime.sql_store import SqlStore, open_store
from tests.runtime.tiny import NOON

PAGES = 40


def fill(store: SqlStore, epoch: int) -> None:
    """Write until there is no more room."""
    for n in range(PAGES):
        with store.transaction(epoch) as tx:
            tx.append([(Stored(n, "s", b"x" * 9_000, "leaf"), NOON)])
    raise AssertionError("there is no end of room")


def test_a_full_disk_is_named_and_leaves_what_was_committed(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}", "tiny/0")
    store._writer.execute(f"PRAGMA max_page_count = {PAGES}")  # pyright: ignore[reportPrivateUsage]  # no port makes a disk small
    epoch = store.take_over()
    with pytest.raises(sqlite3.OperationalError, match="disk is full"):
        fill(store, epoch)
    with store.read() as reads:
        length = reads.head().length
        assert length == len(reads.entries(0, PAGES)) > 0
    store._writer.execute(f"PRAGMA max_page_count = {PAGES * 2}")  # pyright: ignore[reportPrivateUsage]  # no port makes a disk small
    with store.transaction(epoch) as tx:
        tx.append([(Stored(length, "s", b"x" * 9_000, "leaf"), NOON)])
    store.close()
