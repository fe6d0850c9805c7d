"""The package by itself, without the source that it was built from."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = """
from services.calls.bodies import CALLS, municipalities
from services.publishing.doors.kafka import asyncapi
from services.runtime import topics
wanted, channels = topics.wanted(topics.SHIPPED, shards=1), asyncapi.document()["channels"]
print(topics.SHIPPED, CALLS, bool(municipalities()), bool(wanted), bool(channels))
"""


def test_what_the_package_needs_is_in_it(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = tmp_path / "inside"
    zipfile.ZipFile(wheel).extractall(inside)
    alone = {**os.environ, "PYTHONPATH": str(inside)}
    told = subprocess.run([sys.executable, "-c", DATA], check=True, capture_output=True, text=True, cwd=tmp_path, env=alone).stdout
    topics, calls, *rest = told.split()
    assert Path(topics).is_relative_to(inside)
    assert Path(calls).is_relative_to(inside)
    assert rest == ["True", "True", "True"]
