"""Questions over HTTP, and what an answer other than the wanted one means to a subscriber."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx

from services.subscriber.event import CutError, FeedError

_AGAIN = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_SHOWN = 500


class Web:
    """A client of one feed; `base` is its public address, `transport` stands in for the network in tests."""

    def __init__(self, base: str, *, timeout_seconds: float = 60, transport: httpx.BaseTransport | None = None) -> None:
        self.base = base.rstrip("/")
        self._client = httpx.Client(timeout=timeout_seconds, transport=transport, headers={"User-Agent": "oproep-subscribe"})

    def get(self, address: str, accept: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """A whole answer: 200, or 304 if `headers` ask for that. `address` is a path below the base, or whole.

        Raises:
            CutError: if trying again may help.
            FeedError: if it does not; with the words of the other side.
        """
        with _translated(address):
            answer = self._client.get(self._whole(address), headers={"Accept": accept, **(headers or {})})
        if answer.status_code == HTTPStatus.NOT_MODIFIED:
            return answer
        _hold(answer)
        return answer

    @contextmanager
    def stream(self, address: str, accept: str, headers: Mapping[str, str]) -> Generator[httpx.Response]:
        """An answer that is read as it comes. Raises as `get` does, also while it is read."""
        with (
            _translated(address),
            self._client.stream("GET", self._whole(address), headers={"Accept": accept, **headers}) as answer,
        ):
            if answer.status_code != HTTPStatus.OK:
                answer.read()
            _hold(answer)
            yield answer

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def _whole(self, address: str) -> str:
        if not address.startswith(("http://", "https://")):
            return self.base + address
        if not address.startswith(f"{self.base}/"):
            raise FeedError(f"{address[:200]!r} leads away from {self.base}")
        return address


@contextmanager
def _translated(address: str) -> Generator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise CutError(f"{address[:200]}: {error!r}") from error


def _hold(answer: httpx.Response) -> None:
    """Make sure that an answer is what was asked for."""
    if answer.status_code == HTTPStatus.OK:
        return
    code, detail = _problem(answer)
    words = f"{answer.url.path}: {answer.status_code} {detail}"
    if answer.status_code in _AGAIN:
        told = answer.headers.get("retry-after", "")
        wait_seconds = float(told) if told.isascii() and told.isdigit() and len(told) < 6 else None  # noqa: PLR2004 - a day
        raise CutError(words, wait_seconds, code)
    raise FeedError(words)


def _problem(answer: httpx.Response) -> tuple[str, str]:
    """The code and the detail of the problem document, or no code and the beginning of whatever came."""
    try:
        document: Any = json.loads(answer.content)
        detail = str(document["detail"])[:_SHOWN]
        return str(document.get("type", "")).rpartition("/")[2], detail
    except (ValueError, KeyError, TypeError):
        return "", answer.text[:_SHOWN]
