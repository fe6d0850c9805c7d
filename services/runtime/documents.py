"""The document store: files by the SHA-256 of their content. Logs name documents, they never carry them."""

import os
import threading
from pathlib import Path

from services.kernel.canonical import digest


class DestroyedError(ValueError):
    """The content was destroyed and must not be kept again."""


class Documents:
    """A directory of files, each named by its content; writing the same content twice keeps one file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, content: bytes) -> str:
        """Keep content durably and give its name.

        Raises:
            DestroyedError: if a log says that it must not be kept.
        """
        name = digest(content)
        path = self._path(name)
        if _tombstone(path).exists():
            raise DestroyedError(f"document {name}: destroyed; a log says that it must not be kept")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
            with scratch.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
            if _tombstone(path).exists():  # destroyed in this very moment
                self.destroy(name)
                raise DestroyedError(f"document {name}: destroyed while it came in")
            _sync(path.parent)
        return name

    def get(self, name: str) -> bytes | None:
        """The content of that name, or None.

        Raises:
            ValueError: if what is stored is no longer what its name says.
        """
        path = self._path(name)
        if not path.exists() or _tombstone(path).exists():
            return None
        content = path.read_bytes()
        if digest(content) != name:
            raise ValueError(f"document {name}: its content has changed")
        return content

    def destroy(self, name: str) -> None:
        """Remove a document for good, whether or not it is there: its name stays taken, and it is not kept again."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        _tombstone(path).touch()
        for file in (path, *path.parent.glob(f"{name}.*.new")):  # also what an interrupted `put` has left
            file.unlink(missing_ok=True)
        _sync(path.parent)

    def _path(self, name: str) -> Path:
        return self._directory / name[:2] / name


def _tombstone(path: Path) -> Path:
    return path.with_suffix(".destroyed")


def _sync(directory: Path) -> None:
    """Make the names in a directory durable, too."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
