"""Tables as Parquet: see `services.runtime.arrow`. Needs the extra `audit`."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from services.audit.columns import Row, Table
from services.kernel.entry import Entry
from services.runtime import arrow
from services.runtime.extra import library

_ROWS = 20_000
"""Rows of a table that are held before they go to the file."""


def write(entries: Iterable[Entry], tables: Sequence[Table], directory: Path) -> dict[str, int]:
    """Write a file for each table, reading the entries once; gives the number of rows by table.

    Raises:
        MissingExtraError: if pyarrow is not installed.
        FileExistsError: if one of the files is there already.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        outputs = [_Output(files, directory, table) for table in tables]
        for entry in entries:
            for output in outputs:
                output.add(entry)
        for output in outputs:
            output.flush()
    return {output.table.name: output.count for output in outputs}


def schema(table: Table) -> Any:
    """The Arrow schema of a table."""
    return arrow.schema(((column.name, column.kind) for column in table.columns), table.about)


class _Output:
    """One file on its way."""

    def __init__(self, files: ExitStack, directory: Path, table: Table) -> None:
        self.table, self.count = table, 0
        self._schema, self._rows = schema(table), list[Row]()
        sink = files.enter_context((directory / f"{table.name}.parquet").open("xb"))
        self._file = files.enter_context(library("pyarrow.parquet").ParquetWriter(sink, self._schema, compression="zstd"))

    def add(self, entry: Entry) -> None:
        self._rows += self.table.rows(entry)
        if len(self._rows) >= _ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is held. A table that never had a row is a file with a schema."""
        if not self._rows:
            return
        self._file.write_table(arrow.table(self._schema, [column.kind for column in self.table.columns], self._rows))
        self.count += len(self._rows)
        self._rows.clear()
