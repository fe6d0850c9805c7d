"""Calls and awards as the protocol has them.

| here | there |
| --- | --- |
| a call | an opportunity: its envelope is `totalAmountAvailable`, its cap per applicant `maxAwardAmount` |
| an award | an award: `awarded`, `completed` once it is settled, `cancelled` once it is withdrawn |
| what was paid and not given back | `disbursedAmount` |
| what is committed now, and what was given back | `details` of the award's funding, in words: there are no members for them |
| a body | an organization with its number in the Crossroads Bank for Enterprises |

The protocol names things by UUIDs. Ours are made from the addresses that the same things have as Linked Data (RFC 9562, version 5),
so they are the same for ever; `source` is that address. What a call does not publish is not there. Words are English where
the feed has them.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from common_grants_sdk.schemas.pydantic.models import AwardBase, OpportunityDetails

from services.kernel.cells import money
from services.kernel.form import instant, parse_instant
from services.publishing.doors.files.giving import awarded_on, described, english, purposes
from services.publishing.doors.rdf.oslo import Names
from services.publishing.feed import Feed
from services.publishing.records import Award, Call
from services.publishing.terms import Organisation

_CBE = "BE-BCE_KBO"
_APPLICANTS = {"municipality": "government_municipal"}
_STATUS = {"granted": "awarded", "settled": "completed", "withdrawn": "cancelled"}
Members = dict[str, Any]


class Naming:
    """The UUIDs of things, under the public address of the feed."""

    def __init__(self, base: str) -> None:
        self.names = Names(base)

    def call(self, call_id: str) -> UUID:
        """Of a call."""
        return uuid5(NAMESPACE_URL, self.names.call(call_id))

    def award(self, award_id: str) -> UUID:
        """Of an award."""
        return uuid5(NAMESPACE_URL, self.names.award(award_id))

    def body(self, kbo: str) -> UUID:
        """Of a body."""
        return uuid5(NAMESPACE_URL, self.names.organisation(kbo))

    def authority(self, call: Call) -> UUID:
        """Of the authority of a call; without a number, one of that name is one."""
        own = f"{self.names.base}/v1/rdf/authorities/{call.authority.get('nl') or english(call.authority)}"
        return uuid5(NAMESPACE_URL, own if call.authority_id is None else self.names.authority(call))


def status(call: Call, now: datetime) -> str:
    """Whether a call is forecast, open or closed at that time."""
    if call.closed_at is not None or call.deadline <= now:
        return "closed"
    return "open" if call.opens_at <= now else "forecasted"


def award_status(award: Award) -> str:
    """How far an award is, in the protocol's words."""
    return _STATUS[award.state]


def changed_at(feed: Feed, call: Call) -> datetime:
    """When the latest thing happened that was told of a call."""
    return max(parse_instant(str(feed.event(place).data["occurredAt"]), "occurredAt") for place in call.events)


def local_day(at: datetime, call: Call) -> date:
    """The day of an instant where the call is."""
    return at.astimezone(ZoneInfo(call.zone)).date()


def opportunity(
    naming: Naming, call: Call, *, now: datetime, changed: datetime, awards: Sequence[Award] | None = None
) -> OpportunityDetails:
    """A call, as the feed stood at `now`. With `awards`, those that it led to are named."""
    told: Members = {
        "id": naming.call(call.call_id),
        "title": english(call.title),
        "identifiers": {"systemId": {"id": naming.call(call.call_id)}},
        "status": {"value": status(call, now), "description": f"As the feed stood at {instant(now)}"},
        "description": f"{english(call.title)}. {'; '.join(english(purpose.label) for purpose in call.purposes)}",
        "funding": {
            "details": f"Own share: {call.own_share_percent} %. The maximum holds for all awards of an applicant in a budget year",
            "totalAmountAvailable": _money(call.budget_cents, call.currency),
            "maxAwardAmount": _money(call.cap_cents, call.currency),
        },
        "funders": {"primary": _authority(naming, call)},
        "keyDates": {
            "postDate": _moment("Applications open", call.opens_at, call),
            "closeDate": _moment("Deadline", call.deadline, call),
            "otherDates": {"projects": _period("Projects", call.project_start, call.project_end)},
        },
        "source": naming.names.call(call.call_id),
        "customFields": {
            "callId": _field("callId", "string", call.call_id),
            "legalBasis": _field("legalBasis", "string", call.legal_basis),
            "budgetYear": _field("budgetYear", "integer", call.budget_year),
            "ownSharePercent": _field("ownSharePercent", "integer", call.own_share_percent),
            "zone": _field("zone", "string", call.zone),
        },
        "acceptedApplicantTypes": [_applicant(kind) for kind in call.applicant_kinds],
        "createdAt": instant(call.published_at),
        "lastModifiedAt": instant(changed),
    }
    if awards is not None:
        told["awards"] = [_reference(naming, award, call) for award in awards]
    return OpportunityDetails.model_validate(told)


