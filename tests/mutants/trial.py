"""One mutant, one killer, in a process of its own: `python -m tests.mutants.trial NUMBER KILLER SEEDS`; prints a line of JSON."""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
import time
from collections.abc import Sequence
from types import CodeType, ModuleType

from tests.mutants.catalogue import EXHAUSTIVE, FILES, HASH_SEEDS, MUTANTS, SIMULATION, Mutant


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module from its text with the changes made."""

    mutant: Mutant

    def get_code(self, fullname: str) -> CodeType:
        """See `SourceFileLoader.get_code`; never from a cache."""
        text = self.get_data(self.path).decode()
        for change in self.mutant.changes:
            if change.module == fullname:
                if text.count(change.old) != 1:
                    raise LookupError(f"{self.mutant.name}: {change.old!r} stands {text.count(change.old)} times in {fullname}")
                text = text.replace(change.old, change.new)
        return compile(text, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that a mutant changes."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """See `MetaPathFinder.find_spec`."""
        if all(change.module != fullname for change in self._mutant.changes):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            return None
        loader = _Loader(fullname, spec.origin)
        loader.mutant = self._mutant
        return importlib.util.spec_from_file_location(fullname, spec.origin, loader=loader)


def main(number: str, killer: str, seeds: str) -> None:
    """Try to kill it."""
    if int(number) >= 0:
        sys.meta_path.insert(0, _Finder(MUTANTS[int(number)]))
    began = time.monotonic()
    by, tried = _kill(killer, int(seeds))
    print(json.dumps({"by": by, "seeds": tried, "seconds": round(time.monotonic() - began, 2)}))  # noqa: T201 - it is what the command says


def _kill(killer: str, seeds: int) -> tuple[str, int]:
    """What noticed it (empty: nothing), and after how many seeds."""
    from tests.simulation.cells import Cells  # noqa: PLC0415 - only now are the changes in place
    from tests.simulation.runs import quiet, run, run_many  # noqa: PLC0415

    quiet()
    if killer in (SIMULATION, FILES):
        for seed in range(seeds):
            if (outcome := run(seed, 40, Cells(), files=killer == FILES)).invariant:
                return outcome.what[:150], seed + 1
        return "", seeds
    if killer == EXHAUSTIVE:
        from tests.simulation.exhaustive import search  # noqa: PLC0415

        return search(ends=1, starts=1, repeats=0).violation[:150], 0
    if killer == HASH_SEEDS:
        return run_many(range(seeds), 40, processes=1).trace, seeds
    import pytest  # noqa: PLC0415

    failed = pytest.main(["-q", "-x", "--no-header", "-p", "no:cacheprovider", "-m", "not postgres and not kafka", killer]) != 0
    return (f"{killer} fails" if failed else ""), 0


if __name__ == "__main__":
    main(*sys.argv[1:])
