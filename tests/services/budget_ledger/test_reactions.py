"""What the ledger makes of the others' events."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from grants.awarding.v1 import awarding_events_pb2
from grants.intake.v1 import intake_events_pb2
from grants.reporting.v1 import reporting_events_pb2

from services.budget_ledger.codec import SPEC, reactions
from services.budget_ledger.events import EnvelopeOpened, Paid, Refused, Reserved
from services.budget_ledger.model import Commit, Decommit, MergeApplicants, NoteDue, RegisterCall, Release
from services.kernel.form import to_json
from services.runtime.facts import Fact
from services.runtime.wire import Codec
from tests.services.budget_ledger.desk import ENVELOPE, HANDS, LATER, START, Desk, reserve
from tests.strategies import rules

SYSTEM = next(iter(HANDS.values()))
FILE = {"callId": "call-2021-1", "applicationId": "a-1", "applicant": "body-1"}
AWARD = {**FILE, "awardId": "a-1.1", "envelopeId": ENVELOPE}


def react(message: Message, body: dict[str, Any]) -> list[Any]:
    json_format.ParseDict(body, message)
    return list(reactions(Fact(source="other/0", index=0, leaf="00", time=START, actor=SYSTEM, message=message)))


def settled(**sums: int) -> list[Any]:
    body = {**FILE, "awardId": "a-1.1", "reservationId": "a-1.1", "envelopeId": ENVELOPE, **{k: str(v) for k, v in sums.items()}}
    return react(reporting_events_pb2.SettlementComputed(), body)


def test_a_published_call_is_registered_with_its_envelope_and_cap() -> None:
    (command,) = react(intake_events_pb2.CallPublished(), {"callId": "call-2021-1", "rules": to_json(rules())})
    assert isinstance(command, RegisterCall)
    assert (command.envelope_id, command.call_id, command.budget_cents) == (ENVELOPE, "call-2021-1", 150_000_000)
    assert isinstance(Desk().do(command)[0], EnvelopeOpened)


def test_a_merger_of_bodies_is_followed() -> None:
    body = {"callId": "call-2021-1", "envelopeId": ENVELOPE, "fromBody": "body-1", "intoBody": "body-2", "reason": "merged"}
    assert react(intake_events_pb2.BodiesMerged(), body) == [
        MergeApplicants(envelope_id=ENVELOPE, from_body="body-1", into_body="body-2")
    ]


def test_awarding_asks_for_money() -> None:
    wanted = {
        **AWARD,
        "partners": ["body-2"],
        "amountCents": "500",
        "currency": "EUR",
        "expiresAt": to_json(reserve("x", 1))["expiresAt"],
    }
    (command,) = react(awarding_events_pb2.ReservationRequested(), wanted)
    assert command == reserve("a-1.1", 500, partners=("body-2",), expires_at=LATER)
    assert isinstance(Desk().registered().one(command), Reserved)


def test_awarding_binds_and_gives_back() -> None:
    (bound,) = react(awarding_events_pb2.CommitmentRequested(), {**AWARD, "amountCents": "500", "approvedBy": "minister"})
    assert isinstance(bound, Commit)
    assert (bound.reservation_id, bound.amount_cents, bound.approved_by) == ("a-1.1", 500, "minister")
    assert react(awarding_events_pb2.ReservationReleaseRequested(), {**AWARD, "reason": "withdrawn"}) == [
        Release(envelope_id=ENVELOPE, reservation_id="a-1.1", reason="withdrawn")
    ]
    (freed,) = react(awarding_events_pb2.DecommitRequested(), {**AWARD, "amountCents": "500", "reason": "declined"})
    assert isinstance(freed, Decommit)
    assert freed.decommit_id == "a-1.1.declined"


def test_an_agreement_makes_the_advance_due_if_there_is_one() -> None:
    accepted = {**AWARD, "amountCents": "500", "agreement": "0" * 64}
    (command,) = react(awarding_events_pb2.AgreementAccepted(), {**accepted, "advanceCents": "400"})
    assert isinstance(command, NoteDue)
    assert (command.kind, command.amount_cents) == ("advance", 400)
    assert react(awarding_events_pb2.AgreementAccepted(), {**accepted, "advanceCents": "0"}) == []


def test_a_settlement_says_only_what_is_more_than_nothing() -> None:
    assert settled() == []
    balance, rest = settled(balanceCents=5, decommitCents=7)
    assert (type(balance), balance.kind, type(rest), rest.decommit_id) == (NoteDue, "balance", Decommit, "a-1.1.settled")
    (recovery,) = settled(recoveryCents=9)
    assert (recovery.kind, recovery.amount_cents) == ("recovery", 9)


def test_other_events_lead_to_nothing() -> None:
    assert react(intake_events_pb2.CallClosed(), {"callId": "call-2021-1"}) == []


def test_events_and_commands_go_over_the_wire_as_they_are() -> None:
    desk = Desk().awarded().paid("advance", 100)
    desk.do(reserve("a-2.1", 6_000_000))
    assert {Paid, Refused} <= {type(event) for event in desk.events}
    for event in desk.events:
        message = getattr(SPEC.wire.events, type(event).__name__)()
        json_format.ParseDict(to_json(event), message)
        kept = json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
        assert kept == to_json(event)
    wire = Codec(SPEC)
    command = reserve("a-1.1", 500, partners=("body-2",))
    assert wire.order(wire.request("id-1", command), SYSTEM).command == command
