"""Endpoints and the log of deliveries in a database beside the feed's: SQLite or PostgreSQL, one set of statements.

It is opened when first used. One connection, one transaction at a time: what is kept here changes a few times a second.
"""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from services.publishing.doors.webhooks.endpoints import Delivery, Endpoint, State, Why
from services.publishing.doors.webhooks.payload import Payload
from services.publishing.doors.webhooks.transport import Outcome, Reason
from services.runtime.sql_store import Dialect, Postgres, Sqlite

KEPT = 1_000
"""Lines of the log of deliveries for an endpoint."""
KEPT_FOR = timedelta(days=30)

_TABLES = """
CREATE TABLE IF NOT EXISTS endpoints (id {text} PRIMARY KEY, url TEXT NOT NULL, types TEXT NOT NULL, calls TEXT NOT NULL,
    payload TEXT NOT NULL, sealed {blob} NOT NULL, feed_id TEXT NOT NULL, next_place BIGINT NOT NULL, due BIGINT NOT NULL,
    state TEXT NOT NULL, why TEXT, resend_next BIGINT, resend_last BIGINT, failed BIGINT NOT NULL, mail_due BIGINT);
CREATE TABLE IF NOT EXISTS deliveries (endpoint {text} NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL,
    webhook_id TEXT NOT NULL, type TEXT NOT NULL, attempt BIGINT NOT NULL, reason TEXT NOT NULL, status BIGINT,
    detail TEXT NOT NULL, millis BIGINT NOT NULL, PRIMARY KEY (endpoint, number))
"""
_COLUMNS = (
    "id, url, types, calls, payload, sealed, feed_id, next_place, due, state, why, resend_next, resend_last, failed, mail_due"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


class Transaction:
    """Reads and writes that happen together or not at all."""

    def __init__(self, connection: Any, dialect: Dialect) -> None:
        self._connection, self._dialect = connection, dialect

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint of that id."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM endpoints WHERE id = ?", endpoint_id)  # noqa: S608 - a constant
        return _endpoint(rows[0]) if rows else None

    def endpoints(self) -> Sequence[Endpoint]:
        """All of them, by id."""
        return [_endpoint(row) for row in self._rows(f"SELECT {_COLUMNS} FROM endpoints ORDER BY id")]  # noqa: S608 - a constant

    def ready(self, now: datetime, length: int, limit: int) -> Sequence[tuple[str, bool]]:
        """Endpoints with an attempt to make now in a feed of that length, and whether their last one failed.

        Those that failed come last, and else those first that have waited longest.
        """
        select = (
            "SELECT id, failed FROM endpoints WHERE state = ? AND due <= ? AND COALESCE(resend_next, next_place) < ?"
            " ORDER BY CASE WHEN failed > 0 THEN 1 ELSE 0 END, due, id LIMIT ?"
        )
        return [(id_, failed > 0) for id_, failed in self._rows(select, State.ACTIVE.value, _micros(now), length, limit)]

    def owed_mails(self, now: datetime) -> Sequence[Endpoint]:
        """Disabled endpoints whose owners are to be told now."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM endpoints WHERE mail_due <= ? ORDER BY mail_due, id", _micros(now))  # noqa: S608 - a constant
        return [_endpoint(row) for row in rows]

    def put(self, endpoint: Endpoint) -> None:
        """Keep an endpoint in the place of what was there."""
        self._run("DELETE FROM endpoints WHERE id = ?", endpoint.endpoint_id)
        insert = f"INSERT INTO endpoints ({_COLUMNS}) VALUES ({', '.join('?' * len(_COLUMNS.split(',')))})"  # noqa: S608 - a constant
        self._run(
            insert,
            endpoint.endpoint_id,
            endpoint.url,
            " ".join(sorted(endpoint.types)),
            " ".join(sorted(endpoint.calls)),
            endpoint.payload.value,
            endpoint.sealed,
            endpoint.feed_id,
            endpoint.next,
            _micros(endpoint.due),
            endpoint.state.value,
            endpoint.why and endpoint.why.value,
            endpoint.resend_next,
            endpoint.resend_last,
            endpoint.failed,
            None if endpoint.mail_due is None else _micros(endpoint.mail_due),
        )

    def remove(self, endpoint_id: str) -> None:
        """Forget an endpoint, and its log."""
        self._run("DELETE FROM endpoints WHERE id = ?", endpoint_id)
        self._run("DELETE FROM deliveries WHERE endpoint = ?", endpoint_id)

    def note(self, endpoint_id: str, outcome: Outcome, *, at: datetime, webhook_id: str, kind: str, attempt: int) -> Delivery:
        """Write a line of the log of deliveries; old ones go."""
        ((last,),) = self._rows("SELECT COALESCE(MAX(number), 0) FROM deliveries WHERE endpoint = ?", endpoint_id)
        number = last + 1
        self._run(
            "INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            endpoint_id,
            number,
            _micros(at),
            webhook_id,
            kind,
            attempt,
            outcome.reason.value,
            outcome.status,
            outcome.detail,
            outcome.millis,
        )
        forget = "DELETE FROM deliveries WHERE endpoint = ? AND (number <= ? OR at < ?)"
        self._run(forget, endpoint_id, number - KEPT, _micros(at - KEPT_FOR))
        return Delivery(
            endpoint_id=endpoint_id, number=number, at=at, webhook_id=webhook_id, type=kind, attempt=attempt, outcome=outcome
        )

    def deliveries(self, endpoint_id: str, limit: int) -> Sequence[Delivery]:
        """The newest lines of an endpoint's log, the newest first."""
        select = (
            "SELECT endpoint, number, at, webhook_id, type, attempt, reason, status, detail, millis FROM deliveries"
            " WHERE endpoint = ? ORDER BY number DESC LIMIT ?"
        )
        return [_delivery(row) for row in self._rows(select, endpoint_id, limit)]

    def _rows(self, text: str, *params: Any) -> list[tuple[Any, ...]]:
        return cast("list[tuple[Any, ...]]", self._connection.execute(self._dialect.sql(text), params).fetchall())

    def _run(self, text: str, *params: Any) -> None:
        self._connection.execute(self._dialect.sql(text), params)


