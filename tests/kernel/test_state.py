"""State in memory and state in rows answer alike, whatever was put and in whatever order."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.decider import MemoryState, Record, State
from services.runtime.sql_store import SqlStore, open_store
from services.runtime.state import RowState, RowView


@dataclass(frozen=True, slots=True, kw_only=True)
class Box(Record):
    KEY: ClassVar[tuple[str, ...]] = ("shelf", "name")
    shelf: str
    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf(Record):
    KEY: ClassVar[tuple[str, ...]] = ("shelf",)
    shelf: str


PARTS = st.sampled_from(["a", "a-b", "a.b", "a0", "aa", "A", "Z", "z", "10", "9"])
"""Characters on both sides of the `/` between the parts of a key, and no order of a dictionary."""
RECORDS = st.builds(Box, shelf=PARTS, name=PARTS, count=st.integers(0, 9)) | st.builds(Shelf, shelf=PARTS)


@contextmanager
def opened() -> Generator[SqlStore]:
    with TemporaryDirectory() as directory:
        store = open_store(f"sqlite:///{Path(directory)}", "boxes/0")
        try:
            yield store
        finally:
            store.close()


def seen(state: State, part: str) -> list[object]:
    """All that can be asked about a part."""
    return [
        list(state.all(Box)),
        list(state.all(Shelf)),
        list(state.all(Box, part)),
        list(state.all(Box, part, "a")),
        list(state.all(Shelf, part)),
        state.get(Box, part, "a"),
        state.get(Shelf, part),
    ]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(RECORDS, max_size=6), max_size=3), PARTS)
def test_memory_and_rows_answer_alike(batches: list[list[Record]], part: str) -> None:
    memory, rows = MemoryState(), RowState()
    with opened() as store:
        epoch = store.take_over()
        for batch in batches:
            with store.transaction(epoch) as tx:
                rows.enter(tx)
                for record in batch:
                    memory.put(record)
                    rows.put(record)
                    assert seen(rows, part) == seen(memory, part)
                rows.flush()
        with store.read() as reads:
            assert seen(RowView(reads), part) == seen(memory, part)


def test_records_come_by_key_and_a_key_begins_with_whole_parts() -> None:
    memory = MemoryState()
    for shelf, name in [("a0", "x"), ("a", "b"), ("a", "a"), ("a-b", "x")]:
        memory.put(Box(shelf=shelf, name=name, count=1))
    assert [record.key() for record in memory.all(Box)] == ["a-b/x", "a/a", "a/b", "a0/x"]
    assert [record.key() for record in memory.all(Box, "a")] == ["a/a", "a/b"]
