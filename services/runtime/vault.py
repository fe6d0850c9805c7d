"""What may not stand in a log: names, mail addresses, account numbers, by opaque id. Deletable, apart from everything else."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from services.kernel.form import Json, from_json, to_json
from services.kernel import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach an organisation or a person. `language` is `nl` or `en`."""

    name: str
    mail: str
    language: str
    iban: str | None = None


class Vault:
    """Contacts by id, in a SQLite file of its own."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._connect() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS contacts (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
        connection.close()

    def put(self, subject: str, contact: Contact) -> None:
        """Keep a contact in the place of the one before."""
        body: dict[str, Json] = to_json(contact)
        connection = self._connect()
        with connection:
            connection.execute("INSERT OR REPLACE INTO contacts VALUES (?, ?)", (subject, canonical.encode(body).decode()))
        connection.close()

    def get(self, subject: str) -> Contact | None:
        """The contact of that id, or None."""
        connection = self._connect()
        row = connection.execute("SELECT body FROM contacts WHERE id = ?", (subject,)).fetchone()
        connection.close()
        return from_json(Contact, canonical.decode(row[0].encode())) if row else None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30)
        connection.execute("PRAGMA secure_delete = ON")
        return connection