def award(naming: Naming, award: Award, call: Call) -> AwardBase:
    """An award."""
    partners = {f"partner_{number}": _body(naming, partner) for number, partner in enumerate(award.partners, 1)}
    told: Members = {
        **_reference(naming, award, call),
        "description": described(award, call),
        "status": {"value": award_status(award)},
        "funding": _funding(award),
        "keyDates": {"awardDate": {"name": "Award", "eventType": "singleDate", "date": awarded_on(award, call).isoformat()}},
        "opportunity": {"id": naming.call(call.call_id), "title": english(call.title)},
        "funders": {"primary": _authority(naming, call)},
        "recipientOrganizations": {"primary": _body(naming, award.organisation), **({"otherOrgs": partners} if partners else {})},
        "source": naming.names.award(award.award_id),
        "createdAt": instant(award.granted_at),
        "lastModifiedAt": instant(max(award.granted_at, award.changed_at)),
    }
    if award.project_start is not None and award.project_end is not None:
        told["keyDates"]["periodOfPerformance"] = _period("Project", award.project_start, award.project_end)
    return AwardBase.model_validate(told)


def award_title(award: Award, call: Call) -> str:
    """What an award is called: the title that its applicant gave it is not told."""
    return f"{english(call.title)}: {award.organisation.name}"


def words_of(call: Call) -> str:
    """All that a reader may look for in a call, in one text."""
    said = [call.call_id, *call.title.values(), *call.authority.values(), call.legal_basis]
    said += [word for purpose in call.purposes for word in (purpose.code, *purpose.label.values())]
    return "\n".join(said).casefold()


def words_of_award(award: Award, call: Call) -> str:
    """All that a reader may look for in an award, in one text."""
    said = [award_title(award, call), award.award_id, *(text for body in award.bodies for text in (body.name, body.kbo))]
    said += [text for pair in purposes(award, call) for text in pair]
    return "\n".join(said).casefold()


def _reference(naming: Naming, award: Award, call: Call) -> Members:
    number = naming.award(award.award_id)
    return {"id": number, "title": award_title(award, call), "identifiers": {"systemId": {"id": number}}}


def _funding(award: Award) -> Members:
    kept = [f"Committed: {money(award.committed_cents)} {award.currency}"]
    told: Members = {"awardedAmount": _money(award.awarded_cents, award.currency)}
    if award.requested_cents is not None:
        told["requestedAmount"] = _money(award.requested_cents, award.currency)
    if award.paid_cents is not None:
        recovered = award.recovered_cents or 0
        told["disbursedAmount"] = _money(award.paid_cents - recovered, award.currency)
        kept += [f"paid: {money(award.paid_cents)} {award.currency}", f"given back: {money(recovered)} {award.currency}"]
    return told | {"details": "; ".join(kept)}


def _money(cents: int, currency: str) -> Members:
    return {"amount": money(cents), "currency": currency}


def _body(naming: Naming, body: Organisation) -> Members:
    return {
        "id": naming.body(body.kbo),
        "name": body.name,
        "identifiers": {"otherIds": {_CBE: {"registry": {"url": f"https://org-id.guide/list/{_CBE}"}, "id": body.kbo}}},
    }


def _authority(naming: Naming, call: Call) -> Members:
    known = {} if call.authority_id is None else {"identifiers": {"otherIds": {"OVO": {"id": call.authority_id}}}}
    return {"id": naming.authority(call), "name": english(call.authority), **known}


def _applicant(kind: str) -> Members:
    known = _APPLICANTS.get(kind)
    return {"value": known} if known else {"value": "custom", "customValue": kind}


def _moment(name: str, at: datetime, call: Call) -> Members:
    local = at.astimezone(ZoneInfo(call.zone))
    time = local.time().replace(microsecond=0).isoformat()
    return {
        "name": name,
        "eventType": "singleDate",
        "date": local.date().isoformat(),
        "time": time,
        "description": f"In {call.zone}",
    }


def _period(name: str, start: date, end: date) -> Members:
    return {"name": name, "eventType": "dateRange", "startDate": start.isoformat(), "endDate": end.isoformat()}


def _field(name: str, kind: str, value: str | int) -> Members:
    return {"name": name, "fieldType": kind, "value": value}
