"""Delivers: the next event of an endpoint is sent, and what became of it kept in one transaction with the endpoint's place.

A crash between sending and keeping sends the event again, under the same id. Events of one endpoint go out one after the other,
each when the one before was taken: a receiver may keep the last `sequence` that it saw and nothing else, and totals never run
backwards. What holds the line up is bounded by the table of attempts; after that the endpoint is disabled and keeps its place.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from secrets import token_hex

import structlog

from services.kernel import canonical
from services.kernel.form import MalformedError, instant
from services.kernel.ports import Clock
from services.publishing.cloudevent import TYPE_PREFIX
from services.publishing.doors.webhooks.addresses import Guard
from services.publishing.doors.webhooks.endpoints import Delivery, Endpoint, Secrets, State, Why
from services.publishing.doors.webhooks.keys import headers
from services.publishing.doors.webhooks.payload import TEST, payload
from services.publishing.doors.webhooks.safe import Safe
from services.publishing.doors.webhooks.schedule import Chance, next_due, retry_after
from services.publishing.doors.webhooks.store import WebhookStore
from services.publishing.doors.webhooks.transport import Outcome, Reason, Transport
from services.publishing.feed import Feed, PublicEvent
from services.runtime import metrics
from services.runtime.sealing import WrongKeyError

_PAGE = 256

log = structlog.get_logger()


class UnknownEndpointError(LookupError):
    """There is no endpoint of that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    """Makes attempts. It does not wait: whoever uses it says when. `base` is the feed's public address, if it has one."""

    store: WebhookStore
    feed: Feed
    safe: Safe
    guard: Guard
    transport: Transport
    clock: Clock
    chance: Chance
    base: str

    async def step(self, endpoint_id: str) -> bool:
        """Make the attempt that an endpoint is due for, or pass over events that it has not chosen; False: none is."""
        endpoint = self._ready(endpoint_id)
        if endpoint is None:
            return False
        place, event = await asyncio.to_thread(self._next_event, endpoint)
        if event is None:
            self._pass_over(endpoint, place)
            return True
        try:
            secrets = self.safe.open(endpoint_id, endpoint.sealed)
        except (WrongKeyError, OSError):
            self._disable(endpoint, Why.NO_KEY)
            return True
        outcome = await self._send(endpoint, secrets, event.id, payload(event, endpoint.payload, base=self.base))
        self._keep(endpoint, event, outcome)
        return True

    async def test(self, endpoint_id: str) -> Delivery:
        """Send an event that means nothing, once, whatever state the endpoint is in.

        Raises:
            UnknownEndpointError: if there is no such endpoint.
            WrongKeyError: if what it is signed with cannot be read.
        """
        with self.store.transaction() as tx:
            endpoint = tx.endpoint(endpoint_id)
        if endpoint is None:
            raise UnknownEndpointError(endpoint_id)
        webhook_id = f"test/{token_hex(8)}"
        body = canonical.encode(
            {
                "type": TYPE_PREFIX + TEST,
                "timestamp": instant(self.clock.now()),
                "id": webhook_id,
                "data": {"endpointId": endpoint_id},
            }
        )
        outcome = await self._send(endpoint, self.safe.open(endpoint_id, endpoint.sealed), webhook_id, body)
        with self.store.transaction() as tx:
            return tx.note(endpoint_id, outcome, at=self.clock.now(), webhook_id=webhook_id, kind=TEST, attempt=0)

    def _ready(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint, if an attempt may be made now."""
        now = self.clock.now()
        with self.store.transaction() as tx:
            endpoint = tx.endpoint(endpoint_id)
            if endpoint is None or endpoint.state is not State.ACTIVE or endpoint.due > now:
                return None
            if not endpoint.feed_id and self.feed.feed_id:  # it was there before the first entry of the log
                endpoint = replace(endpoint, feed_id=self.feed.feed_id)
                tx.put(endpoint)
        if endpoint.feed_id != self.feed.feed_id:
            self._disable(endpoint, Why.OTHER_HISTORY)
            return None
        return endpoint if endpoint.place < self.feed.length() else None

    def _next_event(self, endpoint: Endpoint) -> tuple[int, PublicEvent | None]:
        """The first event from its place on that the endpoint has chosen, within a page; and how far was looked."""
        last = endpoint.resend_last
        limit = _PAGE if endpoint.resend_next is None or last is None else min(_PAGE, last - endpoint.resend_next + 1)
        events: Sequence[PublicEvent] = self.feed.events(endpoint.place - 1 if endpoint.place else None, limit)
        for event in events:
            if endpoint.wants(event):
                return event.sequence, event
        return endpoint.place + len(events), None

    async def _send(self, endpoint: Endpoint, secrets: Secrets, webhook_id: str, body: bytes) -> Outcome:
        try:
            target = self.guard.target(endpoint.url)
        except MalformedError as error:  # what is allowed has changed since the endpoint was added
            return Outcome(reason=Reason.FORBIDDEN, detail=str(error)[:200])
        signed = headers(secrets.keys, webhook_id=webhook_id, now=self.clock.now(), body=body)
        told = {"Content-Type": "application/json", "User-Agent": "oproep-webhooks", **signed}
        return await self.transport.post(target, told, body)

    def _pass_over(self, endpoint: Endpoint, place: int) -> None:
        now = self.clock.now()
        with self.store.transaction() as tx:
            current = tx.endpoint(endpoint.endpoint_id)
            if current is not None and _at_one_place(current, endpoint):
                tx.put(current.past(place, now))

    def _keep(self, endpoint: Endpoint, event: PublicEvent, outcome: Outcome) -> None:
        """Keep what became of an attempt. Where the operator has moved or removed the endpoint meanwhile, that stands."""
        now, after = self.clock.now(), None
        with self.store.transaction() as tx:
            current = tx.endpoint(endpoint.endpoint_id)
            if current is None:
                return
            tx.note(endpoint.endpoint_id, outcome, at=now, webhook_id=event.id, kind=event.type, attempt=endpoint.failed + 1)
            if _at_one_place(current, endpoint):
                after = self._after(current, event, outcome)
                tx.put(after)
        metrics.webhooks.labels(outcome.reason.value).inc()
        told = {"endpoint": endpoint.endpoint_id, "event_id": event.id, "attempt": endpoint.failed + 1}
        if outcome.reason is not Reason.DELIVERED:
            log.info("webhook.failed", **told, reason=outcome.reason.value, status=outcome.status)
        if after is not None and after.why is not None:
            log.warning("webhook.disabled", **told, why=after.why.value)

    def _after(self, endpoint: Endpoint, event: PublicEvent, outcome: Outcome) -> Endpoint:
        """The endpoint after an attempt."""
        now = self.clock.now()
        if outcome.reason is Reason.DELIVERED:
            return endpoint.past(event.sequence + 1, now)
        if outcome.reason is Reason.GONE:
            return endpoint.disabled(Why.GONE, now)
        failed = endpoint.failed + 1
        due = next_due(failed, now, asked=retry_after(outcome.retry_after, now), chance=self.chance)
        if due is None:
            return replace(endpoint, failed=failed).disabled(Why.EXHAUSTED, now)
        return replace(endpoint, failed=failed, due=due)

    def _disable(self, endpoint: Endpoint, why: Why) -> None:
        with self.store.transaction() as tx:
            current = tx.endpoint(endpoint.endpoint_id)
            if current is not None and current.state is State.ACTIVE:
                tx.put(current.disabled(why, self.clock.now()))
        log.warning("webhook.disabled", endpoint=endpoint.endpoint_id, why=why.value)


def _at_one_place(current: Endpoint, before: Endpoint) -> bool:
    """Whether an endpoint still is where it was."""
    return (current.next, current.resend_next, current.resend_last) == (before.next, before.resend_next, before.resend_last)
