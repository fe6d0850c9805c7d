"""The Pythons of this machine: whichever of the supported versions can be found, and the one that runs the tests."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SUPPORTED = ((3, 11), (3, 12), (3, 13))
VERSIONS = sorted({*SUPPORTED, sys.version_info[:2]})
_ASK = "import sys; print(sys.implementation.name, *sys.version_info[:2])"


def find(version: tuple[int, int]) -> str | None:
    """A CPython of that version, or None."""
    return next((python for python in _candidates(version) if _says(python, version)), None)


def _candidates(version: tuple[int, int]) -> Iterator[str]:
    """This one, those on the path, pyenv's, uv's."""
    name = ".".join(map(str, version))
    yield sys.executable
    if (found := shutil.which(f"python{name}")) is not None:
        yield found
    for place in (Path.home() / ".pyenv" / "versions", Path.home() / ".local" / "share" / "uv" / "python"):
        yield from (str(file) for file in sorted(place.glob(f"*{name}*/bin/python3")))


def _says(python: str, version: tuple[int, int]) -> bool:
    """Whether it runs and is of that version: a name on the path may lead nowhere."""
    said = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, check=False)
    return said.returncode == 0 and said.stdout.split() == ["cpython", *map(str, version)]
