"""The rows of those tables whose cells are more than members of one event."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, cast

from services.audit.columns import FILE, Row, where
from services.audit.source import Event, events
from services.kernel import canonical
from services.kernel.entry import Entry
from services.kernel.form import parse_instant

_HANDS = ("orderedBy", "confirmedBy", "approvedBy", "closedBy")
_DUES = frozenset(("DueNoted", "PaymentOrdered", "RecoveryOrdered"))
"""What the ledger says about money that has not moved yet."""


def every_entry(entry: Entry) -> Iterator[Row]:
    """What surrounds an entry, and its leaf."""
    cause = entry.cause
    yield (
        entry.log,
        entry.index,
        entry.time,
        entry.stream,
        entry.command_id,
        str(entry.command["type"]),
        entry.actor.id,
        entry.actor.organisation,
        " ".join(entry.actor.roles),
        *((cause.log, cause.index, cause.leaf) if cause else (None, None, None)),
        entry.part.number if entry.part else 1,
        entry.part.of if entry.part else 1,
        len(entry.events),
        canonical.leaf(entry.to_bytes()),
    )


def every_event(entry: Entry) -> Iterator[Row]:
    """An event, whole."""
    for event in events((entry,)):
        award = event.text("awardId") or event.text("reservationId") or None
        about = (event.text("callId") or None, event.text("applicationId") or None, award)
        yield (*where(event), event.kind, *about, canonical.encode(dict(event.body)).decode())


def calls(entry: Entry) -> Iterator[Row]:
    """A call, and what its rules say about money and time."""
    for event in events((entry,)):
        if event.kind == "CallPublished" and event.log.startswith("intake/"):  # publishing tells of it, too, without the rules
            rules = cast("dict[str, Any]", event.body["rules"])
            envelope, window = rules["envelope"], rules["window"]
            yield (
                *where(event),
                event.text("callId"),
                rules["title"].get("nl") or next(iter(rules["title"].values())),
                envelope["envelopeId"],
                int(envelope["budgetYear"]),
                envelope["currency"],
                int(envelope["budgetCents"]),
                int(rules["cap"]["capCents"]),
                int(rules["coFinancing"]["percent"]),
                parse_instant(window["deadline"], "deadline"),
                event.text("callFile"),
            )


def submissions(entry: Entry) -> Iterator[Row]:
    """An application as it was filed."""
    for event in events((entry,)):
        if event.kind == "ApplicationSubmitted":
            content = cast("dict[str, Any]", event.body["content"])
            findings = cast("list[dict[str, str]]", event.body["findings"])
            yield (
                *where(event),
                *(event.text(column.member) for column in FILE),
                event.number_of("version"),
                parse_instant(event.text("receivedAt"), "receivedAt"),
                int(content["requestedCents"]),
                int(content["totalCostCents"]),
                int(content["ownMeansCents"]),
                " ".join(content["partners"]),
                " ".join(finding["code"] for finding in findings),
                event.text("receipt"),
            )


def points(entry: Entry) -> Iterator[Row]:
    """An assessor's points on each criterion."""
    for event in events((entry,)):
        if event.kind == "AssessmentSubmitted":
            file = tuple(event.text(column.member) for column in FILE)
            for criterion, points in cast("dict[str, str]", event.body["points"]).items():
                yield (*where(event), *file, event.text("assessor"), event.number_of("version"), criterion, int(points))


def criteria(entry: Entry) -> Iterator[Row]:
    """The part of each criterion in a total."""
    for event in events((entry,)):
        if event.kind == "ApplicationRanked":
            file = tuple(event.text(column.member) for column in FILE)
            for result in cast("list[dict[str, Any]]", event.body["criteria"]):
                numbers = (int(result[name]) for name in ("weight", "scale", "minimum"))
                moderated = int(result["moderated"]) if "moderated" in result else None
                mean = (result["mean"], Fraction(result["mean"]), moderated)
                yield (*where(event), *file, event.number_of("version"), result["criterion"], *numbers, *mean)


def costs(entry: Entry) -> Iterator[Row]:
    """A cost that was reported or rejected."""
    for event in events((entry,)):
        about = (event.text("callId"), event.text("applicationId"), event.text("awardId"), event.text("report"))
        if event.kind == "ReportFiled":
            for cost in cast("list[dict[str, str]]", event.body["costs"]):
                amount = int(cost["amountCents"])
                yield (*where(event), "filed", *about, event.number_of("version"), cost["line"], cost["code"], amount, None)
        elif event.kind == "CostRejected":
            amount = event.number_of("amountCents")
            yield (*where(event), "rejected", *about, None, event.text("line"), None, amount, event.text("ground"))


def moved(event: Event) -> tuple[int, int, int, int, int] | None:  # noqa: PLR0911 - one return a kind of event
    """What an event of the ledger adds to budget, reserved, committed, paid and recovered, in cents; None: nothing ever.

    What comes back on a recovery is no longer committed: it can be awarded again.
    """
    amount = event.number_of("amountCents")
    match event.kind:
        case "EnvelopeOpened":
            return (event.number_of("budgetCents"), 0, 0, 0, 0)
        case "Reserved":
            return (0, amount, 0, 0, 0)
        case "Committed":
            return (0, -amount - event.number_of("returnedCents"), amount, 0, 0)
        case "Released" | "Expired":
            return (0, -amount, 0, 0, 0)
        case "Decommitted":
            return (0, 0, -amount, 0, 0)
        case "Paid":
            return (0, 0, 0, amount, 0)
        case "Recovered":
            return (0, 0, -amount, 0, amount)
        case _:
            return None


def movements(entry: Entry) -> Iterator[Row]:
    """What the ledger did, and what that adds to the balance."""
    if entry.log.partition("/")[0] != "budget_ledger":
        return
    for event in events((entry,)):
        change = moved(event)
        if change is None and event.kind not in _DUES:
            continue
        about = ("envelopeId", "callId", "applicationId", "applicant", "reservationId", "kind")
        hand = next((event.text(name) for name in _HANDS if name in event.body), None)
        amount = event.number_of("amountCents") or event.number_of("budgetCents")
        cells = (event.text(name) or None for name in about)
        yield (*where(event), event.kind, *cells, amount, *(change or (0, 0, 0, 0, 0)), hand, event.text("bankReference") or None)


def refusals(entry: Entry) -> Iterator[Row]:
    """What was not carried out."""
    for event in events((entry,)):
        if event.kind == "Refused":
            about = (event.text(name) or None for name in ("callId", "applicationId"))
            who = (entry.actor.id, " ".join(entry.actor.roles))
            yield (*where(event), *who, *about, event.text("command"), event.text("code"), event.text("detail"))
