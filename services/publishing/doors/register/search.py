"""What a reader asks of the awards, by the parameters of the address: the same for a page and for what is downloaded from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from starlette.requests import Request

from services.publishing.doors.http.answers import Problem, number, only, text_of
from services.publishing.records import Award
from services.publishing.views import Filter, Views

STATES = ("granted", "settled", "withdrawn")
PROVINCES = (
    *("antwerp", "brussels", "east_flanders", "flemish_brabant", "hainaut", "liege", "limburg", "luxembourg", "namur"),
    *("walloon_brabant", "west_flanders", "none"),
)
_LONGEST = 100
"""Characters of a text that is looked for."""
_MOST_PAGES = 1_000_000


def _by_name(award: Award) -> tuple[str, int]:
    return award.organisation.name.casefold(), award.events[0]


_ORDERS: Mapping[str, Callable[[Award], Any]] = {
    "newest": lambda award: -award.events[0],
    "oldest": lambda award: award.events[0],
    "amount": lambda award: (-award.awarded_cents, award.events[0]),
    "name": _by_name,
}
ORDERS = tuple(_ORDERS)
"""How what was found can be put in order; the first is the usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A question. An empty text asks nothing; a browser sends it for a field that was left alone."""

    text: str = ""
    call: str = ""
    purpose: str = ""
    province: str = ""
    year: str = ""
    state: str = ""
    order: str = ORDERS[0]

    def found(self, views: Views) -> list[Award]:
        """The awards that are meant, in the order that was asked for."""
        only_these = Filter(
            text=self.text or None,
            call_id=self.call or None,
            purpose=self.purpose or None,
            province=self.province or None,
            year=int(self.year) if self.year else None,
            state=self.state or None,
        )
        return sorted(views.awards(only_these), key=_ORDERS[self.order])

    def query(self) -> list[tuple[str, str]]:
        """The question as parameters, one way of writing for one question."""
        given = [(f.name, str(getattr(self, f.name))) for f in fields(self)]
        return [(name, value) for name, value in given if value and (name, value) != ("order", ORDERS[0])]

    @property
    def narrows(self) -> bool:
        """Whether anything but the order is asked."""
        return any(name != "order" for name, _ in self.query())


def asked(request: Request, *more: str) -> Search:
    """The question of a request, which may have the parameters `more` besides.

    Raises:
        Problem: 400 at a parameter or a value that means nothing.
    """
    only(request, *(f.name for f in fields(Search)), *more)
    return Search(
        text=_text(request, "text").strip(),
        call=_text(request, "call"),
        purpose=_text(request, "purpose"),
        province=_one_of(request, "province", PROVINCES),
        year=str(number(request, "year", 0, 1000, 9999)) if text_of(request, "year") else "",
        state=_one_of(request, "state", STATES),
        order=_one_of(request, "order", ORDERS) or ORDERS[0],
    )


def page_number(request: Request) -> int:
    """Which page of what was found; the first is 1.

    Raises:
        Problem: 400 if it is no number.
    """
    return number(request, "page", 1, 1, _MOST_PAGES)


def _text(request: Request, name: str) -> str:
    text = text_of(request, name) or ""
    if len(text) > _LONGEST:
        raise Problem(400, "out_of_range", f"{name}: {len(text)} characters; allowed: {_LONGEST}", field=name)
    return text


def _one_of(request: Request, name: str, allowed: Sequence[str]) -> str:
    text = text_of(request, name) or ""
    if text and text not in allowed:
        raise Problem(400, "malformed", f"{name}: {text[:80]!r}; allowed: {', '.join(allowed)}", field=name)
    return text
