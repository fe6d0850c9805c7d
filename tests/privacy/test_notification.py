"""The service that reads the vault for mails obeys the log before each reading, and at each start."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from grants.intake.v1 import intake_events_pb2 as intake

from services.demo.sink import free_port
from services.notification.codec import reactions
from services.notification.model import NoteErasure, NoticeStatus
from services.notification.records import Erased
from services.runtime.facts import Fact
from services.runtime.state import RowView
from services.runtime.vault import CONTACT, EVERY_GROUP, Vault
from tests.services.notification.post import BODY, CALL_ID, MORNING, SYSTEM, Office, Server, contact, listening
from tests.services.notification.post import notice as noticed
from tests.services.notification.post import register as registered

ERASED_AT = datetime(2021, 6, 1, tzinfo=UTC)
ERASURE = NoteErasure(call_id=CALL_ID, subject=BODY, group=EVERY_GROUP, until=ERASED_AT)
FILES = ("vault.db", "vault.keys")


@pytest.fixture
def post(tmp_path: Path) -> Iterator[tuple[Office, Server, Vault]]:
    """An office with a contact, a copy of its vault beside it, and a mail server."""
    server, port = Server(), free_port()
    office = Office(tmp_path / "office", port)
    vault = Vault(office.directory / "vault.db", office.clock)
    vault.put(BODY, contact())
    (tmp_path / "backup").mkdir()
    copy(office.directory, tmp_path / "backup")
    with listening(server, port):
        yield office, server, vault


def copy(here: Path, there: Path) -> None:
    """Each file in one step: the sender may be about to open it."""
    for name in FILES:
        shutil.copy2(here / name, there / f"{name}.new")
        (there / f"{name}.new").replace(there / name)


def test_no_mail_goes_to_who_was_erased_also_not_by_a_vault_restored_meanwhile(post: tuple[Office, Server, Vault]) -> None:
    office, server, vault = post
    with office.open():
        office.give(registered())
        office.give(ERASURE)
        office.give(noticed("a"))
        assert office.settle() == {"a": NoticeStatus.FAILED}
        assert vault.get(BODY) is None
        copy(office.directory.parent / "backup", office.directory)
        assert vault.get(BODY) is not None
        office.give(noticed("b"))
        assert set(office.settle().values()) == {NoticeStatus.FAILED}
    assert (server.mails, vault.get(BODY)) == ([], None)


def test_a_start_voids_what_a_restored_vault_has_back(post: tuple[Office, Server, Vault]) -> None:
    office, _, vault = post
    with office.open():
        office.give(registered())
        office.give(ERASURE)
    copy(office.directory.parent / "backup", office.directory)
    again = Office(office.directory, office.port)
    with again.open():
        again.settle()
    assert vault.get(BODY) is None


def test_a_contact_that_was_put_after_the_erasure_is_written_to(post: tuple[Office, Server, Vault]) -> None:
    office, server, vault = post
    early = NoteErasure(call_id=CALL_ID, subject=BODY, group=CONTACT, until=MORNING - timedelta(days=1))
    vault.put(BODY, contact())
    with office.open():
        office.give(registered())
        office.give(early)
        office.give(noticed("a"))
        assert office.settle() == {"a": NoticeStatus.SENT}
    assert len(server.mails) == 1


def test_the_latest_erasure_holds_whatever_the_order_in_which_they_are_heard_of(tmp_path: Path) -> None:
    office = Office(tmp_path, free_port())
    with office.open(sending=False):
        office.give(ERASURE)
        earlier = NoteErasure(call_id="call-2", subject=BODY, group=EVERY_GROUP, until=ERASED_AT - timedelta(days=1))
        assert office.give(earlier).events == ()
        with office.writer.store.read() as reads:
            assert [erased.until for erased in RowView(reads).all(Erased, BODY)] == [ERASED_AT]


@pytest.mark.parametrize(
    ("message", "members", "group"),
    [
        (intake.SubjectErased(), {"subject": BODY, "erasedAt": "2021-06-01T00:00:00Z"}, EVERY_GROUP),
        (intake.DataDestroyed(), {"applicant": BODY, "group": CONTACT, "destroyedAt": "2021-06-01T00:00:00Z"}, CONTACT),
    ],
)
def test_what_the_intake_made_void_is_noted(message: Message, members: dict[str, Any], group: str) -> None:
    json_format.ParseDict({"callId": CALL_ID, **members}, message)
    fact = Fact(source="intake/0", index=1, leaf="0" * 64, time=ERASED_AT, actor=SYSTEM, message=message)
    assert list(reactions(fact)) == [NoteErasure(call_id=CALL_ID, subject=BODY, group=group, until=ERASED_AT)]
