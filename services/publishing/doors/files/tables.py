"""A table in full, and the forms that it is written in."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from services.kernel.cells import DUTCH_EXCEL, PLAIN, Cell, Form, Kind
from services.runtime import arrow
from services.runtime.extra import MissingExtraError, library

PARQUET = "application/vnd.apache.parquet"
CSV_FORMS = {"csv": PLAIN, "excel.csv": DUTCH_EXCEL}
"""How the names of CSV files end, and what they hold."""
MEDIA_TYPES = {**dict.fromkeys(CSV_FORMS, "text/csv; charset=utf-8"), "parquet": PARQUET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns with their kinds, and rows of cells."""

    about: str
    columns: Sequence[tuple[str, Kind]]
    rows: Sequence[Sequence[Cell]]


def written(table: Table, form: str) -> bytes:
    """A table in the form that the end of a file's name stands for.

    Raises:
        MissingExtraError: if that is Parquet, and pyarrow is not installed.
    """
    return _parquet(table) if form == "parquet" else _csv(table, CSV_FORMS[form])


def forms() -> list[str]:
    """The forms that tables can be written in here."""
    try:
        library("pyarrow")
    except MissingExtraError:
        return [*CSV_FORMS]
    return [*MEDIA_TYPES]


def _csv(table: Table, form: Form) -> bytes:
    text = io.StringIO(newline="")
    lines = csv.writer(text, delimiter=form.delimiter, lineterminator="\r\n")
    lines.writerow(name for name, _ in table.columns)
    kinds = [kind for _, kind in table.columns]
    lines.writerows([form.cell(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in table.rows)
    return text.getvalue().encode(form.encoding)


def _parquet(table: Table) -> bytes:
    content = io.BytesIO()
    shape = arrow.schema(table.columns, table.about)
    library("pyarrow.parquet").write_table(
        arrow.table(shape, [kind for _, kind in table.columns], table.rows), content, compression="zstd"
    )
    return content.getvalue()
