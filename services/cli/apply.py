"""Commands of applicants, and of the officers who decide whether an application is admissible."""

import json
from pathlib import Path
from typing import Annotated

import typer

from services.calls.file import CallFileError, load
from services.cli import common
from services.cli.calls import CallFile
from services.intake import model as intake
from services.intake import values
from services.kernel.form import MalformedError, from_json, to_json
from services.kernel.rules import CallRules

app = typer.Typer(no_args_is_help=True, help="File applications, and decide whether they are admissible.")

Form = Annotated[Path, typer.Argument(metavar="FORM", exists=True, dir_okay=False, help="The filled-in form, JSON.")]
Attach = Annotated[list[str] | None, typer.Option("--attach", metavar="KIND=FILE", help="A document of the form; repeat.")]
Note = Annotated[str | None, typer.Option("--note", help="In the officer's words.")]


@app.command()
def form(
    file: CallFile,
    applicant: Annotated[str, typer.Option(help="Enterprise number of the applicant, ten digits.")],
) -> None:
    """Print an empty form for a call, to be filled in with an editor."""
    try:
        rules = load(file)
    except CallFileError as error:
        common.fail(str(error))
    typer.echo(json.dumps(_empty(rules, applicant), ensure_ascii=False, indent=2))


@app.command()
def draft(
    application: common.Application,
    form_file: Form,
    who: common.As,
    attach: Attach = None,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Save a draft, with the documents that belong to it."""
    body = {"callId": common.call_of(application), "applicationId": application, "content": _content(form_file, attach or [], who)}
    common.send("intake", intake.SaveDraft, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def submit(
    application: common.Application,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Submit a draft; the answer is the receipt, with the time that counts."""
    body = {"callId": common.call_of(application), "applicationId": application}
    common.send("intake", intake.Submit, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def amend(
    application: common.Application,
    form_file: Form,
    who: common.As,
    attach: Attach = None,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Replace what was submitted, while time is open; the answer is a new receipt."""
    body = {"callId": common.call_of(application), "applicationId": application, "content": _content(form_file, attach or [], who)}
    common.send("intake", intake.Amend, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def withdraw(
    application: common.Application,
    reason: common.Reason,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Withdraw an application."""
    body = {"callId": common.call_of(application), "applicationId": application, "reason": reason}
    common.send("intake", intake.Withdraw, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def extend(
    call: common.Call,
    applicant: str,
    until: common.Instant,
    reason: common.Reason,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Give one applicant more time."""
    body = {"callId": call, "applicant": applicant, "deadline": until, "reason": reason}
    common.send("intake", intake.GrantExtension, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def reopen(
    application: common.Application,
    until: common.Instant,
    reason: common.Reason,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Let an applicant amend one file until an instant."""
    body = {"callId": common.call_of(application), "applicationId": application, "until": until, "reason": reason}
    common.send("intake", intake.Reopen, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def admit(
    application: common.Application,
    who: common.As,
    note: Note = None,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Declare an application admissible."""
    body = {"callId": common.call_of(application), "applicationId": application, "note": note}
    common.send("intake", intake.DeclareAdmissible, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def bar(
    application: common.Application,
    reasons: Annotated[list[str], typer.Option("--ground", metavar="CODE", help="A reason code; repeat.")],
    who: common.As,
    note: Note = None,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Declare an application inadmissible, with its reason codes."""
    body = {"callId": common.call_of(application), "applicationId": application, "reasons": reasons, "note": note}
    common.send("intake", intake.DeclareInadmissible, body, who=who, command_id=command_id, as_json=as_json)


def _empty(rules: CallRules, applicant: str) -> dict[str, object]:
    content = values.Content(
        applicant=applicant,
        requested_cents=0,
        total_cost_cents=0,
        own_means_cents=0,
        answers={field.name: "" for field in rules.form},
        purposes=tuple(purpose.code for purpose in rules.purposes),
        costs=tuple(values.PlannedCost(code=c.code, amount_cents=1, purpose=rules.purposes[0].code) for c in rules.eligible_costs),
        project_start=rules.awarding.project_start,
        project_end=rules.awarding.project_end,
    )
    return dict(to_json(content))


_MEDIA = {
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}


def _content(file: Path, attach: list[str], who: str) -> dict[str, object]:
    """The form as JSON, with its documents uploaded and named by their content."""
    try:
        body = json.loads(file.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        common.fail(f"FORM: {file} is no JSON: {error}", 2)
    if not isinstance(body, dict):
        common.fail(f"FORM: {file} holds no object; allowed: what `oproep apply form` prints, filled in", 2)
    attachments: list[object] = list(body.get("attachments", []))
    with common.calling("intake", who) as client:
        for kind, name in (common.pair(text, "--attach") for text in attach):
            path = Path(name)
            if not path.is_file():
                common.fail(f"--attach: {name} is no file", 2)
            media = _MEDIA.get(path.suffix.lower(), "application/octet-stream")
            data = path.read_bytes()
            attachments.append({"kind": kind, "document": client.upload(data), "sizeBytes": str(len(data)), "mediaType": media})
    try:
        return dict(to_json(from_json(values.Content, {**body, "attachments": attachments}, "content")))
    except MalformedError as error:
        common.fail(f"FORM: {error}", 2)
