"""A notice as a mail: headers and body, as the bytes that go over the line."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage

from services.notification.templates import Words
from services.runtime.vault import Contact

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
# A Message-ID must not be folded, and the longest one that we make has 176 characters.
_POLICY = policy.SMTP.clone(max_line_length=200)


class BadContactError(ValueError):
    """The contact has no address that a mail can carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What an SMTP server is told: from whom, to whom, and the message in lines that end in CR LF."""

    sender: str
    recipient: str
    content: bytes


def compose(words: Words, contact: Contact, *, notice_id: str, deployment: str, sender: str, now: datetime) -> Mail:
    """The mail of a notice. Its Message-ID follows from the notice alone, so a receiver can tell a repeated one.

    Raises:
        BadContactError: if the contact's address has not the form of one.
    """
    if not _ADDRESS.fullmatch(contact.mail):
        raise BadContactError("the contact has no usable mail address")
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(addr_spec=sender)
    message["To"] = Address(display_name=" ".join(contact.name.split()), addr_spec=contact.mail)
    message["Subject"] = words.subject
    message["Date"] = now
    message["Message-ID"] = f"<{notice_id}@{deployment}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    message.set_content(words.body, cte="quoted-printable")
    message["Content-Language"] = contact.language
    return Mail(sender=sender, recipient=contact.mail, content=message.as_bytes())
