"""A PostgreSQL server on this machine, reached through a socket file."""

from pathlib import Path
from types import TracebackType
from typing import Self

from services.devcluster.guard import Guarded


class Postgres:
    """A running server; `url` is its first database. Use it as a context, or call `stop`."""

    def __init__(self, directory: Path) -> None:
        self._server = Guarded(["postgres", str(directory)], directory.with_name(f"{directory.name}.log"))
        self.url = self._server.word

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the server; the data stays in the directory."""
        self._server.stop()


def start_postgres(directory: Path) -> Postgres:
    """Start a server with its data in `directory`, which is made if needed.

    Run by root it runs as another user, for whom the directories above are made passable: choose one outside of a home.

    Raises:
        GuardError: if it does not come up.
    """
    directory = directory.absolute()
    directory.parent.mkdir(parents=True, exist_ok=True)
    return Postgres(directory)
