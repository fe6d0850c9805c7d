"""The document store: files by the SHA-256 of their content. Logs name documents, they never carry them.

What lies in a file is ciphertext; its key lies under `keys`, by the same name. A copy without the keys tells nobody anything.
"""

from pathlib import Path

from services.kernel.canonical import digest
from services.runtime.durable import first, made, sync, written
from services.runtime.sealing import WrongKeyError, closed, new_key, opened


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
            written(path, closed(self._key(name), content, name), lambda scratch: scratch.replace(path))
            if _tombstone(path).exists():  # destroyed in this very moment
                self.destroy(name)
                raise DestroyedError(f"document {name}: destroyed while it came in")
        return name

    def has(self, name: str) -> bool:
        """Whether a document is kept under that name; of one that was destroyed: no. Its content is not looked at."""
        path = self._path(name)
        return path.exists() and not _tombstone(path).exists()

    def get(self, name: str) -> bytes | None:
        """The content of that name, or None.

        Raises:
            ValueError: if what is stored is no longer what its name says.
        """
        if not self.has(name):
            return None
        content, key = self._path(name).read_bytes(), self._key_path(name)
        if key.exists():  # none: version 0.1 kept documents as they came
            try:
                content = opened(key.read_bytes(), content, name)
            except WrongKeyError as error:
                raise ValueError(f"document {name}: its content has changed, or its key") from error
        if digest(content) != name:
            raise ValueError(f"document {name}: its content has changed")
        return content

    def destroy(self, name: str) -> None:
        """Remove a document for good, whether or not it is there: its name stays taken, and it is not kept again."""
        path = self._path(name)
        made(path.parent)
        _tombstone(path).touch()
        for part in (self._key_path(name), path):
            for file in (part, *part.parent.glob(f"{name}.*.new")):  # also what an interrupted `put` has left
                file.unlink(missing_ok=True)
            if part.parent.exists():
                sync(part.parent)

    def _key(self, name: str) -> bytes:
        """The key of a document; made if there is none, by one of all who ask at once."""
        path = self._key_path(name)
        if not path.exists():
            written(path, new_key(), lambda scratch: first(scratch, path))
        return path.read_bytes()

    def _key_path(self, name: str) -> Path:
        return self._directory / "keys" / name[:2] / name

    def _path(self, name: str) -> Path:
        return self._directory / name[:2] / name


def _tombstone(path: Path) -> Path:
    return path.with_suffix(".destroyed")
