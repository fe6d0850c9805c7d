"""Names of notices, from business keys only: the same event and addressee give the same name, whenever and wherever."""

import re
from datetime import UTC, datetime

from services.kernel.canonical import digest
from services.notification.model import NoticeId

_FORM = re.compile(NoticeId.__metadata__[0].pattern)  # type: ignore[attr-defined]  # what Annotated keeps its limits in


def notice_id(*parts: str) -> str:
    """The parts joined by dots, such as `receipt.A-17.2.0207437468`; hashed behind its first word if that is no `NoticeId`."""
    name = ".".join(parts)
    return name if _FORM.fullmatch(name) else f"{name.partition('.')[0]}.{digest(name.encode())}"


def compact(instant: datetime) -> str:
    """An instant as a part of a name: `20210511T160000.000000Z` without its dot."""
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"
