"""A quarter for the Flemish register of subsidies: its thirteen columns, named and ordered as in its own export, then ours.

A row is an event that changed what is committed to a beneficiary, or what was paid to it, in euros: the register has no other
money. What is taken back stands with a minus in the quarter in which it was. The register prints whole euros; what is lost by that
stands beside it, in cents: 100 times the euros and the cents together are the sum, so that columns add up exactly.

What the feed does not know is left empty: policy domain, theme, establishment and postcode; and the municipality of a body that is
not one itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.kernel.cells import Cell, Kind
from services.publishing.doors.files.quarters import Quarter
from services.publishing.doors.files.tables import Table
from services.publishing.feed import Feed, PublicEvent
from services.publishing.records import Call
from services.publishing.views import Views

REGISTER = (
    *("Beleidsdomein", "Thema", "Subthema", "Verstrekker", "KBO-nr", "Vestiging", "Naam subsidieontvanger", "Postcode", "Gemeente"),
    *("Land", "Jaar", "Toegekend (EUR)", "Betaald (EUR)"),
)
"""The columns of the register."""
BESIDE = ("Rest toegekend (cent)", "Rest betaald (cent)", "Oproep", "Toekenning", "Gebeurtenis", "Plaats")
"""Ours: what the two sums lack in cents, the call, the award, the type of event and its place in the feed."""
_COUNTS = frozenset(("Jaar", "Toegekend (EUR)", "Betaald (EUR)", "Rest toegekend (cent)", "Rest betaald (cent)", "Plaats"))
COLUMNS = tuple((name, Kind.COUNT if name in _COUNTS else Kind.TEXT) for name in (*REGISTER, *BESIDE))
_CURRENCY = "EUR"
_ABOUT = "Grants, corrections and payments of a quarter, in the columns of the Flemish register of subsidies"


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands after an event, in cents: what is committed, and what was paid and not given back (None: not told)."""

    committed: int
    paid: int | None

    @staticmethod
    def of(data: Mapping[str, Any]) -> "Standing":
        """What an event says."""
        paid, recovered = data.get("paidCents"), data.get("recoveredCents")
        return Standing(int(data["committedCents"]), None if paid is None else int(paid) - int(recovered or 0))


def quarter(feed: Feed, views: Views, which: Quarter, places: range) -> Table:
    """The table of a quarter, whose events stand at those places."""
    return Table(about=f"{_ABOUT}: {which}", columns=COLUMNS, rows=list(_rows(feed, views, which, places)))


def whole_euros(cents: int) -> tuple[int, int]:
    """A sum as the register prints it, the nearest whole euro (a half away from 0), and the cents that are lost by that.

    What is taken back is printed as it was when it was granted.
    """
    euros = (abs(cents) + 50) // 100 * (-1 if cents < 0 else 1)
    return euros, cents - 100 * euros


def _rows(feed: Feed, views: Views, which: Quarter, places: range) -> Iterator[Sequence[Cell]]:
    before: dict[str, Standing] = {}
    for event in _events(feed, places):
        award_id = event.data.get("awardId")
        if not isinstance(award_id, str) or event.data["currency"] != _CURRENCY:
            continue
        was, stands = before.get(award_id) or _before(feed, views, event, award_id), Standing.of(event.data)
        before[award_id] = stands
        granted = stands.committed - was.committed
        paid = None if stands.paid is None else stands.paid - (was.paid or 0)
        if granted or paid:
            call = views.call(event.call_id)
            assert call is not None, "an award's call was told before it"  # noqa: S101 - a broken feed
            yield _row(event, call, which, granted, paid)


def _row(event: PublicEvent, call: Call, which: Quarter, granted: int, paid: int | None) -> Sequence[Cell]:
    organisation: Any = event.data["organisation"]
    granted_euros, granted_rest = whole_euros(granted)
    paid_euros, paid_rest = (None, None) if paid is None else whole_euros(paid)
    municipality = organisation["name"] if call.applicant_kinds == ("municipality",) else None
    return (
        *(
            None,
            None,
            dutch(call.title),
            dutch(call.authority),
            organisation["kbo"],
            None,
            organisation["name"],
            None,
            municipality,
        ),
        *("België", which.year, granted_euros, paid_euros),
        *(granted_rest, paid_rest, call.call_id, event.subject, event.type, event.sequence),
    )


def dutch(words: Mapping[str, str]) -> str:
    """Words in Dutch if they are there, else in the language that comes first."""
    return words.get("nl") or words[min(words)]


def _before(feed: Feed, views: Views, event: PublicEvent, award_id: str) -> Standing:
    """What stood of an award before an event."""
    award = views.award(award_id)
    assert award is not None, "an award that the feed tells of is in its views"  # noqa: S101 - a broken feed
    earlier = [place for place in award.events if place < event.sequence]
    return Standing.of(feed.event(earlier[-1]).data) if earlier else Standing(0, 0)


def _events(feed: Feed, places: range) -> Iterator[PublicEvent]:
    """The events at those places."""
    at, chunk = places.start, 1000
    while at < places.stop:
        events = feed.events(at - 1 if at else None, min(chunk, places.stop - at))
        yield from events
        at += len(events)
