"""The program of the guide for integrators, as it stands there."""

import subprocess
import sys

from services.publishing.doors.rdf.oslo import euros
from services.publishing.records import Award
from tests.docs.shell import ROOT, fences
from tests.services.publishing.ldes.serving import Served


def test_the_program_tells_what_each_award_stands_at(served: Served, life_awards: list[Award]) -> None:
    (program,) = (text for _, info, text in fences(ROOT / "docs" / "how-to" / "integrators.md") if info == "py linked-data")
    command = [sys.executable, "-c", program, f"{served.base}/v1/ldes"]
    told = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120).stdout.splitlines()
    wanted = [(a.award_id, euros(a.awarded_cents), euros(a.committed_cents), euros(a.paid_cents or 0)) for a in life_awards]
    assert told == sorted(" ".join(line) for line in wanted)
