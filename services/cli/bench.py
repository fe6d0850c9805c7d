"""`oproep bench`: each measurement by itself, or all of them."""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from services.bench import report
from services.bench.figures import machine
from services.runtime.logging import configure

app = typer.Typer(
    name="bench", no_args_is_help=True, help="Measure how fast it is on this machine; results as JSON and as a picture."
)

Out = Annotated[Path, typer.Option(help="Directory of results.json, results.md and pictures; newer results replace older ones.")]
Clients = Annotated[str, typer.Option(help="Numbers of concurrent clients.")]
Seconds = Annotated[float, typer.Option(min=1, help="Length of each run.")]
Entries = Annotated[int, typer.Option(min=100, help="Length of the log.")]
Sizes = Annotated[str, typer.Option(help="Lengths of the log, growing.")]
Where = Annotated[Path | None, typer.Option(help="Directory for the data, on the disk to be measured; default: a temporary one.")]
Single = Annotated[int, typer.Option(help="Submissions one by one.")]
Crowd = Annotated[int, typer.Option(help="Submissions in the last minute.")]
Hour = Annotated[int, typer.Option(help="Applications of a busy hour.")]
Postgres = Annotated[bool, typer.Option(help="Also on PostgreSQL, with the peer.")]
Kafka = Annotated[bool, typer.Option(help="Also on three brokers.")]
Decisions = Annotated[int, typer.Option(min=3, help="Awards decided one by one, on each engine.")]
Awards = Annotated[int, typer.Option(min=1, help="Awards of the long feed; each has four events.")]
Most = Annotated[float, typer.Option(min=1, help="The longest that one reader of the long feed reads.")]
Readers = Annotated[int, typer.Option(min=1, help="Readers of the stream at a time.")]

_OUT = Path("docs/benchmarks")
_CLIENTS = "1,16,64,256"


@app.command("ledger")
def bench_ledger(
    clients: Clients = _CLIENTS, seconds: Seconds = 20, out: Out = _OUT, where: Where = None, postgres: Postgres = True
) -> None:
    """The ledger over gRPC on one hot envelope, on SQLite and PostgreSQL, with the hand-written peer in the same run."""
    from services.bench import ledger, peer  # noqa: PLC0415 - other commands need none of this
    from services.devcluster.postgres import start_postgres  # noqa: PLC0415

    counts = _numbers(clients)
    with _directory(where) as name:
        directory = Path(name)
        results: dict[str, Any] = {
            "machine": machine(directory),
            "ledger_sqlite": ledger.measure(directory / "sqlite", clients=counts, seconds=seconds),
        }
        if postgres:
            with start_postgres(directory / "postgres") as server:
                results["peer_postgresql"] = peer.measure(directory / "peer", server.url, clients=counts, seconds=seconds)
                results["ledger_postgresql"] = ledger.measure(
                    directory / "service", store=server.url, clients=counts, seconds=seconds
                )
        _keep(out, results)


@app.command("replay")
def bench_replay(entries: Entries = 100_000, out: Out = _OUT, where: Where = None) -> None:
    """How fast a log is hashed again and decided again."""
    from services.bench import history  # noqa: PLC0415 - other commands need none of this

    with _directory(where) as name:
        _keep(out, {"machine": machine(Path(name)), "replay": history.measure_replay(Path(name), entries)})


@app.command("growth")
def bench_growth(sizes: Sizes = "1000,10000,100000,1000000", out: Out = _OUT, where: Where = None) -> None:
    """Start-up, memory and decisions on ever longer logs."""
    from services.bench import history  # noqa: PLC0415 - other commands need none of this

    with _directory(where) as name:
        _keep(out, {"machine": machine(Path(name)), "growth": history.measure_growth(Path(name), _numbers(sizes))})


@app.command("flows")
def bench_flows(
    single: Single = 20, crowd: Crowd = 300, hour: Hour = 3555, out: Out = _OUT, where: Where = None, kafka: Kafka = True
) -> None:
    """From submission to receipt, from award to subscriber; everybody in the last minute; a busy hour; on both engines."""
    from services.bench import flows  # noqa: PLC0415 - other commands need none of this

    configure("bench", "warning")
    engines = ("embedded", "kafka") if kafka else ("embedded",)
    with _directory(where) as name:
        here = machine(Path(name))
        found = {e: flows.measure(Path(name) / e, e, single=single, crowd=crowd, hour=hour) for e in engines}
        _keep(out, {"machine": here, "flows": found})


@app.command("doors")
def bench_doors(
    decisions: Decisions = 60,
    awards: Awards = 100_000,
    seconds: Most = 20,
    readers: Readers = 1_000,
    out: Out = _OUT,
    where: Where = None,
    kafka: Kafka = True,
) -> None:
    """From an award to each door of publishing, on both engines; a late joiner who catches up; many readers of the stream."""
    from services.bench import doors  # noqa: PLC0415 - other commands need none of this

    configure("bench", "warning")
    with _directory(where) as name:
        here, directory = machine(Path(name)), Path(name)
        found = doors.measure(directory, decisions=decisions, awards=awards, seconds=seconds, readers=readers, kafka=kafka)
        _keep(out, {"machine": here, "doors": found})


@app.command("all")
def bench_all(out: Out = _OUT, where: Where = None, kafka: Kafka = True) -> None:
    """Everything, with the sizes that the documentation shows; half an hour."""
    bench_ledger(out=out, where=where)
    bench_replay(out=out, where=where)
    bench_growth(out=out, where=where)
    bench_flows(out=out, where=where, kafka=kafka)
    bench_doors(out=out, where=where, kafka=kafka)


def _numbers(text: str) -> tuple[int, ...]:
    with suppress(ValueError):
        numbers = tuple(int(part) for part in text.split(","))
        if min(numbers) > 0:
            return numbers
    raise typer.BadParameter(f"{text!r}; allowed: whole numbers above 0 with commas, such as 1,16,64")


def _directory(where: Path | None) -> "tempfile.TemporaryDirectory[str]":
    if where is not None:
        where.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="oproep-bench-", dir=where, ignore_cleanup_errors=True)


def _keep(out: Path, results: dict[str, Any]) -> None:
    everything = report.merge(out / "results.json", results)
    (out / "results.md").write_text(report.tables(everything), "utf-8")
    (out / "results.svg").write_text(report.picture(everything), "utf-8")
    (out / "flows.svg").write_text(report.flows_picture(everything), "utf-8")
    (out / "doors.svg").write_text(report.doors_picture(everything), "utf-8")
    typer.echo(report.tables(results))
