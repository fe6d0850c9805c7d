"""The files over HTTP: what there is, for how long it may be kept, and what is said when it is not there."""

import csv
import io
from datetime import datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from services.kernel.form import instant
from services.publishing.doors.files.shelf import Shelf
from services.runtime import arrow
from services.runtime.extra import MissingExtraError
from tests.services.publishing.feeding import Filled
from tests.services.publishing.files.test_register import parsed
from tests.services.publishing.http.serving import BASE, Open

FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture
def without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise MissingExtraError(f"{name} is not installed")

    monkeypatch.setattr("services.publishing.doors.files.tables.library", missing)
    monkeypatch.setattr(arrow, "library", missing)


def listed(door: Open) -> list[dict[str, Any]]:
    return list(door.get("/v1/files").json()["files"])


def test_every_file_that_is_listed_is_there(life: Filled, door: Open) -> None:
    files = listed(door)
    shelf = Shelf(life.feed, life.views, BASE)
    assert [file["name"] for file in files][:4] == ["360giving.json", "awards.csv", "awards.excel.csv", "awards.parquet"]
    assert len(files) == 4 + 3 * 10
    for file in files:
        answer, made = door.get(file["href"]), shelf.file(file["name"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, file["mediaType"])
        assert made is not None
        assert answer.content == made.content() == door.get(f"/v1/files/{file['name']}").content
        assert answer.headers["cache-control"] == (FOR_EVER if file["closed"] else "public, no-cache")
        assert door.get(file["href"], if_none_match=answer.headers["etag"]).status_code == 304
        assert answer.headers["content-disposition"] == f'attachment; filename="{file["name"].rpartition("/")[2]}"'


def test_what_may_be_kept_for_ever_names_its_history(door: Open) -> None:
    quarter = "register/2021-Q4.csv"
    assert door.get(f"/v1/files/{quarter}").headers["cache-control"] == "public, no-cache"
    assert door.get(f"/v1/files/{door.feed.feed_id}/{quarter}").headers["cache-control"] == FOR_EVER
    assert door.get(f"/v1/files/0123456789abcdef/{quarter}").status_code == 410
    closed = {file["name"] for file in listed(door) if file["closed"]}
    assert {name.partition(".")[2] for name in closed} == {"csv", "excel.csv"}, "another pyarrow may write other bytes"
    assert not any("2023-Q2" in name for name in closed), "the last event is in it"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/files/register/2020-Q4.csv", 404, "the feed tells of 2021-Q1 to 2023-Q2"),
        ("/v1/files/register/2023-Q3.csv", 404, "the feed tells of 2021-Q1 to 2023-Q2"),
        ("/v1/files/register/2021-Q5.csv", 400, "2021-Q4.excel.csv"),
        ("/v1/files/register/2021-Q4", 400, "2021-Q4.csv"),
        ("/v1/files/register/2021-Q4.xlsx", 400, "2021-Q4.parquet"),
        ("/v1/files/register/..%2Fawards.csv", 404, "Not Found"),
        ("/v1/files/awards.xlsx", 404, "Not Found"),
        ("/v1/files/awards.csv?year=2021", 400, "allowed: none"),
        ("/v1/files?after=3", 400, "allowed: none"),
    ],
)
def test_what_is_not_there_is_a_problem_and_no_file(door: Open, path: str, status: int, said: str) -> None:
    answer = door.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]


def test_a_reader_who_takes_something_else_is_told_so(door: Open) -> None:
    assert door.get("/v1/files/awards.csv", accept="application/json").status_code == 406
    assert door.get("/v1/files/awards.csv", accept="text/*").status_code == 200


@pytest.mark.usefixtures("without_pyarrow")
def test_without_pyarrow_there_is_no_parquet(door: Open) -> None:
    assert not any("parquet" in file["name"] for file in listed(door))
    answer = door.get("/v1/files/register/2021-Q4.parquet")
    assert (answer.status_code, answer.json()["title"]) == (501, "Not installed")
    assert "pyarrow" in answer.json()["detail"]
    assert door.get("/v1/files/awards.csv").status_code == 200


@pytest.mark.parametrize("name", ["awards", "register/2022-Q3"])
def test_parquet_and_csv_say_the_same(door: Open, name: str) -> None:
    plain = parsed(door.get(f"/v1/files/{name}.csv").content)
    table = pq.read_table(io.BytesIO(door.get(f"/v1/files/{name}.parquet").content))
    assert table.num_rows == len(plain) > 0
    for row, line in zip(table.to_pylist(), plain, strict=True):
        assert [*row] == [*line]
        for member, value in row.items():
            if isinstance(value, datetime):
                assert line[member] == instant(value)
            else:
                assert line[member] == ("" if value is None else str(value))


def test_every_award_is_a_row(life: Filled, door: Open) -> None:
    lines = list(csv.reader(io.StringIO(door.get("/v1/files/awards.csv").text, newline="")))
    assert [line[0] for line in lines[1:]] == [award.award_id for award in life.views.awards()]
    assert "withdrawn" in {line[3] for line in lines}
