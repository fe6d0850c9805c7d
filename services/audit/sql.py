"""Questions in SQL over the tables of an export: DuckDB over the Parquet files, read-only, cut off from files and network."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.audit.faults import PackError
from services.runtime.extra import library


class QueryError(ValueError):
    """The question cannot be answered: what DuckDB says about it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Column names and rows. Sums are `Decimal`, never floating point."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def ask(parquet: Path, question: str) -> Answer:
    """Put a question to the tables of a folder of Parquet files; each file is a table of its name.

    Raises:
        MissingExtraError: if DuckDB is not installed.
        PackError: if there are no Parquet files.
        QueryError: if the question is no sound SQL, or wants more than reading.
    """
    files = sorted(parquet.glob("*.parquet"))
    if not files:
        raise PackError(f"{parquet}: no Parquet files in it; allowed: a folder that `oproep audit tables` has written")
    duckdb = library("duckdb")
    with tempfile.TemporaryDirectory(prefix="oproep-sql-") as scratch:
        database = str(Path(scratch) / "tables.duckdb")
        _load(duckdb, database, files)
        with duckdb.connect(database, read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            try:
                result = connection.execute(question)
                return Answer(tuple(column[0] for column in result.description or ()), result.fetchall())
            except duckdb.Error as error:
                raise QueryError(str(error)) from error


def _load(duckdb: Any, database: str, files: Sequence[Path]) -> None:
    """Tables on disk, so that a long log need not fit in memory; the question never meets the files of the export."""
    with duckdb.connect(database) as connection:
        for file in files:
            name = file.stem.replace('"', '""')
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM read_parquet(?)', [str(file)])  # noqa: S608 - a file's name, quoted
