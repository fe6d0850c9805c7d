"""The desk's commands for tables, SQL, reports and bags, as a user meets them."""

import json
import re
import tomllib
from pathlib import Path

import bagit
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner, Result

from services.audit.tables import TABLES
from services.cli import audit_reports
from services.runtime import extra
from tests.audit import packs
from tests.docs.shell import ROOT

MADE = "2026-11-24T12:00:00Z"
GUIDE = ROOT / "docs" / "how-to" / "tables-and-reports.md"
QUESTIONS = re.findall(r"^```sql\n(.*?)^```\n+```text\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)

app = typer.Typer()
audit_reports.register(app)


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("desk") / "export"
    packs.lay_down(place, packs.values(packs.history()))
    return place


@pytest.fixture(scope="module")
def parquet(export: Path) -> Path:
    done = call("tables", export, export.parent / "parquet", "--form", "parquet", "--json")
    assert done.exit_code == 0, done.output
    assert set(json.loads(done.stdout)) == {table.name for table in TABLES}
    return export.parent / "parquet"


def test_the_guide_has_questions_and_names_every_table() -> None:
    assert len(QUESTIONS) >= 5
    text = GUIDE.read_text("utf-8")
    assert [table.name for table in TABLES if f"`{table.name}`" not in text] == []


@pytest.mark.parametrize(("question", "answer"), QUESTIONS)
def test_every_question_of_the_guide_has_the_answer_that_stands_there(parquet: Path, question: str, answer: str) -> None:
    done = call("sql", parquet, question, "--json")
    assert done.exit_code == 0, done.output
    told = [" ".join("" if cell is None else str(cell) for cell in row.values()) for row in json.loads(done.stdout)]
    assert told == [re.sub(r" *\| *", " ", line) for line in answer.splitlines()]


def test_a_question_goes_to_an_export_directly(export: Path) -> None:
    done = call("sql", export, "SELECT sum(paid) - sum(recovered) AS paid FROM movements", "--json")
    assert json.loads(done.stdout) == [{"paid": "1476000.00"}]


@pytest.mark.parametrize(
    "question",
    [
        "COPY movements TO 'stolen.csv'",
        "CREATE TABLE mine AS SELECT 1",
        "SELECT * FROM read_csv('/etc/hostname')",
        "SET enable_external_access = true",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "SELECT * FROM nothing",
        "SELEC",
    ],
)
def test_a_question_only_reads_tables(parquet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, question: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("sql", parquet, question).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_tables_are_never_written_over(export: Path, parquet: Path) -> None:
    before = pq.read_table(parquet / "events.parquet").num_rows
    assert call("tables", export, parquet, "--form", "parquet").exit_code == 2
    assert call("tables", export, parquet.parent / "x", "--form", "xml").exit_code == 2
    assert pq.read_table(parquet / "events.parquet").num_rows == before


def test_the_report_is_written_once_and_the_same_for_the_same_instant(export: Path, tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        done = call("report", export, tmp_path / name, "--language", "en", "--made", MADE)
        assert done.exit_code == 0, done.output
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert call("report", export, tmp_path / "a.pdf").exit_code == 2
    assert call("report", export, tmp_path / "c.pdf", "--language", "fr").exit_code == 2
    assert call("report", export, tmp_path / "c.pdf", "--made", "today").exit_code == 2


def test_a_report_with_findings_is_written_and_exits_with_1(tmp_path: Path) -> None:
    packs.lay_down(tmp_path / "export", packs.values(packs.history()), seed=packs.OTHER_SEED)
    packs.lay_down(tmp_path / "other", packs.values(packs.history()))
    done = call("report", tmp_path / "export", tmp_path / "a.pdf", "--keys", tmp_path / "other" / "keys.txt", "--made", MADE)
    assert done.exit_code == 1, done.output
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_duties_are_told_in_full(export: Path) -> None:
    done = call("duties", export, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["findings"] == 0
    assert {pair["verdict"] for pair in found["pairs"]} == {"kept"}
    assert {refusal["code"] for refusal in found["refusals"]} >= {"deadline_passed", "excluded_beneficiary", "envelope_exceeded"}
    shown = call("duties", export)
    assert shown.exit_code == 0
    assert "0 findings" in shown.stdout


def test_a_bag_holds_export_tables_and_reports(export: Path, tmp_path: Path) -> None:
    done = call("bag", export, tmp_path / "bag", "--made", MADE)
    assert done.exit_code == 0, done.output
    bag = bagit.Bag(str(tmp_path / "bag"))
    bag.validate()
    names = set(bag.payload_entries())
    exported = {f"data/export/{file.relative_to(export).as_posix()}" for file in export.rglob("*") if file.is_file()}
    tables = {f"data/tables/{form}/{table.name}" for form in audit_reports.FORMS for table in TABLES}
    assert exported <= names
    assert tables <= {name.rpartition(".")[0] for name in names}
    assert {"data/report-nl.pdf", "data/report-en.pdf", "data/duties.json"} <= names
    assert call("bag", export, tmp_path / "bag").exit_code == 2


@pytest.mark.parametrize("command", ["tables", "report", "bag"])
def test_what_is_no_export_is_a_wrong_call(tmp_path: Path, command: str) -> None:
    assert call(command, tmp_path, tmp_path / "out").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_read_is_named_with_its_index(export: Path, tmp_path: Path) -> None:
    packs.lay_down(tmp_path / "export", packs.values(packs.history()))
    (next((tmp_path / "export" / "logs" / "intake-0" / "tile" / "entries").rglob("144"))).unlink()
    done = call("duties", tmp_path / "export")
    assert done.exit_code == 1
    assert "intake/0/0" in done.output


def test_a_report_is_not_written_over_another_file(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    out.write_text("somebody's own", "utf-8")
    done = call("report", export, out)
    assert (done.exit_code, done.output) == (2, f"{out} is there already; allowed: a new file\n")
    assert out.read_text("utf-8") == "somebody's own"


def test_a_missing_library_says_how_to_get_it(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise extra.MissingExtraError(f"{name} is not installed; it comes with the extra audit: pip install '.[audit]'")

    monkeypatch.setattr("services.runtime.arrow.library", missing)
    done = call("tables", export, tmp_path / "out", "--form", "parquet")
    assert done.exit_code == 1
    assert "pip install '.[audit]'" in done.output


def test_the_extra_names_what_is_imported_late() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["audit"]
    assert {re.split(r"[>=]", name)[0] for name in extras} == {"duckdb", "pyarrow", "typst"}
    with pytest.raises(extra.MissingExtraError, match=r"pip install '\.\[audit\]' in a copy of the source"):
        extra.library("surely_not_there")
