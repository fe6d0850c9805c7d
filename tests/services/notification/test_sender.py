"""The sender against a real mail server, with the real writer: what comes out for each way in which mail goes right or wrong."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtplib.protocol import SMTPProtocol
from structlog.testing import capture_logs

from services.demo.sink import free_port
from services.kernel.ports import FencedError
from services.notification.core import in_hand
from services.notification.mail import Mail
from services.notification.model import Attempt, NoticeStatus, Outcome
from services.notification.smtp import MailServer, Result
from services.runtime.batch import Order
from services.runtime.state import RowView
from tests.services.notification.post import (
    BODY,
    CALL_ID,
    OPERATOR,
    SYSTEM,
    WAIT_SECONDS,
    Office,
    Server,
    contact,
    listening,
    notice,
    register,
    resolve,
)

RETRY = timedelta(minutes=1)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(port: int) -> Iterator[Server]:
    server = Server()
    with listening(server, port):
        yield server


@pytest.fixture
def office(tmp_path: Path, port: int) -> Office:
    office = Office(tmp_path, port)
    office.vault.put(BODY, contact())
    return office


def test_each_notice_becomes_one_mail_in_the_order_of_the_queue(office: Office, server: Server) -> None:
    ids = [f"notice-{n}" for n in range(20)]
    with office.open():
        office.give(register())
        for notice_id in ids:
            office.give(notice(notice_id))
            office.give(notice(notice_id))
        assert set(office.settle().values()) == {NoticeStatus.SENT}
    assert server.ids() == [f"<{notice_id}@synthetic>" for notice_id in ids]


def test_the_mail_is_what_its_reader_needs(office: Office, server: Server) -> None:
    with office.open():
        office.give(register())
        office.give(notice("a"))
        office.settle()
    mail = message_from_bytes(server.mails[0], policy=policy.default)
    assert mail["To"].addresses[0].addr_spec == f"grants@{BODY}.example.org"
    assert mail["Subject"] == "U krijgt uitstel tot dinsdag 11 mei 2021 om 18.00 uur (Europe/Brussels, UTC+02:00)"
    assert mail["Date"].datetime == office.clock.time
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "nl")
    assert "Agentschap Binnenlands Bestuur" in mail.get_content()


def test_a_line_that_begins_with_a_dot_arrives_as_it_is(office: Office, server: Server) -> None:
    office.vault.put(BODY, replace(contact(), name=".", language="en"))
    with office.open():
        office.give(replace(register(), authority={"en": "."}))
        office.give(notice("a"))
        office.settle()
    assert b"\r\n.\r\n" in server.mails[0]


def test_the_longest_name_still_makes_a_message_id_in_one_line(office: Office, server: Server) -> None:
    with office.open():
        office.give(register())
        office.give(notice("n" * 100))
        office.settle()
    assert b"\r\nMessage-ID: <" + b"n" * 100 + b"@synthetic>\r\n" in server.mails[0]


def test_while_the_server_is_away_notices_wait_and_go_out_when_it_is_back(office: Office, port: int) -> None:
    server = Server()
    with office.open():
        office.give(register())
        office.give(notice("a"))
        office.give(notice("b"))
        assert set(office.settle().values()) == {NoticeStatus.WAITING}
        with listening(server, port):
            office.pass_time(RETRY)
            assert set(office.settle().values()) == {NoticeStatus.SENT}
    assert server.ids() == ["<a@synthetic>", "<b@synthetic>"]


@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_a_server_that_says_not_now_is_asked_again(office: Office, server: Server, where: str) -> None:
    setattr(server, where, "451 try again later")
    with office.open():
        office.give(register())
        office.give(notice("a"))
        assert office.settle() == {"a": NoticeStatus.WAITING}
        setattr(server, where, None if where == "rcpt" else "250 OK")
        office.pass_time(RETRY)
        assert office.settle() == {"a": NoticeStatus.SENT}
    assert server.count("a") == 1


@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_a_server_that_says_never_is_believed(office: Office, server: Server, where: str) -> None:
    setattr(server, where, "550 no")
    with office.open():
        office.give(register())
        office.give(notice("a"))
        assert office.settle() == {"a": NoticeStatus.FAILED}
        office.pass_time(timedelta(days=30))
        assert office.settle() == {"a": NoticeStatus.FAILED}
    assert server.mails == []


def test_an_addressee_without_contact_is_told_once_the_operator_has_added_it(office: Office, server: Server) -> None:
    with office.open():
        office.vault.delete(BODY)
        office.give(register())
        office.give(notice("a"))
        assert office.settle() == {"a": NoticeStatus.FAILED}
        office.vault.put(BODY, contact())
        office.give(resolve("a", Outcome.AGAIN), OPERATOR)
        assert office.settle() == {"a": NoticeStatus.SENT}
    assert server.count("a") == 1


@pytest.mark.parametrize("mail", ["nobody", "a b@example.org", "a@example.org\r\nRCPT TO:<b@example.org>", "é@example.org"])
def test_a_contact_that_is_no_address_fails_and_holds_nobody_up(office: Office, server: Server, mail: str) -> None:
    with office.open():
        office.vault.put("0200000001", replace(contact(), mail=mail))
        office.give(register())
        office.give(notice("a", addressee="0200000001"))
        office.give(notice("b"))
        assert office.settle() == {"a": NoticeStatus.FAILED, "b": NoticeStatus.SENT}
    assert server.ids() == ["<b@synthetic>"]


def test_no_answer_after_the_dot_is_a_doubt(office: Office, server: Server) -> None:
    def hang_up(smtp: Any) -> str:
        smtp.transport.abort()
        return "250 OK"  # the server took it, and nobody will ever hear of it

    server.data = hang_up
    with office.open():
        office.give(register())
        office.give(notice("a"))
        office.give(notice("b"))
        assert set(office.settle().values()) == {NoticeStatus.IN_DOUBT}
        server.data = "250 OK"
        office.pass_time(timedelta(days=30))
        office.settle()
        assert (server.count("a"), server.count("b")) == (1, 1)
        office.give(resolve("a", Outcome.SENT), OPERATOR)
        office.give(resolve("b", Outcome.AGAIN), OPERATOR)
        assert set(office.settle().values()) == {NoticeStatus.SENT}
    assert (server.count("a"), server.count("b")) == (1, 2)


def test_a_connection_lost_before_the_dot_is_no_doubt(tmp_path: Path, port: int, server: Server) -> None:
    class Fragile(MailServer):
        async def _offer(self, mail: Mail) -> SMTPProtocol:
            protocol = await super()._offer(mail)
            self.drop()
            return protocol

    office = Office(tmp_path, port, server_type=Fragile)
    office.vault.put(BODY, contact())
    with office.open():
        office.give(register())
        office.give(notice("a"))
        assert office.settle() == {"a": NoticeStatus.WAITING}
    assert server.mails == []


def test_a_turn_that_was_attempted_by_another_hand_is_not_completed(tmp_path: Path, port: int, server: Server) -> None:
    class Raced(MailServer):
        async def hand_over(self, mail: Mail, go: Callable[[], Awaitable[bool]]) -> Result:
            async def go_second() -> bool:
                await go()  # the same command, given a moment before by whoever it was
                return await go()

            return await super().hand_over(mail, go_second)

    office = Office(tmp_path, port, server_type=Raced)
    office.vault.put(BODY, contact())
    with office.open():
        office.give(register())
        office.give(notice("a"))
        with office.writer.committed:
            assert office.writer.committed.wait_for(lambda: office.statuses()["a"] is NoticeStatus.ATTEMPTED, timeout=WAIT_SECONDS)
    assert server.mails == []
    assert not office.failures


def test_a_process_that_was_taken_over_completes_no_mail(tmp_path: Path, port: int, server: Server) -> None:
    successors: list[Office] = []

    class TakenOver(MailServer):
        async def hand_over(self, mail: Mail, go: Callable[[], Awaitable[bool]]) -> Result:
            async def too_late() -> bool:
                successors.append(Office(tmp_path, port))
                return await go()

            return await super().hand_over(mail, too_late)

    office = Office(tmp_path, port, server_type=TakenOver)
    office.vault.put(BODY, contact())
    with office.open():
        office.give(register())
        office.give(notice("a"))
        assert office.wait_for_failures(2) == {FencedError, RuntimeError}
    assert server.mails == []
    with successors[0].open() as successor:
        assert successor.settle() == {"a": NoticeStatus.SENT}
    assert server.count("a") == 1


def test_what_was_in_hand_when_the_sender_ended_is_in_doubt_at_the_next_start(office: Office, server: Server) -> None:
    with office.open(sending=False):
        office.give(register())
        office.give(notice("a"))
        attempt = Attempt(call_id=CALL_ID, notice_id="a", turn=1)
        office.writer.submit(Order(command_id="x", command=attempt, actor=SYSTEM)).result()
        with office.writer.store.read() as reads:
            assert [n.notice_id for n in in_hand(RowView(reads))] == ["a"]
        office.sender.start()
        assert office.settle() == {"a": NoticeStatus.IN_DOUBT}
        office.sender.stop()
    assert server.mails == []


def test_a_stop_does_not_wait_for_ever(tmp_path: Path, port: int, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf(MailServer):
        async def _answer(self, protocol: SMTPProtocol) -> Result:
            await protocol.read_response(timeout=None)
            return await super()._answer(protocol)

    monkeypatch.setattr("services.notification.sender._GRACE_SECONDS", 0.1)
    office = Office(tmp_path, port, server_type=Deaf)
    office.vault.put(BODY, contact())
    with office.open():
        office.give(register())
        office.give(notice("a"))
        server.wait(1)
    assert not office.failures


def test_no_log_line_tells_a_name_or_an_address(office: Office, server: Server) -> None:
    server.rcpt = "550 no"
    with capture_logs() as lines, office.open():
        office.give(register())
        office.give(notice("a"))
        office.settle()
        server.rcpt = None
        office.give(resolve("a", Outcome.AGAIN), OPERATOR)
        office.settle()
    assert [line["event"] for line in lines] == ["notice.failed", "notice.sent"]
    assert not any(secret in str(lines) for secret in ("Voorbeeld", "grants@"))
