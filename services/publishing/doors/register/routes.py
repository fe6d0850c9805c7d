"""The addresses of the register, and how it answers: pages in the language of their address, problems in it too.

    /                        to /nl/ or /en/, by Accept-Language; so do /calls/<id> and /awards/<id>, which events link to
    /nl/ , /en/              calls, calls/<id>, awards, awards/<id>, sums, about below them
    /nl/awards.csv, .json    what the page of the same question shows, in the same order; calls and sums likewise
    /register.css, /register.svg, /verify_receipt.py

All links are relative, so the register works at any public address, behind any proxy.
"""

from collections.abc import Callable
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.publishing.doors import DoorContext
from services.publishing.doors.http.answers import Growing, Problem, negotiated, only, page, text_of
from services.publishing.doors.register import tables
from services.publishing.doors.register.pages import ROWS, Here, MissingError, Register
from services.publishing.doors.register.search import asked, page_number
from services.publishing.doors.register.words import LANGUAGES, chosen

_HTML = "text/html"
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_FORMS: dict[str, tuple[str, Callable[..., bytes]]] = {
    "csv": ("text/csv", lambda table, _about: tables.as_csv(table)),
    "json": ("application/json", tables.as_json),
}
_STATIC = {
    "/register.css": ("text/css", "services.publishing.doors.register", "register.css"),
    "/register.svg": ("image/svg+xml", "services.publishing.doors.register", "register.svg"),
    "/verify_receipt.py": ("text/x-python", "services.tlog", "verify_receipt.py"),
}
_KEPT = 256
"""Pages kept, of those asked for last."""
Make = Callable[[Here], bytes]
Table = Callable[[], tuple[tables.Table, dict[str, Any]]]


class _Language(Convertor[str]):
    """A language in a path."""

    regex = "|".join(LANGUAGES)

    def convert(self, value: str) -> str:
        """See Starlette."""
        return value

    def to_string(self, value: str) -> str:
        """See Starlette."""
        return value


register_url_convertor("language", _Language())


def routes(context: DoorContext, rows: int = ROWS) -> list[BaseRoute]:
    """The routes of the register; `rows` is how many awards a page shows."""
    door = _Door(context, rows)
    return [
        Route("/", door.enter),
        Route("/calls/{id}", door.enter),
        Route("/awards/{id}", door.enter),
        *(Route(path, door.static) for path in _STATIC),
        Route("/{language:language}", door.slash),
        Route("/{language:language}/", door.home),
        Route("/{language:language}/calls", door.calls),
        Route("/{language:language}/awards", door.awards),
        Route("/{language:language}/sums", door.sums),
        Route("/{language:language}/about", door.about),
        Route("/{language:language}/calls/{id}", door.call),
        Route("/{language:language}/awards/{id}", door.award),
        *(Route(f"/{{language:language}}/awards.{form}", door.awards_table) for form in _FORMS),
        *(Route(f"/{{language:language}}/calls.{form}", door.calls_table) for form in _FORMS),
        *(Route(f"/{{language:language}}/sums.{form}", door.sums_table) for form in _FORMS),
        Route("/{language:language}/{path:path}", door.elsewhere),
    ]


