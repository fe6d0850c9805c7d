"""The pages of the register, as HTML. The same feed gives the same page: no clock, no chance, no host that was asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.publishing.doors.register import grids, pictures, story, tables, totals
from services.publishing.doors.register.checking import checking
from services.publishing.doors.register.search import ORDERS, PROVINCES, STATES, Search
from services.publishing.doors.register.totals import AMOUNTS, Total
from services.publishing.doors.register.words import LANGUAGES, Said, Words, words
from services.publishing.feed import Feed, PublicEvent
from services.publishing.records import Award, Call
from services.publishing.views import Filter, Views

ROWS = 50
"""Awards on a page."""
_LATEST = 5
_TEMPLATES = Environment(
    loader=PackageLoader("services.publishing.doors.register"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


class MissingError(LookupError):
    """There is no such page, call or award."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where a page stands: `path` below the language, `root` the way up to the feed's address, so that every link is relative.

    `lost`: there is no such page, so it is not this one in another language either.
    """

    language: str
    path: str
    root: str
    query: str = ""
    lost: bool = False

    def to(self, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
        """The way to a page below the language; to any other address of the feed if the path begins with a slash."""
        place = path[1:] if path.startswith("/") else f"{self.language}/{path}"
        return self.root + place + (f"?{urlencode(query)}" if query else "")

    def same(self, language: str) -> str:
        """The way to this page in another language."""
        return f"{self.root}{language}/{self.path}" + (f"?{self.query}" if self.query else "")


class Register:
    """Makes pages and tables from a feed. `base` is its public address, `rows` how many awards a page shows."""

    def __init__(self, feed: Feed, views: Views, base: str, rows: int = ROWS) -> None:
        self._feed, self._views, self._base, self._rows = feed, views, base, rows

    def home(self, here: Here) -> bytes:
        """What there is: sums, years, calls, the latest awards, and where to look for more."""
        say, awards, calls = words(here.language), self._views.awards(), self._told()
        return self._page(
            "home.html",
            here,
            search=Search(),
            whole=totals.overall(awards),
            figures=self._figures(say, awards, ("year",)),
            calls=grids.calls(say, calls),
            latest=grids.awards(say, awards[: -_LATEST - 1 : -1], self._calls()),
        )

    def calls(self, here: Here) -> bytes:
        """All calls, the latest first."""
        return self._page("calls.html", here, grid=grids.calls(words(here.language), self._told()))

    def call(self, here: Here, call_id: str) -> bytes:
        """A call: its rules, what it went through, and what became of its money.

        Raises:
            MissingError: if there is none.
        """
        call = self._views.call(call_id)
        if call is None:
            raise MissingError(call_id)
        say, events = words(here.language), self._events(call.events)
        awards = self._views.awards(Filter(call_id=call_id))
        whole = totals.overall(awards) or [totals.nothing(call.currency)]
        return self._page(
            "call.html",
            here,
            call=call,
            whole=whole,
            money=_money_of_call(say, call, whole[0]),
            figures=self._figures(say, awards, ("purpose",)),
            history=story.of_call(say, events, call),
            proofs=story.proofs(say, events),
            checking=checking(self._feed, events[0], call),
            search=Search(call=call_id),
        )

    def awards(self, here: Here, search: Search, number: int) -> bytes:
        """A page of the awards that are looked for.

        Raises:
            MissingError: if there are not so many pages.
        """
        say, found = words(here.language), search.found(self._views)
        shown, pages = self._paged(found, number)
        return self._page(
            "awards.html",
            here,
            search=search,
            choices=self._choices(say, search),
            found=len(found),
            first=(number - 1) * self._rows + 1,
            shown=len(shown),
            number=number,
            pages=pages,
            whole=totals.overall(found),
            grid=grids.awards(say, shown, self._calls()),
        )

    def award(self, here: Here, award_id: str) -> bytes:
        """An award: its sums, its ground, what it went through, and its proof.

        Raises:
            MissingError: if there is none.
        """
        award = self._views.award(award_id)
        call = None if award is None else self._views.call(award.call_id)
        if award is None or call is None:
            raise MissingError(award_id)
        say, events = words(here.language), self._events(award.events)
        return self._page(
            "award.html",
            here,
            award=award,
            call=call,
            purposes=grids.purposes(say, award, call),
            ground=story.ground(say, award.ground),
            money=_money_of_award(say, award),
            history=story.of_award(say, events, call),
            proofs=story.proofs(say, events),
            checking=checking(self._feed, events[0], call),
        )

    def sums(self, here: Here, search: Search) -> bytes:
        """What the awards that are looked for come to, by purpose, province and year."""
        say, found = words(here.language), search.found(self._views)
        return self._page(
            "sums.html",
            here,
            search=search,
            choices=self._choices(say, search),
            whole=totals.overall(found),
            silent=any(total.silent for total in totals.overall(found)),
            figures=self._figures(say, found, tuple(totals.BY)),
        )

    def about(self, here: Here) -> bytes:
        """What the register holds, how to check it, and for whom it can be used."""
        return self._page("about.html", here, origin=self._feed.origin)

    def problem(self, here: Here, status: int, field: str = "") -> bytes:
        """That there is no such page (404), or that the search has a field with a value that means nothing (400)."""
        return self._page("problem.html", here, status=status, field=field)

    def awards_table(self, language: str, search: Search, number: int | None) -> tuple[tables.Table, dict[str, Any]]:
        """The rows of a page of awards, or of all pages, and what they are.

        Raises:
            MissingError: if there are not so many pages.
        """
        found = search.found(self._views)
        shown, pages = (found, 1) if number is None else self._paged(found, number)
        about = {"found": str(len(found)), "page": str(number or 1), "pages": str(pages), "search": dict(search.query())}
        return tables.awards(words(language), shown, self._calls()), self._about(about)

    def calls_table(self, language: str) -> tuple[tables.Table, dict[str, Any]]:
        """The rows of the page of calls."""
        return tables.calls(words(language), self._told()), self._about({})

    def sums_table(self, language: str, search: Search) -> tuple[tables.Table, dict[str, Any]]:
        """The rows of the page of sums."""
        say, found = words(language), search.found(self._views)
        groups = {dimension: totals.by(dimension, found) for dimension in totals.BY}
        labels = {dimension: self._labels(say, dimension, groups[dimension]) for dimension in groups}
        return tables.totals(groups, labels), self._about({"search": dict(search.query())})

    def _about(self, members: Mapping[str, Any]) -> dict[str, Any]:
        return {"feed": self._feed.feed_id, "length": str(self._views.length()), **members}

    def _page(self, template: str, here: Here, **content: Any) -> bytes:
        say, length = words(here.language), self._views.length()
        last = self._feed.event(length - 1).time if length else None
        return (
            _TEMPLATES.get_template(template)
            .render(say=say, here=here, base=self._base, languages=LANGUAGES, length=length, last=last, AMOUNTS=AMOUNTS, **content)
            .encode()
        )

    def _paged(self, found: Sequence[Award], number: int) -> tuple[Sequence[Award], int]:
        pages = max(1, -(-len(found) // self._rows))
        if number > pages:
            raise MissingError(f"page {number}")
        return found[(number - 1) * self._rows : number * self._rows], pages

    def _events(self, places: Iterable[int]) -> list[PublicEvent]:
        return [self._feed.event(place) for place in places]

    def _calls(self) -> dict[str, Call]:
        return {call.call_id: call for call in self._views.calls()}

    def _told(self) -> list[tuple[Call, Total]]:
        """Calls with what their awards come to, the latest first."""
        of: dict[str, list[Award]] = {call.call_id: [] for call in self._views.calls()}
        for award in self._views.awards():
            of[award.call_id].append(award)
        return [
            (call, next(iter(totals.overall(of[call.call_id])), totals.nothing(call.currency)))
            for call in reversed(self._views.calls())
        ]

    def _labels(self, say: Words, dimension: str, found: Iterable[Total]) -> dict[str, Said]:
        """The words of groups, by code."""
        match dimension:
            case "purpose":
                labels = self._purposes(say)
                return {total.code: labels.get(total.code, Said(total.code or say("form.none"))) for total in found}
            case "province":
                return {total.code: Said(say.code("province", total.code)) for total in found}
            case _:
                return {total.code: Said(total.code) for total in found}

    def _purposes(self, say: Words) -> dict[str, Said]:
        """The words of all purposes; of a code that two calls have, those of the later one."""
        return {purpose.code: say.of(purpose.label) for call in self._views.calls() for purpose in call.purposes}

    def _figures(self, say: Words, awards: Sequence[Award], dimensions: Iterable[str]) -> list[tuple[pictures.Picture, grids.Grid]]:
        """A picture and a table for each dimension and currency."""
        found: list[tuple[pictures.Picture, grids.Grid]] = []
        for whole in totals.overall(awards):
            for dimension in dimensions:
                groups = [total for total in totals.by(dimension, awards) if total.currency == whole.currency]
                labels = self._labels(say, dimension, groups)
                grid = grids.totals(say, dimension, groups, labels, [whole])
                found.append((_bars(say, f"{dimension}-{whole.currency}", grid.caption, groups, labels), grid))
        return found

    def _choices(self, say: Words, search: Search) -> dict[str, list[tuple[str, str]]]:
        """What the fields of the search offer: values with their words. What was asked for is always there."""
        awards = self._views.awards()
        there = {
            "call": {call.call_id: say.of(call.title).text for call in reversed(self._views.calls())},
            "purpose": dict(_sorted_by_word((code, said.text) for code, said in self._purposes(say).items())),
            "province": dict(_sorted_by_word((code, say.code("province", code)) for code in PROVINCES)),
            "year": {year: year for year in sorted({str(award.year) for award in awards}, reverse=True)},
            "state": {state: say.code("state", state) for state in STATES},
            "order": {order: say.code("order", order) for order in ORDERS},
        }
        for name, options in there.items():
            options.setdefault(getattr(search, name), getattr(search, name))
            options.pop("", None)
        return {name: list(options.items()) for name, options in there.items()}


def _sorted_by_word(options: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(options, key=lambda option: option[1].casefold())


def _bars(say: Words, name: str, title: str, groups: Sequence[Total], labels: Mapping[str, Said]) -> pictures.Picture:
    """Groups of awards: what was awarded, and on it what of that was paid."""
    rows = [
        pictures.Row(
            labels[total.code].text,
            say("picture.said", awarded=say.money(total.sums.awarded_cents, total.currency), paid=_or_hidden(say, total)),
            [("awarded", total.sums.awarded_cents), ("paid", total.cents("paid") or 0)],
        )
        for total in groups
    ]
    legend = [("awarded", say("column.awarded")), ("paid", say("column.paid"))]
    return pictures.picture(name, title, say("picture.beside"), rows, legend)


def _or_hidden(say: Words, total: Total) -> str:
    return grids.money(say, total.cents("paid"), total.currency).text


def _money_of_award(say: Words, award: Award) -> tuple[pictures.Picture, grids.Grid]:
    """The sums of an award, apart."""
    sums = {"requested": award.requested_cents, **{name: getattr(award, f"{name}_cents") for name in AMOUNTS}}
    return _apart(say, "award.amounts", {**sums, "final_grant": award.final_grant_cents}, award.currency)


def _money_of_call(say: Words, call: Call, total: Total) -> tuple[pictures.Picture, grids.Grid]:
    """The budget of a call, and what became of it."""
    return _apart(
        say, "call.amounts", {"budget": call.budget_cents, **{name: total.cents(name) for name in AMOUNTS}}, call.currency
    )


def _apart(say: Words, key: str, sums: Mapping[str, int | None], currency: str) -> tuple[pictures.Picture, grids.Grid]:
    rows = [
        pictures.Row(say(f"column.{name}"), say.money(cents, currency), [("whole", cents)])
        for name, cents in sums.items()
        if cents is not None
    ]
    cells = [
        [grids.Cell(text=say(f"column.{name}"), note=say(f"meaning.{name}")), grids.money(say, sums[name], currency)]
        for name in sums
    ]
    grid = grids.Grid(name="amounts", caption=say(key), columns=grids.columns(say, ("what",), ("sum",)), rows=cells)
    return pictures.picture("amounts", say(key), say("picture.beside"), rows), grid
