"""The notification service in a process of its own, to be killed: `python -m tests.services.notification.crashing DIR PORT POINT`.

It sends what is queued in DIR and ends by itself when that is done. At POINT of the mail named `fatal` it kills itself, as
the loss of power would: no handler runs, no buffer is flushed.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiosmtplib.protocol import SMTPProtocol

from services.notification.mail import Mail
from services.notification.smtp import MailServer, Result
from tests.services.notification.post import Office

POINTS = ("before_attempt", "before_dot", "after_dot", "before_confirmation")


def fatal(point: str) -> type[MailServer]:
    """A mail server connection that is the end of the process at that point."""

    class Fatal(MailServer):
        async def hand_over(self, mail: Mail, go: Callable[[], Awaitable[bool]]) -> Result:
            armed = b"Message-ID: <fatal@" in mail.content

            def reach(here: str) -> None:
                if armed and here == point:
                    os.kill(os.getpid(), signal.SIGKILL)

            async def watched() -> bool:
                reach("before_attempt")
                going = await go()
                reach("before_dot")
                return going

            self.reach = reach
            result = await super().hand_over(mail, watched)
            reach("before_confirmation")
            return result

        async def _answer(self, protocol: SMTPProtocol) -> Result:
            self.reach("after_dot")
            return await super()._answer(protocol)

    return Fatal


def main() -> None:
    directory, port, point = sys.argv[1:]
    with Office(Path(directory), int(port), server_type=fatal(point)).open() as office:
        office.settle()


if __name__ == "__main__":
    main()
