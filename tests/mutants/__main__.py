"""`python -m tests.mutants [--json] [--only WORDS]`: kill every planted bug; see `docs/explanation/simulation.md`."""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.mutants.catalogue import FILES, HASH_SEEDS, MUTANTS, Mutant

_SEEDS = 2000
_FILE_SEEDS = 300
_HASHED = 24


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant. `by` is empty if it lives."""

    name: str
    killer: str
    by: str
    seeds: int
    seconds: float


def trial(number: int, killer: str, seeds: int, hash_seed: str = "0") -> tuple[str, int, float]:
    """One try, in a process of its own; number -1 is the product as it is.

    Raises:
        RuntimeError: if the change cannot be made.
    """
    command = [sys.executable, "-m", "tests.mutants.trial", str(number), killer, str(seeds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONHASHSEED": hash_seed})
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(done.stderr[-2000:])
    found = json.loads(done.stdout.splitlines()[-1])
    return found["by"], found["seeds"], found["seconds"]


def judge(number: int, mutant: Mutant) -> Verdict:
    """Try its killers one after the other."""
    spent = 0.0
    for killer in mutant.killers:
        if killer == HASH_SEEDS:
            (one, seeds, first), (other, _, second) = trial(number, killer, _HASHED, "1"), trial(number, killer, _HASHED, "2")
            by, seconds = ("two hash seeds give two traces" if one != other else ""), first + second
        else:
            by, seeds, seconds = trial(number, killer, _FILE_SEEDS if killer == FILES else _SEEDS)
        spent += seconds
        if by:
            return Verdict(mutant.name, killer, by, seeds, round(spent, 2))
    return Verdict(mutant.name, "", "", 0, round(spent, 2))


def main() -> int:
    """Judge all; 1 if one lives."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the sum as one line of JSON, at the end")
    parser.add_argument("--only", default="", help="those with these words in their name")
    chosen = parser.parse_args()
    wanted = [(number, mutant) for number, mutant in enumerate(MUTANTS) if chosen.only in mutant.name]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = []
        for verdict in pool.map(lambda pair: judge(*pair), wanted):
            verdicts.append(verdict)
            print(  # noqa: T201 - it is what the command says
                f"{verdict.name:60} {verdict.killer or 'LIVES':30} {verdict.seeds:>5} seeds {verdict.seconds:>7} s  {verdict.by}",
                flush=True,
            )
    lives = [verdict.name for verdict in verdicts if not verdict.by]
    if chosen.json:
        print(json.dumps({"killed": len(verdicts) - len(lives), "total": len(verdicts), "live": lives}))  # noqa: T201 - it is what the command says
    return int(bool(lives))


if __name__ == "__main__":
    sys.exit(main())
