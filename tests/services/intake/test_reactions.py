"""What the intake makes of an award, and that its messages say what its dataclasses say."""

import dataclasses
from datetime import date

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from grants.awarding.v1 import awarding_events_pb2
from grants.intake.v1 import intake_events_pb2, intake_pb2

from services.intake.codec import SPEC, reactions
from services.intake.model import ApplicationSubmitted, DropBeneficiary, NoteBeneficiary
from services.kernel.form import MalformedError, camel, to_json
from services.runtime.facts import Fact, domain
from tests.services.intake.desk import ANTWERPEN, GENT, IN_TIME, SYSTEM, Desk, content


def fact(message: Message) -> Fact:
    return Fact(source="awarding/0", index=0, leaf="0" * 64, time=IN_TIME, actor=SYSTEM, message=message)


def granted(**changes: object) -> awarding_events_pb2.AwardGranted:
    values = {
        "callId": "c",
        "applicationId": "c.x",
        "applicant": ANTWERPEN,
        "partners": [GENT],
        "projectStart": "2021-07-01",
        "projectEnd": "2022-06-30",
    }
    return json_format.ParseDict(values | changes, awarding_events_pb2.AwardGranted())


def test_a_granted_award_makes_beneficiaries_in_every_log() -> None:
    (command,) = reactions(fact(granted()))
    assert command == NoteBeneficiary(
        of_call="c",
        application_id="c.x",
        bodies=(ANTWERPEN, GENT),
        project_start=date(2021, 7, 1),
        project_end=date(2022, 6, 30),
    )
    assert SPEC.decider.shard(command) == "*"
    assert SPEC.decider.stream(command) == "c.x"


def test_a_declined_award_unmakes_them() -> None:
    declined = awarding_events_pb2.AwardDeclined(call_id="c", application_id="c.x", applicant=ANTWERPEN)
    assert tuple(reactions(fact(declined))) == (DropBeneficiary(of_call="c", application_id="c.x"),)


def test_other_events_of_the_awarding_concern_the_intake_not() -> None:
    assert not tuple(reactions(fact(awarding_events_pb2.AwardRefused(call_id="c"))))


@pytest.mark.parametrize("changes", [{"projectStart": "soon"}, {"applicationId": ""}, {"callId": "*"}])
def test_an_award_that_cannot_be_read_names_its_field(changes: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        tuple(reactions(fact(granted(**changes))))


def test_every_command_and_event_has_a_message_with_its_fields() -> None:
    for module, kinds in ((intake_pb2, SPEC.decider.commands), (intake_events_pb2, SPEC.decider.events)):
        for kind in kinds:
            fields = module.DESCRIPTOR.message_types_by_name[kind.__name__].fields
            assert [field.json_name for field in fields] == [camel(field.name) for field in dataclasses.fields(kind)]


def test_a_submission_comes_back_from_its_message_as_it_was() -> None:
    (event,) = Desk().file(content(partners=(GENT,), waiver_ground="little money", own_means_cents=0))
    message = json_format.ParseDict(to_json(event), intake_events_pb2.ApplicationSubmitted())
    assert domain(ApplicationSubmitted, message) == event
