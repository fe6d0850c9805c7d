"""Sends what is queued: one notice at a time, in order, each step recorded before the next.

    all of the mail but its dot -> Attempt (durable) -> dot -> server's answer -> ConfirmSent | Fail | Doubt

It may be stopped or killed anywhere. Before `Attempt` is durable the notice is still queued and nothing was delivered; from
there to the recorded outcome the next start finds it in hand and puts it in doubt (`docs/decisions/0010-mail-once.md`).
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

from services.kernel.form import MalformedError
from services.kernel.ports import Clock
from services.notification import templates
from services.notification.core import in_hand, next_to_send
from services.notification.mail import BadContactError, Mail, compose
from services.notification.model import Attempt, ConfirmSent, Doubt, Fail, FailReason
from services.notification.records import Call, Erased, Notice
from services.notification.smtp import Abandoned, MailServer, NotTaken, Taken, Unknown
from services.runtime import metrics
from services.runtime.batch import Answer, Order
from services.runtime.clock import clock
from services.runtime.settings import Settings
from services.runtime.shards import system_actor
from services.runtime.state import RowView
from services.runtime.vault import Vault
from services.runtime.writer import Writer

_IDLE_SECONDS = 1.0
_GRACE_SECONDS = 10.0
"""How long a stop waits for a server's answer; after that the mail in hand is left in doubt."""

log = structlog.get_logger()


