"""`python -m services.devcluster [run|lock]`: run a cluster until interrupted, or write the lock of its jars anew."""

import signal
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.devcluster.cluster import start
from services.devcluster.jars import LOCK, write_lock
from services.devcluster.postgres import start_postgres

_app = typer.Typer(add_completion=False)
_console = Console(stderr=True)


@_app.command()
def run(
    directory: Annotated[Path, typer.Option(help="where its data live")] = Path(".run/cluster"),
    brokers: Annotated[int, typer.Option(min=1, max=9)] = 3,
    base_port: Annotated[int | None, typer.Option(help="first port; left out: free ports")] = None,
    postgres: Annotated[bool, typer.Option(help="a PostgreSQL server beside it")] = False,  # noqa: FBT002 - a switch
) -> None:
    """Run brokers, print their address as settings, stop them at an interrupt."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), ExitStack() as running:
        cluster = running.enter_context(start(directory / "kafka", brokers=brokers, base_port=base_port, told=_console.print))
        print(f"OPROEP_BUS=kafka://{cluster.bootstrap}", flush=True)  # noqa: T201 - the answer of the command
        if postgres:
            server = running.enter_context(start_postgres(directory / "postgres"))
            print(f"OPROEP_STORE={server.url}", flush=True)  # noqa: T201 - the answer of the command
        signal.pause()


@_app.command()
def lock() -> None:
    """Write the lock of the jars anew."""
    _console.print(f"{write_lock()} jars in {LOCK}")


if __name__ == "__main__":
    _app()
