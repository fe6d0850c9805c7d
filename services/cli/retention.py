"""Commands for retention: close files, see whose terms are over, put up a list, and have another hand approve it."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from services.cli import common, custody, papers
from services.intake import custody as model
from services.intake import retention
from services.intake.records import Call, Closing, Destroyed, Disposed, File, Plan
from services.kernel.canonical import decode
from services.kernel.decider import MemoryState
from services.kernel.form import from_json, to_json
from services.runtime.clock import clock

app = typer.Typer(no_args_is_help=True, help="Destroy what the call's rules no longer allow to be kept, after approval of a list.")
_ITEMS = 40
_PAPERS = 150
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="Id of the plan, such as r1.")]


@app.command()
def close(
    application: common.Application, who: common.As, command_id: common.CommandId = "", as_json: common.AsJson = False
) -> None:
    """Close a file for good, once its project is settled: from then on its terms of retention run."""
    body = {"callId": common.call_of(application), "applicationId": application}
    common.send("intake", model.CloseFile, body, who=who, command_id=command_id, as_json=as_json)


@app.command("list")
def list_plans(call: common.Call, who: common.As = common.NOBODY, as_json: common.AsJson = False) -> None:
    """List what could be destroyed now, and every plan with its items. Changes nothing."""
    state = _state(who)
    due = list(_due(call, state, who))
    plans = list(state.all(Plan, call))
    if as_json:
        common.print_json({"due": [to_json(item) for item in due], "plans": [to_json(plan) for plan in plans]})
        return
    rows: list[tuple[object, ...]] = [("", item.application_id, item.data_class, "", len(item.documents), "due") for item in due]
    for plan in plans:
        status = "approved" if plan.approved else f"waits; planned by {plan.planned_by}"
        rows += [(plan.plan, i.application_id, i.data_class, i.rule, len(i.documents), status) for i in plan.items]
    common.print_table(f"Retention of {call}", ("plan", "application", "class", "rule", "documents #", "status"), rows)


@app.command("plan")
def make_plan(call: common.Call, who: common.As, as_json: common.AsJson = False) -> None:
    """Put up for approval all whose term is over. Exit code 1 if there is nothing."""
    due = list(_due(call, _state(who), who))
    if not due and not as_json:
        common.fail(f"{call}: no term is over, or all is destroyed")
    plans: list[Any] = []
    for items in _chunks(due):
        answer = custody.order(
            model.PlanRetention, {"callId": call, "items": [to_json(item) for item in items]}, who=who, as_json=as_json
        )
        plans += answer.events
    if as_json:
        common.print_json(plans)
        raise typer.Exit(0 if plans else 1)
    for plan in plans:
        common.console.print(f"{plan['plan']}: {len(plan['items'])} items wait for approval", style="green", markup=False)


@app.command()
def approve(
    call: common.Call, plan: PlanId, who: common.As, command_id: common.CommandId = "", as_json: common.AsJson = False
) -> None:
    """Approve a plan that somebody else made; what it lists is destroyed. To be given where the vault is."""
    answer = custody.order(model.ApproveRetention, {"callId": call, "plan": plan}, who=who, command_id=command_id, as_json=as_json)
    for event in answer.events:
        if event["type"] == "DataDestroyed":
            custody.void(event["applicant"], event["group"])
            custody.destroy(event["documents"])
    common.show_answer(answer, as_json=as_json)


def _due(call_id: str, state: MemoryState, who: str) -> Iterator[model.Disposal]:
    call = state.get(Call, call_id)
    if call is None:
        common.fail(f"CALL: {call_id!r} is not known; allowed: the id of a published call", 2)
    now = clock(common.settings().clock).now()
    known = papers.all_papers(who)
    over = {(i.application_id, i.data_class) for i in retention.expired(call, {}, state, now)}
    over |= {(r.application_id, r.data_class) for r in state.all(Disposed)}
    needed = {paper.document for paper in known if (paper.application_id, paper.data_class) not in over}
    theirs: dict[tuple[str, str], tuple[str, ...]] = {}
    for paper in sorted(known):
        at = (paper.application_id, paper.data_class)
        if paper.document not in needed and paper.document not in theirs.get(at, ()):
            theirs[at] = (*theirs.get(at, ()), paper.document)
    return retention.expired(call, theirs, state, now)


def _state(who: str) -> MemoryState:
    """What the intake keeps of terms, over all its logs."""
    state = MemoryState()
    with common.calling("intake", who) as client:
        for log in common.logs("intake"):
            for kind in (Call, File, Closing, Disposed, Destroyed, Plan):
                for row in client.state(log, kind.__name__):
                    state.put(from_json(kind, decode(row.body.encode())))
    return state


def _chunks(items: list[model.Disposal]) -> Iterator[list[model.Disposal]]:
    """Items in lists that a command can hold."""
    chunk: list[model.Disposal] = []
    for item in items:
        if chunk and (len(chunk) == _ITEMS or sum(len(i.documents) for i in (*chunk, item)) > _PAPERS):
            yield chunk
            chunk = []
        chunk.append(item)
    if chunk:
        yield chunk
