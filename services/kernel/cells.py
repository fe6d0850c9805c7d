"""Cells of tables: what a column may hold, and how a cell is written in a CSV file.

Plain, for programs: UTF-8, comma, decimal point, RFC 3339 instants. For a Dutch Excel, which opens it with a double click: byte
order mark, semicolon, decimal comma; and a text that Excel would take for a number, a date or a formula (`0207508932`, `=…`) is
written so that it stays the text it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

from services.kernel.form import instant

Cell = str | int | bool | datetime | date | Fraction | None

SHARE_DECIMALS = 9
_EXCEL_FORMULA_TEXT = 255
"""The longest text that a formula of Excel may hold."""
_EXCEL_CELL = 32_000
"""Excel holds 32,767 characters in a cell; what is longer is cut, and says so."""
_MISREAD = re.compile(r"[=+\-@\t\r]|[0-9 .,:/eE%-]+$|(waar|onwaar|true|false)$|[0-9]{1,2}[ -]?[a-z]{3}", re.IGNORECASE)
"""What Excel would not leave as it is."""


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    """A sum: cents in a row, two decimals in a file."""
    SHARE = "share"
    """An exact fraction in a row, nine decimals in a file; the exact one stands beside it as text."""
    INSTANT = "instant"
    """UTC."""
    DATE = "date"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Form:
    """How a cell is written in a CSV file."""

    name: str
    delimiter: str
    encoding: str
    shown: Callable[[Cell, Kind], str]

    def cell(self, value: Cell, kind: Kind) -> str:
        """A cell as text; nothing for None."""
        return "" if value is None else self.shown(value, kind)


def money(cents: int, point: str = ".") -> str:
    """Cents with two decimals and nothing between thousands."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}{point}{abs(cents) % 100:02d}"


def share(value: Fraction, point: str = ".") -> str:
    """A fraction of at least 0 with nine decimals, half up."""
    scale = 10**SHARE_DECIMALS
    scaled = (value.numerator * scale * 2 + value.denominator) // (value.denominator * 2)
    return f"{scaled // scale}{point}{scaled % scale:0{SHARE_DECIMALS}d}"


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