class _Door:
    """Answers; each in a thread of the pool, as reading the feed may wait for the disk."""

    def __init__(self, context: DoorContext, rows: int) -> None:
        self._feed, self._views, self._growing = context.feed, context.views, Growing(self._length, kept=_KEPT)
        self._register = Register(context.feed, context.views, context.settings.feed_url, rows)

    def enter(self, request: Request) -> Response:
        """To the same place in the reader's language."""
        language = chosen(", ".join(request.headers.getlist("accept-language")))
        rest = _path(request) if "id" in request.path_params else "/"
        return _moved(f"{_root(request)}{language}{quote(rest)}", Vary="Accept-Language")

    def slash(self, request: Request) -> Response:
        """To the home in a language, which ends with a slash: links are relative to it."""
        return _moved(f"{request.path_params['language']}/")

    def static(self, request: Request) -> Response:
        """A file."""
        media_type, package, name = _STATIC[_path(request)]
        return page(request, files(package).joinpath(name).read_bytes(), media_type, closed=False)

    def home(self, request: Request) -> Response:
        """The overview."""
        return self._page(request, self._register.home)

    def calls(self, request: Request) -> Response:
        """All calls."""
        return self._page(request, self._register.calls)

    def call(self, request: Request) -> Response:
        """A call."""
        return self._page(request, lambda here: self._register.call(here, request.path_params["id"]))

    def awards(self, request: Request) -> Response:
        """Awards that are looked for."""

        def make(here: Here) -> bytes:
            search, number = asked(request, "page"), page_number(request)
            return self._register.awards(here, search, number)

        return self._page(request, make, queried=True)

    def award(self, request: Request) -> Response:
        """An award."""
        return self._page(request, lambda here: self._register.award(here, request.path_params["id"]))

    def sums(self, request: Request) -> Response:
        """What awards come to."""
        return self._page(request, lambda here: self._register.sums(here, asked(request)), queried=True)

    def about(self, request: Request) -> Response:
        """About the register."""
        return self._page(request, self._register.about)

    def elsewhere(self, request: Request) -> Response:
        """Any other address: there is nothing."""
        negotiated(request, (_HTML,))
        return self._missing(request)

    def awards_table(self, request: Request) -> Response:
        """The rows of a page of awards; with `page=all`, of all."""
        search = asked(request, "page")
        number = None if text_of(request, "page") == "all" else page_number(request)
        return self._table(request, lambda: self._register.awards_table(request.path_params["language"], search, number))

    def calls_table(self, request: Request) -> Response:
        """The rows of the page of calls."""
        only(request)
        return self._table(request, lambda: self._register.calls_table(request.path_params["language"]))

    def sums_table(self, request: Request) -> Response:
        """The rows of the page of sums."""
        search = asked(request)
        return self._table(request, lambda: self._register.sums_table(request.path_params["language"], search))

    def _page(self, request: Request, make: Make, *, queried: bool = False) -> Response:
        """A page. Only where it is `queried` does its query matter: elsewhere, what others add to a link does no harm."""
        negotiated(request, (_HTML,))
        here = _here(request, urlencode(request.query_params.multi_items()) if queried else "")
        try:
            body, _ = self._growing.made(here.same(here.language), lambda: (make(here), False))
        except MissingError:
            return self._missing(request)
        except Problem as problem:
            field = str(problem.members.get("field", ""))
            return _html(self._register.problem(_here(request, lost=True), problem.status, field), problem.status)
        return page(request, body, _HTML, closed=False, headers=_headers(here.language))

    def _missing(self, request: Request) -> Response:
        return _html(self._register.problem(_here(request, lost=True), 404), 404, request.path_params["language"])

    def _table(self, request: Request, make: Table) -> Response:
        form = _path(request).rpartition(".")[2]
        media_type, written = _FORMS[form]
        negotiated(request, (media_type,))
        self._length()
        try:
            table, about = make()
        except MissingError as error:
            raise Problem(404, "not_found", f"there is no {error}", field="page") from error
        headers = {"Content-Disposition": f'attachment; filename="{table.name}.{form}"'}
        return page(request, written(table, about), media_type, closed=False, headers=headers)

    def _length(self) -> int:
        """How long the feed is; what stands now may have been read after it was last looked at."""
        length = self._views.length()
        if length > self._feed.length():
            self._feed.refresh()
        return length


def _here(request: Request, query: str = "", *, lost: bool = False) -> Here:
    language = request.path_params["language"]
    path = _path(request).removeprefix(f"/{language}/")
    return Here(language=language, path="" if lost else path, root=_root(request), query=query, lost=lost)


def _root(request: Request) -> str:
    """The way from the page up to the address of the feed, as a browser counts the steps."""
    raw: bytes = request.scope.get("raw_path") or _path(request).encode()
    return "../" * (raw.partition(b"?")[0].count(b"/") - 1)


def _path(request: Request) -> str:
    return str(request.scope["path"])


def _headers(language: str) -> dict[str, str]:
    return {"Content-Language": language, "Content-Security-Policy": _POLICY, "Referrer-Policy": "same-origin"}


def _html(body: bytes, status: int, language: str = "") -> Response:
    return Response(body, status, {"Cache-Control": "no-store", **_headers(language)}, _HTML)


def _moved(address: str, **headers: str) -> Response:
    return Response(status_code=303, headers={"Location": address, "Cache-Control": "public, no-cache", **headers})
