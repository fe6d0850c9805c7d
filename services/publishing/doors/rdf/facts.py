"""What has to be known besides an event to describe a call or an award as it stood then.

Everything follows from the events up to that one, so a description never changes once it could be given.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.kernel.form import parse_instant
from services.publishing.events import AwardRecovered, CallClosed, DeadlineMoved, PaymentMade, RankingPublished
from services.publishing.feed import Feed, PublicEvent
from services.publishing.records import Call
from services.publishing.views import Views

PAYMENT, RECOVERY = PaymentMade.__name__, AwardRecovered.__name__
_DATES_KEPT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a call had come. What it says from the start is in `call`, whose other fields tell of today and are not for here."""

    call: Call
    deadline: datetime
    closed_at: str | None = None
    applications: str | None = None
    ranked: str | None = None
    minimum_total: str | None = None


class Facts:
    """Answers about what stood at a place of the feed. Safe for many threads."""

    def __init__(self, feed: Feed, views: Views) -> None:
        self.feed, self.views = feed, views
        self._paid: OrderedDict[int, date | None] = OrderedDict()
        """By the place of an award's event: the day of the payment that it tells of, if it does."""
        self._lock = threading.Lock()

    def call(self, call_id: str) -> Call:
        """A call that the feed tells of."""
        call = self.views.call(call_id)
        assert call is not None, f"{call_id} was told"  # noqa: S101 - no event comes before that of its call
        return call

    def standing(self, call: Call, upto: int) -> Standing:
        """How far a call had come with the event at that place."""
        deadline, more = call.first_deadline, dict[str, str]()
        for event in self._events(call.events, upto):
            match event.type:
                case DeadlineMoved.__name__:
                    deadline = parse_instant(event.data["deadline"], "deadline")
                case CallClosed.__name__:
                    more |= {"closed_at": str(event.data["closedAt"]), "applications": str(event.data["applications"])}
                case RankingPublished.__name__:
                    more |= {"ranked": str(event.data["ranked"]), "minimum_total": str(event.data["minimumTotal"])}
                case _:
                    pass
        return Standing(call=call, deadline=deadline, **more)

    def paid_on(self, award_id: str, upto: int) -> date | None:
        """The day of the last payment of an award up to that place, in the zone of its call."""
        award = self.views.award(award_id)
        assert award is not None, f"{award_id} was told"  # noqa: S101 - the state is never behind the feed
        days = (self._payment(sequence) for sequence in reversed(award.events) if sequence <= upto)
        return next((day for day in days if day is not None), None)

    def moves(self, award_id: str) -> Iterator[PublicEvent]:
        """The payments and recoveries of an award, in order."""
        award = self.views.award(award_id)
        for event in self._events(award.events if award is not None else (), self.feed.length()):
            if event.type in {PAYMENT, RECOVERY}:
                yield event

    def day(self, event: PublicEvent) -> date:
        """The day on which what an event tells of happened, where its call is."""
        at = parse_instant(event.data["occurredAt"], "occurredAt")
        return at.astimezone(ZoneInfo(self.call(event.call_id).zone)).date()

    def _events(self, places: tuple[int, ...], upto: int) -> Iterator[PublicEvent]:
        return (self.feed.event(place) for place in places if place <= upto)

    def _payment(self, sequence: int) -> date | None:
        """The day of the payment at that place; kept, as readers ask for it at each later event of the award."""
        with self._lock:
            if sequence in self._paid:
                self._paid.move_to_end(sequence)
                return self._paid[sequence]
        event = self.feed.event(sequence)
        day = self.day(event) if event.type == PAYMENT else None
        with self._lock:
            self._paid[sequence] = day
            while len(self._paid) > _DATES_KEPT:
                self._paid.popitem(last=False)
        return day
