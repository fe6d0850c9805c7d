"""The demonstration: a whole call on this machine, embedded or on Kafka, ending with its money recomputed from the logs."""

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.cli import common
from services.demo import full_cap, radicalisation, samenleven
from services.demo.result import Result, Snapshot, reckon
from services.demo.stage import Stage
from services.demo.world import Embedded
from services.runtime.logging import configure


class Scenario(StrEnum):
    """What is played."""

    RADICALISATION = "radicalisation-2021"
    FULL_CAP = "full-cap"
    SAMENLEVEN = "plan-samenleven"


SCENARIOS = {Scenario.RADICALISATION: radicalisation, Scenario.FULL_CAP: full_cap, Scenario.SAMENLEVEN: samenleven}


def demo(
    scenario: Annotated[Scenario, typer.Option(help="Which call is played.")] = Scenario.RADICALISATION,
    as_json: common.AsJson = False,  # noqa: FBT002 - a flag of the command line
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Where logs and documents are kept; a new one by default.")
    ] = None,
) -> None:
    """Play a call from publication to the last report, on SQLite and the local bus. All applications are synthetic."""
    configure("demo", "warning")
    with tempfile.TemporaryDirectory(prefix="oproep-") as scratch:
        world = Embedded(directory or Path(scratch))
        tell = (lambda _words: None) if as_json else (lambda words: common.console.print(words, markup=False))
        with world.running(SCENARIOS[scenario].START):
            SCENARIOS[scenario].run(Stage(world, tell))
            world.settle()
            result = reckon(scenario, world, Snapshot.of(world))
    show(result, as_json=as_json)


def show(result: Result, *, as_json: bool) -> None:
    """Print the outcome; exit code 1 if the money does not reconcile."""
    if as_json:
        common.print_json(result.as_json())
    else:
        sums = ("envelope", "available", "reserved", "committed", "paid", "recovered")
        common.print_table("Money", ("", "€"), [(name, common.euro(int(getattr(result, name)))) for name in sums])
        common.print_table("Awards", ("application", "€"), [(name, common.euro(cents)) for name, cents in result.awards.items()])
        told = ", ".join(f"{code} {count}" for code, count in result.refusals.items())
        common.console.print(f"mails {result.mails}, sent twice {result.mails_doubled}; refusals: {told or 'none'}", markup=False)
        common.console.print(result.line(), markup=False, soft_wrap=True)
    if result.over_award or not result.reconciled or result.mails_doubled:
        raise typer.Exit(1)
