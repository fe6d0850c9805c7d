"""Commands of the jury: scores, the ranking, and why it is what it is."""

import json
from typing import Annotated

import typer

from services.cli import common
from services.cli.calls import Language
from services.kernel.decider import MemoryState
from services.kernel.form import from_json
from services.runtime.shards import shard_of
from services.scoring import model as scoring
from services.scoring.explain import explain_from
from services.standalone.registry import SPECS

app = typer.Typer(no_args_is_help=True, help="Enrol and assign assessors, score, moderate.")


@app.command()
def enrol(
    call: common.Call,
    assessor: str,
    organisation: str,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Enrol an assessor for a call."""
    body = {"callId": call, "assessor": assessor, "organisation": organisation}
    common.send("scoring", scoring.EnrolAssessor, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def conflict(
    application: common.Application,
    ground: Annotated[scoring.ConflictGround, typer.Option()],
    who: common.As,
    assessor: Annotated[str | None, typer.Option(help="Somebody else than yourself; the chair only.")] = None,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Declare a conflict of interest; it blocks, and voids what was scored."""
    body = {"callId": common.call_of(application), "applicationId": application, "ground": ground.value, "assessor": assessor}
    common.send("scoring", scoring.DeclareConflict, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def assign(
    call: common.Call,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Assign assessors by rule: the least loaded without a conflict."""
    common.send("scoring", scoring.Assign, {"callId": call}, who=who, command_id=command_id, as_json=as_json)


@app.command()
def assess(
    application: common.Application,
    points: Annotated[list[str], typer.Option("--points", metavar="CRITERION=POINTS", help="For each criterion.")],
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Score an application that is assigned to you."""
    body = {
        "callId": common.call_of(application),
        "applicationId": application,
        "points": dict(common.pair(p, "--points") for p in points),
    }
    common.send("scoring", scoring.Assess, body, who=who, command_id=command_id, as_json=as_json)


@app.command()
def moderate(
    application: common.Application,
    criterion: str,
    points: int,
    reason: common.Reason,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Set the points on which the jury agreed after a spread that is too wide."""
    body = {
        "callId": common.call_of(application),
        "applicationId": application,
        "criterion": criterion,
        "points": str(points),
        "ground": reason,
    }
    common.send("scoring", scoring.Moderate, body, who=who, command_id=command_id, as_json=as_json)


def rank(
    call: common.Call,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Establish the ranking of a call."""
    common.send("scoring", scoring.Rank, {"callId": call}, who=who, command_id=command_id, as_json=as_json)


def explain(
    application: common.Application,
    language: Annotated[Language, typer.Option("--language", "-l")] = Language.NL,
    as_json: common.AsJson = False,
) -> None:
    """Tell in words why an application has its rank."""
    kinds = {kind.__name__: kind for kind in SPECS["scoring"].decider.records}
    state, call_id = MemoryState(), common.call_of(application)
    with common.calling("scoring") as client:
        for row in client.state(f"scoring/{shard_of(call_id, common.settings().shards)}"):
            state.put(from_json(kinds[row.kind], json.loads(row.body)))
    text = explain_from(state, call_id, application, language.value)
    common.print_json({"application": application, "text": text}) if as_json else typer.echo(text)
