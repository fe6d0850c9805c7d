"""All awards that were not withdrawn as a 360Giving data package (version 1.4).

Sums are JSON numbers there. They are written as decimals from whole cents, never by way of a float.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from services.kernel.form import instant
from services.publishing.doors.rdf.oslo import Names
from services.publishing.records import Award, Call
from services.publishing.terms import Organisation

VERSION = "1.4"
NAME = "360giving.json"
_CBE = "BE-BCE_KBO"
"""The list of the Belgian Crossroads Bank for Enterprises at org-id.guide."""
_text = json.JSONEncoder(ensure_ascii=False).encode


def package(awards: Sequence[Award], calls: Mapping[str, Call], base: str) -> bytes:
    """The package; `base` is the public address of the feed. The standard wants at least one grant in it."""
    names, prefix = Names(base), re.sub(r"[^A-Za-z0-9.]+", "_", base.partition("://")[2])
    grants = [_grant(award, calls[award.call_id], names, prefix) for award in awards]
    authorities = {english(calls[award.call_id].authority) for award in awards}
    whole = {
        "version": VERSION,
        "title": "Awards",
        "identifier": f"{prefix}-awards",
        **({"publisher": {"name": min(authorities)}} if len(authorities) == 1 else {}),
        "modified": instant(max(award.changed_at for award in awards)),
        "downloadURL": f"{base}/v1/files/{NAME}",
        "grants": grants,
    }
    return written(whole).encode()


def written(value: Any) -> str:
    """JSON in which a decimal is a number, digit by digit."""
    match value:
        case Mapping():
            return "{" + ",".join(f"{_text(name)}:{written(member)}" for name, member in value.items()) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case Decimal():
            return f"{value.normalize():f}"
        case _:
            return _text(value)


def euros(cents: int) -> Decimal:
    """A sum in euros, exactly."""
    return Decimal(cents).scaleb(-2)


def english(words: Mapping[str, str]) -> str:
    """Words in English if they are there, else in the language that comes first."""
    return words.get("en") or words[min(words)]


def awarded_on(award: Award, call: Call) -> date:
    """The day of the decision; where that is not told, of the grant."""
    return award.decided_on or award.granted_at.astimezone(ZoneInfo(call.zone)).date()


def purposes(award: Award, call: Call) -> list[tuple[str, str]]:
    """What an award is for: codes, with their words."""
    words = {purpose.code: english(purpose.label) for purpose in call.purposes}
    return [(code, words.get(code, code)) for code in award.purposes]


def described(award: Award, call: Call) -> str:
    """What is known of the project: the words of the applicant stay in the file."""
    said = [english(call.title), "; ".join(words for _, words in purposes(award, call))]
    said.append(_with(award.partners))
    return ". ".join(text for text in said if text)


def _with(partners: Iterable[Organisation]) -> str:
    bodies = ", ".join(f"{partner.name} ({_CBE}-{partner.kbo})" for partner in partners)
    return f"With {bodies}" if bodies else ""


def _grant(award: Award, call: Call, names: Names, prefix: str) -> dict[str, Any]:
    grant: dict[str, Any] = {
        "id": f"{prefix}-{award.award_id}",
        "title": f"{english(call.title)}: {award.organisation.name}",
        "description": described(award, call),
        "currency": award.currency,
        "amountAppliedFor": None if award.requested_cents is None else euros(award.requested_cents),
        "amountAwarded": euros(award.awarded_cents),
        "amountDisbursed": None if award.paid_cents is None else euros(award.paid_cents - (award.recovered_cents or 0)),
        "awardDate": awarded_on(award, call).isoformat(),
        "url": names.award(award.award_id),
        "plannedDates": _period(award),
        "recipientOrganization": [_recipient(award.organisation, names)],
        "fundingOrganization": [_funder(call, prefix)],
        "grantProgramme": [{"code": call.call_id, "title": english(call.title), "url": names.call(call.call_id)}],
        "classifications": [
            {"vocabulary": f"Purposes of {call.call_id}", "code": code, "title": words} for code, words in purposes(award, call)
        ],
        "fromOpenCall": "Yes",
        "dateModified": instant(award.changed_at),
        "dataSource": f"{names.base}/v1/files/{NAME}",
    }
    return {name: member for name, member in grant.items() if member not in (None, [])}


def _period(award: Award) -> list[dict[str, str]]:
    if award.project_start is None or award.project_end is None:
        return []
    return [{"startDate": award.project_start.isoformat(), "endDate": award.project_end.isoformat()}]


def _recipient(organisation: Organisation, names: Names) -> dict[str, Any]:
    return {
        "id": f"{_CBE}-{organisation.kbo}",
        "name": organisation.name,
        "addressCountry": "BE",
        "location": [{"id": names.place(organisation.nis), "countryCode": "BE"}],
    }


def _funder(call: Call, prefix: str) -> dict[str, str]:
    """The authority. It is on no list of org-id.guide, so its id is one of our own: its Flemish number, or else its name."""
    name = english(call.authority)
    own = call.authority_id or re.sub(r"[^a-z0-9]+", "-", call.authority.get("nl", name).casefold()).strip("-")
    return {"id": f"{prefix}-{own}", "name": name}
