"""How every door over HTTP answers: whole pages with a strong ETag, or a problem document (RFC 9457). Never half of one.

The same feed gives the same bytes. A page is *closed* once nothing can ever change it: then it may be kept for ever. An ETag names
one representation: that of a compressed page is another than that of the plain one (RFC 9110, 8.8.3.3).
"""

import gzip
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

PROBLEM = "application/problem+json"
FOR_EVER = "public, max-age=31536000, immutable"
LOOK_AGAIN = "public, no-cache"
VARY = "Accept, Accept-Encoding"
_SMALL_BYTES = 512
"""Below this, compressing costs more than it saves."""
_NUMBER = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", re.ASCII)
_GROWING_KEPT = 16
"""Pages that still grow: a few of each door, and those that have just been filled."""
_SHOWN = 300
"""Characters of what a caller sent that an answer repeats."""


class Problem(Exception):  # noqa: N818 - named after the document that it becomes
    """What is wrong with a request, or with the service, as its caller will read it.

    `code` is a word such as `out_of_range`: it names the type of problem, and with a capital and spaces it is its title. `members`
    are further members of the document, `headers` further headers of the answer.
    """

    def __init__(self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.members = dict(headers or {}), members

    def response(self, request: Request, base: str) -> Response:
        """The problem as an answer; `base` is the public address of the feed."""
        document: dict[str, Any] = {
            **self.members,
            "type": f"{base}/problems/{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "instance": base + _path(request)[:_SHOWN],
        }
        headers = {"Cache-Control": "no-store", **self.headers}
        body = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        return Response(body, self.status, headers, media_type=PROBLEM)


def page(request: Request, body: bytes, media_type: str, *, closed: bool, headers: Mapping[str, str] | None = None) -> Response:
    """A whole page, compressed if the caller takes that; 304 if the caller has it already."""
    tag = sha256(body).hexdigest()
    kept = {"Cache-Control": FOR_EVER if closed else LOOK_AGAIN, "Vary": VARY, **(headers or {})}
    if len(body) >= _SMALL_BYTES and _weights(request, "accept-encoding").get("gzip", 0.0) > 0:
        tag += "-gzip"
        kept["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 6, mtime=0)
    kept["ETag"] = f'"{tag}"'
    if has(request, kept["ETag"]):
        kept.pop("Content-Encoding", None)
        return Response(status_code=304, headers=kept)
    return Response(body, headers=kept, media_type=media_type)


class Growing:
    """Pages that still grow, kept as long as the feed does not: however many ask again and again, each is made once a length."""

    def __init__(self, length: Callable[[], int], *, kept: int = _GROWING_KEPT) -> None:
        self._length, self._most = length, kept
        self._kept: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def made(self, name: str, make: Callable[[], tuple[bytes, bool]]) -> tuple[bytes, bool]:
        """What `make` gives, the page and whether it is closed; that of the last time, if nothing has been told since."""
        length = self._length()  # before it is made: if the feed grows meanwhile, the page is made once more
        with self._lock:
            at, body = self._kept.get(name, (-1, b""))
        if at == length:
            return body, False
        body, closed = make()
        if not closed:
            with self._lock:
                self._kept[name] = length, body
                self._kept.move_to_end(name)
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return body, closed


def has(request: Request, etag: str) -> bool:
    """Whether the caller has that representation (If-None-Match, RFC 9110, 13.1.2: compared weakly)."""
    known = [tag.strip().removeprefix("W/") for line in request.headers.getlist("if-none-match") for tag in line.split(",")]
    return etag in known or "*" in known


def negotiated(request: Request, offered: Sequence[str]) -> str:
    """The one of the offered media types that the caller likes best; of equals, and without Accept, the first.

    Parameters other than `q` do not matter.

    Raises:
        Problem: 406 if none fits.
    """
    if not request.headers.getlist("accept"):
        return offered[0]
    weights = _weights(request, "accept")

    def liked(media_type: str) -> float:
        plain = media_type.partition(";")[0].strip().lower()
        ranges = (plain, plain.partition("/")[0] + "/*", "*/*")  # the nearest range that speaks of it counts
        return next((weights[wanted] for wanted in ranges if wanted in weights), 0.0)

    best = max(offered, key=liked)
    if liked(best) <= 0:
        raise Problem(406, "not_acceptable", f"Accept fits nothing that is here; allowed: {', '.join(offered)}", allowed=[*offered])
    return best


def number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """A number from the query.

    Raises:
        Problem: 400 if it is none, stands there twice, or is out of range.
    """
    text = text_of(request, name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text):
        raise Problem(400, "malformed", f"{name}: {text[:80]!r} is no number; allowed: {low} to {high}", field=name)
    if not low <= int(text) <= high:
        raise Problem(400, "out_of_range", f"{name}: {text[:80]} is out of range; allowed: {low} to {high}", field=name)
    return int(text)


def text_of(request: Request, name: str) -> str | None:
    """A text from the query; None if it is not there.

    Raises:
        Problem: 400 if it stands there twice.
    """
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise Problem(400, "repeated", f"{name}: stands there {len(values)} times; allowed: once", field=name)
    return values[0] if values else None


def only(request: Request, *names: str) -> None:
    """Hold the query to the parameters that mean something here: a misspelt filter must not give an unfiltered page.

    Raises:
        Problem: 400 at any other.
    """
    for name in request.query_params:
        if name not in names:
            allowed = ", ".join(names) or "none"
            raise Problem(400, "unknown_parameter", f"{name[:80]!r} is no parameter here; allowed: {allowed}", field=name[:80])


def _weights(request: Request, header: str) -> dict[str, float]:
    """What a list with q values (RFC 9110, 12.4.2) says; what cannot be read in it is passed over."""
    found: dict[str, float] = {}
    for line in request.headers.getlist(header):
        for item in line.lower().split(","):
            name, *parameters = (part.strip() for part in item.split(";"))
            q = next((text[2:].strip() for text in parameters if text.startswith("q=")), "1")
            if name and _WEIGHT.fullmatch(q):
                found[name] = max(found.get(name, 0.0), float(q))
    return found


def _path(request: Request) -> str:
    """The path as it was asked for."""
    raw: Any = request.scope.get("raw_path") or request.scope["path"].encode()
    return str(raw.decode("ascii", "backslashreplace")).partition("?")[0]
