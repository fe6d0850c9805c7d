"""The dataclasses of every service and its messages in `protos/` say the same, and so do their two ways of writing JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from grants.reporting.v1 import reporting_events_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.kernel.canonical import decode, encode
from services.kernel.entry import tagged
from services.kernel.form import from_json, to_json
from services.kernel.people import Actor, Role
from services.runtime.batch import Answer
from services.runtime.wire import Codec
from services.standalone.registry import SPECS
from tests.contract.mirrors import faults, nested
from tests.kernel.arbitrary import arbitrary

COMMANDS = [(name, kind) for name, spec in SPECS.items() for kind in spec.decider.commands]
EVENTS = [(name, kind) for name, spec in SPECS.items() for kind in spec.decider.events]
ACTOR = Actor(id="officer-1", organisation="agency", roles=(Role.OFFICER,))
ENVELOPES = {"ExecuteRequest", "ExecuteResponse", "ExecuteManyRequest", "ExecuteManyResponse", "Event"}
few = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
"""Few values of each type: there are many types, and each value has many fields."""


def named(pairs: list[tuple[str, type]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("service", "kind"), pairs, ids=[f"{name}-{kind.__name__}" for name, kind in pairs])


def messages(service: str, part: str) -> Mapping[str, Descriptor]:
    """The messages of a part of a service's contract; events that are public stand in a file of their own."""
    module: Any = getattr(SPECS[service].wire, part)
    found: Mapping[str, Descriptor] = module.DESCRIPTOR.message_types_by_name
    told = [] if part == "service" else found["Event"].fields
    return {**found, **{field.message_type.name: field.message_type for field in told if field.message_type is not None}}


def member(kind: type) -> str:
    return kind.__name__[0].lower() + kind.__name__[1:]


def written(message: Message) -> dict[str, Any]:
    """A message as protobuf itself writes it in JSON."""
    return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)


def stored(value: Any) -> dict[str, Any]:
    """A command or event as an entry holds it."""
    return decode(encode(to_json(value)))


@named(COMMANDS)
def test_each_command_has_its_message(service: str, kind: type) -> None:
    assert faults(kind, messages(service, "service")[kind.__name__]) == []


@named(EVENTS)
def test_each_event_has_its_message(service: str, kind: type) -> None:
    assert faults(kind, messages(service, "events")[kind.__name__]) == []


@pytest.mark.parametrize("service", SPECS)
def test_each_message_has_its_dataclass(service: str) -> None:
    decider = SPECS[service].decider
    known = {inner.__name__ for kind in (*decider.commands, *decider.events) for inner in nested(kind)}
    assert {*messages(service, "service"), *messages(service, "events")} - ENVELOPES <= known


@pytest.mark.parametrize("service", SPECS)
def test_requests_and_events_have_a_member_for_each_type(service: str) -> None:
    spec = SPECS[service]
    request, event = messages(service, "service")["ExecuteRequest"], messages(service, "events")["Event"]
    for oneof, kinds in (
        (request.oneofs_by_name["command"], spec.decider.commands),
        (event.oneofs_by_name["event"], spec.decider.events),
    ):
        found = {field.json_name: field.message_type.name for field in oneof.fields if field.message_type is not None}
        assert found == {member(kind): kind.__name__ for kind in kinds}
    (offered,) = spec.wire.service.DESCRIPTOR.services_by_name.values()
    assert [(rpc.name, rpc.input_type.name, rpc.output_type.name) for rpc in offered.methods] == [
        (name, f"{name}Request", f"{name}Response") for name in ("Execute", "ExecuteMany")
    ]


@named(COMMANDS)
@few
@given(data=st.data())
def test_any_command_keeps_its_meaning_on_the_wire(service: str, kind: type, data: st.DataObject) -> None:
    codec, command = Codec(SPECS[service]), data.draw(arbitrary(kind))
    request = codec.request("cli-1", command)
    sent = type(request).FromString(request.SerializeToString())
    assert written(getattr(sent, sent.WhichOneof("command"))) == stored(command)
    order = codec.order(sent, ACTOR)
    assert (order.command_id, order.command, order.actor) == ("cli-1", command, ACTOR)


@named(EVENTS)
@few
@given(data=st.data())
def test_any_event_keeps_its_meaning_on_the_wire(service: str, kind: type, data: st.DataObject) -> None:
    event: Any = data.draw(arbitrary(kind))
    codec, now = Codec(SPECS[service]), datetime(2021, 5, 11, 16, tzinfo=UTC)
    answer = Answer(f"{service}/0", 3, "a" * 64, now, True, (tagged(event),))  # noqa: FBT003 - a field of the answer
    response = codec.response(answer)
    sent = type(response).FromString(response.SerializeToString())
    assert written(getattr(sent.events[0], sent.events[0].WhichOneof("event"))) == stored(event)
    assert codec.answer(sent) == answer
    assert from_json(kind, codec.answer(sent).events[0]) == event


# The comparison itself notices what it is there for


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    line: str
    code: str
    amount_cents: int
    description_ref: str


def changed(**fields: Any) -> type:
    """`CostLine` with other fields."""
    kept = {name: hint for name, hint in CostLine.__annotations__.items() if fields.get(name, hint) is hint}
    return dataclass(type("CostLine", (), {"__annotations__": {**kept, **{n: h for n, h in fields.items() if h is not None}}}))


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"code": None, "cost_code": str}, ["CostLine.code: only in the message", "CostLine.cost_code: only in the dataclass"]),
        ({"amount_cents": None}, ["CostLine.amount_cents: only in the message"]),
        ({"amount_cents": str}, ["CostLine.amount_cents: string in the dataclass, int64 in the message"]),
        ({"amount_cents": Fraction}, ["CostLine.amount_cents: string in the dataclass, int64 in the message"]),
        ({"amount_cents": bool}, ["CostLine.amount_cents: bool in the dataclass, int64 in the message"]),
        ({"line": datetime}, ["CostLine.line: google.protobuf.Timestamp in the dataclass, string in the message"]),
        ({"line": str | None}, ["CostLine.line: optional string in the dataclass, string in the message"]),
        ({"line": tuple[str, ...]}, ["CostLine.line: repeated string in the dataclass, string in the message"]),
        ({"line": Mapping[str, int]}, ["CostLine.line: map<string, int64> in the dataclass, string in the message"]),
        ({"line": Actor}, ["CostLine.line: Actor in the dataclass, string in the message"]),
    ],
)
def test_a_changed_field_is_noticed(fields: dict[str, Any], fault: list[str]) -> None:
    descriptor = reporting_events_pb2.CostLine.DESCRIPTOR
    assert faults(CostLine, descriptor) == []
    assert faults(changed(**fields), descriptor) == fault
