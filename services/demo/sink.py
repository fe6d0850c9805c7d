"""A real SMTP server that counts what it takes, by message id."""

import socket
from collections import Counter
from email import message_from_bytes
from typing import Any


class Sink:
    """An aiosmtpd handler. `mails` has each message once for every time that it came."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - named by aiosmtpd
        """Take a message."""
        message = message_from_bytes(envelope.content)
        self.mails += [(str(message["Message-ID"]), recipient) for recipient in envelope.rcpt_tos]
        return "250 OK"

    def doubled(self) -> dict[tuple[str, str], int]:
        """What came more than once."""
        return {mail: times for mail, times in Counter(self.mails).items() if times > 1}


def free_port() -> int:
    """A port of the loopback interface that nobody listens on, and that nobody else is given while this process lives."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # every server sets it too, and so may listen there
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        holder.detach()  # it stays bound and never listens: the system gives the port neither to a server nor to a client
        return port
