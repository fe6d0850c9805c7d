"""Tables: what a format says is what the logs say, to the cent."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit import csv_files, parquet_files
from services.audit.columns import Column, Row, Table
from services.audit.cores import CORES
from services.audit.source import entries
from services.audit.tables import TABLES
from services.budget_ledger.records import Envelope
from services.kernel.cells import DUTCH_EXCEL, PLAIN, Cell, Kind
from services.kernel.entry import Entry
from services.kernel.form import parse_instant
from services.runtime.replay import replay, steps
from tests.audit import packs

LOGS = packs.in_memory()
SOME = next(entries(LOGS))
KINDS: dict[Kind, st.SearchStrategy[Cell]] = {
    Kind.TEXT: st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
    | st.sampled_from(["a\nb", 'x";y', "=1+1", "007"]),
    Kind.COUNT: st.integers(-(2**63), 2**63 - 1),
    Kind.MONEY: st.integers(-(2**53), 2**53),
    Kind.SHARE: st.integers(0, 10**9).map(lambda n: Fraction(n, 10**9)),
    Kind.INSTANT: st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds have none
    Kind.DATE: st.dates(),
    Kind.FLAG: st.booleans(),
}
COLUMNS = tuple(Column(kind.value, kind) for kind in Kind)
ROWS = st.lists(st.tuples(*(st.none() | KINDS[kind] for kind in Kind)), max_size=5)


def table(rows: list[Row]) -> Table:
    return Table(name="any", about="any", columns=COLUMNS, rows=lambda _entry: rows)


READ: dict[Kind, Callable[[str], Cell]] = {
    Kind.TEXT: str,
    Kind.COUNT: int,
    Kind.MONEY: lambda text: int(Decimal(text) * 100),
    Kind.SHARE: Fraction,
    Kind.INSTANT: lambda text: parse_instant(text, "time"),
    Kind.DATE: date.fromisoformat,
    Kind.FLAG: lambda text: {"true": True, "false": False}[text],
}


@given(ROWS)
def test_what_is_written_as_plain_csv_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    place = tmp_path_factory.mktemp("csv")
    assert csv_files.write([SOME], [table(rows)], place, PLAIN) == {"any": len(rows)}
    with (place / "any.csv").open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    assert head == [column.name for column in COLUMNS]
    assert [tuple(READ[kind](text) if text else None for text, kind in zip(line, Kind, strict=True)) for line in lines] == rows


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (150_000_000, Kind.MONEY, "1500000,00"),
        (-5, Kind.MONEY, "-0,05"),
        (Fraction(2, 3), Kind.SHARE, "0,666666667"),
        ("0207508932", Kind.TEXT, '="0207508932"'),
        ("=cmd|'/c calc'!A1", Kind.TEXT, "=\"=cmd|'/c calc'!A1\""),
        ("@SUM(A1)", Kind.TEXT, '="@SUM(A1)"'),
        ("4/5", Kind.TEXT, '="4/5"'),
        ("1 mei", Kind.TEXT, '="1 mei"'),
        ("waar", Kind.TEXT, '="waar"'),
        ("-" + "x" * 300, Kind.TEXT, "'-" + "x" * 300),
        ("the plan is not ready", Kind.TEXT, "the plan is not ready"),
        (datetime(2021, 5, 11, 16, tzinfo=UTC), Kind.INSTANT, "2021-05-11 16:00:00"),
        (True, Kind.FLAG, "WAAR"),
    ],
)
def test_a_dutch_excel_opens_it_as_it_is(tmp_path: Path, value: Cell, kind: Kind, shown: str) -> None:
    one = Table(name="any", about="any", columns=(Column("a", kind), Column("b", Kind.TEXT)), rows=lambda _entry: [(value, "b")])
    csv_files.write([SOME], [one], tmp_path, DUTCH_EXCEL)
    data = (tmp_path / "any.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfa;b\r\n")
    assert list(csv.reader(data.decode("utf-8-sig").splitlines(), delimiter=";"))[1] == [shown, "b"]


def test_every_row_of_the_demonstration_is_in_every_form(tmp_path: Path) -> None:
    plain = csv_files.write(entries(LOGS), TABLES, tmp_path / "csv", PLAIN)
    excel = csv_files.write(entries(LOGS), TABLES, tmp_path / "excel", DUTCH_EXCEL)
    parquet = parquet_files.write(entries(LOGS), TABLES, tmp_path / "parquet")
    assert plain == excel == parquet
    assert {name for name, count in plain.items() if not count} == {"custody"}  # the demonstration ends before its terms do
    assert plain["entries"] == sum(LOGS.length(log) for log in LOGS.names())
    for name, count in parquet.items():
        stored = pq.read_table(tmp_path / "parquet" / f"{name}.parquet")
        with (tmp_path / "csv" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            told = list(csv.DictReader(file))
        assert stored.num_rows == len(told) == count
        for row, line in zip(stored.to_pylist(), told, strict=True):
            assert {key: value for key, value in row.items() if isinstance(value, Decimal)} == {
                key: Decimal(line[key]) for key, value in row.items() if isinstance(value, Decimal)
            }


def test_money_is_an_exact_decimal_and_adds_up_to_the_ledger(tmp_path: Path) -> None:
    parquet_files.write(entries(LOGS), TABLES, tmp_path)
    movements = pq.read_table(tmp_path / "movements.parquet")
    sums = ("budget", "reserved", "committed", "paid", "recovered")
    assert all(movements.schema.field(name).type == pa.decimal128(18, 2) for name in (*sums, "amount"))
    assert movements.schema.field("time").type == pa.timestamp("us", tz="UTC")
    state = replay(CORES["budget_ledger"], steps("budget_ledger/0", LOGS.entries("budget_ledger/0")))
    (envelope,) = state.all(Envelope)
    ledger = {name: Decimal(getattr(envelope, f"{name}_cents")) / 100 for name in sums}
    assert {name: sum(movements.column(name).to_pylist(), Decimal(0)) for name in sums} == ledger


def test_the_largest_sum_fits(tmp_path: Path) -> None:
    most = 2**53 - 1
    one = Table(name="any", about="any", columns=(Column("a", Kind.MONEY),), rows=lambda _entry: [(most,)])
    parquet_files.write([SOME], [one], tmp_path)
    assert pq.read_table(tmp_path / "any.parquet").column("a").to_pylist() == [Decimal(most) / 100]


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    parquet_files.write(iter(()), TABLES, tmp_path)
    for one in TABLES:
        stored = pq.read_table(tmp_path / f"{one.name}.parquet")
        assert (stored.num_rows, stored.column_names) == (0, [column.name for column in one.columns])


def test_rows_are_written_before_all_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a log is, no more than a batch of rows is held."""
    monkeypatch.setattr(parquet_files, "_ROWS", 10)
    rows = [(n,) for n in range(7)]
    one = Table(name="any", about="any", columns=(Column("a", Kind.COUNT),), rows=lambda _entry: rows)

    def ten() -> Iterator[Entry]:
        for _ in range(10):
            yield SOME

    assert parquet_files.write(ten(), [one], tmp_path) == {"any": 70}
    assert pq.ParquetFile(tmp_path / "any.parquet").num_row_groups == 5


@pytest.mark.parametrize("name", [one.name for one in TABLES])
def test_a_table_says_what_it_is_and_where_each_row_comes_from(name: str) -> None:
    one = next(one for one in TABLES if one.name == name)
    assert one.about
    assert [column.name for column in one.columns][:2] == ["log", "idx"]
    names = [column.name for column in one.columns]
    assert len(names) == len(set(names))
    for entry in entries(LOGS):
        for row in one.rows(entry):
            assert len(row) == len(one.columns)
            assert row[:2] == (entry.log, entry.index)