class Sender:
    """Sends one log's notices in a thread of its own; while the mail server is away, notices fail and fall due again."""

    def __init__(
        self,
        writer: Writer,
        *,
        vault: Vault,
        server: MailServer,
        deployment: str,
        mail_from: str,
        clock: Clock,
        stopped: Callable[[BaseException], None],
    ) -> None:
        self._writer, self._vault, self._server, self._clock, self._stopped = writer, vault, server, clock, stopped
        self._deployment, self._mail_from = deployment, mail_from
        self._actor = system_actor("notification")
        self._stop = threading.Event()
        self._runner = asyncio.Runner()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"sender {writer.name}", daemon=True)

    def start(self) -> None:
        """Begin to send; the writer must have been started."""
        self._thread.start()

    def stop(self) -> None:
        """End after the mail in hand, or in the midst of it if the server does not answer for too long."""
        self._stop.set()
        with self._writer.committed:
            self._writer.committed.notify_all()
        self._thread.join(_GRACE_SECONDS)
        if self._thread.is_alive() and self._task is not None:
            with suppress(RuntimeError):  # the loop has ended by itself in this very moment
                self._runner.get_loop().call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._runner as runner:
                runner.run(self._main())
        except asyncio.CancelledError:
            log.warning("sender.cut_short", log=self._writer.name)
        except BaseException as error:  # noqa: BLE001 - whatever it is, no mail is sent any more, and the owner must know
            try:
                log.error("sender.stopped", log=self._writer.name, reason=type(error).__name__)  # noqa: TRY400 - a trace may tell an address
            finally:
                self._stopped(error)

    async def _main(self) -> None:
        self._task = asyncio.current_task()
        try:
            self._obey_erasures()
            await self._doubt_what_was_in_hand()
            obeyed = 0
            while not self._stop.is_set():
                with self._writer.store.read() as reads:
                    length, work = reads.head().length, next_to_send(RowView(reads))
                if work is not None:
                    await self._send(*work)
                    continue
                if length != obeyed:
                    self._obey_erasures()
                    obeyed = length
                await self._server.close()
                await asyncio.to_thread(self._wait, length)
            await self._server.close()
        finally:
            self._server.drop()

    def _wait(self, length: int) -> None:
        """Wait for an entry after the first `length`, but not for ever."""
        with self._writer.committed:
            with self._writer.store.read() as reads:
                nothing_new = reads.head().length == length
            if nothing_new and not self._stop.is_set():
                self._writer.committed.wait(_IDLE_SECONDS)

    def _obey_erasures(self, *subject: str) -> None:
        """Void in the vault what this log says is void, of one subject or of all: also in a vault restored from before."""
        with self._writer.store.read() as reads:
            erased = tuple(RowView(reads).all(Erased, *subject))
        for erasure in erased:
            self._vault.void(erasure.subject, erasure.group, until=erasure.until)

    async def _doubt_what_was_in_hand(self) -> None:
        with self._writer.store.read() as reads:
            left = tuple(in_hand(RowView(reads)))
        for notice in left:
            await self._doubt(notice)

    async def _send(self, call: Call, notice: Notice) -> None:
        mail = self._mail(call, notice)
        if isinstance(mail, FailReason):
            await self._fail(notice, NotTaken(mail, None, permanent=True))
            return
        match await self._server.hand_over(mail, lambda: self._attempt(notice)):
            case Taken():
                await self._record("sent", ConfirmSent(call_id=notice.call_id, notice_id=notice.notice_id, turn=notice.turn))
                self._tell("sent", notice)
            case NotTaken() as failure:
                await self._fail(notice, failure)
            case Unknown():
                await self._doubt(notice)
            case Abandoned():
                log.warning("notice.abandoned", call_id=notice.call_id, notice_id=notice.notice_id)

    def _mail(self, call: Call, notice: Notice) -> Mail | FailReason:
        """The mail of a notice, or why there cannot be one."""
        self._obey_erasures(notice.addressee)
        try:
            contact = self._vault.get(notice.addressee)
        except MalformedError:
            return FailReason.BAD_CONTACT
        if contact is None:
            return FailReason.NO_CONTACT
        try:
            words = templates.render(notice, call, contact.name, contact.language)
        except (KeyError, ValueError):
            return FailReason.UNWRITABLE
        try:
            return compose(
                words,
                contact,
                notice_id=notice.notice_id,
                deployment=self._deployment,
                sender=self._mail_from,
                now=self._clock.now(),
            )
        except BadContactError:
            return FailReason.BAD_CONTACT

    async def _attempt(self, notice: Notice) -> bool:
        """Record the attempt; True only if it is this very try that recorded it."""
        answer = await self._record("attempt", Attempt(call_id=notice.call_id, notice_id=notice.notice_id, turn=notice.turn))
        return not answer.repeated and answer.events[0]["type"] == "NoticeAttempted"

    async def _fail(self, notice: Notice, failure: NotTaken) -> None:
        command = Fail(
            call_id=notice.call_id,
            notice_id=notice.notice_id,
            turn=notice.turn,
            reason=failure.reason,
            smtp_code=failure.smtp_code,
            permanent=failure.permanent,
        )
        await self._record("fail", command)
        self._tell("failed", notice, reason=failure.reason.value, smtp_code=failure.smtp_code, permanent=failure.permanent)

    async def _doubt(self, notice: Notice) -> None:
        await self._record("doubt", Doubt(call_id=notice.call_id, notice_id=notice.notice_id, turn=notice.turn))
        self._tell("in_doubt", notice)

    async def _record(self, verb: str, command: Attempt | ConfirmSent | Fail | Doubt) -> Answer:
        """Submit a command under the id that this step of this turn always has; returns when it is durable."""
        command_id = f"{verb}/{command.call_id}/{command.notice_id}/{command.turn}"
        future = self._writer.submit(Order(command_id=command_id, command=command, actor=self._actor))
        return await asyncio.to_thread(future.result)

    def _tell(self, outcome: str, notice: Notice, **more: Any) -> None:
        metrics.mails.labels(outcome).inc()
        tell = log.warning if outcome == "in_doubt" else log.info
        tell(f"notice.{outcome}", call_id=notice.call_id, notice_id=notice.notice_id, turn=notice.turn, **more)


def sender(writer: Writer, settings: Settings, stopped: Callable[[BaseException], None]) -> Sender:
    """The sender of a log, as the settings say."""
    host, _, port = settings.smtp.rpartition(":")
    return Sender(
        writer,
        vault=Vault(settings.vault, clock(settings.clock)),
        server=MailServer(host=host, port=int(port), own_name=settings.mail_from.rpartition("@")[2]),
        deployment=settings.deployment,
        mail_from=settings.mail_from,
        clock=clock(settings.clock),
        stopped=stopped,
    )
