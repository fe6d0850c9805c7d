"""Tables as Arrow has them: sums as `decimal128`, instants in UTC to the microsecond. Needs pyarrow, of the extra `audit`."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.kernel.cells import SHARE_DECIMALS, Cell, Kind, money, share
from services.runtime.extra import library

MONEY_DIGITS, MONEY_DECIMALS = 18, 2
"""Every sum that an entry can state, 2^53 - 1 cents, fits with two digits to spare."""
SHARE_DIGITS = 18


def schema(columns: Iterable[tuple[str, Kind]], about: str) -> Any:
    """The schema of a table whose columns have those names and kinds; each may be null.

    Raises:
        MissingExtraError: if pyarrow is not installed.
    """
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
    return pa.schema([(name, kinds[kind]) for name, kind in columns], metadata={"about": about})


def table(shape: Any, kinds: Sequence[Kind], rows: Sequence[Sequence[Cell]]) -> Any:
    """Rows as a table of that schema."""
    pa = library("pyarrow")
    cells: Iterable[Sequence[Cell]] = zip(*rows, strict=True) if rows else [()] * len(kinds)
    arrays = [pa.array(list(_values(kind, of)), field.type) for kind, of, field in zip(kinds, cells, shape, strict=True)]
    return pa.Table.from_arrays(arrays, schema=shape)


def _values(kind: Kind, cells: Iterable[Cell]) -> Iterator[Any]:
    for value in cells:
        if kind is Kind.MONEY and isinstance(value, int):
            yield Decimal(money(value))
        elif isinstance(value, Fraction):
            yield Decimal(share(value))
        else:
            yield value
