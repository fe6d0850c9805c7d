"""What the reporting service makes of the others' events."""

from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from grants.awarding.v1 import awarding_events_pb2
from grants.budget_ledger.v1 import budget_ledger_events_pb2
from grants.intake.v1 import intake_events_pb2

from services.kernel.form import MalformedError, to_json
from services.kernel.people import Role
from services.reporting.codec import SPEC, documents, reactions
from services.reporting.model import NoteMerger
from services.runtime.facts import Fact
from services.runtime.wire import Codec
from tests.services.reporting.desk import (
    ADVANCE,
    AGREED,
    AWARD,
    AWARD_ID,
    BODY,
    HANDS,
    PROOF,
    Desk,
    approve,
    filed,
    open_account,
    paid,
    recovered,
    registered,
)
from tests.strategies import CALL_ID, ENVELOPE_ID, rules

SYSTEM = HANDS[Role.SYSTEM]
FILE = {"callId": CALL_ID, "applicationId": "a-1", "applicant": BODY, "envelopeId": ENVELOPE_ID}


def react(message: Message, body: dict[str, Any]) -> list[Any]:
    json_format.ParseDict(body, message)
    return list(reactions(Fact(source="other/0", index=0, leaf="00", time=AGREED, actor=SYSTEM, message=message)))


def test_a_published_call_is_registered() -> None:
    assert react(intake_events_pb2.CallPublished(), {"callId": CALL_ID, "rules": to_json(rules())}) == [registered()]


def test_a_call_in_no_known_zone_is_set_aside() -> None:
    body = to_json(rules())
    body["window"] = {**to_json(rules().window), "zone": "Europe/Atlantis"}
    with pytest.raises(MalformedError, match="Europe/Atlantis"):
        react(intake_events_pb2.CallPublished(), {"callId": CALL_ID, "rules": body})


def test_an_accepted_agreement_opens_the_account() -> None:
    body = {**FILE, "awardId": AWARD_ID, "amountCents": str(AWARD), "advanceCents": str(ADVANCE), "agreement": PROOF}
    assert react(awarding_events_pb2.AgreementAccepted(), body) == [open_account()]


def test_what_the_ledger_paid_and_got_back_is_noted() -> None:
    body = {**FILE, "reservationId": AWARD_ID, "paymentId": f"{AWARD_ID}.advance", "amountCents": "5"}
    assert react(budget_ledger_events_pb2.Paid(), body) == [paid("advance", 5)]
    body = {**FILE, "reservationId": AWARD_ID, "recoveryId": f"{AWARD_ID}.recovery", "amountCents": "5"}
    assert react(budget_ledger_events_pb2.Recovered(), body) == [recovered(5)]


def test_a_merger_is_followed() -> None:
    body = {"callId": CALL_ID, "envelopeId": ENVELOPE_ID, "fromBody": BODY, "intoBody": "0207500321", "reason": "merged"}
    assert react(intake_events_pb2.BodiesMerged(), body) == [NoteMerger(call_id=CALL_ID, from_body=BODY, into_body="0207500321")]


def test_other_events_lead_to_nothing() -> None:
    assert react(intake_events_pb2.CallClosed(), {"callId": CALL_ID}) == []


def test_a_report_names_its_documents() -> None:
    assert list(documents(filed("interim", 1, 2))) == [PROOF, PROOF]
    assert list(documents(approve("interim"))) == []


def test_events_and_commands_go_over_the_wire_as_they_are() -> None:
    desk = Desk().opened()
    desk.settled(3_000_000, 4_000_000)
    for event in desk.events:
        message = getattr(SPEC.wire.events, type(event).__name__)()
        json_format.ParseDict(to_json(event), message)
        assert json_format.MessageToDict(message, always_print_fields_with_no_presence=True) == to_json(event)
    wire = Codec(SPEC)
    for command in (registered(), open_account(), filed("interim", 1), approve("final", 10, "an exception")):
        assert wire.order(wire.request("id-1", command), SYSTEM).command == command
