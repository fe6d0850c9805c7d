"""What may not stand in a log: names, mail addresses, account numbers, sealed notes, by opaque id. Apart from everything else.

Two files. The vault holds ciphertext only (AES-256-GCM); its neighbour `*.keys` holds a key per subject and group. Without its
key a text is lost for ever, wherever a copy of it lies: in a log, an export, a backup of the vault.
A log says which keys are void, and whoever reads the vault has first to obey it (`void`): so no restored copy undoes an erasure.
"""

import os
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from services.kernel import canonical
from services.kernel.form import Line, MalformedError, Matches, from_json, to_json
from services.kernel.ports import Clock
from services.runtime.clock import SystemClock
from services.runtime.sealing import NONCE_BYTES, WrongKeyError, closed, new_key, opened

CONTACT = "contact"
"""The group of a subject's contact."""
EVERY_GROUP = "*"
"""All groups of a subject, where a log makes keys void."""
_SEALED = "sealed1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TABLES = """
CREATE TABLE IF NOT EXISTS kept (subject TEXT NOT NULL, grp TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (subject, grp));
CREATE TABLE IF NOT EXISTS keys.keys (subject TEXT NOT NULL, grp TEXT NOT NULL, made_at INTEGER NOT NULL, key BLOB NOT NULL,
    PRIMARY KEY (subject, grp))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach an organisation or a person, in which language, and where its money goes."""

    name: Line
    mail: Line
    language: Annotated[str, Matches("nl|en", "nl or en")]
    iban: Line | None = None


class Vault:
    """Texts by subject and group, each under a key of its own; several processes may share the files.

    `clock` dates the keys. It must be the clock of the logs, as a log makes keys void by when they were made.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._keys = path, path.with_suffix(".keys")
        self._clock = clock or SystemClock()
        for file in (self._path, self._keys):
            os.close(os.open(file, os.O_CREAT, 0o600))
        with self._open() as connection:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
        self._take_in_plain_contacts()

    def put(self, subject: str, contact: Contact) -> None:
        """Keep a contact in the place of the one before.

        Raises:
            MalformedError: if a value breaks a limit of `Contact`.
        """
        self.keep(subject, CONTACT, canonical.encode(to_json(from_json(Contact, to_json(contact)))))

    def get(self, subject: str) -> Contact | None:
        """The contact of that id, or None.

        Raises:
            MalformedError: as `read`.
        """
        body = self.read(subject, CONTACT)
        return None if body is None else from_json(Contact, canonical.decode(body))

    def delete(self, subject: str) -> None:
        """Forget a contact, if there is one. A restored copy of the files would bring it back: see `void`."""
        self.void(subject, CONTACT)

    def keep(self, subject: str, group: str, text: bytes) -> None:
        """Keep a text in the place of the one before, under a new key: nothing opens the one before any more."""
        with self._open() as connection:
            self._keep(connection, subject, group, text, self._now())

    def read(self, subject: str, group: str) -> bytes | None:
        """The text, or None if there is none or its key is gone. Obey the log first (`void`).

        Raises:
            MalformedError: if the key does not open it: vault and keys are not of the same moment.
        """
        with self._open() as connection:
            row = connection.execute("SELECT body FROM kept WHERE subject = ? AND grp = ?", (subject, group)).fetchone()
            key = self._key(connection, subject, group)
        return None if row is None or key is None else _opened(key, row[0], subject, group)

    def seal(self, subject: str, group: str, text: bytes) -> str:
        """A text as a log may carry it: unreadable without the subject's key of that group, made now if there is none."""
        with self._open() as connection:
            key = self._key(connection, subject, group) or self._new_key(connection, subject, group, self._now())
        return ":".join((_SEALED, subject, group, urlsafe_b64encode(_closed(key, text, subject, group)).decode()))

    def unseal(self, sealed: str) -> bytes | None:
        """The text that `seal` was given, or None if its key is gone. Obey the log first (`void`).

        Raises:
            MalformedError: if it is nothing that `seal` has made.
        """
        subject, group, body = parts(sealed)
        with self._open() as connection:
            key = self._key(connection, subject, group)
        return None if key is None else _opened(key, body, subject, group)

    def void(self, subject: str, group: str, *, until: datetime | None = None) -> None:
        """Destroy the subject's keys of a group made until then (None: all of them), and what was kept under them."""
        limit = 2**63 - 1 if until is None else _micros(until)
        which = "subject = ? AND ? IN (grp, '*')"
        with self._open() as connection:
            connection.execute(f"DELETE FROM keys.keys WHERE {which} AND made_at <= ?", (subject, group, limit))  # noqa: S608 - constants
            connection.execute(
                f"DELETE FROM kept WHERE {which} AND grp NOT IN (SELECT grp FROM keys.keys WHERE subject = ?)",  # noqa: S608 - constants
                (subject, group, subject),
            )

    def _keep(self, connection: sqlite3.Connection, subject: str, group: str, text: bytes, made_at: int) -> None:
        body = _closed(self._new_key(connection, subject, group, made_at), text, subject, group)
        connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (subject, group, body))

    @staticmethod
    def _key(connection: sqlite3.Connection, subject: str, group: str) -> bytes | None:
        row = connection.execute("SELECT key FROM keys.keys WHERE subject = ? AND grp = ?", (subject, group)).fetchone()
        return bytes(row[0]) if row else None

    @staticmethod
    def _new_key(connection: sqlite3.Connection, subject: str, group: str, made_at: int) -> bytes:
        key = new_key()
        connection.execute("INSERT OR REPLACE INTO keys.keys VALUES (?, ?, ?, ?)", (subject, group, made_at, key))
        return key

    def _now(self) -> int:
        return _micros(self._clock.now())

    def _take_in_plain_contacts(self) -> None:
        """Contacts of version 0.1 stood there in plain text. When they were put is not known: any erasure covers them."""
        with self._open() as connection:
            if connection.execute("SELECT 1 FROM main.sqlite_master WHERE name = 'contacts'").fetchone() is None:
                return
            for subject, body in connection.execute("SELECT id, body FROM contacts").fetchall():
                self._keep(connection, subject, CONTACT, body.encode(), 0)
            connection.execute("DROP TABLE contacts")
        with closing(sqlite3.connect(self._path, timeout=30)) as connection:
            connection.execute("VACUUM")

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        """A connection to both files and, in it, one transaction: they change together or not at all."""
        with closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as connection:
            connection.execute("ATTACH ? AS keys", (str(self._keys),))
            for name in ("main", "keys"):
                connection.execute(f"PRAGMA {name}.secure_delete = ON")  # what is deleted must not be found in a free page
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection


def parts(sealed: str) -> tuple[str, str, bytes]:
    """Subject, group and ciphertext of a sealed text.

    Raises:
        MalformedError: if it is none.
    """
    form, _, rest = sealed.partition(":")
    subject, _, rest = rest.partition(":")
    group, _, body = rest.rpartition(":")
    try:
        data = urlsafe_b64decode(body)
    except ValueError:
        data = b""
    if form != _SEALED or not (subject and group) or len(data) <= NONCE_BYTES:
        raise MalformedError("sealed", "not in the form of a sealed text", f"{_SEALED}:SUBJECT:GROUP:BASE64")
    return subject, group, data


def _closed(key: bytes, text: bytes, subject: str, group: str) -> bytes:
    return closed(key, text, _place(subject, group))


def _opened(key: bytes, body: bytes, subject: str, group: str) -> bytes:
    try:
        return opened(key, body, _place(subject, group))
    except WrongKeyError as error:
        raise MalformedError("sealed", f"the key of {subject} does not open it", "vault and keys of the same moment") from error


def _place(subject: str, group: str) -> str:
    return f"{subject}\0{group}"


def _micros(value: datetime) -> int:
    return (value - _EPOCH) // timedelta(microseconds=1)
