"""One request to an endpoint, within a time that is kept as a whole, to an address that was looked at.

Each attempt makes a connection of its own, asks anew what the name means, and connects to that very address; TLS is proven for the
name. No proxy of the environment, no redirect, and of the answer only its head is read: nothing in its body could matter.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, cast

import httpcore

from services.publishing.doors.webhooks.addresses import Address, ForbiddenError, Guard, Target

TIMEOUT_SECONDS = 20.0
"""For all of it, from the name to the head of the answer; the specification advises 15 to 30."""
_CONNECT_SECONDS = 5.0
"""For one address, if there are several."""
_RESOLVERS = 1024
"""Threads that ask for names, each made when it is needed. What they ask cannot be broken off, and a silent name server must hold
up no other name: hence so many.
"""
_OK, _REDIRECTS, _FAULTS, _GONE = 200, 300, 400, 410


class Reason(StrEnum):
    """What became of an attempt."""

    DELIVERED = "delivered"
    GONE = "gone"
    """The receiver wants nothing more (410)."""
    REDIRECT = "redirect"
    STATUS = "status"
    """An answer that is no success."""
    TIMEOUT = "timeout"
    NO_SUCH_NAME = "no_such_name"
    FORBIDDEN = "forbidden"
    """The name means an address that no request may go to."""
    NO_CONNECTION = "no_connection"
    TLS = "tls"
    """The certificate proves another name, nothing, or no longer."""
    BROKEN = "broken"
    """The connection broke, or what came over it was not HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an attempt, with the answer's status if there was one."""

    reason: Reason
    status: int | None = None
    retry_after: str | None = None
    detail: str = ""
    millis: int = 0


Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""Gives the addresses of a name, or raises OSError."""
_threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="webhook name")


async def resolved(host: str, port: int) -> Sequence[Address]:
    """What the machine's resolver says of a name."""
    found = await asyncio.get_running_loop().run_in_executor(_threads, _look_up, host, port)
    return [ip_address(address) for address in dict.fromkeys(found)]


def _look_up(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Transport:
    """Posts. Use it from one event loop."""

    def __init__(
        self, guard: Guard, context: ssl.SSLContext, *, resolve: Resolve = resolved, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._guard, self._context, self._resolve, self._timeout = guard, context, resolve, timeout_seconds

    async def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Try once; whatever happens is an outcome."""
        start = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                status, retry_after = await self._request(target, headers, body)
        except TimeoutError:
            reason, detail = Reason.TIMEOUT, f"no answer within {self._timeout:g} s"
        except ForbiddenError as error:
            reason, detail = Reason.FORBIDDEN, str(error)
        except _NameError as error:
            reason, detail = Reason.NO_SUCH_NAME, str(error)
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError, ValueError) as error:
            reason, detail = _broken(error)  # whatever the other end makes of it, it must not end the process
        else:
            return Outcome(reason=_reason(status), status=status, retry_after=retry_after, millis=_since(start))
        return Outcome(reason=reason, detail=detail[:200], millis=_since(start))

    async def _request(self, target: Target, headers: Mapping[str, str], body: bytes) -> tuple[int, str | None]:
        backend = _Looked(target, self._guard, self._resolve)
        url = httpcore.URL(
            scheme="http" if target.plain else "https", host=target.host, port=target.port, target=target.path.encode("ascii")
        )
        async with (
            httpcore.AsyncConnectionPool(ssl_context=self._context, network_backend=backend, max_connections=1) as pool,
            pool.stream("POST", url, headers=list({"Host": target.authority, **headers}.items()), content=body) as response,
        ):
            found = {name.lower(): value for name, value in response.headers}
            return response.status, found.get(b"retry-after", b"").decode("latin-1") or None


class _NameError(Exception):
    """There is no such name, or nobody knows now."""


class _Looked(httpcore.AsyncNetworkBackend):
    """Connects to addresses of the target that the guard has let pass, the first that answers."""

    def __init__(self, target: Target, guard: Guard, resolve: Resolve) -> None:
        self._target, self._guard, self._resolve = target, guard, resolve
        self._plain = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - named by its base class
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """See `AsyncNetworkBackend.connect_tcp`."""
        del timeout, local_address, socket_options
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise _NameError(f"{host}: {error}") from error
        if not addresses:
            raise _NameError(f"{host}: no address")
        self._guard.check(self._target, addresses)
        for address in addresses[:-1]:
            try:
                return await self._plain.connect_tcp(str(address), port, timeout=_CONNECT_SECONDS)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue  # there is another one
        return await self._plain.connect_tcp(str(addresses[-1]), port)


def _reason(status: int) -> Reason:
    if _OK <= status < _REDIRECTS:
        return Reason.DELIVERED
    if _REDIRECTS <= status < _FAULTS:
        return Reason.REDIRECT
    return Reason.GONE if status == _GONE else Reason.STATUS


def _broken(error: Exception) -> tuple[Reason, str]:
    tls = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        return Reason.TLS, tls.reason or str(tls)
    if isinstance(error, httpcore.ConnectError):
        return Reason.NO_CONNECTION, str(error)
    return Reason.BROKEN, str(error) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
