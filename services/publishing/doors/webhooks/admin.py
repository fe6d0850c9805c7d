"""What operators do with endpoints. Everything is checked here; the server only brings it in and carries the answer out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

import structlog

from services.kernel.form import Id, MalformedError, Matches, from_json
from services.publishing.doors.webhooks.delivery import Deliverer, UnknownEndpointError
from services.publishing.doors.webhooks.endpoints import Delivery, Endpoint, Secrets, State, Why
from services.publishing.doors.webhooks.keys import Scheme, new_key
from services.publishing.doors.webhooks.payload import Payload
from services.publishing.doors.webhooks.store import KEPT, Transaction
from services.publishing.events import PUBLIC
from services.publishing.feed import PositionError
from services.runtime.sealing import WrongKeyError

END = "end"
"""As a place: behind the last event that there is now."""
MAX_OVERLAP = timedelta(days=30)
_MAX_ENDPOINTS = 1_000
_MAX_CHOSEN = 100

log = structlog.get_logger()


class StateError(RuntimeError):
    """It cannot be done with this endpoint as it is now; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """An endpoint as an operator describes it."""

    endpoint_id: Id
    url: str
    owner: Annotated[str, Matches(r"[!-?A-~]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", "a mail address")]
    types: tuple[str, ...] = ()
    calls: tuple[Id, ...] = ()
    payload: Payload = Payload.THIN
    scheme: Scheme = Scheme.HMAC
    start: str = END


