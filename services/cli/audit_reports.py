"""Commands of the auditor's desk that give an export another form: tables, a bag, answers in SQL, printed and other reports."""

import json
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from services.audit import bag as bags
from services.audit import csv_files, parquet_files, report, sql
from services.audit.checked import check
from services.audit.duties import Duties, Verdict, examine
from services.audit.faults import FaultError, PackError
from services.audit.pack import Pack, read_keys
from services.audit.source import entries
from services.audit.story import tell
from services.audit.tables import TABLES
from services.audit.words import LANGUAGES
from services.cli import common
from services.kernel import cells
from services.kernel.entry import Entry
from services.kernel.form import MalformedError, parse_instant, to_json
from services.runtime.clock import SystemClock
from services.runtime.extra import MissingExtraError
from services.tlog.notes import VerifierKey

Export = Annotated[Path, typer.Argument(metavar="DIR", help="An export.")]
Keys = Annotated[
    Path | None,
    typer.Option("--keys", metavar="FILE", help="Public keys that may sign, one a line; without it, those in the export."),
]
Made = Annotated[
    str, typer.Option("--made", metavar="INSTANT", help="When the report is made; with the same instant, it has the same bytes.")
]
FORMS = ("csv", "excel", "parquet")


def register(app: typer.Typer) -> None:
    """Add the commands to those of the desk."""
    app.command("tables")(tables)
    app.command("sql")(ask)
    app.command("duties")(duties)
    app.command("report")(print_report)
    app.command("bag")(pack_bag)


def tables(
    export: Export,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write to.")],
    form: Annotated[str, typer.Option("--form", help="csv, excel (as a Dutch Excel opens it) or parquet.")] = "csv",
    as_json: common.AsJson = False,
) -> None:
    """Write an export as tables, one file each."""
    if form not in FORMS:
        common.fail(f"--form: {form!r}; allowed: {', '.join(FORMS)}", 2)
    with _opened(export) as pack:
        counts = _tables(pack, out, form)
    if as_json:
        common.print_json(counts)
    else:
        about = {table.name: table.about for table in TABLES}
        common.print_table(f"Tables in {out}", ("table", "rows #", "what"), [(name, n, about[name]) for name, n in counts.items()])


def ask(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="An export, or a folder of its tables as Parquet.")],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="A query in DuckDB's SQL; the tables are those of `tables`.")],
    as_json: common.AsJson = False,
) -> None:
    """Ask a question in SQL. Nothing but the tables can be read, and nothing written."""
    with _plain_faults(), tempfile.TemporaryDirectory(prefix="oproep-sql-") as scratch:
        folder = source
        if not list(source.glob("*.parquet")):
            folder = Path(scratch) / "parquet"
            _tables(Pack(source), folder, "parquet")
        answer = sql.ask(folder, question)
    if as_json:
        common.print_json([dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows])
    else:
        common.print_table("", answer.columns, [["" if cell is None else cell for cell in row] for row in answer.rows])


def duties(export: Export, as_json: common.AsJson = False) -> None:
    """Who did what in which role, every pair of hands that the rules wanted, every refusal. Exit code 1 if one is broken."""
    with _opened(export) as pack:
        found = examine(_watched(pack))
    if as_json:
        common.print_json(_duties_json(found))
    else:
        _show_duties(found)
    raise typer.Exit(1 if found.findings else 0)


def print_report(
    export: Export,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The PDF to write.")],
    language: Annotated[str, typer.Option("--language", help="nl or en.")] = "nl",
    keys: Keys = None,
    made: Made = "",
) -> None:
    """Write the audit report as a tagged PDF. Exit code 1 if it has findings; it is written all the same."""
    if language not in LANGUAGES:
        common.fail(f"--language: {language!r}; allowed: {', '.join(LANGUAGES)}", 2)
    instant = _instant(made)
    with _opened(export) as pack:
        findings = _report(pack, {language: out}, _keys(keys), instant)
    common.complaints.print(f"{out}: {findings} findings", markup=False)
    raise typer.Exit(1 if findings else 0)


def pack_bag(
    export: Export,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The bag to write; must not be there yet.")],
    keys: Keys = None,
    made: Made = "",
) -> None:
    """Pack an export with its tables and reports as a BagIt bag, to be handed over. Exit code 1 if the reports have findings."""
    instant = _instant(made)
    if out.exists():
        common.fail(f"{out} is there already; allowed: a new path", 2)
    with _opened(export) as pack, tempfile.TemporaryDirectory(prefix="oproep-bag-") as scratch:
        place = Path(scratch)
        for form in FORMS:
            _tables(pack, place / "tables" / form, form)
        findings = _report(pack, {name: place / f"report-{name}.pdf" for name in LANGUAGES}, _keys(keys), instant)
        (place / "duties.json").write_text(json.dumps(_duties_json(examine(entries(pack))), ensure_ascii=False), "utf-8")
        payload = {**bags.below(export, "export"), **{name[2:]: path for name, path in bags.below(place, ".").items()}}
        info = {
            "External-Identifier": pack.deployment,
            "External-Description": f"Audit export of {pack.deployment}, with tables and reports",
        }
        packed = bags.write(payload, out, bagged=instant.date(), info=info)
    common.console.print(f"{out}: {packed.files} files, {packed.octets} bytes, {findings} findings", markup=False)
    raise typer.Exit(1 if findings else 0)


