"""A small part of what `make simulate` does, and what it stands on: the same seed is the same run."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from tests.simulation.cells import NOWHERE_ELSE, STRIKES, Cells
from tests.simulation.exhaustive import search
from tests.simulation.runs import quiet, run, run_many


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    before = structlog.get_config()
    quiet()
    yield
    structlog.configure(**before)


def test_many_runs_hold_every_invariant() -> None:
    many = run_many(range(400), 40)
    assert [outcome.what for outcome in many.violations] == []
    assert {fault for fault, _, _ in many.cells.hits} == set(STRIKES)


def test_runs_over_real_files_hold_every_invariant() -> None:
    many = run_many(range(60), 40, files=True)
    assert [outcome.what for outcome in many.violations] == []


def test_a_seed_is_one_run_whatever_the_process_the_hash_seed_and_the_zone() -> None:
    here = [run(seed, 40, Cells()).trace for seed in (3, 8)]
    code = (
        "from tests.simulation.runs import quiet, run; from tests.simulation.cells import Cells; quiet();"
        "print(*[run(seed, 40, Cells()).trace for seed in (3, 8)])"
    )
    for hash_seed, zone, locale in (("1", "Pacific/Kiritimati", "C"), ("2", "America/St_Johns", "nl_BE.UTF-8")):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": zone, "LC_ALL": locale}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == here


def test_the_number_of_processes_changes_nothing() -> None:
    one, two = run_many(range(20), 30, processes=1), run_many(range(20), 30, processes=2)
    assert one.trace == two.trace
    assert one.cells.hits == two.cells.hits


def test_every_interleaving_of_the_small_case() -> None:
    """With one end of a process, and with one take-over and one repetition; both together are for `make simulate`."""
    ends, repeats = search(ends=1, starts=0, repeats=0), search(ends=0, starts=1, repeats=1)
    assert (ends.violation, repeats.violation) == ("", "")
    assert min(ends.at_rest, repeats.at_rest) > 0
    assert ends.states + repeats.states > 100_000


def test_every_fault_says_why_it_strikes_nowhere_else() -> None:
    assert set(NOWHERE_ELSE) == set(STRIKES)
