"""How many requests a client address may make: a bucket each, which holds a minute's worth and fills up evenly."""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.publishing.doors.http.answers import Problem

_ADDRESSES = 20_000
"""Addresses remembered; of more, those that were quiet longest are forgotten."""
_FREE = ("/healthz",)


class Limiter:
    """The buckets. `now` tells seconds that never go back; `a_minute` is the number of requests, 0 for no limit."""

    def __init__(self, a_minute: int, now: Callable[[], float]) -> None:
        self._a_minute, self._now = a_minute, now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By address: what is left, and when that was."""

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, address: str) -> int:
        """Take one request of an address: 0, or the whole seconds after which to come again."""
        if not self._a_minute:
            return 0
        key, now = _holder(address), self._now()
        left, before = self._buckets.get(key, (float(self._a_minute), now))
        left = min(self._a_minute, left + (now - before) * self._a_minute / 60)
        waits = 0 if left >= 1 else math.ceil((1 - left) * 60 / self._a_minute)
        self._buckets[key] = (left if waits else left - 1, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        return waits


class Limits:
    """Answers 429 in the place of the application where an address asks too often."""

    def __init__(self, app: ASGIApp, *, limiter: Limiter, base: str) -> None:
        self._app, self._limiter, self._base = app, limiter, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http" or scope["path"] in _FREE:
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        seconds = self._limiter.wait(client[0] if client else "")
        if not seconds:
            await self._app(scope, receive, send)
            return
        detail = f"too many requests from this address; come again in {seconds} s"
        problem = Problem(429, "too_many_requests", detail, headers={"Retry-After": str(seconds)}, retryAfterSeconds=seconds)
        await problem.response(Request(scope), self._base)(scope, receive, send)


def _holder(address: str) -> str:
    """Who an address belongs to: of IPv6 the network of 64 bits, as one holder has all of that."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address
