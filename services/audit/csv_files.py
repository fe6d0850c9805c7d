"""Tables as CSV, plain or in the form that a Dutch Excel opens with a double click: see `services.kernel.cells`."""

import csv
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from services.audit.columns import Table
from services.kernel.cells import Form
from services.kernel.entry import Entry


def write(entries: Iterable[Entry], tables: Sequence[Table], directory: Path, form: Form) -> dict[str, int]:
    """Write a file for each table, reading the entries once; gives the number of rows by table.

    Raises:
        FileExistsError: if one of the files is there already.
    """
    directory.mkdir(parents=True, exist_ok=True)
    counts = dict.fromkeys((table.name for table in tables), 0)
    with ExitStack() as open_files:
        writers: list[Callable[[Sequence[str]], object]] = []
        for table in tables:
            file = open_files.enter_context((directory / f"{table.name}.csv").open("x", encoding=form.encoding, newline=""))
            writers.append(csv.writer(file, delimiter=form.delimiter, lineterminator="\r\n").writerow)
            writers[-1]([column.name for column in table.columns])
        for entry in entries:
            for table, writerow in zip(tables, writers, strict=True):
                for row in table.rows(entry):
                    writerow([form.cell(value, column.kind) for value, column in zip(row, table.columns, strict=True)])
                    counts[table.name] += 1
    return counts
