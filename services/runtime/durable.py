"""Names that survive a loss of power: a file that was synced is still lost if the directory that names it was not."""

import os
from pathlib import Path


def made(path: Path) -> Path:
    """A directory, made with all above it if need be, each under a durable name."""
    missing = [place for place in path.parents if not place.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for place in [*missing, path]:  # also if it is there: who has just made it may not have come so far
        sync(place.parent)
    return path


def sync(directory: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
