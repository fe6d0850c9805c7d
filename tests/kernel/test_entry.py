"""An entry there and back, and what is no entry is refused by name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel import canonical
from services.kernel.entry import Cause, Entry, Part, body_digest, tagged
from services.kernel.form import MalformedError
from services.kernel.people import Actor, Role
from tests.kernel.arbitrary import INSTANTS, OBJECTS, arbitrary

ACTOR = Actor(id="officer-1", organisation="agency", roles=(Role.OFFICER, Role.CHAIR))
ENTRY = Entry(
    deployment="local",
    log="intake/0",
    index=12,
    stream="call-1.01",
    time=datetime(2021, 5, 11, 16, tzinfo=UTC),
    command_id="cli-1",
    command={"type": "Submit", "callId": "call-1"},
    actor=ACTOR,
    cause=Cause(log="awarding/0", index=3, leaf="a" * 64),
    events=({"type": "ApplicationSubmitted", "callId": "call-1"},),
    part=Part(number=1, of=2),
)
TAGGED = OBJECTS.map(lambda body: {**body, "type": "Thing"})

ENTRIES = st.builds(
    Entry,
    deployment=st.from_regex("[a-z0-9][a-z0-9.-]{0,59}", fullmatch=True),
    log=st.sampled_from(["intake/0", "budget_ledger/63"]),
    index=st.integers(0, 2**53),
    stream=st.from_regex("[A-Za-z0-9._:-]{1,100}", fullmatch=True),
    time=INSTANTS,
    command_id=st.from_regex("[A-Za-z0-9._:/-]{1,100}", fullmatch=True),
    command=TAGGED,
    actor=arbitrary(Actor),
    cause=st.none() | st.builds(Cause, log=st.just("intake/0"), index=st.integers(0, 2**53), leaf=st.just("b" * 64)),
    events=st.lists(TAGGED, max_size=3).map(tuple),
    part=st.none() | st.builds(Part, number=st.integers(1, 9), of=st.integers(1, 9)),
)


@given(ENTRIES)
def test_an_entry_is_read_back_as_it_was(entry: Entry) -> None:
    value = entry.to_bytes()
    assert Entry.from_bytes(value) == entry
    assert Entry.from_bytes(value).to_bytes() == value


def test_the_bytes_are_a_cloud_event() -> None:
    outer = canonical.decode(ENTRY.to_bytes())
    data = outer.pop("data")
    assert outer == {
        "datacontenttype": "application/json",
        "id": "intake/0/12",
        "source": "/local/intake/0",
        "specversion": "1.0",
        "subject": "call-1.01",
        "time": "2021-05-11T16:00:00Z",
        "type": "grants.intake.v1.Entry",
    }
    assert sorted(data) == ["actor", "cause", "command", "commandId", "events", "part"]
    assert data["actor"] == {"id": "officer-1", "organisation": "agency", "roles": ["officer", "chair"]}


def test_an_entry_ends_at_65535_bytes() -> None:
    room = canonical.MAX_ENTRY_BYTES - len(replace(ENTRY, command={"type": "Submit", "note": ""}).to_bytes())
    full = replace(ENTRY, command={"type": "Submit", "note": "x" * room})
    assert len(full.to_bytes()) == 65_535
    with pytest.raises(ValueError, match="65536 bytes"):
        replace(full, command={"type": "Submit", "note": "x" * (room + 1)}).to_bytes()


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda e: e.update(id="intake/0/x"), "id"),
        (lambda e: e.update(id="scoring/0/12"), "id"),
        (lambda e: e.update(id="intake/1/12"), "id"),
        (lambda e: e.update(type="grants.scoring.v1.Entry"), "id"),
        (lambda e: e.update(source="/local/intake/1"), "id"),
        (lambda e: e.pop("time"), "time"),
        (lambda e: e.update(time="yesterday"), "time"),
        (lambda e: e.update(more="x"), "more"),
        (lambda e: e["data"].pop("commandId"), "data.commandId"),
        (lambda e: e["data"]["command"].pop("type"), "data.command.type"),
        (lambda e: e["data"]["events"][0].update(type=True), "data.events[0].type"),
        (lambda e: e["data"].update(events={}), "data.events"),
        (lambda e: e["data"]["actor"].update(roles=["king"]), "data.actor.roles[0]"),
        (lambda e: e["data"]["actor"].pop("organisation"), "data.actor.organisation"),
        (lambda e: e["data"]["cause"].update(leaf="A" * 64), "data.cause.leaf"),
        (lambda e: e["data"]["part"].update(of="two"), "data.part.of"),
    ],
)
def test_what_is_no_entry_is_refused_by_name(spoil: Callable[[dict[str, Any]], None], field: str) -> None:
    outer = canonical.decode(ENTRY.to_bytes())
    spoil(outer)
    with pytest.raises(MalformedError) as caught:
        Entry.from_bytes(canonical.encode(outer))
    assert caught.value.field == field


def test_bytes_that_are_not_canonical_are_no_entry() -> None:
    with pytest.raises(MalformedError, match="not in canonical form"):
        Entry.from_bytes(ENTRY.to_bytes() + b" ")


def test_a_command_is_the_same_by_type_content_and_hand() -> None:
    first = Part(number=1, of=2)
    assert tagged(first) == {"type": "Part", "number": "1", "of": "2"}
    assert body_digest(first, ACTOR) == body_digest(Part(number=1, of=2), replace(ACTOR, roles=(Role.OFFICER,)))
    different = {
        body_digest(first, ACTOR),
        body_digest(Part(number=2, of=2), ACTOR),
        body_digest(first, replace(ACTOR, id="officer-2")),
        body_digest(Actor(id="1", organisation="2", roles=()), ACTOR),
    }
    assert len(different) == 4
