"""An endpoint and what became of the deliveries to it, as they are kept."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from services.kernel.form import Line
from services.publishing.doors.webhooks.keys import Key
from services.publishing.doors.webhooks.payload import Payload
from services.publishing.doors.webhooks.transport import Outcome
from services.publishing.feed import PublicEvent


class State(StrEnum):
    """Whether an endpoint is sent to. In every state its place in the feed is kept, so that it can go on from there."""

    ACTIVE = "active"
    PAUSED = "paused"
    """By an operator."""
    DISABLED = "disabled"
    """By itself; the endpoint says why."""


class Why(StrEnum):
    """Why an endpoint was disabled."""

    GONE = "gone"
    """It answered 410: it wants nothing more."""
    EXHAUSTED = "exhausted"
    """It did not take an event in ten attempts over more than three days."""
    OTHER_HISTORY = "other_history"
    """Its place is one of a feed that is no more: the log was lost and written anew."""
    NO_KEY = "no_key"
    """What it is signed with cannot be read: the key of OPROEP_WEBHOOK_KEY is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What is kept sealed: the keys, the newest first, and where the owner is reached."""

    keys: tuple[Key, ...]
    owner: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where events are posted to, which ones, and how far that has come.

    Events go out in order, each after the one before was taken. So one place is all there is to keep; while older events are
    resent, a second one.
    """

    endpoint_id: str
    url: str
    types: frozenset[str]
    """Names of public events; empty: all."""
    calls: frozenset[str]
    """Ids of calls; empty: all."""
    payload: Payload
    sealed: bytes
    """`Secrets`, sealed."""
    feed_id: str
    """The history that the places are of; empty while there is none."""
    next: int
    """The place of the next event."""
    due: datetime
    """When the next attempt may be made."""
    state: State = State.ACTIVE
    why: Why | None = None
    resend_next: int | None = None
    resend_last: int | None = None
    """What is resent before all else: from the first to the last, both among them."""
    failed: int = 0
    """How often the event at `place` was tried in vain."""
    mail_due: datetime | None = None
    """When the owner is to be told that the endpoint is disabled; None: there is nothing to tell."""

    @property
    def place(self) -> int:
        """The place of the event to look at next."""
        return self.next if self.resend_next is None else self.resend_next

    def wants(self, event: PublicEvent) -> bool:
        """Whether it has chosen events like this one."""
        return (not self.types or event.type in self.types) and (not self.calls or event.call_id in self.calls)

    def past(self, place: int, now: datetime) -> Self:
        """The endpoint when all before `place` is done."""
        resending = self.resend_last is not None and place <= self.resend_last
        if self.resend_next is None:
            return replace(self, next=place, failed=0, due=now)
        if resending:
            return replace(self, resend_next=place, failed=0, due=now)
        return replace(self, resend_next=None, resend_last=None, failed=0, due=now)

    def disabled(self, why: Why, now: datetime) -> Self:
        """The endpoint, disabled, its owner still to be told."""
        return replace(self, state=State.DISABLED, why=why, mail_due=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt, as the log of deliveries has it. `number` counts the endpoint's attempts."""

    endpoint_id: str
    number: int
    at: datetime
    webhook_id: str
    type: str
    attempt: int
    """Which attempt at this event it was: 1, 2, …; 0 for a test."""
    outcome: Outcome
