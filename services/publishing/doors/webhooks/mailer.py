"""Tells the owner of an endpoint that it was disabled. The mail says which one and why, never its address or a key.

It may come twice if the process ends in between, with the same Message-ID. Nothing about the owner comes into a log.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage

import aiosmtplib
import structlog

from services.kernel.ports import Clock
from services.publishing.doors.webhooks.endpoints import Endpoint, Why
from services.publishing.doors.webhooks.safe import Safe
from services.publishing.doors.webhooks.store import WebhookStore
from services.runtime.sealing import WrongKeyError

_AGAIN = timedelta(minutes=5)
_PATIENCE_SECONDS = 60
_PERMANENT = 500
_POLICY = policy.SMTP.clone(max_line_length=200)
_WORDS = {
    Why.GONE: (
        "Het antwoordde met 410 Gone: het wil niets meer ontvangen.",
        "It answered 410 Gone: it wants to receive nothing more.",
    ),
    Why.EXHAUSTED: (
        "Het nam een bericht niet aan in tien pogingen over meer dan drie dagen.",
        "It did not take an event in ten attempts over more than three days.",
    ),
    Why.OTHER_HISTORY: (
        "De reeks berichten werd opnieuw aangelegd; de plaats van uw systeem in de oude reeks telt niet meer.",
        "The feed was written anew; your system's place in the old one does not count any more.",
    ),
    Why.NO_KEY: (
        "De sleutel waarmee wij ondertekenen kan niet gelezen worden.",
        "The key that we sign with cannot be read.",
    ),
}
_BODY = """\
Wij sturen niets meer naar het eindpunt "{endpoint}" van {deployment}.
{nl}
Er gaat niets verloren: na herstel sturen wij alles vanaf plaats {place} alsnog. Laat ons weten wanneer het kan.

We send nothing more to the endpoint "{endpoint}" of {deployment}.
{en}
Nothing is lost: once it is mended, we send everything from place {place} on. Let us know when.
"""

log = structlog.get_logger()


class Mailer:
    """Sends what is owed, by the mail server at `smtp` (`HOST:PORT`)."""

    def __init__(self, *, store: WebhookStore, safe: Safe, clock: Clock, deployment: str, smtp: str, mail_from: str) -> None:
        host, _, port = smtp.rpartition(":")
        self._store, self._safe, self._clock, self._deployment = store, safe, clock, deployment
        self._host, self._port, self._mail_from = host.strip("[]"), int(port), mail_from

    async def send_owed(self) -> None:
        """Send every mail that is owed now. What the server does not take now is owed again in five minutes."""
        with self._store.transaction() as tx:
            owed = tx.owed_mails(self._clock.now())
        for endpoint in owed:
            self._keep(endpoint, await self._send(endpoint))

    async def _send(self, endpoint: Endpoint) -> datetime | None:
        """Send one; gives when to try again, if it is worth it."""
        try:
            owner = self._safe.open(endpoint.endpoint_id, endpoint.sealed).owner
        except (WrongKeyError, OSError):
            log.warning("webhook.owner_unknown", endpoint=endpoint.endpoint_id)
            return None
        try:
            await aiosmtplib.send(self._mail(endpoint, owner), hostname=self._host, port=self._port, timeout=_PATIENCE_SECONDS)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            permanent = isinstance(error, ValueError | aiosmtplib.SMTPRecipientsRefused) or (
                isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= _PERMANENT
            )
            log.warning("webhook.owner_not_told", endpoint=endpoint.endpoint_id, reason=type(error).__name__, permanent=permanent)
            return None if permanent else self._clock.now() + _AGAIN
        log.info("webhook.owner_told", endpoint=endpoint.endpoint_id)
        return None

    def _keep(self, endpoint: Endpoint, again: datetime | None) -> None:
        with self._store.transaction() as tx:
            current = tx.endpoint(endpoint.endpoint_id)
            if current is not None and current.mail_due == endpoint.mail_due:
                tx.put(replace(current, mail_due=again))

    def _mail(self, endpoint: Endpoint, owner: str) -> EmailMessage:
        now = self._clock.now()
        dutch, english = _WORDS[endpoint.why or Why.EXHAUSTED]
        message = EmailMessage(policy=_POLICY)
        message["From"], message["To"] = self._mail_from, owner
        message["Subject"] = f"{endpoint.endpoint_id}: webhook uitgeschakeld / webhook disabled"
        message["Date"] = now
        message["Message-ID"] = f"<webhook.{endpoint.endpoint_id}.{endpoint.place}.{endpoint.why}@{self._deployment}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        told = {"endpoint": endpoint.endpoint_id, "deployment": self._deployment, "place": endpoint.place}
        message.set_content(_BODY.format(nl=dutch, en=english, **told), cte="quoted-printable")
        return message
