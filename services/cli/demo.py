"""The demonstration: a whole call on this machine, embedded or on Kafka, ending with its money recomputed from the logs."""

import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.cli import common
from services.demo import full_cap, radicalisation, samenleven
from services.demo.canon import difference
from services.demo.result import Result, Snapshot, reckon
from services.demo.stage import Stage
from services.demo.world import Embedded, World
from services.runtime.logging import configure


class Scenario(StrEnum):
    """What is played."""

    RADICALISATION = "radicalisation-2021"
    FULL_CAP = "full-cap"
    SAMENLEVEN = "plan-samenleven"


SCENARIOS = {Scenario.RADICALISATION: radicalisation, Scenario.FULL_CAP: full_cap, Scenario.SAMENLEVEN: samenleven}


class Engine(StrEnum):
    """Where it is played."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"
    """Three brokers, PostgreSQL and a process for each service; the outcome is compared with the embedded one."""


def demo(
    scenario: Annotated[Scenario, typer.Option(help="Which call is played.")] = Scenario.RADICALISATION,
    engine: Annotated[Engine, typer.Option(help="On what.")] = Engine.EMBEDDED,
    as_json: common.AsJson = False,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Where logs and documents are kept; a new one by default.")
    ] = None,
) -> None:
    """Play a call from publication to the last report, on this machine. All applications are synthetic."""
    configure("demo", "warning")
    tell = _keep_silent if as_json else _say
    with tempfile.TemporaryDirectory(prefix="oproep-") as scratch:
        place = directory or Path(scratch)
        result, embedded = play_embedded(scenario, place / "embedded", tell)
        differences: list[str] | None = None
        if engine is Engine.KAFKA:
            tell("The same on three brokers, PostgreSQL and a process for each service:")
            result, distributed = play_distributed(scenario, place / "distributed", tell)
            differences = difference(embedded.canonical(), distributed.canonical())
    show(result, differences, as_json=as_json)


def play_embedded(scenario: Scenario, directory: Path, tell: Callable[[str], None]) -> tuple[Result, Snapshot]:
    """Play a scenario with all services in this process."""
    world = Embedded(directory)
    with world.running(SCENARIOS[scenario].START):
        return _play(scenario, world, tell)


def play_distributed(scenario: Scenario, directory: Path, tell: Callable[[str], None]) -> tuple[Result, Snapshot]:
    """Play a scenario with every service in a process of its own."""
    from services.demo.distributed import Distributed, machines  # noqa: PLC0415 - needs the development packages

    world = Distributed(directory)
    with machines(directory) as (cluster, postgres), world.running(SCENARIOS[scenario].START, cluster, postgres):
        return _play(scenario, world, tell)


def _say(words: str) -> None:
    common.console.print(words, markup=False)


def _keep_silent(_words: str) -> None:
    """Nothing but the document is printed."""


def _play(scenario: Scenario, world: World, tell: Callable[[str], None]) -> tuple[Result, Snapshot]:
    SCENARIOS[scenario].run(Stage(world, tell))
    world.settle()
    snapshot = Snapshot.of(world)
    return reckon(scenario, world, snapshot), snapshot


def show(result: Result, differences: list[str] | None, *, as_json: bool) -> None:
    """Print the outcome; exit code 1 if the money does not reconcile, or the two engines did not end the same."""
    if as_json:
        compared = {} if differences is None else {"equal_to_embedded": not differences, "differences": differences}
        common.print_json({**result.as_json(), **compared})
    else:
        sums = ("envelope", "available", "reserved", "committed", "paid", "recovered")
        common.print_table("Money", ("", "€"), [(name, common.euro(int(getattr(result, name)))) for name in sums])
        common.print_table("Awards", ("application", "€"), [(name, common.euro(cents)) for name, cents in result.awards.items()])
        told = ", ".join(f"{code} {count}" for code, count in result.refusals.items())
        common.console.print(f"mails {result.mails}, sent twice {result.mails_doubled}; refusals: {told or 'none'}", markup=False)
        for line in differences or ():
            common.console.print(line, markup=False, soft_wrap=True)
        if differences is not None:
            words = "differ" if differences else "are equal"
            common.console.print(f"embedded and distributed: every log and every state {words}")
        common.console.print(result.line(), markup=False, soft_wrap=True)
    if differences or result.over_award or not result.reconciled or result.mails_doubled:
        raise typer.Exit(1)
