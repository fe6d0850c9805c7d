"""Commands about call files: check, tell in plain words, publish."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown

from services.calls.bodies import bodies_on
from services.calls.file import CallFileError, check, load
from services.calls.words import show
from services.cli import common
from services.intake import model as intake
from services.intake import values
from services.kernel.rules import CallRules
from services.standalone.registry import SPECS

app = typer.Typer(no_args_is_help=True, help="Check, read and publish call files.")
CallFile = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A call file.")]
_CHUNK = 100


class Language(StrEnum):
    """A language that rules are told in."""

    NL = "nl"
    EN = "en"


@app.command("check")
def check_file(file: CallFile, as_json: common.AsJson = False) -> None:
    """Name every fault of a call file with its line. Exit code 1 if there is one."""
    faults = check(file)
    if as_json:
        common.print_json(
            [{"line": f.line, "column": f.column, "field": f.field, "fault": f.fault, "allowed": f.allowed} for f in faults]
        )
    for fault in [] if as_json else faults:
        place = f"{file}:{fault.line}:{fault.column}"
        common.console.print(f"{place}: {fault.field}: {fault.fault}; allowed: {fault.allowed}", markup=False, soft_wrap=True)
    if faults:
        raise typer.Exit(1)
    if not as_json:
        common.console.print(f"{file}: no fault", style="green")


@app.command("show")
def show_file(
    file: CallFile,
    language: Annotated[Language, typer.Option("--language", "-l")] = Language.NL,
    as_json: common.AsJson = False,
) -> None:
    """Tell the rules of a call in plain language."""
    text = show(_load(file), language.value)
    if as_json:
        common.print_json({"language": language.value, "text": text})
    elif common.console.is_terminal:
        common.console.print(Markdown(text))
    else:
        typer.echo(text)


@app.command()
def publish(
    file: CallFile,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Publish a call, with the municipalities of this day as those who may file. Repeating it changes nothing."""
    rules = _load(file)
    name = command_id or f"publish-{rules.call_id}"
    opens = rules.window.opens_at.date()
    bodies = [values.Body(body_id=m.kbo, kind=m.kind, region=m.region, nis=m.nis, name=m.name) for m in bodies_on(opens) if m.kbo]
    with common.calling("intake", who) as client:
        digest = client.upload(file.read_bytes())
        command = intake.PublishCall(call_id=rules.call_id, rules=rules, call_file=digest)
        answer = client.execute(SPECS["intake"], name, command)
        if not any(event["type"] == "Refused" for event in answer.events):
            for start in range(0, len(bodies), _CHUNK):
                chunk = intake.EnrolBodies(call_id=rules.call_id, bodies=tuple(bodies[start : start + _CHUNK]))
                client.execute(SPECS["intake"], f"{name}-bodies-{start}", chunk)
    if as_json:
        common.show_answer(answer, as_json=True)
    else:
        common.console.print(f"{rules.call_id}: {len(bodies)} municipalities of {_day(opens)} may file", style="green")
    if any(event["type"] == "Refused" for event in answer.events):
        common.show_answer(answer, as_json=as_json)
        raise typer.Exit(1)


@app.command("move-deadline")
def move_deadline(
    call: common.Call,
    deadline: common.Instant,
    reason: common.Reason,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Move the deadline for everybody."""
    body = {"callId": call, "deadline": deadline, "reason": reason}
    common.send("intake", intake.MoveDeadline, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def close(
    call: common.Call,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Close a call whose deadlines have all passed; it closes by itself as well."""
    common.send("intake", intake.CloseCall, {"callId": call}, who=who, command_id=command_id, as_json=as_json)


@app.command()
def merge(
    call: common.Call,
    from_body: str,
    into_body: str,
    reason: common.Reason,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Note that a municipality has become part of another, for a call."""
    body = {"callId": call, "fromBody": from_body, "intoBody": into_body, "reason": reason}
    common.send("intake", intake.MergeBodies, body, who=who, command_id=command_id, as_json=as_json)


def _load(file: Path) -> CallRules:
    try:
        return load(file)
    except CallFileError as error:
        common.fail(f"{error}\noproep call check {file} names every fault", 1)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
