"""Tables as CSV: plain for programs, and in the form that a Dutch Excel opens with a double click.

Plain: UTF-8, comma, decimal point, RFC 3339 instants. For Excel: byte order mark, semicolon, decimal comma; and a text that Excel
would take for a number, a date or a formula (`0207508932`, `=…`) is written so that it stays the text it is.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

from services.audit.columns import Cell, Column, Kind, Table
from services.kernel.entry import Entry
from services.kernel.form import instant

_SHARE_DECIMALS = 9
_EXCEL_FORMULA_TEXT = 255
"""The longest text that a formula of Excel may hold."""
_EXCEL_CELL = 32_000
"""Excel holds 32,767 characters in a cell; what is longer is cut, and says so."""
_MISREAD = re.compile(r"[=+\-@\t\r]|[0-9 .,:/eE%-]+$|(waar|onwaar|true|false)$|[0-9]{1,2}[ -]?[a-z]{3}", re.IGNORECASE)
"""What Excel would not leave as it is."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a cell is written in a CSV file."""

    name: str
    delimiter: str
    encoding: str
    shown: Callable[[Cell, Kind], str]


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
                    writerow(list(_cells(row, table.columns, form)))
                    counts[table.name] += 1
    return counts


def money(cents: int, point: str = ".") -> str:
    """Cents with two decimals and nothing between thousands."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}{point}{abs(cents) % 100:02d}"


def share(value: Fraction, point: str = ".") -> str:
    """A fraction of at least 0 with nine decimals, half up."""
    scale = 10**_SHARE_DECIMALS
    scaled = (value.numerator * scale * 2 + value.denominator) // (value.denominator * 2)
    return f"{scaled // scale}{point}{scaled % scale:0{_SHARE_DECIMALS}d}"


def _cells(row: Sequence[Cell], columns: Sequence[Column], form: Form) -> Iterator[str]:
    for value, column in zip(row, columns, strict=True):
        yield "" if value is None else form.shown(value, column.kind)


def _numeric(value: Cell, kind: Kind, point: str) -> str | None:
    if kind is Kind.MONEY and isinstance(value, int):
        return money(value, point)
    if kind is Kind.SHARE and isinstance(value, Fraction):
        return share(value, point)
    return str(value) if kind is Kind.COUNT else None


def _plain(value: Cell, kind: Kind) -> str:
    if (number := _numeric(value, kind, ".")) is not None:
        return number
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _excel(value: Cell, kind: Kind) -> str:
    if (number := _numeric(value, kind, ",")) is not None:
        return number
    if isinstance(value, bool):
        return "WAAR" if value else "ONWAAR"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else _excel_text(str(value))


def _excel_text(text: str) -> str:
    if len(text) > _EXCEL_CELL:
        text = text[:_EXCEL_CELL] + " [...]"
    if not _MISREAD.match(text):
        return text
    if len(text) > _EXCEL_FORMULA_TEXT or not text.isprintable():
        return "'" + text
    return '="' + text.replace('"', '""') + '"'


PLAIN = Form("csv", ",", "utf-8", _plain)
DUTCH_EXCEL = Form("excel", ";", "utf-8-sig", _excel)
