"""Searches and pages: what is meant is found, once and in order, and what cannot be understood is said."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import httpx
import pytest
from common_grants_sdk.client.exceptions import APIError
from common_grants_sdk.schemas.pydantic.responses import Error

from services.publishing.records import Award
from tests.services.publishing.commongrants.test_records import uuid
from tests.services.publishing.feeding import Filled
from tests.services.publishing.http.serving import Open

FOR_AWARDS: Mapping[str, Any] = {
    "status": {"operator": "in", "value": ["cancelled"]},
    "opportunityId": {"operator": "in", "value": [uuid("calls/radicalisation-2021-round2")]},
    "awardDateRange": {"operator": "between", "value": {"min": "2021-06-14", "max": "2021-06-14T21:59:59Z"}},
    "awardedAmountRange": {
        "operator": "between",
        "value": {"min": {"amount": "57999.99", "currency": "EUR"}, "max": {"amount": "58000", "currency": "EUR"}},
    },
}


def search(door: Open, what: str, **asked: Any) -> dict[str, Any]:
    answer = door.client.post(f"{door.url}/common-grants/{what}/search", json=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(answer: Mapping[str, Any]) -> list[str]:
    return [item["id"] for item in answer["items"]]


@pytest.mark.parametrize("what", ["opportunities", "awards"])
def test_without_a_question_all_is_meant(door: Open, what: str) -> None:
    every = ids(door.get(f"/common-grants/{what}").json())
    bare = door.client.post(f"{door.url}/common-grants/{what}/search")
    assert sorted(ids(bare.json())) == sorted(ids(search(door, what))) == sorted(every)


@pytest.mark.parametrize("name", FOR_AWARDS)
def test_a_filter_and_its_opposite_part_all_awards(life: Filled, door: Open, name: str) -> None:
    wanted = FOR_AWARDS[name]
    tests: Mapping[str, Callable[[Award], bool]] = {
        "status": lambda award: award.state == "withdrawn",
        "opportunityId": lambda award: award.call_id == "radicalisation-2021-round2",
        "awardDateRange": lambda award: award.decided_on == date(2021, 6, 14),
        "awardedAmountRange": lambda award: award.awarded_cents == 5_800_000,
    }
    expected = {uuid(f"awards/{award.award_id}") for award in life.views.awards() if tests[name](award)}
    opposite = {"in": "notIn", "between": "outside"}[wanted["operator"]]
    found, others = (
        search(door, "awards", filters={name: {**wanted, "operator": word}}) for word in (wanted["operator"], opposite)
    )
    assert set(ids(found)) == expected
    assert expected
    assert found["filterInfo"]["filters"].keys() == {name}
    assert set(ids(found)) | set(ids(others)) == {uuid(f"awards/{award.award_id}") for award in life.views.awards()}
    assert not set(ids(found)) & set(ids(others))


def test_filters_hold_together(life: Filled, door: Open) -> None:
    found = search(door, "awards", filters={name: FOR_AWARDS[name] for name in ("status", "opportunityId")})
    assert len(ids(found)) == found["paginationInfo"]["totalItems"] == 1
    assert ids(search(door, "awards", filters=FOR_AWARDS)) == []


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"status": {"operator": "in", "value": ["open", "closed"]}}, 2),
        ({"status": {"operator": "in", "value": ["open"]}}, 0),
        ({"closeDateRange": {"operator": "between", "value": {"min": "2021-05-11", "max": "2021-05-11"}}}, 1),
        ({"closeDateRange": {"operator": "between", "value": {"min": "2021-05-12"}}}, 1),
        ({"closeDateRange": {"operator": "outside", "value": {"min": "2021-05-12"}}}, 1),
        ({"minAwardAmountRange": {"operator": "between", "value": {"min": {"amount": "0", "currency": "EUR"}}}}, None),
    ],
)
def test_opportunities_are_filtered(door: Open, filters: Mapping[str, Any], count: int | None) -> None:
    if count is None:
        assert door.client.post(f"{door.url}/common-grants/opportunities/search", json={"filters": filters}).status_code == 400
    else:
        assert len(ids(search(door, "opportunities", filters=filters))) == count


@pytest.mark.parametrize(("currency", "operator", "count"), [("EUR", "between", 2), ("EUR", "outside", 0), ("USD", "between", 0)])
def test_a_sum_in_another_currency_is_never_meant(door: Open, currency: str, operator: str, count: int) -> None:
    value = {"min": {"amount": "60000.00", "currency": currency}, "max": {"amount": "60000", "currency": currency}}
    wanted = {"maxAwardAmountRange": {"operator": operator, "value": value}}
    assert len(ids(search(door, "opportunities", filters=wanted))) == count


def test_texts_are_looked_for_in_any_case(door: Open) -> None:
    assert len(ids(search(door, "awards", search="zOERSEL"))) == 1
    assert len(ids(search(door, "awards", search="0207499133"))) == 1
    assert len(ids(search(door, "opportunities", search="TWEEDE RONDE"))) == 1
    assert ids(search(door, "awards", search="no such words")) == []


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    "by", ["lastModifiedAt", "createdAt", "title", "status.value", "keyDates.awardDate", "funding.awardedAmount"]
)
def test_each_order_is_that_of_what_it_names(door: Open, by: str, order: str) -> None:
    found = search(door, "awards", sorting={"sortBy": by, "sortOrder": order})
    values = [value_at(item, by) for item in found["items"]]
    assert values == sorted(values, reverse=order == "desc")
    assert len(set(map(str, values))) > 1
    assert found["sortInfo"] == {"sortBy": by, "sortOrder": order, "errors": []}


def value_at(item: Any, path: str) -> Any:
    for name in path.split("."):
        item = item[name]
    if isinstance(item, dict):
        return float(item["amount"]) if "amount" in item else item["date"]
    return item.casefold() if path == "title" else item


def test_what_is_left_to_others_is_named_and_changes_nothing(door: Open) -> None:
    wanted = {"agency": {"operator": "in", "value": ["HHS"]}}
    found = search(door, "awards", filters={"customFilters": wanted}, sorting={"sortBy": "custom", "customSortBy": "luck"})
    assert found["filterInfo"] == {"filters": {}, "errors": ["customFilters.agency: is not known here, and was not applied"]}
    assert found["sortInfo"]["sortBy"] == "lastModifiedAt"
    assert "'luck' is not known here" in found["sortInfo"]["errors"][0]
    assert len(found["items"]) == 28


@pytest.mark.parametrize("size", [1, 9, 28, 1000])
def test_pages_part_what_was_found(door: Open, size: int) -> None:
    every = ids(search(door, "awards"))
    first = search(door, "awards", pagination={"pageSize": size})
    assert first["paginationInfo"] == {"page": 1, "pageSize": size, "totalItems": 28, "totalPages": -(-28 // size)}
    told = [ids(search(door, "awards", pagination={"page": page, "pageSize": size})) for page in range(1, -(-28 // size) + 1)]
    assert [number for page in told for number in page] == every
    assert ids(search(door, "awards", pagination={"page": 1000, "pageSize": size})) == []
    listed = door.get(f"/common-grants/awards?page=2&pageSize={size}").json()
    assert listed["paginationInfo"]["page"] == 2


def test_the_protocols_client_searches(client: Any) -> None:
    found = client.awards.search("antwerpen", filters={"status": {"operator": "in", "value": ["completed"]}})
    assert found.errors == found.filter_info.errors == []
    assert [one.recipient_organizations.primary.name for one in found.items] == ["Antwerpen"]
    calls = client.opportunities.search("radicalisation", filters={"status": {"operator": "in", "value": ["closed"]}})
    assert len(calls.items) == 2


def test_the_protocols_client_understands_what_is_wrong(client: Any) -> None:
    with pytest.raises(APIError, match="404: there is no award 00000000-"):
        client.awards.get("00000000-0000-0000-0000-000000000000")
    with pytest.raises(APIError, match="400: 'x' is no UUID"):
        client.opportunities.get("x")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"filter": {}}, "filter"),
        ({"filters": {"statuss": {"operator": "in", "value": ["open"]}}}, "statuss"),
        ({"filters": {"status": {"operator": "is", "value": ["open"]}}}, "status"),
        ({"pagination": {"pagesize": 1}}, "pagesize"),
        ({"pagination": {"pageSize": 1001}}, "allowed: 1 to 1000"),
        ({"pagination": {"pageSize": "10"}}, "pageSize"),
        ({"pagination": {"page": 0}}, "page"),
        ({"pagination": {"page": True}}, "page"),
        ({"sorting": {"sortBy": "luck"}}, "sortBy"),
        ({"sorting": {"sortBy": "title", "sortOrder": "up"}}, "sortOrder"),
        ({"filters": {"closeDateRange": {"operator": "between", "value": {"min": 1620684000}}}}, "closeDateRange"),
        ([], "body"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused(door: Open, body: Any, said: str) -> None:
    answer = door.client.post(f"{door.url}/common-grants/opportunities/search", json=body)
    assert_told(answer, 400)
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"search": NaN}', "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b'{"search": "\xff"}', "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"search=x", "application/x-www-form-urlencoded", 415),
        (b'{"search": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
@pytest.mark.parametrize("what", ["opportunities", "awards"])
def test_what_is_no_question_is_refused(door: Open, what: str, content: bytes, kind: str, status: int) -> None:
    address = f"{door.url}/common-grants/{what}/search"
    assert_told(door.client.post(address, content=content, headers={"Content-Type": kind}), status)


@pytest.mark.parametrize("path", ["awards?pageSize=0", "awards?page=x", "awards?size=1", "awards/x", "opportunities?page=1&page=2"])
def test_so_is_an_address(door: Open, path: str) -> None:
    assert_told(door.get(f"/common-grants/{path}"), 400)


def test_a_search_is_sent_by_post(door: Open) -> None:
    answer = door.get("/common-grants/awards/search")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def assert_told(answer: httpx.Response, status: int) -> None:
    """It is a problem document, and the protocol's error as well."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    error = Error.model_validate_json(answer.content)
    assert (error.status, error.message) == (status, answer.json()["detail"])
    assert error.errors