class Admin:
    """Safe for many threads. `by` is the id of who asks; it stands in the process's log."""

    def __init__(self, deliverer: Deliverer) -> None:
        self._deliverer, self._store, self._feed = deliverer, deliverer.store, deliverer.feed
        self._safe, self._clock = deliverer.safe, deliverer.clock

    def add(self, new: NewEndpoint, *, by: str) -> tuple[Endpoint, str]:
        """Keep a new endpoint; gives what its receiver verifies with, which is shown this once.

        Raises:
            MalformedError: naming what is wrong with it.
            StateError: if there is one of that id, or there are too many.
        """
        self._deliverer.guard.target(new.url)
        if unknown := sorted(set(new.types) - set(PUBLIC)):
            raise MalformedError("types", f"{unknown[0]!r} is no type", ", ".join(PUBLIC))
        if len(new.calls) > _MAX_CHOSEN:
            raise MalformedError("calls", f"{len(new.calls)} calls", f"at most {_MAX_CHOSEN}; none: all")
        place, key = self._place(new.start, "start"), new_key(new.scheme)
        endpoint = Endpoint(
            endpoint_id=new.endpoint_id,
            url=new.url,
            types=frozenset(new.types),
            calls=frozenset(new.calls),
            payload=new.payload,
            sealed=self._safe.seal(new.endpoint_id, from_json(Secrets, {"keys": [{"secret": key.secret}], "owner": new.owner})),
            feed_id=self._feed.feed_id,
            next=place,
            due=self._clock.now(),
        )
        with self._store.transaction() as tx:
            if tx.endpoint(new.endpoint_id) is not None:
                raise StateError(f"there is an endpoint {new.endpoint_id}; remove it first, or take another id")
            if len(tx.endpoints()) >= _MAX_ENDPOINTS:
                raise StateError(f"there are {_MAX_ENDPOINTS} endpoints, as many as there may be")
            tx.put(endpoint)
        log.info("webhook.added", endpoint=new.endpoint_id, by=by)
        return endpoint, key.for_receiver

    def endpoints(self) -> Sequence[Endpoint]:
        """All endpoints."""
        with self._store.transaction() as tx:
            return tx.endpoints()

    def rotate(self, endpoint_id: str, *, overlap: timedelta, scheme: Scheme | None, owner: str, by: str) -> str:
        """Sign with a new key, for a while with the one before as well; gives what the receiver verifies with from now on.

        `owner` takes the place of the owner's address; empty: it stays.

        Raises:
            MalformedError: if the overlap is too long, or the owner is needed.
            UnknownEndpointError: if there is no such endpoint.
        """
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            raise MalformedError("overlap", f"{overlap}", f"0 to {MAX_OVERLAP.days} days")
        now = self._clock.now()
        with self._store.transaction() as tx:
            endpoint = _found(tx, endpoint_id)
            before = self._secrets(endpoint)
            if before is None and not owner:
                raise MalformedError("owner", "what was kept of it cannot be read", "the owner's mail address, given anew")
            old = before.keys[0] if before else None
            key = new_key(scheme or (old.scheme if old else Scheme.HMAC))
            kept = (replace(old, until=now + overlap),) if old and overlap else ()
            secrets = Secrets(keys=(key, *kept), owner=owner or (before.owner if before else ""))
            tx.put(replace(endpoint, sealed=self._safe.seal(endpoint_id, secrets)))
        log.info("webhook.rotated", endpoint=endpoint_id, by=by)
        return key.for_receiver

    async def test(self, endpoint_id: str, *, by: str) -> Delivery:
        """Send a test. From the event loop of the deliverer only.

        Raises:
            UnknownEndpointError: if there is no such endpoint.
            StateError: if it cannot be signed.
        """
        log.info("webhook.tested", endpoint=endpoint_id, by=by)
        try:
            return await self._deliverer.test(endpoint_id)
        except (WrongKeyError, OSError) as error:
            raise StateError(f"{endpoint_id}: its key cannot be read; rotate it") from error

    def resend(self, endpoint_id: str, first: str, last: str, *, by: str) -> Endpoint:
        """Send again what was sent, from the first place to the last, before what is new. The ids are those of the first time.

        `last` may be `end`: all that was sent. What the endpoint has not chosen is passed over.

        Raises:
            UnknownEndpointError: if there is no such endpoint.
            MalformedError: if these are no places, or in the wrong order.
            StateError: if something is being resent, or this was not sent yet.
        """
        start, end = self._place(first, "first"), self._place(last, "last")
        now = self._clock.now()
        with self._store.transaction() as tx:
            endpoint = _found(tx, endpoint_id)
            if endpoint.resend_next is not None:
                raise StateError(
                    f"{endpoint_id}: {endpoint.resend_next} to {endpoint.resend_last} is being resent; wait, or resume --from"
                )
            if endpoint.why is Why.OTHER_HISTORY:
                raise StateError(f"{endpoint_id}: its place is of another history; resume it from a place of this one first")
            if start > end:
                raise MalformedError("last", f"{last} is before {first}", f"{first} or after")
            if start >= endpoint.next:
                raise StateError(f"{endpoint_id}: {start} was not sent yet; the next one is {endpoint.next}")
            moved = replace(endpoint, resend_next=start, resend_last=min(end, endpoint.next - 1), failed=0, due=now)
            tx.put(moved)
        log.info("webhook.resent", endpoint=endpoint_id, first=start, last=moved.resend_last, by=by)
        return moved

    def pause(self, endpoint_id: str, *, by: str) -> Endpoint:
        """Send nothing until it is resumed.

        Raises:
            UnknownEndpointError: if there is no such endpoint.
            StateError: if it is disabled.
        """
        with self._store.transaction() as tx:
            endpoint = _found(tx, endpoint_id)
            if endpoint.state is State.DISABLED:
                raise StateError(f"{endpoint_id}: it is disabled already")
            paused = replace(endpoint, state=State.PAUSED)
            tx.put(paused)
        log.info("webhook.paused", endpoint=endpoint_id, by=by)
        return paused

    def resume(self, endpoint_id: str, start: str, *, by: str) -> Endpoint:
        """Go on, with a table of attempts from its beginning: where the endpoint stood, or from another place, if one is named.

        Raises:
            UnknownEndpointError: if there is no such endpoint.
            MalformedError: if that is no place.
            StateError: if a place must be named.
        """
        now = self._clock.now()
        place = self._place(start, "start") if start else None
        with self._store.transaction() as tx:
            endpoint = _found(tx, endpoint_id)
            if place is None and endpoint.feed_id != self._feed.feed_id and endpoint.feed_id:
                raise StateError(f"{endpoint_id}: its place is of another history; name one of this history")
            resumed = replace(endpoint, state=State.ACTIVE, why=None, failed=0, due=now, mail_due=None)
            if place is not None:
                resumed = replace(resumed, feed_id=self._feed.feed_id, next=place, resend_next=None, resend_last=None)
            tx.put(resumed)
        log.info("webhook.resumed", endpoint=endpoint_id, start=start, by=by)
        return resumed

    def remove(self, endpoint_id: str, *, by: str) -> None:
        """Forget an endpoint, its keys, its owner's address and its log.

        Raises:
            UnknownEndpointError: if there is no such endpoint.
        """
        with self._store.transaction() as tx:
            _found(tx, endpoint_id)
            tx.remove(endpoint_id)
        log.info("webhook.removed", endpoint=endpoint_id, by=by)

    def deliveries(self, endpoint_id: str, limit: int) -> Sequence[Delivery]:
        """The newest attempts, the newest first.

        Raises:
            UnknownEndpointError: if there is no such endpoint.
            MalformedError: if the limit is out of bounds.
        """
        if not 1 <= limit <= KEPT:
            raise MalformedError("limit", str(limit), f"1 to {KEPT}")
        with self._store.transaction() as tx:
            _found(tx, endpoint_id)
            return tx.deliveries(endpoint_id, limit)

    def _secrets(self, endpoint: Endpoint) -> Secrets | None:
        try:
            return self._safe.open(endpoint.endpoint_id, endpoint.sealed)
        except (WrongKeyError, OSError):
            return None

    def _place(self, text: str, field: str) -> int:
        """A place of the feed as a person names it: a sequence, an id of an event, or `end`."""
        if text == END:
            return self._feed.length()
        try:
            return self._feed.position(text)
        except PositionError as error:
            raise MalformedError(field, str(error), f"a sequence, an id of an event, or {END}") from error


def _found(tx: Transaction, endpoint_id: str) -> Endpoint:
    endpoint = tx.endpoint(endpoint_id)
    if endpoint is None:
        raise UnknownEndpointError(endpoint_id)
    return endpoint
