"""A feed of what a core has told, without a store: for histories that are many and short."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from services.kernel.decider import MemoryState
from services.kernel.entry import Cause
from services.kernel.form import to_json
from services.publishing.events import PUBLIC
from services.publishing.feed import Feed, PublicEvent
from services.publishing.records import Award, Call
from services.publishing.views import Views

NOWHERE = Cause(log="none/0", index=0, leaf="0" * 64)


@dataclass(frozen=True, slots=True)
class Told:
    """What is read of a feed and its views."""

    found: Sequence[PublicEvent]
    state: MemoryState

    def length(self) -> int:
        return len(self.found)

    def event(self, sequence: int) -> PublicEvent:
        return self.found[sequence]

    def events(self, after: int | None, limit: int) -> Sequence[PublicEvent]:
        start = 0 if after is None else after + 1
        return self.found[start : start + limit]

    def call(self, call_id: str) -> Call | None:
        return self.state.get(Call, call_id)

    def award(self, award_id: str) -> Award | None:
        return self.state.get(Award, award_id)

    @property
    def feed(self) -> Feed:
        return cast("Feed", self)

    @property
    def views(self) -> Views:
        return cast("Views", self)


def told(state: MemoryState, events: Sequence[Any], times: Sequence[datetime]) -> Told:
    """The public ones of a core's events, told at those times."""
    public = [event for event in events if type(event).__name__ in PUBLIC]
    return Told([_public(event, time) for event, time in zip(public, times, strict=False)], state)


def _public(event: Any, time: datetime) -> PublicEvent:
    data: Any = to_json(event)
    return PublicEvent(
        sequence=event.sequence,
        id=f"feed/{event.sequence}",
        type=type(event).__name__,
        time=time,
        subject=getattr(event, "award_id", None) or getattr(event, "application_id", None) or event.call_id,
        call_id=event.call_id,
        data=data,
        source=NOWHERE,
        entry=NOWHERE,
        feed_id="feed",
    )
