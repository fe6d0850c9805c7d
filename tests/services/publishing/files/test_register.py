"""Quarters for the register: columns that add up to the ledger's cent, corrections where they fell, and nothing that changes."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.budget_ledger.records import Envelope
from services.kernel.cells import Cell
from services.publishing.doors.files.quarters import Quarter, named, places, quarter_of, quarters
from services.publishing.doors.files.register import COLUMNS, REGISTER, quarter, whole_euros
from services.publishing.doors.files.shelf import Shelf
from services.publishing.doors.files.tables import written
from services.publishing.feed import Feed
from services.publishing.records import Award
from services.publishing.views import Views
from services.runtime.replay import replay, steps
from services.standalone.registry import SPECS
from tests.services.publishing import histories
from tests.services.publishing.feeding import DEPLOYMENT, Filled, Hands, in_time, recorded, take_in, writing
from tests.services.publishing.files.telling import Told, told
from tests.services.publishing.histories import End, Facts, facts, hear, interleaved
from tests.services.publishing.http.serving import restored

OFFICIAL = Path(__file__).parent / "official"
BASE = "https://feed.example"
NAMES = [name for name, _ in COLUMNS]


def rows(feed: Told | Filled) -> list[dict[str, Any]]:
    """All rows of all quarters."""
    source, views = feed.feed, feed.views
    found: list[dict[str, Any]] = []
    for which in quarters(source, source.length()):
        table = quarter(source, views, which, places(source, source.length(), which))
        found += [named_cells(row) | {"quarter": str(which)} for row in table.rows]
    return found


def named_cells(row: Sequence[Cell]) -> dict[str, Any]:
    return dict(zip(NAMES, row, strict=True))


def cents(row: dict[str, Any], what: str) -> int:
    return 100 * (row[f"{what} (EUR)"] or 0) + (row[f"Rest {what.lower()} (cent)"] or 0)


def in_order(told_of: Facts) -> list[Any]:
    """All facts, one log after the other."""
    return [command for log in told_of.logs.values() for command in log]


def parsed(content: bytes, delimiter: str = ",", encoding: str = "utf-8") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter))


def test_the_columns_are_the_registers_own() -> None:
    (line,) = (OFFICIAL / "subsidieregister-columns.csv").read_text("utf-8").splitlines()
    assert tuple(line.split(";")) == REGISTER == tuple(NAMES[:13])


@given(st.data())
def test_whatever_happens_columns_add_up_to_what_the_ledger_has(data: st.DataObject) -> None:
    ends, merges = data.draw(st.lists(st.sampled_from(End), min_size=1, max_size=6)), data.draw(st.booleans())
    published = (*data.draw(histories.subsets), "applicant", "amount", "outcome")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histories, "AMOUNT", 100_049)  # so that no sum is whole
        patch.setattr(histories, "ADVANCE", 90_033)
        state, events = hear(interleaved(facts(ends, published, merges=merges), data.draw(st.randoms(use_true_random=False))))
    days = data.draw(st.lists(st.integers(0, 60), min_size=len(events), max_size=len(events)))
    times = [histories.START + timedelta(days=sum(days[: n + 1])) for n in range(len(events))]
    feed = told(state, events, times)
    found = rows(feed)
    for award in state.all(Award):
        of = [row for row in found if row["Toekenning"] == award.award_id]
        assert sum(cents(row, "Toegekend") for row in of) == award.committed_cents
        assert sum(cents(row, "Betaald") for row in of) == (award.paid_cents or 0) - (award.recovered_cents or 0)
        assert all((row["Betaald (EUR)"] is None) == (award.paid_cents is None) for row in of)
        assert max(row["Plaats"] for row in of) <= award.events[-1]
    assert [row["Plaats"] for row in found] == sorted({row["Plaats"] for row in found})
    assert all(row["quarter"] == str(quarter_of(feed.event(row["Plaats"]).time)) for row in found)


def test_they_add_up_to_the_recorded_ledger(life: Filled) -> None:
    state = replay(SPECS["budget_ledger"].decider, steps("budget_ledger/0", recorded()["budget_ledger/0"]))
    envelopes, found = list(state.all(Envelope)), rows(life)
    assert sum(cents(row, "Toegekend") for row in found) == sum(envelope.committed_cents for envelope in envelopes) > 0
    paid, recovered = (sum(getattr(envelope, f"{name}_cents") for envelope in envelopes) for name in ("paid", "recovered"))
    assert sum(cents(row, "Betaald") for row in found) == paid - recovered > 0
    assert recovered > 0


@given(st.integers(-(2**53), 2**53))
def test_a_whole_euro_is_the_nearest_and_the_rest_is_kept(sum_cents: int) -> None:
    euros, rest = whole_euros(sum_cents)
    assert 100 * euros + rest == sum_cents
    assert abs(rest) <= 50
    assert whole_euros(-sum_cents) == (-euros, -rest), "what is taken back is printed as it was granted"


def test_a_correction_stands_with_a_minus_in_its_quarter(life: Filled) -> None:
    negative = [row for row in rows(life) if cents(row, "Toegekend") < 0 or cents(row, "Betaald") < 0]
    said = [
        (row["quarter"], row["Gebeurtenis"], row["Gemeente"], cents(row, "Toegekend"), cents(row, "Betaald")) for row in negative
    ]
    assert said[:3] == [
        ("2021-Q4", "AwardWithdrawn", "Zoersel", -5_800_000, 0),
        ("2022-Q3", "AwardAmended", "Boechout", -600_000, 0),
        ("2022-Q3", "AwardRecovered", "Boechout", -1_800_000, -1_800_000),
    ]
    assert all(row["Jaar"] == int(row["quarter"][:4]) for row in negative)


def test_a_row_says_who_got_what_from_whom(life: Filled) -> None:
    first = rows(life)[0]
    assert [first[name] for name in REGISTER] == [
        *(None, None, "Lokale aanpak van radicalisering, oproep 2021", "Agentschap Binnenlands Bestuur", "0207508932", None),
        *("Aartselaar", None, "Aartselaar", "België", 2021, 60_000, 0),
    ]


def test_what_is_told_late_stands_where_it_was_told() -> None:
    state, events = hear(in_order(facts([End.PAID], histories.everything)))
    late = datetime(2022, 8, 1, tzinfo=UTC)
    feed = told(state, events, [late] * len(events))
    assert all(str(event.data["occurredAt"]) < "2021-04" for event in feed.found), "it happened long before"
    assert {row["quarter"] for row in rows(feed)} == {"2022-Q3"}


def test_the_register_has_euros_only() -> None:
    state, events = hear(in_order(facts([End.PAID], histories.everything)))
    changed = [replace(event, currency="SEK") if hasattr(event, "awarded_cents") else event for event in events]
    assert rows(told(state, changed, [histories.START] * len(events))) == []


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("2021-03-31T21:59:59Z", "2021-Q1"),  # summer time has begun
        ("2021-03-31T22:00:00Z", "2021-Q2"),
        ("2021-12-31T22:59:59Z", "2021-Q4"),
        ("2021-12-31T23:00:00Z", "2022-Q1"),
    ],
)
def test_a_quarter_begins_at_midnight_in_brussels(at: str, name: str) -> None:
    instant = datetime.fromisoformat(at)
    which = quarter_of(instant)
    assert str(which) == name
    assert which.start <= instant < which.following.start
    assert named(name) == which


def test_quarters_have_one_name_each() -> None:
    assert [named(name) for name in ("2021-Q0", "2021-Q5", "21-Q1", "2021-q1", "2021-Q1 ", "٢٠٢١-Q1")] == [None] * 6
    assert Quarter(2021, 4).following == Quarter(2022, 1)


def test_a_quarter_that_is_over_never_changes(tmp_path: Path) -> None:
    history = list(in_time(recorded()))
    clock, kept, open_once = Hands(datetime(2021, 3, 1, tzinfo=UTC)), dict[str, bytes](), set[str]()
    with writing(tmp_path, clock) as writer:
        feed: Feed | None = None
        for at in range(0, len(history), 40):
            take_in(writer, clock, history[at : at + 40])
            feed = feed or Feed(writer.store, deployment=DEPLOYMENT)
            feed.refresh()
            files = {file.name: file for file in Shelf(feed, Views(feed), BASE).files() if file.quarter}
            assert all(files[name].closed and files[name].content() == content for name, content in kept.items())
            kept |= {name: file.content() for name, file in files.items() if file.closed}
            open_once |= {name for name, file in files.items() if name.endswith(".csv") and not file.closed}
    assert len(kept) == 2 * 9
    assert {name for name in kept if name in open_once} >= {"register/2021-Q2.csv", "register/2021-Q4.excel.csv"}


def test_the_same_feed_gives_the_same_bytes(life: Filled, tmp_path: Path) -> None:
    with restored(life, tmp_path) as again:
        one, two = ([(file.name, file.content()) for file in Shelf(feed, Views(feed), BASE).files()] for feed in (life.feed, again))
    assert one == two


def test_both_forms_say_the_same_and_hold_what_a_spreadsheet_would_run() -> None:
    formulas = ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)"]
    state, events = hear(in_order(facts([End.GRANTED] * 4, histories.everything)))
    changed = [renamed(event, formulas) for event in events]
    feed = told(state, changed, [histories.START] * len(events))
    table = quarter(feed.feed, feed.views, Quarter(2021, 1), range(feed.length()))
    plain, excel = written(table, "csv"), written(table, "excel.csv")
    assert not plain.startswith(b"\xef\xbb\xbf")
    assert excel.startswith(b"\xef\xbb\xbfBeleidsdomein;Thema;")
    shown = parsed(excel, ";", "utf-8-sig")
    assert {row["Naam subsidieontvanger"] for row in parsed(plain)} == set(formulas)
    assert {row["Naam subsidieontvanger"] for row in shown} == {f'="{text}"' for text in formulas}, (
        "texts, whatever they begin with"
    )
    assert all(row["KBO-nr"].startswith('="02075') for row in shown)
    for mine, other in zip(parsed(plain), shown, strict=True):
        assert {name: text for name, text in mine.items() if "(" in name} == {
            name: text for name, text in other.items() if "(" in name
        }


def renamed(event: Any, names: Iterable[str]) -> Any:
    if not hasattr(event, "organisation"):
        return event
    named_ = list(names)[int(event.organisation.kbo) % 4]
    return replace(event, organisation=replace(event.organisation, name=named_))
