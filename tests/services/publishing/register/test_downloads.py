"""What is downloaded is what is shown: the same question, the same rows, the same order."""

import csv
import io
from typing import Any

import pytest

from services.publishing.doors.register.pages import Here, MissingError, Register
from services.publishing.doors.register.search import Search
from services.publishing.doors.register.tables import as_csv
from services.publishing.doors.register.words import words
from tests.services.publishing.feeding import Filled
from tests.services.publishing.http.serving import BASE, Open
from tests.services.publishing.register.serving import tables

QUESTIONS = [
    "",
    "?text=HEIST",
    "?text=0207508932&call=&purpose=&province=&year=&state=&order=newest",
    "?call=radicalisation-2021&order=name",
    "?purpose=livc&order=amount",
    "?state=withdrawn",
    "?year=2021&province=antwerp&order=oldest",
    "?call=nothing",
]
CENTS = ("awarded_cents", "committed_cents", "paid_cents", "recovered_cents")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def shown(row: dict[str, str], language: str, names: tuple[str, ...] = CENTS) -> list[str]:
    """Its sums as a page writes them."""
    say = words(language)
    return [say.money(int(row[name]), row["currency"]) if row[name] else say("form.not_published") for name in names]


def as_shown(row: dict[str, str], language: str) -> list[str]:
    """A row of a file as the page of awards has it."""
    say = words(language)
    purposes = row["purpose_labels"].replace("; ", ", ") or say("form.none")
    text = [row["name"].removeprefix("'"), row["call_title"], purposes, say.code("province", row["province"]), row["year"]]
    return [*text, say.code("state", row["state"]), *shown(row, language)]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_awards_that_are_shown(door: Open, question: str, language: str) -> None:
    page = tables(door.get(f"/{language}/awards{question}").text).get("awards", [[]])[1:]
    file = door.get(f"/{language}/awards.csv{question}")
    assert [as_shown(row, language) for row in rows(file.text)] == page
    assert file.headers["content-disposition"] == 'attachment; filename="awards.csv"'
    told = door.get(f"/{language}/awards.json{question}").json()
    assert [award["awardId"] for award in told["awards"]] == [row["award_id"] for row in rows(file.text)]
    assert told["found"] == str(len(page))


def test_awards_of_calls_that_mean_harm(harmed: Open) -> None:
    page = tables(harmed.get("/nl/awards?order=name").text)["awards"][1:]
    assert [as_shown(row, "nl") for row in rows(harmed.get("/nl/awards.csv?order=name").text)] == page


def test_some_questions_find_some_awards(door: Open) -> None:
    found = [len(rows(door.get(f"/nl/awards.csv{question}").text)) for question in QUESTIONS]
    assert found == [28, 1, 1, 14, 8, 1, 28, 0]


def test_the_orders(door: Open) -> None:
    def names(order: str) -> list[str]:
        return [row["name"] for row in rows(door.get(f"/nl/awards.csv?order={order}").text)]

    assert names("newest") == names("oldest")[::-1]
    assert names("name") == sorted(names("name"), key=str.casefold)
    amounts = [int(row["awarded_cents"]) for row in rows(door.get("/nl/awards.csv?order=amount").text)]
    assert amounts == sorted(amounts, reverse=True)


def test_the_calls_that_are_shown(door: Open) -> None:
    page = tables(door.get("/en/calls").text)["calls"][1:]
    file = rows(door.get("/en/calls.csv").text)
    assert [[row["title"], *shown(row, "en", ("budget_cents",)), row["awards"], *shown(row, "en")] for row in file] == [
        [row[0], *row[3:]] for row in page
    ]
    assert [call["callId"] for call in door.get("/en/calls.json").json()["calls"]] == [row["call_id"] for row in file]


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_sums_that_are_shown(door: Open, harmed: Open, question: str) -> None:
    for place in (door, harmed):
        found = tables(place.get(f"/nl/sums{question}").text)
        page = [[by, *row] for by in ("purpose", "province", "year") for row in found.get(f"by-{by}", [[], []])[1:-1]]
        file = rows(place.get(f"/nl/sums.csv{question}").text)
        assert [[row["by"], row["label"], row["awards"], *shown(row, "nl")] for row in file] == page
        told: list[dict[str, Any]] = place.get(f"/nl/sums.json{question}").json()["sums"]
        assert [(total["by"], total["code"]) for total in told] == [(row["by"], row["code"]) for row in file]


def test_pages_of_what_was_found(life: Filled) -> None:
    """Each page downloads as itself; all of them together as all."""
    register, search = Register(life.feed, life.views, BASE, rows=10), Search(order="name")
    together = list[dict[str, str]]()
    for number in (1, 2, 3):
        page = register.awards(Here(language="nl", path="awards", root="../"), search, number).decode()
        table, about = register.awards_table("nl", search, number)
        here = rows(as_csv(table).decode())
        assert [as_shown(row, "nl") for row in here] == tables(page)["awards"][1:]
        assert f'awards.csv?order=name{f"&amp;page={number}" if number > 1 else ""}"' in page
        assert 'awards.csv?order=name&amp;page=all"' in page
        assert (about["page"], about["pages"], about["found"]) == (str(number), "3", "28")
        together += here
    assert together == rows(as_csv(register.awards_table("nl", search, None)[0]).decode())
    assert len(together) == 28
    with pytest.raises(MissingError):
        register.awards(Here(language="nl", path="awards", root="../"), search, 4)


def test_a_page_that_is_not_there_is_not_downloaded(door: Open) -> None:
    assert door.get("/nl/awards.json?page=2").json()["status"] == 404


def test_a_file_is_the_same_until_the_feed_grows(door: Open, life: Filled) -> None:
    file = door.get("/nl/awards.json")
    assert door.get("/nl/awards.json", If_None_Match=file.headers["etag"]).status_code == 304
    assert (file.json()["feed"], file.json()["length"]) == (life.feed.feed_id, str(life.feed.length()))
