"""`python -m tests.chaos [--seed N] [--rounds N] [--only WORDS] [--json]`: hurt real processes under load, then look for harm.

After each scene: no acknowledged command is missing, each stands once, the log decides again to the same, its state is what it
folds to, its signed heads were never of another log, and a reader has taken in each entry once and in order. Exit code 1 if
anything is not so. A scene that this machine cannot play says so under `not_run`.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chaos.chance import Chance
from tests.chaos.power import NotHereError
from tests.chaos.scenes import SCENES
from tests.chaos.verdict import faults


def main() -> int:
    """Play the scenes one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--only", default="", help="scenes whose name has these words")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    results: list[dict[str, Any]] = []
    for name, scene in SCENES.items():
        if wanted.only in name:
            results.append(_play(name, scene, wanted.seed, wanted.rounds))
            sys.stderr.write(f"{json.dumps(results[-1])}\n")
    clean = bool(results) and not any(result.get("faults") for result in results)
    if wanted.json:
        sys.stdout.write(json.dumps({"seed": wanted.seed, "clean": clean, "scenes": results}) + "\n")
    return 0 if clean else 1


def _play(name: str, scene: Any, seed: int, rounds: int) -> dict[str, Any]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="oproep-chaos-", ignore_cleanup_errors=True) as directory:
        try:
            with scene(Path(directory) / "scene", Chance(seed, rounds)) as (ground, load):
                found = faults(ground, load)
        except NotHereError as reason:
            return {"scene": name, "not_run": str(reason)}
        except TimeoutError as error:
            return {"scene": name, "seconds": round(time.monotonic() - began, 1), "faults": [str(error)]}
    return {
        "scene": name,
        "acknowledged": len(load.acknowledged),
        "heads": len(load.heads),
        "starts": ground.ledger.starts + ground.reader.starts,
        "seconds": round(time.monotonic() - began, 1),
        "faults": found[:20],
    }


if __name__ == "__main__":
    sys.exit(main())
