"""A feed of calls that mean harm, in all provinces and signed: words that are markup or formulas, and names without an end."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from services.kernel.entry import Entry
from services.publishing.codec import SPEC
from services.publishing.feed import Feed
from services.publishing.model import NoteBodies, NoteCall
from services.publishing.terms import Body
from services.publishing.views import Views
from services.runtime.sql_store import open_store
from services.runtime.writer import Writer
from services.tlog.notes import SigningKey, origin
from tests.services.publishing.feeding import ALL, DEPLOYMENT, LOG, Filled, Hands, arrival, in_time, interpreter, recorded

KEY = SigningKey(origin(DEPLOYMENT, LOG), bytes(range(32)))
HARM = "<script>alert('&quot;')</script><img src=x onerror=\"alert(1)\">{{ 7 * 7 }}"
FORMULA = '=HYPERLINK("https://evil.example";"x")'
ENDLESS = "W" * 100
QUIET = tuple(name for name in ALL if name not in ("paid", "final_grant"))
"""What the second of the two calls publishes."""
_PROVINCES = ("11", "21", "23", "30", "40", "50", "60", "70", "80", "90")


def spoiled(command: Any) -> Any:
    """The same command with words that mean harm."""
    match command:
        case NoteCall(call_id=call_id):
            purposes = tuple(replace(p, label={"nl": f"{p.label['nl']} {HARM}"}) for p in command.purposes)
            published = QUIET if call_id.endswith("round2") else ALL
            return replace(command, title={"nl": f"Oproep {HARM}"}, legal_basis=HARM, purposes=purposes, published=published)
        case NoteBodies():
            return replace(command, bodies=tuple(_spoiled(body) for body in command.bodies))
        case _:
            return command


def _spoiled(body: Body) -> Body:
    number = int(body.kbo) // 97
    name = (HARM, f"{FORMULA} {body.name}", ENDLESS, body.name)[number % 4]
    return replace(body, name=name, nis=_PROVINCES[number % 10] + body.nis[2:])


@contextmanager
def hostile(directory: Path) -> Generator[Filled]:
    """The recorded life with these words, in a signed log."""
    history = list(in_time(recorded()))
    clock, reading, failures = Hands(Entry.from_bytes(history[0][1].value).time), interpreter(), list[BaseException]()
    store = open_store(f"sqlite:///{directory}", LOG, SPEC.decider.checks)
    writer = Writer(
        deployment=DEPLOYMENT, name=LOG, decider=SPEC.decider, store=store, clock=clock, stopped=failures.append, keys=[KEY]
    )
    writer.start()
    try:
        for name, stored in history:
            clock.at = max(clock.at, Entry.from_bytes(stored.value).time)
            came = arrival(reading, name, stored, None)
            orders = tuple(replace(order, command=spoiled(order.command)) for order in came.orders)
            writer.receive([replace(came, orders=orders)]).result()
        feed = Feed(store, deployment=DEPLOYMENT)
        yield Filled(store, feed, Views(feed))
    finally:
        writer.stop()
        store.close()
    assert not failures


class _Tables(HTMLParser):
    """Reads the tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] = []
        self._note = self._cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._rows = self.found.setdefault(str(dict(attrs)["id"]), [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
            self._cell = True
        elif tag == "span":
            self._note = dict(attrs).get("class") == "note"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False
        elif tag == "span":
            self._note = False

    def handle_data(self, data: str) -> None:
        if self._cell and not self._note:
            self._rows[-1][-1] += data


def tables(page: str) -> dict[str, list[list[str]]]:
    """The rows of each table of a page, the head first, as a reader sees them; without the small print."""
    reader = _Tables()
    reader.feed(page)
    return {name: [[cell.strip() for cell in row] for row in rows] for name, rows in reader.found.items()}
