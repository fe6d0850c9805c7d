"""Follows a feed through one door: each event once, in order, none left out, over any number of cuts.

An event is dealt with first and noted then. Which events come is the door's business: it may repeat, and end anywhere. What is
passed on is what comes next by sequence, and nothing else.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from services.subscriber.event import CutError, Event, FeedError, Place
from services.subscriber.ledger import Ledger

_FIRST_WAIT_SECONDS = 1.0
_DOUBLINGS = 6
_CUTS = 5
"""How often in a row it is tried again without having got any further, if not told to go on for ever."""


class Door(Protocol):
    """A way to read a feed. `live`: it never ends by itself."""

    @property
    def live(self) -> bool:
        """See `Door`."""
        ...

    def events(self, after: Place | None) -> Iterator[Event]:
        """The events after that place, in order. Raises CutError anywhere, FeedError where going on is wrong."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How to follow. `every_seconds`: how often to look, once at the end; None: stop there. `count`: events to take at most."""

    every_seconds: float | None = None
    count: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    """Ends it, after the event in hand."""
    busy: threading.Event = field(default_factory=threading.Event)
    """Set while an event is in hand: passed on, but not noted yet."""


def follow(
    door: Door,
    ledger: Ledger,
    hand_over: Callable[[Event], None],
    *,
    course: Course | None = None,
    wanted: Callable[[Event], bool] = lambda _event: True,
    check: Callable[[Event], str | None] = lambda _event: None,
    look: Callable[[], None] = lambda: None,
    cut: Callable[[CutError], None] = lambda _error: None,
) -> int:
    """Pass on each event after the ledger's place; gives how many. Door and ledger stay open.

    What is not `wanted` is noted, and neither passed on nor counted. `check` proves an event before, and says which checkpoint of
    the feed's log to keep with it; `look` is called before the door is asked, `cut` hears of each cut.

    Raises:
        FeedError: if an event is missing, of another history, or not proven. Nothing after it is passed on.
        CutError: if the other side could not be reached, time after time.
    """
    course = course or Course()
    taken = cuts = 0
    while not course.stop.is_set():
        try:
            look()
            for event in door.events(ledger.place()):
                if _is_next(event, ledger.place()):
                    checkpoint = check(event)
                    course.busy.set()
                    if passed := wanted(event):
                        hand_over(event)
                    ledger.keep(event, checkpoint)
                    course.busy.clear()
                    taken, cuts = taken + passed, 0
                    if taken == course.count or course.stop.is_set():
                        return taken
        except CutError as error:
            cuts += 1
            cut(error)
            if course.every_seconds is None and cuts == _CUTS:
                raise
            course.stop.wait(_wait(cuts, error))
        else:
            if course.every_seconds is None:
                return taken
            course.stop.wait(course.every_seconds)
    return taken


def _is_next(event: Event, place: Place | None) -> bool:
    """Whether an event comes next; False if it was there before.

    Raises:
        FeedError: if it comes too early, or is of another history.
    """
    if place is not None and event.place.feed_id != place.feed_id:
        raise FeedError(f"{event.place} is of another history than {place}: the feed was lost and begun anew")
    wanted = place.sequence + 1 if place else 0
    if event.place.sequence > wanted:
        raise FeedError(f"{event.place} came where {wanted} is next: something is missing")
    return event.place.sequence == wanted


def _wait(cuts: int, error: CutError) -> float:
    if error.wait_seconds is not None:
        return error.wait_seconds
    return _FIRST_WAIT_SECONDS * (1 << min(cuts - 1, _DOUBLINGS))