@contextmanager
def _plain_faults() -> Generator[None]:
    """What is wrong, in a sentence: exit code 1 for a finding or a missing library, 2 for a wrong call."""
    try:
        yield
    except (FaultError, MissingExtraError) as error:
        common.fail(str(error))
    except (PackError, FileExistsError, sql.QueryError) as error:
        common.fail(str(error), 2)


@contextmanager
def _opened(export: Path) -> Generator[Pack]:
    with _plain_faults():
        yield Pack(export)


def _watched(pack: Pack) -> Iterator[Entry]:
    """All entries, behind a progress bar."""
    total = sum(pack.length(log) for log in pack.names())
    with Progress(console=common.complaints, transient=True) as progress:
        yield from progress.track(entries(pack), total=total, description="reading")


def _tables(pack: Pack, out: Path, form: str) -> dict[str, int]:
    """Write to a folder beside `out`, and rename: half a set of tables is never taken for a whole one."""
    if out.exists():
        raise PackError(f"{out} is there already; allowed: a new folder")
    rough = out.with_name(out.name + ".part")
    shutil.rmtree(rough, ignore_errors=True)
    if form == "parquet":
        counts = parquet_files.write(_watched(pack), TABLES, rough)
    else:
        counts = csv_files.write(_watched(pack), TABLES, rough, cells.PLAIN if form == "csv" else cells.DUTCH_EXCEL)
    rough.rename(out)
    return counts


def _report(pack: Pack, outs: dict[str, Path], keys: list[VerifierKey] | None, made: datetime) -> int:
    """Write the report in some languages; gives the number of findings."""
    if there := [str(out) for out in outs.values() if out.exists()]:
        raise PackError(f"{', '.join(there)} is there already; allowed: a new file")
    story, found = tell(_watched(pack)), examine(entries(pack))
    checked = check(pack, story, keys)
    for language, out in outs.items():
        data = report.pdf(story, found, checked, language=language, made=made)
        with out.open("xb") as file:
            file.write(data)
    return report.findings(story, found, checked)


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text, "--made") if text else SystemClock().now().replace(microsecond=0)
    except MalformedError as error:
        common.fail(str(error), 2)


def _keys(file: Path | None) -> list[VerifierKey] | None:
    return None if file is None else read_keys(file)


def _plain(value: Any) -> Any:
    """A cell of an answer as JSON: sums and instants as text, so that none is rounded on the way."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _duties_json(found: Duties) -> dict[str, Any]:
    return {
        "findings": found.findings,
        "pairs": [
            {
                "rule": pair.rule,
                "call": pair.call_id,
                "subject": pair.subject,
                "first": [_hand(hand) for hand in pair.first],
                "second": [_hand(hand) for hand in pair.second],
                "verdict": pair.verdict,
            }
            for pair in found.pairs
        ],
        "deeds": [asdict(deed) for deed in found.deeds],
        "refusals": [
            {**_hand(r.hand), "call": r.call_id, "subject": r.subject, "command": r.command, "code": r.code, "detail": r.detail}
            for r in found.refusals
        ],
    }


def _hand(hand: Any) -> dict[str, Any]:
    said = to_json(hand)
    return {"actor": said["actor"], "entry": f"{said['log']}/{said['index']}", "time": said["time"]}


def _show_duties(found: Duties) -> None:
    rows = [(deed.actor, deed.role or "NONE", deed.service, deed.command, deed.done, deed.refused) for deed in found.deeds]
    common.print_table("Who did what", ("actor", "role", "service", "command", "done #", "refused #"), rows)
    pairs = [
        (
            pair.rule,
            pair.subject,
            _actors(pair.first),
            _actors(pair.second),
            pair.verdict.upper() if _wrong(pair.verdict) else pair.verdict,
        )
        for pair in found.pairs
    ]
    common.print_table("Pairs of hands", ("rule", "subject", "before", "after", "verdict"), pairs)
    refusals = [(f"{r.hand.log}/{r.hand.index}", r.hand.actor, r.command, r.code, r.detail) for r in found.refusals]
    common.print_table("Refusals", ("entry", "actor", "command", "code", "detail"), refusals)
    common.console.print(f"{found.findings} findings", style="red" if found.findings else "green")


def _actors(hands: Any) -> str:
    return ", ".join(hand.actor for hand in hands)


def _wrong(verdict: Verdict) -> bool:
    return verdict in (Verdict.BROKEN, Verdict.UNPROVEN)
