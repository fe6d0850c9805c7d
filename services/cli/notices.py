"""Commands about mails: which wait, failed or are in doubt, and what an operator found out about them."""

import json
from typing import Annotated

import typer

from services.cli import common
from services.notification import model as notification

app = typer.Typer(no_args_is_help=True, help="See mails that did not simply go out, and settle those in doubt.")


@app.command("list")
def list_notices(
    status: Annotated[
        notification.NoticeStatus, typer.Option(help="Which ones; those in doubt by default.")
    ] = notification.NoticeStatus.IN_DOUBT,
    as_json: common.AsJson = False,
) -> None:
    """List notices by what became of them."""
    found: list[dict[str, str]] = []
    with common.calling("notification") as client:
        for log in common.logs("notification"):
            rows = [json.loads(row.body) for row in client.state(log, "Notice")]
            found += [row for row in rows if row["status"] == status.value]
    columns = ("callId", "noticeId", "kind", "addressee", "status")
    told = [{column: row[column] for column in columns} for row in found]
    if as_json:
        common.print_json(told)
    else:
        common.print_table("Notices", ("call", "notice", "kind", "addressee", "status"), [list(row.values()) for row in told])


@app.command()
def resolve(
    call: common.Call,
    notice: Annotated[str, typer.Argument(metavar="NOTICE", help="Id of the notice, as listed.")],
    outcome: Annotated[notification.Outcome, typer.Argument(help="What you found out: it was sent, or it must go out again.")],
    who: common.As = common.NOBODY,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Settle a notice in doubt, after a look at the mail server."""
    body = {"callId": call, "noticeId": notice, "outcome": outcome.value}
    common.send("notification", notification.Resolve, body, who=who, command_id=command_id, as_json=as_json)
