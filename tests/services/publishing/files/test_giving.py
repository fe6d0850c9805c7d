"""360Giving: valid by its own schemas with every format checked, and exact to the cent."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from services.publishing.doors.files.giving import euros, package, written
from services.publishing.doors.files.shelf import Shelf
from services.publishing.records import Award, Call
from services.publishing.views import sums
from tests.services.publishing import histories
from tests.services.publishing.feeding import Filled
from tests.services.publishing.files.telling import told
from tests.services.publishing.histories import End, facts, hear

OFFICIAL = Path(__file__).parent / "official"
BASE = "https://feed.example/awards"
GRANT = "https://raw.githubusercontent.com/ThreeSixtyGiving/standard/{}/schema/360-giving-schema.json"


@pytest.fixture(scope="module")
def official() -> Draft202012Validator:
    grant, whole = (json.loads((OFFICIAL / f"360-giving-{name}.json").read_bytes()) for name in ("schema", "package-schema"))
    registry: Registry[Any] = Registry[Any]().with_resources(
        [(GRANT.format(version), DRAFT202012.create_resource(grant)) for version in ("1.4.2", "1.4.3")]
    )
    return Draft202012Validator(whole, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.fixture(scope="module")
def giving(life: Filled) -> Any:
    file = Shelf(life.feed, life.views, BASE).file("360giving.json")
    assert file is not None
    return json.loads(file.content(), parse_float=Decimal)


def faults(official: Draft202012Validator, whole: Any) -> list[str]:
    """What is wrong, as the schema has it: its numbers are JSON's, so decimals may be floats here."""
    plain = json.loads(json.dumps(whole, default=float))
    return [f"{error.json_path}: {error.message[:200]}" for error in official.iter_errors(plain)]


def test_the_call_of_2021_is_valid(official: Draft202012Validator, giving: Any) -> None:
    assert faults(official, giving) == []
    assert giving["version"] == "1.4"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("awardDate", "2021-13-01"),
        ("url", "no address"),
        ("dateModified", "yesterday"),
        ("amountAwarded", "60000"),
        ("currency", "EURO"),
    ],
)
def test_the_schema_would_notice(official: Draft202012Validator, giving: Any, member: str, value: str) -> None:
    assert faults(official, {**giving, "grants": [{**giving["grants"][0], member: value}]})


def test_each_award_that_stands_is_there_with_its_sums(life: Filled, giving: Any) -> None:
    stand = [award for award in life.views.awards() if award.state != "withdrawn"]
    assert len(giving["grants"]) == len(stand) == len(life.views.awards()) - 1
    total = sums(stand)
    assert 100 * sum(grant["amountAwarded"] for grant in giving["grants"]) == total.awarded_cents
    assert 100 * sum(grant["amountDisbursed"] for grant in giving["grants"]) == total.paid_cents - total.recovered_cents
    assert len({grant["id"] for grant in giving["grants"]}) == len(stand)


def test_bodies_have_the_number_of_the_crossroads_bank(life: Filled, giving: Any) -> None:
    kbos = {award.organisation.kbo for award in life.views.awards() if award.state != "withdrawn"}
    numbers = {body["id"] for grant in giving["grants"] for body in grant["recipientOrganization"]}
    assert numbers == {f"BE-BCE_KBO-{kbo}" for kbo in kbos}
    assert all(re.fullmatch(r"BE-BCE_KBO-[0-9]{10}", number) for number in numbers)


@given(st.integers(0, 2**53 - 1))
def test_a_sum_is_written_digit_by_digit(cents: int) -> None:
    text = written(euros(cents))
    assert Decimal(text) * 100 == cents
    assert re.fullmatch(r"(0|[1-9][0-9]*)(\.[0-9]{0,1}[1-9])?", text), (
        "a JSON number, without an exponent and without needless zeros"
    )


def test_sums_that_a_float_would_spoil() -> None:
    sums_ = (0, 10, 5_999_950, 6_000_000, 9_007_199_254_740_991)
    assert [written(euros(cents)) for cents in sums_] == ["0", "0.1", "59999.5", "60000", "90071992547409.91"]


@pytest.mark.parametrize(("number", "own"), [(None, "agentschap-binnenlands-bestuur"), ("OVO001835", "OVO001835")])
def test_the_authority_has_its_number_or_else_its_name(life: Filled, number: str | None, own: str) -> None:
    award = life.views.awards()[0]
    call = life.views.call(award.call_id)
    assert call is not None
    (grant,) = json.loads(package([award], {call.call_id: replace(call, authority_id=number)}, BASE))["grants"]
    name = "Agency for Home Affairs (Binnenlands Bestuur)"
    assert grant["fundingOrganization"] == [{"id": f"feed.example_awards-{own}", "name": name}]


@given(
    st.lists(st.sampled_from([end for end in End if end not in (End.REFUSED, End.LEFT)]), min_size=1, max_size=4), histories.subsets
)
def test_whatever_a_call_publishes_it_is_valid(
    official: Draft202012Validator, ends: Sequence[End], published: Sequence[str]
) -> None:
    logs = facts(ends, (*published, "applicant", "amount", "outcome")).logs
    state, events = hear([command for log in logs.values() for command in log])
    feed = told(state, events, [histories.START] * len(events))
    stand = [award for award in state.all(Award) if award.state != "withdrawn"]
    if stand:
        whole = json.loads(package(stand, {call.call_id: call for call in state.all(Call)}, BASE))
        assert faults(official, whole) == []
        assert all(("amountDisbursed" in grant) == ("paid" in published) for grant in whole["grants"])
        assert all(("amountAppliedFor" in grant) == ("requested" in published) for grant in whole["grants"])
    assert feed.length() > 0


def test_strings_are_json(life: Filled) -> None:
    assert json.loads(written({'"': ['\\"\n\u2028é', True, None]})) == {'"': ['\\"\n\u2028é', True, None]}


def names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from names(member)
    elif isinstance(value, list):
        for member in value:
            yield from names(member)


def test_only_members_of_the_standard_are_used(giving: Any) -> None:
    """The schema lets others pass, where the standard's own tools would complain."""
    grant, whole = (json.loads((OFFICIAL / f"360-giving-{name}.json").read_bytes()) for name in ("schema", "package-schema"))
    defined = {*names(whole["properties"]), *names(grant["properties"]), *names(grant["$defs"])}
    assert set(names(giving)) <= defined
