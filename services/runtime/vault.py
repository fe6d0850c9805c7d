"""What may not stand in a log: names, mail addresses, account numbers, by opaque id. Deletable, apart from everything else."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from services.kernel import canonical
from services.kernel.form import Line, Matches, from_json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach an organisation or a person, in which language, and where its money goes."""

    name: Line
    mail: Line
    language: Annotated[str, Matches("nl|en", "nl or en")]
    iban: Line | None = None


class Vault:
    """Contacts by id, in a SQLite file of its own; several processes may share it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._open() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS contacts (id TEXT PRIMARY KEY, body TEXT NOT NULL)")

    def put(self, subject: str, contact: Contact) -> None:
        """Keep a contact in the place of the one before.

        Raises:
            MalformedError: if a value breaks a limit of `Contact`.
        """
        body = canonical.encode(to_json(from_json(Contact, to_json(contact)))).decode()
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO contacts VALUES (?, ?)", (subject, body))

    def get(self, subject: str) -> Contact | None:
        """The contact of that id, or None."""
        with self._open() as connection:
            row = connection.execute("SELECT body FROM contacts WHERE id = ?", (subject,)).fetchone()
        return from_json(Contact, canonical.decode(row[0].encode())) if row else None

    def delete(self, subject: str) -> None:
        """Forget a contact, if there is one; its bytes are overwritten in the file."""
        with self._open() as connection:
            connection.execute("DELETE FROM contacts WHERE id = ?", (subject,))

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection and, in it, one transaction."""
        with closing(sqlite3.connect(self._path, timeout=30)) as connection:
            connection.execute("PRAGMA secure_delete = ON")  # what is deleted here must not be found in a free page
            with connection:
                yield connection