class WebhookStore:
    """Safe for many threads."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._connection: Any = None
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Generator[Transaction]:
        """One transaction; it is durable when the block has ended."""
        with self._lock:
            if self._connection is None:
                self._connection = self._opened()
            self._connection.execute(self._dialect.begin)
            try:
                yield Transaction(self._connection, self._dialect)
            except BaseException:
                with suppress(Exception):  # it may be gone with its connection: what matters is why
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Give back the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _opened(self) -> Any:
        connection: Any = self._dialect.connect()
        for statement in _TABLES.format(**self._dialect.types).split(";"):
            connection.execute(statement)
        return connection


def open_webhooks(url: str) -> WebhookStore:
    """The store beside the logs of a `sqlite:///` or `postgresql://` URL: a file, or a schema, of its own."""
    if url.startswith("sqlite:///"):
        return WebhookStore(Sqlite(Path(url.removeprefix("sqlite:///")) / "webhooks.db"))
    return WebhookStore(Postgres(url, "webhooks"))


def _endpoint(row: tuple[Any, ...]) -> Endpoint:
    id_, url, types, calls, form, sealed, feed_id, place, due, state, why, resend_next, resend_last, failed, mail_due = row
    return Endpoint(
        endpoint_id=id_,
        url=url,
        types=frozenset(types.split()),
        calls=frozenset(calls.split()),
        payload=Payload(form),
        sealed=bytes(sealed),
        feed_id=feed_id,
        next=place,
        due=_instant(due),
        state=State(state),
        why=None if why is None else Why(why),
        resend_next=resend_next,
        resend_last=resend_last,
        failed=failed,
        mail_due=None if mail_due is None else _instant(mail_due),
    )


def _delivery(row: tuple[Any, ...]) -> Delivery:
    endpoint, number, at, webhook_id, kind, attempt, reason, status, detail, millis = row
    outcome = Outcome(reason=Reason(reason), status=status, detail=detail, millis=millis)
    return Delivery(
        endpoint_id=endpoint, number=number, at=_instant(at), webhook_id=webhook_id, type=kind, attempt=attempt, outcome=outcome
    )


def _micros(value: datetime) -> int:
    return (value - _EPOCH) // _MICRO


def _instant(micros: int) -> datetime:
    return _EPOCH + micros * _MICRO
