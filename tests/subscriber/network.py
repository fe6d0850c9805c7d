"""A network between a subscriber and a real server that breaks where a test says."""

from collections.abc import Callable, Iterator

import httpx

from tests.services.publishing.http.serving import BASE

Fate = Callable[[httpx.Request], int | None]
"""How many bytes of an answer come before the connection breaks; None: all."""


def whole(_request: httpx.Request) -> int | None:
    """Nothing breaks."""
    return None


class Network(httpx.BaseTransport):
    """Leads the public address of the feed to where it is served."""

    def __init__(self, url: str, fate: Fate = whole) -> None:
        self._inner, self._url, self._fate = httpx.HTTPTransport(), httpx.URL(url), fate
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url).startswith(BASE)
        left = self._fate(request)
        self.requests.append(request)
        request.url = request.url.copy_with(scheme="http", host=self._url.host, port=self._url.port)
        request.headers["accept-encoding"] = "identity"  # so that bytes are those of events
        answer = self._inner.handle_request(request)
        assert isinstance(answer.stream, httpx.SyncByteStream)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=_Broken(answer.stream, left))

    def close(self) -> None:
        self._inner.close()


class _Broken(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, left: int | None) -> None:
        self._inner, self._left = inner, left

    def __iter__(self) -> Iterator[bytes]:
        left = self._left
        for chunk in self._inner:
            if left is not None and len(chunk) >= left:
                yield chunk[:left]
                raise httpx.ReadError("the connection broke")
            left = None if left is None else left - len(chunk)
            yield chunk

    def close(self) -> None:
        self._inner.close()
