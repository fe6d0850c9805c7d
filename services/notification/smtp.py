"""The conversation with the mail server, split where it matters: everything but the final dot, then the dot.

Until the line with the single dot has reached it, a server must not deliver a message (RFC 5321, 4.1.1.4); after that, only
its answer tells whether it did. So all that can fail fails before the dot, and what is left to chance is one packet and its
answer.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiosmtplib import SMTP, SMTPException, SMTPRecipientRefused, SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.protocol import SMTPProtocol

from services.notification.mail import Mail
from services.notification.model import FailReason

_PATIENCE_SECONDS = 60
_DOT_PATIENCE_SECONDS = 600
"""RFC 5321, 4.5.3.2.6: a server may take long over a whole message, and giving up early is how mail comes twice (RFC 1047)."""
_START_INPUT = 354
_PERMANENT = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """The server has the mail."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The server certainly has not got the mail."""

    reason: FailReason
    smtp_code: int | None
    permanent: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """The dot was given to the line, and no answer came back."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The dot was not to be sent."""


Result = Taken | NotTaken | Unknown | Abandoned


class MailServer:
    """One connection at a time, kept open from mail to mail. Use it from one event loop."""

    def __init__(self, *, host: str, port: int, own_name: str) -> None:
        self._host, self._port, self._own_name = host, port, own_name
        self._client: SMTP | None = None

    async def hand_over(self, mail: Mail, go: Callable[[], Awaitable[bool]]) -> Result:
        """Send a mail. `go` is asked when only the final dot is left: True sends it, False gives the mail up."""
        try:
            protocol = await self._offer(mail)
        except (SMTPException, OSError) as error:
            self.drop()
            return _failure(error)
        if not await go():
            self.drop()
            return Abandoned()
        try:
            protocol.write(b".\r\n")
        except SMTPServerDisconnected as error:
            self.drop()
            return _failure(error)
        return await self._answer(protocol)

    async def close(self) -> None:
        """End the conversation politely."""
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            try:
                await client.quit(timeout=_PATIENCE_SECONDS)
            except (SMTPException, OSError):
                client.close()  # it has gone before we could say goodbye

    def drop(self) -> None:
        """End the conversation at once; a mail without its dot is forgotten by the server."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _offer(self, mail: Mail) -> SMTPProtocol:
        """Send all of the mail but the final dot."""
        client = await self._connected()
        await client.mail(mail.sender)
        await client.rcpt(mail.recipient)
        reply = await client.execute_command(b"DATA")
        if reply.code != _START_INPUT:
            raise SMTPResponseException(reply.code, "DATA refused")
        protocol = client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("connection lost")
        protocol.write(re.sub(rb"(?m)^\.", b"..", mail.content))
        return protocol

    async def _answer(self, protocol: SMTPProtocol) -> Result:
        """The server's word on the mail; whatever is no clear word is none."""
        try:
            reply = await protocol.read_response(timeout=_DOT_PATIENCE_SECONDS)
        except (SMTPException, OSError):
            self.drop()
            return Unknown()
        match reply.code // 100:
            case 2:
                return Taken()
            case 4 | 5:
                return _failure(SMTPResponseException(reply.code, "message refused"))
            case _:
                self.drop()
                return Unknown()

    async def _connected(self) -> SMTP:
        """The open connection in a fresh state, or a new one."""
        if self._client is not None and self._client.is_connected:
            return self._client
        self._client = SMTP(hostname=self._host, port=self._port, local_hostname=self._own_name, timeout=_PATIENCE_SECONDS)
        await self._client.connect()
        return self._client


def _failure(error: SMTPException | OSError) -> NotTaken:
    if not isinstance(error, SMTPResponseException) or not 400 <= error.code < 600:  # noqa: PLR2004 - SMTP's error classes
        return NotTaken(FailReason.UNREACHABLE, None, permanent=False)
    if error.code < _PERMANENT:
        return NotTaken(FailReason.DEFERRED, error.code, permanent=False)
    reason = FailReason.UNKNOWN_ADDRESSEE if isinstance(error, SMTPRecipientRefused) else FailReason.REJECTED
    return NotTaken(reason, error.code, permanent=True)
