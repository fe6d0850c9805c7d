"""Opportunities and awards, read by the protocol's own client and models."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from common_grants_sdk.schemas.pydantic.responses import (
    AwardResponse,
    AwardsFilteredResponse,
    AwardsListResponse,
    OpportunitiesListResponse,
    OpportunitiesSearchResponse,
    OpportunityResponse,
)
from pydantic import BaseModel

from services.publishing.doors.commongrants import models
from services.publishing.records import Call
from services.publishing.terms import Organisation
from services.publishing.views import sums
from tests.services.publishing.feeding import Filled
from tests.services.publishing.http.serving import BASE, Open, opened, restored

ROUNDS = ("radicalisation-2021", "radicalisation-2021-round2")


def uuid(path: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{BASE}/v1/rdf/{path}"))


@pytest.mark.parametrize(
    ("method", "path", "model"),
    [
        ("GET", "opportunities", OpportunitiesListResponse),
        ("GET", f"opportunities/{uuid('calls/radicalisation-2021')}", OpportunityResponse),
        ("POST", "opportunities/search", OpportunitiesSearchResponse),
        ("GET", "awards", AwardsListResponse),
        ("GET", f"awards/{uuid('awards/radicalisation-2021.03.1')}", AwardResponse),
        ("POST", "awards/search", AwardsFilteredResponse),
    ],
)
def test_each_answer_is_the_protocols(door: Open, method: str, path: str, model: type[BaseModel]) -> None:
    answer = door.client.request(method, f"{door.url}/common-grants/{path}", json={} if method == "POST" else None)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    read = model.model_validate_json(answer.content)
    assert read.model_dump(mode="json", by_alias=True, exclude_unset=True) == answer.json(), "nothing is lost, nothing is more"


def test_the_protocols_client_reads_all(life: Filled, client: Any) -> None:
    opportunities, awards = client.opportunities.list(), client.awards.list()
    assert opportunities.errors == awards.errors == []
    assert [str(one.id) for one in opportunities.items] == [uuid(f"calls/{call_id}") for call_id in ROUNDS]
    assert [str(one.id) for one in awards.items] == [uuid(f"awards/{award.award_id}") for award in life.views.awards()]
    assert [str(one.source) for one in awards.items] == [f"{BASE}/v1/rdf/awards/{award.award_id}" for award in life.views.awards()]
    for one in awards.items:
        assert client.awards.get(one.id) == one


def test_sums_are_those_of_the_feed(life: Filled, client: Any) -> None:
    stand = [one for one in client.awards.list().items if one.status.value != "cancelled"]
    total = sums(life.views.awards())
    assert 100 * sum(Decimal(one.funding.awarded_amount.amount) for one in stand) == total.awarded_cents
    assert 100 * sum(Decimal(one.funding.disbursed_amount.amount) for one in stand) == total.paid_cents - total.recovered_cents
    assert {one.funding.awarded_amount.currency for one in stand} == {"EUR"}


def test_an_award_says_who_when_and_what_for(client: Any) -> None:
    one = client.awards.get(uuid("awards/radicalisation-2021.03.1"))
    body = one.recipient_organizations.primary
    assert (body.name, body.identifiers.other_ids["BE-BCE_KBO"].id) == ("Boechout", "0207536448")
    assert one.title == "Local approach to radicalisation, call of 2021: Boechout"
    assert one.funding.details == "Committed: 36000.00 EUR; paid: 54000.00 EUR; given back: 18000.00 EUR"
    assert one.key_dates.award_date.date.isoformat() == "2021-06-14"
    assert str(one.opportunity.id) == uuid("calls/radicalisation-2021")
    assert one.recipient_individual is one.application is None


def test_states_are_told_in_the_protocols_words(life: Filled, client: Any) -> None:
    states = {str(one.id): one.status.value.value for one in client.awards.list().items}
    words = {"granted": "awarded", "settled": "completed", "withdrawn": "cancelled"}
    assert states == {uuid(f"awards/{award.award_id}"): words[award.state] for award in life.views.awards()}
    assert set(states.values()) >= {"completed", "cancelled"}


def test_an_opportunity_names_its_money_its_days_and_its_awards(life: Filled, client: Any) -> None:
    one = client.opportunities.get(uuid("calls/radicalisation-2021"))
    assert (one.funding.total_amount_available.amount, one.funding.max_award_amount.amount) == ("1500000.00", "60000.00")
    close = one.key_dates.close_date
    assert (close.date.isoformat(), close.time.isoformat(), close.description) == ("2021-05-11", "18:00:00", "In Europe/Brussels")
    assert [kind.value.value for kind in one.accepted_applicant_types] == ["government_municipal"]
    assert one.custom_fields["callId"].value == "radicalisation-2021"
    its_own = [award.award_id for award in life.views.awards() if award.call_id == "radicalisation-2021"]
    assert [str(award.id) for award in one.awards] == [uuid(f"awards/{award_id}") for award_id in its_own]
    assert all(award.awards is None for award in client.opportunities.list().items if hasattr(award, "awards"))


@pytest.fixture
def call(life: Filled) -> Call:
    found = life.views.call("radicalisation-2021")
    assert found is not None
    return replace(found, closed_at=None)


def test_whether_a_call_is_open_is_told_by_the_feeds_own_time(call: Call) -> None:
    second = timedelta(seconds=1)
    assert models.status(call, call.opens_at - second) == "forecasted"
    assert models.status(call, call.opens_at) == models.status(call, call.deadline - second) == "open"
    assert models.status(call, call.deadline) == "closed"
    assert models.status(replace(call, closed_at=call.opens_at), call.opens_at + second) == "closed"


def test_who_may_file_and_is_not_in_the_protocols_list_is_named_all_the_same(call: Call) -> None:
    other = replace(call, applicant_kinds=("municipality", "police_zone"))
    told = models.opportunity(models.Naming(BASE), other, now=datetime(2021, 4, 1, tzinfo=UTC), changed=call.published_at)
    kinds = told.accepted_applicant_types or []
    assert [(kind.value.value, kind.custom_value) for kind in kinds] == [("government_municipal", None), ("custom", "police_zone")]


def test_the_authority_has_its_number_if_the_call_states_it(call: Call) -> None:
    naming, now = models.Naming(BASE), call.opens_at
    one, other = (
        models.opportunity(naming, replace(call, authority_id=number), now=now, changed=now) for number in (None, "OVO001835")
    )
    assert one.funders is not None
    assert other.funders is not None
    assert one.funders.primary.identifiers is None
    assert other.funders.primary.id == uuid5(NAMESPACE_URL, "https://data.vlaanderen.be/id/organisatie/OVO001835")
    assert other.funders.primary.model_dump(by_alias=True, exclude_unset=True)["identifiers"] == {
        "otherIds": {"OVO": {"id": "OVO001835"}}
    }


def test_what_a_call_does_not_publish_is_not_there(life: Filled, call: Call) -> None:
    unsaid: Any = dict.fromkeys(("paid_cents", "recovered_cents", "requested_cents", "decided_on", "project_start", "project_end"))
    award = replace(
        life.views.awards()[0],
        **unsaid,
        purposes=(),
        partners=(Organisation(kbo="0207500123", nis="11002", name="Antwerpen"),),
    )
    told = models.award(models.Naming(BASE), award, call).model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert set(told["funding"]) == {"awardedAmount", "details"}
    assert "paid" not in told["funding"]["details"]
    assert set(told["keyDates"]) == {"awardDate"}
    assert told["recipientOrganizations"]["otherOrgs"]["partner_1"]["name"] == "Antwerpen"


def test_the_same_feed_gives_the_same_bytes(life: Filled, door: Open, tmp_path: Any) -> None:
    with restored(life, tmp_path) as feed, opened(feed, type(life.views)(feed)) as again:
        for path in ("opportunities", "awards", f"opportunities/{uuid('calls/radicalisation-2021')}"):
            assert door.get(f"/common-grants/{path}").content == again.get(f"/common-grants/{path}").content
