"""Many runs: one seed after the other, or shared out over the cores."""

import contextlib
import hashlib
import multiprocessing
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.simulation.cells import Cells
from tests.simulation.machines import FileMachine, MemoryMachine
from tests.simulation.oracle import Violation
from tests.simulation.rest import come_to_rest
from tests.simulation.sites import SPECS, Machine
from tests.simulation.world import World

_COUPLED_EVERY = 8
"""Every so many seeds awarding and ledger work together: they take longer than a ledger with its mirror."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: the hash of its trace, and which invariant did not hold, if any."""

    seed: int
    trace: str
    invariant: str = ""
    what: str = ""
    where: str = ""


def quiet() -> None:
    """Keep the services from telling the world of faults that are made on purpose."""

    def drop(*_: object) -> None:
        raise structlog.DropEvent

    structlog.configure(processors=[drop])  # type: ignore[list-item]  # it gives nothing on, as it says


def run(seed: int, steps: int, cells: Cells, *, files: bool = False) -> Outcome:
    """One run. `files`: over the real store on real files, instead of the one in memory."""
    with _machines(files=files) as machine:
        world = World(seed, steps, machine, cells, coupled=seed % _COUPLED_EVERY == 0)
        try:
            world.run()
            come_to_rest(world)
        except Violation as violation:
            where = "".join(traceback.format_exception(violation)[-12:])
            return Outcome(seed, world.trace(), violation.number, str(violation), where)
        return Outcome(seed, world.trace())


@contextlib.contextmanager
def _machines(*, files: bool) -> Generator[Callable[[str], Machine]]:
    if not files:
        yield lambda _name: MemoryMachine()
        return
    memory = Path("/dev/shm")
    directory = Path(tempfile.mkdtemp(prefix="oproep-simulation-", dir=memory if memory.is_dir() else None))
    opened: list[FileMachine] = []

    def machine(name: str) -> Machine:
        opened.append(FileMachine(directory / name.replace("/", "-"), SPECS[name].decider.checks))
        return opened[-1]

    try:
        yield machine
    finally:
        for each in opened:
            each.close()
        shutil.rmtree(directory)


@dataclass(frozen=True, slots=True)
class Many:
    """What many runs came to. `trace` is the hash of all their traces, in the order of the seeds."""

    seeds: int
    trace: str
    cells: Cells
    violations: Sequence[Outcome]


def run_many(seeds: Sequence[int], steps: int, *, files: bool = False, processes: int | None = None) -> Many:
    """Run seeds over the cores; the result does not depend on how many there are."""
    processes = processes or os.cpu_count() or 1
    size = max(1, min(250, len(seeds) // processes or 1))
    chunks = [(list(seeds[at : at + size]), steps, files) for at in range(0, len(seeds), size)]
    cells, traces, violations = Cells(), hashlib.sha256(), list[Outcome]()
    with contextlib.ExitStack() as stack:
        results: Iterator[tuple[list[Outcome], Cells]]
        if processes == 1:
            results = map(_chunk, chunks)
        else:
            pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(processes))
            results = pool.imap(_chunk, chunks)
        for outcomes, hit in results:
            cells.hits.update(hit.hits)
            violations += [outcome for outcome in outcomes if outcome.invariant]
            for outcome in outcomes:
                traces.update(outcome.trace.encode())
    return Many(len(seeds), traces.hexdigest(), cells, violations)


def _chunk(work: tuple[list[int], int, bool]) -> tuple[list[Outcome], Cells]:
    quiet()
    seeds, steps, files = work
    cells = Cells()
    return [run(seed, steps, cells, files=files) for seed in seeds], cells
