"""Commands about decisions: proposal, approval, decline, appeal, agreement."""

from pathlib import Path
from typing import Annotated

import typer

from services.awarding import model as awarding
from services.cli import common

app = typer.Typer(no_args_is_help=True, help="Propose, approve, decline, appeal, accept an agreement.")


@app.command()
def propose(
    call: common.Call,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Propose decisions on all files that wait for one, against what the ledger has."""
    common.send("awarding", awarding.Propose, {"callId": call}, who=who, command_id=command_id, as_json=as_json)


@app.command()
def approve(
    call: common.Call,
    proposal: int,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Approve a proposal of somebody else."""
    body = {"callId": call, "proposal": str(proposal)}
    common.send("awarding", awarding.Approve, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def decline(
    application: common.Application,
    reason: common.Reason,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Give an award back before its agreement."""
    body = {"callId": common.call_of(application), "applicationId": application, "reason": reason}
    common.send("awarding", awarding.Decline, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def appeal(
    application: common.Application,
    reason: common.Reason,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Contest a refusal or a place on the reserve list."""
    body = {"callId": common.call_of(application), "applicationId": application, "ground": reason}
    common.send("awarding", awarding.LodgeAppeal, body, who=who, command_id=command_id, as_json=as_json)


@app.command("appeal-decision")
def appeal_decision(
    application: common.Application,
    reason: common.Reason,
    who: common.As,
    upheld: Annotated[bool, typer.Option("--upheld/--dismissed")] = False,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Uphold or dismiss an appeal, by another hand than the decision."""
    body = {"callId": common.call_of(application), "applicationId": application, "upheld": upheld, "ground": reason}
    common.send("awarding", awarding.DecideAppeal, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def accept(
    application: common.Application,
    agreement: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The signed agreement.")],
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Accept the agreement of an award."""
    with common.calling("awarding", who) as client:
        document = client.upload(agreement.read_bytes())
    body = {"callId": common.call_of(application), "applicationId": application, "agreement": document}
    common.send("awarding", awarding.AcceptAgreement, body, who=who, command_id=command_id, as_json=as_json)
