"""The last line of defence: a database refuses a row that breaks a limit, whatever the core says."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.budget_ledger.core import DECIDER
from services.budget_ledger.model import MergeApplicants
from services.budget_ledger.records import Envelope, Reservation, Use
from services.kernel.canonical import encode
from services.kernel.decider import Record
from services.kernel.form import to_json
from services.runtime.sql_store import SqlStore, open_store
from tests.services.budget_ledger.desk import ENVELOPE, Desk, reserve


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    url = f"sqlite:///{tmp_path}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = open_store(url, "budget_ledger/0", DECIDER.checks)
    yield opened
    opened.close()


def write(store: SqlStore, *records: Record) -> None:
    epoch = store.take_over()
    with store.transaction(epoch) as tx:
        tx.put_rows((type(record).__name__, record.key(), encode(to_json(record))) for record in records)


def refuses(store: SqlStore, record: Record) -> bool:
    try:
        write(store, record)
    except (sqlite3.IntegrityError, psycopg.errors.CheckViolation):
        return True
    return False


def story() -> Desk:
    """Awarded, paid, partly recovered, and a use above the cap by a merger: rows of every kind."""
    desk = Desk().awarded().paid("advance", 5_000_000).paid("recovery", 1_000_000)
    desk.do(reserve("a-2.1", 5_000_000, applicant="body-2"))
    desk.do(MergeApplicants(envelope_id=ENVELOPE, from_body="body-2", into_body="body-1"))
    return desk


def get(desk: Desk, kind: type[Any], *key: str) -> Any:
    record = desk.state.get(kind, *key)
    assert record is not None
    return record


def test_every_row_of_a_story_is_taken(store: SqlStore) -> None:
    write(store, *story().state.records.values())


def test_a_row_above_a_limit_is_refused(store: SqlStore) -> None:
    desk = story()
    envelope = get(desk, Envelope, ENVELOPE)
    use = get(desk, Use, ENVELOPE, "body-1")
    award = get(desk, Reservation, ENVELOPE, "a-1.1")
    room = envelope.available_cents
    assert not refuses(store, replace(envelope, reserved_cents=envelope.reserved_cents + room))
    assert refuses(store, replace(envelope, reserved_cents=envelope.reserved_cents + room + 1))
    assert refuses(store, replace(envelope, reserved_cents=-1))
    assert refuses(store, replace(envelope, ordered_cents=1_000_001))
    assert refuses(store, replace(use, held_cents=use.limit_cents + 1))
    assert refuses(store, replace(use, held_cents=-1))
    assert refuses(store, replace(award, paid_cents=6_000_001))
    assert refuses(store, replace(award, committed_cents=6_000_001))


def test_a_row_that_lacks_a_sum_is_refused(store: SqlStore) -> None:
    epoch = store.take_over()
    with (
        pytest.raises((sqlite3.IntegrityError, psycopg.errors.CheckViolation)),
        store.transaction(epoch) as tx,
    ):
        tx.put_rows([("Use", f"{ENVELOPE}/body-9", b'{"heldCents":"1"}')])
