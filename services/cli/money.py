"""Commands of treasurers and accountants, and of beneficiaries who account for an award."""

import json
from pathlib import Path
from typing import Annotated

import typer

from services.budget_ledger import model as ledger
from services.cli import common
from services.reporting import model as reporting

pay = typer.Typer(no_args_is_help=True, help="Order and confirm payments and recoveries; see what an envelope holds.")
report = typer.Typer(no_args_is_help=True, help="File, check and approve the reports of a beneficiary.")

Envelope = Annotated[str, typer.Argument(metavar="ENVELOPE", help="Id of the envelope.")]
Award = Annotated[str, typer.Argument(metavar="AWARD", help="Id of the award: CALL.NAME.NUMBER")]
Kind = Annotated[ledger.PaymentKind, typer.Argument(help="Which payment.")]
Cents = Annotated[int, typer.Argument(metavar="CENTS", min=1, help="The sum in cents; it must be what is due.")]
Bank = Annotated[str, typer.Option("--bank-reference", help="The bank's number of the transaction; no account number.")]
Report = Annotated[str, typer.Argument(metavar="REPORT", help="Code of the report in the call file.")]
Ground = Annotated[str, typer.Option("--ground", help="Why; recorded as it stands.")]


@pay.command()
def order(
    envelope: Envelope,
    award: Award,
    kind: Kind,
    cents: Cents,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Order a payment that is due, by another hand than the one that approved the award."""
    body = {"envelopeId": envelope, "reservationId": award, "kind": kind.value, "amountCents": str(cents)}
    common.send("budget_ledger", ledger.OrderPayment, body, who=who, command_id=command_id, as_json=as_json)


@pay.command()
def confirm(
    envelope: Envelope,
    award: Award,
    kind: Kind,
    bank: Bank,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Confirm that the bank paid, by another hand than the order."""
    body = {"envelopeId": envelope, "reservationId": award, "kind": kind.value, "bankReference": bank}
    common.send("budget_ledger", ledger.ConfirmPayment, body, who=who, command_id=command_id, as_json=as_json)


@pay.command("recover")
def order_recovery(
    envelope: Envelope,
    award: Award,
    cents: Cents,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Order that money is paid back."""
    body = {"envelopeId": envelope, "reservationId": award, "amountCents": str(cents)}
    common.send("budget_ledger", ledger.OrderRecovery, body, who=who, command_id=command_id, as_json=as_json)


@pay.command("recovered")
def confirm_recovery(
    envelope: Envelope,
    award: Award,
    bank: Bank,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Confirm that the money came back, by another hand than the order."""
    body = {"envelopeId": envelope, "reservationId": award, "bankReference": bank}
    common.send("budget_ledger", ledger.ConfirmRecovery, body, who=who, command_id=command_id, as_json=as_json)


@pay.command("status")
def money(as_json: common.AsJson = False) -> None:
    """What each envelope holds: budget, available, reserved, committed, paid, recovered."""
    with common.calling("budget_ledger") as client:
        rows = [json.loads(row.body) for row in client.state("budget_ledger/0", "Envelope")]
    names = ("budgetCents", "reservedCents", "committedCents", "paidCents", "recoveredCents")
    found = [{"envelope": row["envelopeId"], **{name: int(row.get(name, "0")) for name in names}} for row in rows]
    for row in found:
        row["availableCents"] = row["budgetCents"] - row["reservedCents"] - row["committedCents"]
    if as_json:
        common.print_json(found)
        return
    columns = ("budgetCents", "availableCents", *names[1:])
    titles = ("envelope", "budget €", "available €", "reserved €", "committed €", "paid €", "recovered €")
    common.print_table("Envelopes", titles, [[row["envelope"], *(common.euro(row[name]) for name in columns)] for row in found])


@report.command("file")
def file_report(
    award: Award,
    code: Report,
    account: Annotated[Path, typer.Argument(metavar="ACCOUNT", exists=True, dir_okay=False, help="Costs and results, JSON.")],
    who: common.As,
    document: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="The report itself.")] = None,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """File a report. ACCOUNT: {"costs": [{"line", "code", "amountCents", "descriptionRef"}], "kpis": {}, "ownMeansCents"}."""
    try:
        body = json.loads(account.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        common.fail(f"ACCOUNT: {account} is no JSON: {error}", 2)
    if document is not None:
        with common.calling("reporting", who) as client:
            body["document"] = client.upload(document.read_bytes())
    body = {**body, **_where(award, code)}
    common.send("reporting", reporting.FileReport, body, who=who, command_id=command_id, as_json=as_json)


@report.command()
def reject(
    award: Award,
    code: Report,
    line: Annotated[str, typer.Argument(help="The line of the cost.")],
    ground: Ground,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Reject one cost."""
    body = {**_where(award, code), "line": line, "ground": ground}
    common.send("reporting", reporting.RejectCost, body, who=who, command_id=command_id, as_json=as_json)


@report.command("return")
def return_report(
    award: Award,
    code: Report,
    ground: Ground,
    who: common.As,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Send a report back to be filed again."""
    body = {**_where(award, code), "ground": ground}
    common.send("reporting", reporting.ReturnReport, body, who=who, command_id=command_id, as_json=as_json)


@report.command()
def approve(
    award: Award,
    code: Report,
    who: common.As,
    own_percent: Annotated[int | None, typer.Option(min=0, max=100, help="Another own share than the call's.")] = None,
    ground: Annotated[str | None, typer.Option("--ground", help="Why the own share differs.")] = None,
    command_id: common.CommandId = "",
    as_json: common.AsJson = False,
) -> None:
    """Approve a report; the final one settles the award."""
    body = {**_where(award, code), "ownPercent": own_percent, "ownPercentGround": ground}
    common.send("reporting", reporting.ApproveReport, body, who=who, command_id=command_id, as_json=as_json)


def _where(award: str, code: str) -> dict[str, object]:
    call, _, name = award.rpartition(".")[0].rpartition(".")
    if not (call and name):
        common.fail(f"AWARD: {award!r}; allowed: CALL.NAME.NUMBER, such as radicalisation-2021.01.1", 2)
    return {"callId": call, "awardId": award, "report": code}
