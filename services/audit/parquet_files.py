"""Tables as Parquet: sums as `decimal128`, instants in UTC to the microsecond. Needs the extra `audit`."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from services.audit.columns import Cell, Column, Kind, Row, Table
from services.audit.csv_files import money, share
from services.audit.extra import library
from services.kernel.entry import Entry

MONEY_DIGITS, MONEY_DECIMALS = 18, 2
"""Every sum that an entry can state, 2^53 - 1 cents, fits with two digits to spare."""
SHARE_DIGITS, SHARE_DECIMALS = 18, 9
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
    """The Arrow schema of a table; each column may be null."""
    pa = library("pyarrow")
    kinds = {
        Kind.TEXT: pa.string(),
        Kind.COUNT: pa.int64(),
        Kind.MONEY: pa.decimal128(MONEY_DIGITS, MONEY_DECIMALS),
        Kind.SHARE: pa.decimal128(SHARE_DIGITS, SHARE_DECIMALS),
        Kind.INSTANT: pa.timestamp("us", tz="UTC"),
        Kind.DATE: pa.date32(),
        Kind.FLAG: pa.bool_(),
    }
    return pa.schema([(column.name, kinds[column.kind]) for column in table.columns], metadata={"about": table.about})


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
        pairs = zip(self.table.columns, zip(*self._rows, strict=True), strict=True)
        arrays = [list(_values(column, cells)) for column, cells in pairs]
        pa = library("pyarrow")
        typed = [pa.array(array, field.type) for array, field in zip(arrays, self._schema, strict=True)]
        self._file.write_table(pa.Table.from_arrays(typed, schema=self._schema))
        self.count += len(self._rows)
        self._rows.clear()


def _values(column: Column, cells: Iterable[Cell]) -> Iterator[Any]:
    for value in cells:
        if column.kind is Kind.MONEY and isinstance(value, int):
            yield Decimal(money(value))
        elif isinstance(value, Fraction):
            yield Decimal(share(value))
        else:
            yield value
