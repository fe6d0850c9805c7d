"""Files and names that survive a loss of power: a file that was synced is still lost if the directory that names it was not."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def written(path: Path, data: bytes, place: Callable[[Path], object]) -> None:
    """Write data durably beside `path`, for its owner only to read, and have it put in its place in one step."""
    made(path.parent)
    scratch = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    scratch.touch(mode=0o600)
    with scratch.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    place(scratch)
    sync(path.parent)


def first(scratch: Path, path: Path) -> None:
    """Give a file its name unless another has it: the first one stays."""
    with suppress(FileExistsError):
        path.hardlink_to(scratch)
    scratch.unlink()


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
