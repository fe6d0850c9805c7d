"""A post office for tests: notices to send, a real mail server that counts, and the service's own writer on SQLite."""

import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiosmtpd.controller import Controller

from services.kernel.people import Actor, Role
from services.notification.core import DECIDER, pending
from services.notification.model import Command, NoticeKind, NoticeStatus, Outcome, Queue, RegisterCall, Resolve
from services.notification.records import Notice
from services.notification.sender import Sender
from services.notification.smtp import MailServer
from services.runtime.batch import Answer, Order
from services.runtime.shards import system_actor
from services.runtime.sql_store import open_store
from services.runtime.state import RowView
from services.runtime.vault import Contact, Vault
from services.runtime.writer import Writer

WAIT_SECONDS = 60
"""What a busy machine may take for anything that is waited for here."""
CALL_ID = "call-2021-1"
BODY = "0207437468"
MORNING = datetime(2021, 5, 11, 8, 0, tzinfo=UTC)
SYSTEM = system_actor("notification")
OPERATOR = Actor(id="operator-1", organisation="agency", roles=(Role.OPERATOR,))


def register(call_id: str = CALL_ID) -> RegisterCall:
    return RegisterCall(
        call_id=call_id,
        title={"nl": "Lokale aanpak", "en": "Local approach"},
        authority={"nl": "Agentschap Binnenlands Bestuur", "en": "Agency for Home Affairs"},
        zone="Europe/Brussels",
        currency="EUR",
        reports=(),
    )


def notice(notice_id: str, *, addressee: str = BODY, call_id: str = CALL_ID) -> Queue:
    params = {"deadline_at": "2021-05-11T16:00:00Z"}
    return Queue(call_id=call_id, notice_id=notice_id, kind=NoticeKind.EXTENSION, addressee=addressee, params=params)


def resolve(notice_id: str, outcome: Outcome) -> Resolve:
    return Resolve(call_id=CALL_ID, notice_id=notice_id, outcome=outcome)


def contact(number: str = BODY, language: str = "nl") -> Contact:
    return Contact(name="Gemeente Voorbeeld (synthetic)", mail=f"grants@{number}.example.org", language=language)


class StandingClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.time = MORNING

    def now(self) -> datetime:
        return self.time


class Server:
    """What the mail server took, and how it answers: `rcpt`, `data` may be replaced by another reply, or by a deed."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.rcpt: str | None = None
        self.data: str | Callable[[Any], str] = "250 OK"
        self.arrived = threading.Condition()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if self.rcpt is not None:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - named by aiosmtpd
        reply = self.data if isinstance(self.data, str) else self.data(server)
        if reply.startswith("2"):
            with self.arrived:
                self.mails.append(envelope.content)
                self.arrived.notify_all()
        return reply

    def ids(self) -> list[str]:
        return [str(message_from_bytes(mail, policy=policy.default)["Message-ID"]) for mail in self.mails]

    def count(self, notice_id: str) -> int:
        return Counter(self.ids())[f"<{notice_id}@synthetic>"]

    def wait(self, mails: int) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.mails) >= mails, timeout=WAIT_SECONDS)


@contextmanager
def listening(server: Server, port: int) -> Generator[None, None, None]:
    controller = Controller(server, hostname="127.0.0.1", port=port, ready_timeout=WAIT_SECONDS, server_hostname="localhost")
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@dataclass
class Office:
    """The service's writer, vault and sender over a directory."""

    directory: Path
    port: int
    server_type: type[MailServer] = MailServer
    clock: StandingClock = field(default_factory=StandingClock)
    failures: list[BaseException] = field(default_factory=list[BaseException])

    def __post_init__(self) -> None:
        store = open_store(f"sqlite:///{self.directory}", "notification/0")
        self.vault = Vault(self.directory / "vault.db")
        self.writer = Writer(
            deployment="synthetic",
            name="notification/0",
            decider=DECIDER,
            store=store,
            clock=self.clock,
            stopped=self._failed,
        )
        self.sender = Sender(
            self.writer,
            vault=self.vault,
            server=self.server_type(host="127.0.0.1", port=self.port, own_name="oproep.example"),
            deployment="synthetic",
            mail_from="noreply@oproep.example",
            clock=self.clock,
            stopped=self._failed,
        )

    @contextmanager
    def open(self, *, sending: bool = True) -> Generator["Office", None, None]:
        self.writer.start()
        if sending:
            self.sender.start()
        try:
            yield self
        finally:
            if sending:
                self.sender.stop()
            self.writer.stop()
            self.writer.store.close()

    def give(self, command: Command, actor: Actor = SYSTEM) -> Answer:
        return self.writer.submit(Order(command_id=uuid4().hex, command=command, actor=actor)).result(WAIT_SECONDS)

    def pass_time(self, time: timedelta) -> None:
        self.clock.time += time
        self.writer.sweep(SYSTEM).result(WAIT_SECONDS)

    def statuses(self) -> dict[str, NoticeStatus]:
        with self.writer.store.read() as reads:
            return {n.notice_id: n.status for n in RowView(reads).all(Notice)}

    def settle(self) -> dict[str, NoticeStatus]:
        """Wait until the sender has nothing to do."""
        with self.writer.committed:
            assert self.writer.committed.wait_for(lambda: not self._pending() or self.failures, timeout=WAIT_SECONDS)
        assert not self.failures
        return self.statuses()

    def wait_for_failures(self, count: int) -> set[type[BaseException]]:
        with self.writer.committed:
            assert self.writer.committed.wait_for(lambda: len(self.failures) >= count, timeout=WAIT_SECONDS)
        return {type(failure) for failure in self.failures}

    def _failed(self, reason: BaseException) -> None:
        with self.writer.committed:
            self.failures.append(reason)
            self.writer.committed.notify_all()

    def _pending(self) -> int:
        with self.writer.store.read() as reads:
            return pending(RowView(reads))
