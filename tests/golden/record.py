"""Record the history of a release, to be replayed by every later one: `python -m tests.golden.record 0.1`.

A release's history is never recorded again: what is in use somewhere cannot be changed any more.
"""

import gzip
import hashlib
import sys
import tempfile
from pathlib import Path

from services.demo import radicalisation
from services.demo.result import Snapshot
from services.demo.stage import Stage
from services.demo.world import Embedded
from services.kernel.canonical import decode, leaf
from services.kernel.ports import Stored
from services.runtime.logging import configure

GOLDEN = Path(__file__).parent
SUMS = "SHA256SUMS"


def releases() -> list[str]:
    """The releases whose histories are kept."""
    return sorted(path.parent.name for path in GOLDEN.glob(f"*/{SUMS}"))


def read(release: str, service: str) -> list[Stored]:
    """A service's log in a release: one entry a line.

    Raises:
        ValueError: if the file is not the one that was recorded.
    """
    data = gzip.decompress((GOLDEN / release / f"{service}.jsonl.gz").read_bytes())
    if f"{hashlib.sha256(data).hexdigest()}  {service}" not in (GOLDEN / release / SUMS).read_text("ascii").splitlines():
        raise ValueError(f"golden/{release}/{service}: not what was recorded; allowed: the file as it was committed")
    values = data.splitlines()
    return [Stored(index, decode(value)["subject"], value, leaf(value)) for index, value in enumerate(values)]


def record(release: str) -> None:
    """Play the call of 2021 and keep every log.

    Raises:
        FileExistsError: if the release has a history.
    """
    (GOLDEN / release).mkdir()
    with tempfile.TemporaryDirectory(prefix="oproep-") as scratch:
        world = Embedded(Path(scratch))
        with world.running(radicalisation.START):
            radicalisation.run(Stage(world, lambda _words: None))
            world.settle()
            snapshot = Snapshot.of(world)
    sums: list[str] = []
    for name, log in snapshot.logs.items():
        service, data = name.partition("/")[0], b"".join(stored.value + b"\n" for stored in log)
        (GOLDEN / release / f"{service}.jsonl.gz").write_bytes(gzip.compress(data, mtime=0))
        sums.append(f"{hashlib.sha256(data).hexdigest()}  {service}\n")
    (GOLDEN / release / SUMS).write_text("".join(sums), "ascii")


if __name__ == "__main__":
    configure("golden", "warning")
    record(*sys.argv[1:])
