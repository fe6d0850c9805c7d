"""A log whose end is not as a writer left it is not written to."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from services.kernel.ports import CorruptLogError
from services.runtime.batch import Order
from services.runtime.sql_store import open_store
from services.runtime.writer import Writer
from tests.runtime.tiny import DECIDER, OFFICER, Put, SetClock

Spoil = Callable[[sqlite3.Connection], object]


def opened(directory: Path, name: str = "tiny/0") -> Writer:
    store = open_store(f"sqlite:///{directory}", "tiny/0")
    try:
        return Writer(deployment="test", name=name, decider=DECIDER, store=store, clock=SetClock(), stopped=lambda _reason: None)
    except BaseException:
        store.close()
        raise


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    writer = opened(tmp_path)
    writer.start()
    for n in range(3):
        writer.submit(Order(command_id=f"c{n}", command=Put(box="a", amount=1), actor=OFFICER)).result(60)
    writer.stop()
    writer.store.mark_relayed(3)
    writer.store.close()
    return tmp_path


def spoil(directory: Path, *statements: str) -> None:
    connection = sqlite3.connect(directory / "tiny-0.db", isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_log_as_it_was_left_is_carried_on(directory: Path) -> None:
    writer = opened(directory)
    assert writer.length == 3
    writer.store.close()


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE writer SET length = 2", "DELETE FROM entries WHERE idx = 2"], "has 2 entries, and 3 were published"),
        (["DELETE FROM entries WHERE idx = 2"], r"should have entries 0 to 2, and has \[0, 1\]"),
        (["DELETE FROM entries WHERE idx = 1"], r"should have entries 0 to 2, and has \[0, 2\]"),
        (["UPDATE writer SET length = 2, relayed = 2"], r"should have entries 0 to 1, and has \[0, 1, 2\]"),
        (["UPDATE entries SET leaf = '00' WHERE idx = 2"], "tiny/0/2: its bytes do not match leaf 00"),
        (["UPDATE entries SET value = CAST('{}' AS BLOB) WHERE idx = 1"], "tiny/0/1: its bytes do not match"),
        (["UPDATE writer SET last_time = '2021-05-11T11:00:00Z'"], "its head says 2021-05-11 11:00:00"),
    ],
)
def test_what_is_found_is_said_and_nothing_is_written(directory: Path, statements: list[str], found: str) -> None:
    spoil(directory, *statements)
    with pytest.raises(CorruptLogError, match=found) as error:
        opened(directory)
    assert "oproep replay" in str(error.value)


def test_another_log_is_not_taken_for_ones_own(directory: Path) -> None:
    with pytest.raises(CorruptLogError, match="here stands tiny/0/0"):
        opened(directory, name="tiny/1")
