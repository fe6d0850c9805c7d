"""The calls and awards of a feed as the protocol looks for them: by UUID, with filters, in an order."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common_grants_sdk.schemas.pydantic.filters import AwdFilters, OppFilters
from common_grants_sdk.schemas.pydantic.requests import AwdSearchRequest, OpportunitySearchRequest

from services.publishing.doors.commongrants import asking, models
from services.publishing.doors.commongrants.asking import Wanted
from services.publishing.doors.files.giving import awarded_on, english
from services.publishing.feed import Feed
from services.publishing.records import Award, Call
from services.publishing.views import Filter, Views

_NO_FILTERS = AwdFilters()
_STATES = ("forecasted", "open", "closed")


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A call, when the latest thing happened that was told of it, and its state as the feed stands."""

    call: Call
    changed: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Granted:
    """An award and its call."""

    award: Award
    call: Call


OPPORTUNITY_ORDERS: Mapping[str, Callable[[Opportunity], Any]] = {
    "lastModifiedAt": lambda one: one.changed,
    "createdAt": lambda one: one.call.published_at,
    "title": lambda one: english(one.call.title).casefold(),
    "status.value": lambda one: _STATES.index(one.status),
    "keyDates.closeDate": lambda one: one.call.deadline,
    "funding.maxAwardAmount": lambda one: one.call.cap_cents,
    "funding.minAwardAmount": lambda _one: None,
    "funding.totalAmountAvailable": lambda one: one.call.budget_cents,
    "funding.estimatedAwardCount": lambda _one: None,
}
AWARD_ORDERS: Mapping[str, Callable[[Granted], Any]] = {
    "lastModifiedAt": lambda one: one.award.changed_at,
    "createdAt": lambda one: one.award.granted_at,
    "title": lambda one: models.award_title(one.award, one.call).casefold(),
    "status.value": lambda one: models.award_status(one.award),
    "keyDates.awardDate": lambda one: awarded_on(one.award, one.call),
    "funding.awardedAmount": lambda one: one.award.awarded_cents,
}


class Records:
    """What is there. Safe for many threads."""

    def __init__(self, feed: Feed, views: Views, base: str) -> None:
        self._feed, self._views = feed, views
        self.naming = models.Naming(base)
        self._lock = threading.Lock()
        self._awards: dict[UUID, str] = {}
        """The awards by UUID: there are many, and none ever goes."""

    def now(self) -> datetime:
        """The time of the feed: that of its last event."""
        length = self._feed.length()
        return self._feed.event(length - 1).time if length else datetime.fromtimestamp(0, UTC)

    def opportunities(self) -> list[Opportunity]:
        """All calls, in the order in which they were told."""
        now = self.now()
        return [Opportunity(call, models.changed_at(self._feed, call), models.status(call, now)) for call in self._views.calls()]

    def opportunity(self, number: UUID) -> Opportunity | None:
        """The call of that UUID."""
        return next((one for one in self.opportunities() if self.naming.call(one.call.call_id) == number), None)

    def granted(self, only: Filter | None = None) -> list[Granted]:
        """All awards, in the order in which they were granted."""
        awards = self._views.awards(only)
        calls = {call.call_id: call for call in self._views.calls()}  # after the awards: each call was told before them
        return [Granted(award, calls[award.call_id]) for award in awards]

    def award(self, number: UUID) -> Granted | None:
        """The award of that UUID."""
        with self._lock:
            for award in self._views.awards()[len(self._awards) :]:
                self._awards[self.naming.award(award.award_id)] = award.award_id
            award_id = self._awards.get(number)
        found = None if award_id is None else self._views.award(award_id)
        call = None if found is None else self._views.call(found.call_id)
        return None if found is None or call is None else Granted(found, call)


def wanted_opportunities(asked: OpportunitySearchRequest) -> Wanted[Opportunity]:
    """What a search for opportunities means.

    Raises:
        Problem: 400 if its order is none.
    """
    filters, wanted = asked.filters or OppFilters(), Wanted[Opportunity]()
    if text := (asked.search or "").casefold():
        wanted.tests.append(lambda one: text in models.words_of(one.call))
    if filters.status is not None:
        wanted.tests.append(asking.among(filters.status, lambda one: one.status))
    if (days := filters.close_date_range) is not None:
        wanted.tests.append(
            asking.day(
                days, lambda one: models.local_day(one.call.deadline, one.call), lambda at, one: models.local_day(at, one.call)
            )
        )
    if (sums := filters.total_funding_available_range) is not None:
        wanted.tests.append(asking.amount(sums, lambda one: (one.call.budget_cents, one.call.currency)))
    if (sums := filters.max_award_amount_range) is not None:
        wanted.tests.append(asking.amount(sums, lambda one: (one.call.cap_cents, one.call.currency)))
    if (sums := filters.min_award_amount_range) is not None:
        wanted.tests.append(asking.amount(sums, lambda _one: None))
    wanted.left_out(filters.custom_filters)
    sorting = asked.sorting
    wanted.order(sorting.sort_by, sorting.custom_sort_by, sorting.sort_order)
    return wanted


def wanted_awards(asked: AwdSearchRequest, naming: models.Naming) -> Wanted[Granted]:
    """What a search for awards means."""
    filters, wanted = asked.filters or _NO_FILTERS, Wanted[Granted]()
    if text := (asked.search or "").casefold():
        wanted.tests.append(lambda one: text in models.words_of_award(one.award, one.call))
    if filters.status is not None:
        wanted.tests.append(asking.among(filters.status, lambda one: models.award_status(one.award)))
    if filters.opportunity_id is not None:
        wanted.tests.append(asking.among(filters.opportunity_id, lambda one: str(naming.call(one.call.call_id))))
    if (days := filters.award_date_range) is not None:
        wanted.tests.append(
            asking.day(days, lambda one: awarded_on(one.award, one.call), lambda at, one: models.local_day(at, one.call))
        )
    if (sums := filters.awarded_amount_range) is not None:
        wanted.tests.append(asking.amount(sums, lambda one: (one.award.awarded_cents, one.award.currency)))
    wanted.left_out(filters.custom_filters)
    if (sorting := asked.sorting) is not None:
        wanted.order(sorting.sort_by, sorting.custom_sort_by, "desc" if sorting.sort_order is None else sorting.sort_order.value)
    return wanted
