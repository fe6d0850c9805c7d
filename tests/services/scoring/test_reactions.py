"""What intake's events mean to scoring, and that the contract says what the core says."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from grants.intake.v1 import intake_events_pb2 as intake

from services.kernel.form import camel, to_json
from services.kernel.people import Actor, Role
from services.runtime.facts import Fact, domain
from services.scoring import model as m
from services.scoring.codec import SPEC, documents
from tests.services.scoring.jury import SUBMITTED_AT, Jury, call_rules
from tests.strategies import CALL_ID

_NOW = datetime(2021, 5, 12, tzinfo=UTC)
_ALONG = {"call_id": CALL_ID, "application_id": "a"}


def _reactions(message: Message) -> list[m.Command]:
    actor = Actor(id="officer-1", organisation="agency", roles=(Role.OFFICER,))
    fact = Fact(source="intake/0", index=0, leaf="0" * 64, time=_NOW, actor=actor, message=message)
    return list(SPEC.reactions(fact))


def test_a_published_call_is_registered_with_its_rules() -> None:
    published = json_format.ParseDict({"callId": CALL_ID, "rules": to_json(call_rules())}, intake.CallPublished())
    assert _reactions(published) == [m.RegisterCall(call_id=CALL_ID, rules=call_rules())]


def test_an_admissible_application_takes_part() -> None:
    admissible = intake.ApplicationDeclaredAdmissible(
        call_id=CALL_ID, application_id="a", applicant="body-a", partners=["body-b"], requested_cents=5, purposes=["livc"]
    )
    admissible.submitted_at.FromDatetime(SUBMITTED_AT)
    assert _reactions(admissible) == [
        m.RegisterApplication(**_ALONG, applicant="body-a", partners=("body-b",), requested_cents=5, submitted_at=SUBMITTED_AT)
    ]


@pytest.mark.parametrize("kind", [intake.ApplicationWithdrawn, intake.ApplicationDeclaredInadmissible])
def test_a_withdrawn_or_inadmissible_application_takes_no_part(kind: type[Message]) -> None:
    assert _reactions(kind(**_ALONG, applicant="body-a")) == [m.DropApplication(**_ALONG)]


def test_other_facts_mean_nothing_here() -> None:
    assert _reactions(intake.CallClosed(call_id=CALL_ID)) == []


def test_an_assessment_names_its_note_as_a_document() -> None:
    assessment = m.Assess(**_ALONG, points={}, note="f" * 64)
    assert list(documents(assessment)) == ["f" * 64]
    assert list(documents(m.Assess(**_ALONG, points={}))) == []


@pytest.mark.parametrize("kind", [*SPEC.decider.commands, *SPEC.decider.events, m.CriterionResult, m.Points])
def test_contract_and_core_have_the_same_fields(kind: type) -> None:
    module = SPEC.wire.service if kind in SPEC.decider.commands else SPEC.wire.events
    message: type[Message] = getattr(module, kind.__name__)
    assert {f.json_name for f in message.DESCRIPTOR.fields} == {camel(f.name) for f in fields(kind)}


def test_events_pass_through_the_contract_unchanged() -> None:
    jury = Jury()
    jury.register("a", partners=("body-b",))
    jury.enrol("p", "q")
    jury.assign()
    jury.assess("p", "a", 9, 3)
    jury.assess("q", "a", 2, 4)
    jury.moderate("a", 7)
    jury.rank()
    jury.conflict("p", "a")
    jury.drop("a")
    jury.rank()
    assert {type(event) for event in jury.log} == set(SPEC.decider.events)
    for event in jury.log:
        message: Message = getattr(SPEC.wire.events, type(event).__name__)()
        json_format.ParseDict(to_json(event), message)
        assert domain(type(event), message) == event
