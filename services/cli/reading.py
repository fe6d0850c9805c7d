"""Commands that read: logs, heads, state, dead letters, and a replay that decides everything again."""

from typing import Annotated

import typer
from rich.progress import Progress

from services.cli import common
from services.kernel.entry import Entry
from services.runtime.replay import DivergedError, replay, rows, steps
from services.standalone.registry import SPECS

events = typer.Typer(no_args_is_help=True, help="Read the logs of the services, and what they had to set aside.")
Log = Annotated[str, typer.Argument(metavar="LOG", help="A log, such as intake/0.")]


@events.command()
def tail(
    log: Log = "intake/0",
    start: Annotated[int, typer.Option("--from", metavar="INDEX", min=0, help="First index to print.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with entries to come.")] = False,
    as_json: common.AsJson = False,
) -> None:
    """Print a log's entries from an index on; with --json each line is an entry's exact bytes."""
    with common.calling(_service(log)) as client:
        for stored in client.entries(log, start, follow=follow):
            if as_json:
                typer.echo(stored.value.decode())
                continue
            entry = Entry.from_bytes(stored.value)
            kinds = ", ".join(str(event["type"]) for event in entry.events) or "nothing"
            line = f"{log}/{entry.index} {entry.time.isoformat()} {entry.actor.id} {entry.command['type']} -> {kinds}"
            common.console.print(line, markup=False, soft_wrap=True)


@events.command("dead-letters")
def dead_letters(
    replayed: Annotated[str, typer.Option("--replay", metavar="LOG SOURCE STREAM", help="Take a stream in again.")] = "",
    as_json: common.AsJson = False,
) -> None:
    """List what could not be read and what is held behind it; with --replay take a stream's records in again, in order."""
    if replayed:
        parts = replayed.split(" ")
        if len(parts) != 3:  # noqa: PLR2004 - the three parts named
            common.fail("--replay: allowed: three words, LOG SOURCE STREAM, as listed", 2)
        with common.calling(_service(parts[0]), "operator:local:operator") as client:
            outcome = client.replay_dead_letters(*parts)
        result = {"replayed": outcome.replayed, "left": outcome.left}
        common.print_json(result) if as_json else common.console.print(f"replayed {outcome.replayed}, left {outcome.left}")
        raise typer.Exit(1 if outcome.left else 0)
    found = []
    for name in SPECS:
        with common.calling(name) as client:
            letters = [d for d in client.dead_letters() if d.log.partition("/")[0] == name]
        found += [{"log": d.log, "source": d.source, "index": d.index, "stream": d.stream, "reason": d.reason} for d in letters]
    if as_json:
        common.print_json(found)
    elif not found:
        common.console.print("nothing is set aside")
    else:
        columns = ("log", "source", "index", "stream", "reason")
        common.print_table("Set aside", columns, [[row[column] for column in columns] for row in found])


def replay_logs(as_json: common.AsJson = False) -> None:
    """Decide every command of every log again, demand the same events, and compare the state with the services' own."""
    results = []
    with Progress(console=common.complaints, transient=True) as progress:
        for name, spec in SPECS.items():
            for own in common.logs(name):
                with common.calling(name) as client:
                    entries = list(progress.track(client.entries(own, 0), description=own))
                    state = {(row.kind, row.key): row.body.encode() for row in client.state(own)}
                try:
                    fault = "" if rows(replay(spec.decider, steps(own, entries))) == state else "state differs from the log's"
                except DivergedError as error:
                    fault = str(error)
                results.append({"log": own, "entries": len(entries), "fault": fault})
    if as_json:
        common.print_json(results)
    else:
        common.print_table(
            "Replay", ("log", "entries #", "outcome"), [(r["log"], r["entries"], r["fault"] or "equal") for r in results]
        )
    if any(r["fault"] for r in results):
        raise typer.Exit(1)


def status(as_json: common.AsJson = False) -> None:
    """Where every log stands: entries, sent, read by others, set aside, in hand."""
    heads = []
    for name in SPECS:
        with common.calling(name) as client:
            heads += [head for head in client.heads() if head.log.partition("/")[0] == name]
    lengths = {head.log: head.length for head in heads}
    found = [
        {
            "log": head.log,
            "length": head.length,
            "unsent": head.length - head.relayed,
            "unread": sum(lengths.get(s.log, s.next_index) - s.next_index for s in head.sources),
            "parked": head.parked,
            "pending": head.pending,
        }
        for head in heads
    ]
    if as_json:
        common.print_json(found)
    else:
        columns = ("log", "length", "unsent", "unread", "parked", "pending")
        common.print_table(
            "Logs",
            ("log", "length #", "unsent #", "unread #", "set aside #", "in hand #"),
            [[r[c] for c in columns] for r in found],
        )


def _service(log: str) -> str:
    name = log.partition("/")[0]
    if name not in SPECS:
        common.fail(f"LOG: {log!r} belongs to no service; allowed: a service and a number, such as intake/0", 2)
    return name
