"""Every kind of field there and back, and faults that name where they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any

import pytest
from hypothesis import given

from services.kernel import canonical
from services.kernel.form import Between, Id, Line, MalformedError, camel, from_json, instant, parse_instant, to_json
from services.kernel.rules import CallRules
from tests import strategies
from tests.kernel.arbitrary import INSTANTS, arbitrary


class Colour(StrEnum):
    RED = "red"
    DARK_BLUE = "dark_blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    item_id: Id
    amount_cents: Annotated[int, Between(1, 9)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    text: str
    number: int
    yes: bool
    at_time: datetime
    on_day: date
    share: Fraction
    colour: Colour
    items: Annotated[tuple[Item, ...], Between(0, 3)]
    words: Mapping[str, Line]
    by_name: Mapping[str, Item]
    inner: Item
    maybe_text: str | None = None
    maybe_number: int | None = None
    maybe_inner: Item | None = None
    counted: int = 7


GOOD: dict[str, Any] = {
    "text": "Ghënt \U0001f3db",
    "number": "9007199254740993",
    "yes": False,
    "atTime": "2021-05-11T16:00:00.250Z",
    "onDay": "2021-05-11",
    "share": "17/3",
    "colour": "dark_blue",
    "items": [{"itemId": "a", "amountCents": "1"}, {"itemId": "b", "amountCents": "9"}],
    "words": {"nl": "ja", "en": "yes"},
    "byName": {"x": {"itemId": "c", "amountCents": "2"}},
    "inner": {"itemId": "d", "amountCents": "3"},
    "counted": "7",
}


def test_each_kind_of_field_has_its_json() -> None:
    value = from_json(Everything, GOOD)
    assert value.number == 2**53 + 1
    assert value.at_time == datetime(2021, 5, 11, 16, microsecond=250_000, tzinfo=UTC)
    assert (value.on_day, value.share, value.colour) == (date(2021, 5, 11), Fraction(17, 3), Colour.DARK_BLUE)
    assert value.items[1] == Item(item_id="b", amount_cents=9)
    assert value.maybe_text is None
    assert to_json(value) == GOOD


@given(arbitrary(Everything))
def test_any_value_is_read_back_as_it_was(value: Everything) -> None:
    assert from_json(Everything, canonical.decode(canonical.encode(to_json(value)))) == value


def test_what_has_a_default_may_be_left_out() -> None:
    body = {name: value for name, value in GOOD.items() if name != "counted"}
    assert from_json(Everything, body).counted == 7


@pytest.mark.parametrize(
    ("change", "field", "fault"),
    [
        ({"text": True}, "text", "True is no text"),
        ({"text": "\ud800"}, "text", "half a surrogate pair"),
        ({"number": "1.0"}, "number", "'1.0' is no integer"),
        ({"number": "01"}, "number", "'01' is no integer"),
        ({"number": "9223372036854775808"}, "number", "'9223372036854775808' is no integer"),
        ({"number": "٣"}, "number", "'٣' is no integer"),
        ({"number": True}, "number", "True is no integer"),
        ({"number": 1.0}, "number", "1.0 is no integer"),
        ({"yes": "true"}, "yes", "'true' is neither"),
        ({"atTime": "2021-05-11T16:00:00"}, "atTime", "'2021-05-11T16:00:00' is no instant"),
        ({"atTime": "2021-02-30T16:00:00Z"}, "atTime", "'2021-02-30T16:00:00Z' is no instant"),
        ({"atTime": "0001-01-01T00:00:00+01:00"}, "atTime", "'0001-01-01T00:00:00+01:00' is no instant"),
        ({"onDay": "2021-02-30"}, "onDay", "'2021-02-30' is no date"),
        ({"onDay": None}, "onDay", "None is no date"),
        ({"share": "1/0"}, "share", "'1/0' is no fraction"),
        ({"share": "0.5"}, "share", "'0.5' is no fraction"),
        ({"colour": "green"}, "colour", "'green' is unknown"),
        ({"colour": None}, "colour", "None is unknown"),
        ({"items": "a"}, "items", "'a' is no list"),
        ({"items": [{}] * 4}, "items[0].itemId", "missing"),
        ({"items": [{"itemId": "a", "amountCents": "1"}] * 4}, "items", "4 items"),
        ({"items": [GOOD["items"][0], {"itemId": "b", "amountCents": "10"}]}, "items[1].amountCents", "10"),
        ({"items": [{"itemId": "a b", "amountCents": "1"}]}, "items[0].itemId", "'a b' does not fit"),
        ({"items": [{"itemId": "a\n", "amountCents": "1"}]}, "items[0].itemId", "'a\\n' does not fit"),
        ({"words": {"nl": ""}}, "words.nl", "0 characters"),
        ({"words": {"né": "ja"}}, "words", "the name 'né' does not fit"),
        ({"byName": {"x": {"itemId": "c"}}}, "byName.x.amountCents", "missing"),
        ({"inner": []}, "inner", "[] is no object"),
        ({"maybeInner": {"itemId": "c", "amountCents": "0"}}, "maybeInner.amountCents", "0"),
        ({"maybeText": None}, "maybeText", "None is no text"),
        ({"at_time": "2021-05-11T16:00:00Z"}, "at_time", "unknown field"),
    ],
)
def test_a_fault_names_its_field(change: dict[str, Any], field: str, fault: str) -> None:
    with pytest.raises(MalformedError) as caught:
        from_json(Everything, {**GOOD, **change})
    assert (caught.value.field, caught.value.fault) == (field, fault)
    assert caught.value.allowed


def test_a_fraction_beyond_reading_is_malformed() -> None:
    with pytest.raises(MalformedError):
        from_json(Everything, {**GOOD, "share": "1" * 10_000 + "/3"})


@pytest.mark.parametrize("name", sorted(name for name in GOOD if name != "counted"))
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(MalformedError) as caught:
        from_json(Everything, {key: value for key, value in GOOD.items() if key != name}, "command")
    assert (caught.value.field, caught.value.fault) == (f"command.{name}", "missing")


def test_a_long_value_does_not_flood_the_message() -> None:
    with pytest.raises(MalformedError) as caught:
        from_json(Everything, {**GOOD, "onDay": "x" * 10_000})
    assert len(str(caught.value)) < 200


@given(INSTANTS)
def test_an_instant_is_read_back_in_utc(value: datetime) -> None:
    assert parse_instant(instant(value), "") == value
    assert parse_instant(instant(value.replace(tzinfo=UTC)).replace("Z", "+00:00"), "") == value


def test_an_instant_of_any_zone_is_one_point_in_time() -> None:
    brussels = datetime(2021, 5, 11, 18, tzinfo=timezone(timedelta(hours=2)))
    assert instant(brussels) == "2021-05-11T16:00:00Z"
    assert instant(datetime(987, 1, 2, tzinfo=UTC)) == "0987-01-02T00:00:00Z"


def test_names_are_those_of_protobuf() -> None:
    assert [camel(name) for name in ("nis", "amount_cents", "a_2_b")] == ["nis", "amountCents", "a2B"]


def test_the_rules_of_a_call_are_read_back() -> None:
    rules = strategies.rules()
    assert from_json(CallRules, canonical.decode(canonical.encode(to_json(rules)))) == rules
