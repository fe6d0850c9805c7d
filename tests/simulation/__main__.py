"""`python -m tests.simulation --seeds N --steps M [--seed S] [--files] [--json]`: see `docs/explanation/simulation.md`."""

import argparse
import json
import sys
import time

from tests.simulation.cells import Cells
from tests.simulation.runs import quiet, run, run_many

_ENOUGH = 10_000
"""From so many seeds on, what can be reached must have been."""


def main() -> int:
    """Run; 1 if an invariant did not hold, or something that can be reached was not."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many runs")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--steps", type=int, default=40, help="steps of a run, before it comes to rest")
    parser.add_argument("--seed", type=int, help="this run only; tells what went wrong, and the hash of its trace")
    parser.add_argument("--files", action="store_true", help="over the real store on SQLite files, with power cuts")
    parser.add_argument("--processes", type=int, help="how many; as many as there are cores by default")
    parser.add_argument("--json", action="store_true", help="the result as one line of JSON, at the end")
    chosen = parser.parse_args()
    if chosen.seed is not None:
        quiet()
        outcome = run(chosen.seed, chosen.steps, Cells(), files=chosen.files)
        print(f"seed {outcome.seed}: trace {outcome.trace}\n{outcome.what}\n{outcome.where}".rstrip())  # noqa: T201 - it is what the command says
        return int(bool(outcome.invariant))
    began = time.monotonic()
    many = run_many(range(chosen.first, chosen.first + chosen.seeds), chosen.steps, files=chosen.files, processes=chosen.processes)
    seconds = time.monotonic() - began
    unhit = many.cells.unhit(files=chosen.files)
    print(many.cells.table(), file=sys.stderr if chosen.json else sys.stdout)
    for outcome in many.violations[:20]:
        print(f"seed {outcome.seed}: {outcome.what}", file=sys.stderr)  # noqa: T201 - it is what the command says
    if unhit:
        print("never hit:", "; ".join(unhit), file=sys.stderr)  # noqa: T201 - it is what the command says
    result = {
        "seeds": many.seeds,
        "steps": chosen.steps,
        "violations": len(many.violations),
        "cells": len({(fault, where) for fault, where, _ in many.cells.hits}),
        "never_hit": unhit,
        "trace": many.trace,
        "seconds": round(seconds, 1),
        "seeds_per_second": round(many.seeds / seconds, 1),
    }
    print(json.dumps(result) if chosen.json else f"{result}")  # noqa: T201 - it is what the command says
    return int(bool(many.violations or (unhit and many.seeds >= _ENOUGH)))


if __name__ == "__main__":
    sys.exit(main())
