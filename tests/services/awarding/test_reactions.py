"""What other services' events mean to awarding, and that the contract says what the core says."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from grants.budget_ledger.v1 import budget_ledger_events_pb2 as ledger
from grants.intake.v1 import intake_events_pb2 as intake
from grants.scoring.v1 import scoring_events_pb2 as scoring

from services.awarding import model as m
from services.awarding.codec import SPEC, documents
from services.awarding.terms import Asked, Ending
from services.kernel.form import camel, to_json
from services.kernel.people import Actor, Role
from services.runtime.facts import Fact, domain
from tests.services.awarding.desk import AGREEMENT, Ask, Desk, call
from tests.strategies import CALL_ID, ENVELOPE_ID

_HELD: Any = {"envelope_id": ENVELOPE_ID, "call_id": CALL_ID, "application_id": "a", "applicant": "body-a", "reservation_id": "a.1"}


def _reactions(source: str, message: Message) -> list[m.Command]:
    actor = Actor(id="officer-1", organisation="agency", roles=(Role.OFFICER,))
    fact = Fact(source=source, index=0, leaf="0" * 64, time=datetime(2021, 6, 1, tzinfo=UTC), actor=actor, message=message)
    return list(SPEC.reactions(fact))


def test_a_published_call_is_registered_with_its_rules() -> None:
    published = json_format.ParseDict({"callId": CALL_ID, "rules": to_json(call())}, intake.CallPublished())
    assert _reactions("intake/0", published) == [m.RegisterCall(call_id=CALL_ID, rules=call())]


def test_a_withdrawal_drops_the_application_and_a_merger_is_noted() -> None:
    gone = intake.ApplicationWithdrawn(call_id=CALL_ID, application_id="a", applicant="body-a", reason="no council vote")
    assert _reactions("intake/0", gone) == [m.DropApplication(call_id=CALL_ID, application_id="a", applicant="body-a")]
    merged = intake.BodiesMerged(call_id=CALL_ID, envelope_id=ENVELOPE_ID, from_body="x", into_body="y", reason="law")
    assert _reactions("intake/0", merged) == [m.NoteMerger(call_id=CALL_ID, from_body="x", into_body="y")]


def test_a_ranking_comes_place_by_place_and_then_its_length() -> None:
    place = scoring.ApplicationRanked(
        call_id=CALL_ID,
        version=1,
        rank=2,
        application_id="a",
        applicant="body-a",
        partners=["body-b"],
        requested_cents=6_000_000,
        eligible=False,
        fails=["below_minimum_total"],
        total="1/3",
    )
    ask = Ask(id="a", partners=("body-b",), eligible=False)
    assert _reactions("scoring/0", place) == [ask.ranked(2)]
    end = scoring.RankingEstablished(call_id=CALL_ID, version=1, ranked=2, minimum_total="1/2")
    assert _reactions("scoring/0", end) == [m.NoteRanking(call_id=CALL_ID, version=1, ranked=2)]


def test_the_ledgers_answers_are_noted_under_the_name_of_the_award() -> None:
    notes = [
        *_reactions("budget_ledger/0", ledger.Reserved(**_HELD, amount_cents=5)),
        *_reactions("budget_ledger/0", ledger.Committed(**_HELD, amount_cents=5)),
        *_reactions("budget_ledger/0", ledger.Released(**_HELD, amount_cents=5)),
        *_reactions("budget_ledger/0", ledger.Expired(**_HELD, amount_cents=5)),
    ]
    assert notes == [
        m.NoteReserved(call_id=CALL_ID, award_id="a.1", amount_cents=5),
        m.NoteCommitted(call_id=CALL_ID, award_id="a.1", amount_cents=5),
        m.NoteReleased(call_id=CALL_ID, award_id="a.1", ending=Ending.RELEASED),
        m.NoteReleased(call_id=CALL_ID, award_id="a.1", ending=Ending.EXPIRED),
    ]


def test_a_refusal_of_the_ledger_brings_what_the_limits_leave() -> None:
    about: Any = {"envelope_id": ENVELOPE_ID, "call_id": CALL_ID, "reservation_id": "a.1", "detail": "no room"}
    no = ledger.Refused(**about, command="Reserve", code="envelope_exceeded", available_cents=0, cap_left_cents=7)
    told = m.NoteLedgerRefused(
        call_id=CALL_ID, award_id="a.1", asked=Asked.RESERVE, code="envelope_exceeded", available_cents=0, cap_left_cents=7
    )
    assert _reactions("budget_ledger/0", no) == [told]
    late = ledger.Refused(**about, command="Commit", code="already_expired")
    told = m.NoteLedgerRefused(call_id=CALL_ID, award_id="a.1", asked=Asked.COMMIT, code="already_expired")
    assert _reactions("budget_ledger/0", late) == [told]


@pytest.mark.parametrize(
    ("source", "fact"),
    [
        ("intake/0", intake.CallClosed(call_id=CALL_ID)),
        ("scoring/0", scoring.AssessorAssigned(call_id=CALL_ID)),
        ("budget_ledger/0", ledger.Decommitted(**_HELD, amount_cents=5)),
        ("budget_ledger/0", ledger.Refused(envelope_id=ENVELOPE_ID, call_id=CALL_ID, command="Release", code="already_expired")),
        ("budget_ledger/0", ledger.Refused(envelope_id=ENVELOPE_ID, command="Commit", code="unknown_reservation")),
    ],
)
def test_other_facts_mean_nothing_here(source: str, fact: Message) -> None:
    assert _reactions(source, fact) == []


def test_an_agreement_is_a_document() -> None:
    assert list(documents(m.AcceptAgreement(call_id=CALL_ID, application_id="a", agreement=AGREEMENT))) == [AGREEMENT]
    assert list(documents(m.Propose(call_id=CALL_ID))) == []


@pytest.mark.parametrize("kind", [*SPEC.decider.commands, *SPEC.decider.events])
def test_contract_and_core_have_the_same_fields(kind: type) -> None:
    module = SPEC.wire.service if kind in SPEC.decider.commands else SPEC.wire.events
    message: type[Message] = getattr(module, kind.__name__)
    assert {f.json_name for f in message.DESCRIPTOR.fields} == {camel(f.name) for f in fields(kind)}


def test_events_pass_through_the_contract_unchanged() -> None:
    desk = Desk.open([Ask(id="a"), Ask(id="b"), Ask(id="c"), Ask(id="d"), Ask(id="e", eligible=False)], call(budget=12_500_000))
    desk.ledger.closed = True
    desk.propose()
    desk.ledger.closed = False
    desk.propose()
    desk.withdraw("a")
    desk.approve()
    desk.appeal("e")
    desk.judge("e", upheld=True)
    desk.propose()
    desk.approve(2)
    desk.accept("b")
    desk.decline("e")
    desk.propose()
    desk.approve(3)
    desk.give(m.NoteMerger(call_id=CALL_ID, from_body="body-d", into_body="body-new"))
    desk.propose()
    desk.decline("b")
    assert {type(event) for event in desk.events} == set(SPEC.decider.events)
    for event in desk.events:
        message: Message = getattr(SPEC.wire.events, type(event).__name__)()
        json_format.ParseDict(to_json(event), message)
        assert domain(type(event), message) == event
