"""The command line `oproep`. Exit codes: 0 done, 1 refused or failed, 2 a wrong call."""

import gc

import typer

from services.cli import (
    apply,
    audit,
    audit_reports,
    bench,
    calls,
    contacts,
    custody,
    decisions,
    demo,
    documents,
    feed,
    jury,
    keys,
    money,
    notices,
    reading,
    restore,
    retention,
    run,
    subscribe,
    topics,
    webhooks,
)

app = typer.Typer(
    name="oproep",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Run a public grant call from publication to the last repaid cent.",
    epilog="Settings come from the environment (OPROEP_…); NO_COLOR is honoured; --install-completion completes in the shell.",
)
app.add_typer(calls.app, name="call")
app.add_typer(reading.events, name="events")
app.add_typer(audit.app, name="audit")
audit_reports.register(audit.app)
app.add_typer(topics.app, name="topics")
app.add_typer(documents.app, name="document")
app.add_typer(notices.app, name="notices")
app.add_typer(apply.app, name="apply")
app.add_typer(jury.app, name="score")
app.add_typer(decisions.app, name="decide")
app.add_typer(money.pay, name="pay")
app.add_typer(money.report, name="report")
app.add_typer(contacts.app, name="contact")
app.add_typer(custody.sealed, name="sealed")
app.add_typer(retention.app, name="retention")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(feed.app, name="feed")
app.add_typer(bench.app, name="bench")
app.command("erase")(custody.erase)
app.command("keys")(keys.keys)
app.command("demo")(demo.demo)
app.command("up")(run.up)
app.command("service")(run.service)
app.command("migrate")(run.migrate)
app.command("restore")(restore.restore_logs)
app.command("health")(run.health)
app.command("rank")(jury.rank)
app.command("explain")(jury.explain)
app.command("status")(reading.status)
app.command("replay")(reading.replay_logs)
app.command("subscribe")(subscribe.subscribe)


def main() -> None:
    """Run the command line, and with it every process of ours."""
    gc.set_threshold(50_000, 20, 50)  # what entries and records are made of has no cycles: to look for some is a sixth of a replay
    app()
