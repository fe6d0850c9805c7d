"""The document store: files by the SHA-256 of their content. Logs name documents, they never carry them."""

import os
import threading
from pathlib import Path

from services.kernel.canonical import digest


class Documents:
    """A directory of files, each named by its content; writing the same content twice keeps one file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, content: bytes) -> str:
        """Keep content durably and give its name."""
        name = digest(content)
        path = self._path(name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
            with scratch.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
            _sync(path.parent)
        return name

    def get(self, name: str) -> bytes | None:
        """The content of that name, or None.

        Raises:
            ValueError: if what is stored is no longer what its name says.
        """
        path = self._path(name)
        if not path.exists():
            return None
        content = path.read_bytes()
        if digest(content) != name:
            raise ValueError(f"document {name}: its content has changed")
        return content

    def _path(self, name: str) -> Path:
        return self._directory / name[:2] / name


def _sync(directory: Path) -> None:
    """Make the names in a directory durable, too."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
