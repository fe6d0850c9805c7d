"""What is told of other services' events, to whom, and in which words."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from grants.awarding.v1 import awarding_events_pb2 as awarding
from grants.budget_ledger.v1 import budget_ledger_events_pb2 as ledger
from grants.intake.v1 import intake_events_pb2 as intake
from grants.notification.v1 import notification_pb2
from grants.reporting.v1 import reporting_events_pb2 as reporting

from services.kernel.decider import At, MemoryState
from services.kernel.form import from_json, to_json
from services.kernel.people import Actor, Role
from services.notification import templates
from services.notification.codec import SPEC, reactions
from services.notification.core import DECIDER
from services.notification.model import Command, MergeApplicants, NoteApplicant, NoticeKind, Queue, QueueForAll, RegisterCall
from services.notification.naming import notice_id
from services.notification.records import Call, Notice
from services.runtime.facts import Fact
from tests.services.notification.post import SYSTEM
from tests.strategies import CALL_ID, rules

AT = datetime(2021, 6, 1, 12, 30, 15, 250_000, tzinfo=UTC)
STAMP = "20210601T123015250000Z"
GENT = "0207451227"
FILE = f"{CALL_ID}.gent"
AWARD = f"{FILE}.1"
ABOUT: dict[str, Any] = {"callId": CALL_ID, "applicationId": FILE, "applicant": GENT}
IN_ACCOUNT: dict[str, Any] = {**ABOUT, "awardId": AWARD}
IN_LEDGER: dict[str, Any] = {**ABOUT, "envelopeId": "envelope-2021", "reservationId": AWARD, "amountCents": "480000"}
DECIDED: dict[str, Any] = {**ABOUT, "appealUntil": "2021-07-01T21:59:59Z"}
REPORT: dict[str, Any] = {**IN_ACCOUNT, "report": "final", "due": "2022-09-30"}
DEADLINE = "2021-05-11T16:00:00Z"

EVENTS: list[tuple[str, Message, dict[str, Any], str]] = [
    (
        "intake",
        intake.ApplicationSubmitted(),
        {**ABOUT, "version": "2", "content": {"requestedCents": "6000000"}, "receivedAt": DEADLINE, "receipt": "ab" * 32},
        f"receipt.{FILE}.2.{GENT}",
    ),
    (
        "intake",
        intake.ExtensionGranted(),
        {"callId": CALL_ID, "applicant": GENT, "deadline": DEADLINE, "reason": "Jan is ill"},
        f"extension.{CALL_ID}.{STAMP}.{GENT}",
    ),
    (
        "intake",
        intake.ApplicationReopened(),
        {**ABOUT, "until": DEADLINE, "reason": "a mistake of Jan's"},
        f"reopened.{FILE}.{STAMP}.{GENT}",
    ),
    (
        "intake",
        intake.ApplicationDeclaredInadmissible(),
        {**ABOUT, "reasons": ["incomplete", "outside_call"], "note": "Jan forgot it", "declaredBy": "officer-1"},
        f"inadmissible.{FILE}.{STAMP}.{GENT}",
    ),
    (
        "awarding",
        awarding.AwardGranted(),
        {
            **IN_ACCOUNT,
            "amountCents": "5550000",
            "requestedCents": "6000000",
            "projectStart": "2021-07-01",
            "projectEnd": "2022-06-30",
        },
        f"award.{AWARD}.{GENT}",
    ),
    ("awarding", awarding.AwardRefused(), {**DECIDED, "ground": "cap_exceeded"}, f"refusal.{FILE}.{STAMP}.{GENT}"),
    ("awarding", awarding.WaitListed(), {**DECIDED, "position": "3"}, f"wait_list.{FILE}.{STAMP}.{GENT}"),
    ("awarding", awarding.AppealDecided(), {**ABOUT, "upheld": True, "ground": "Jan was right"}, f"appeal.{FILE}.{STAMP}.{GENT}"),
    (
        "budget_ledger",
        ledger.Paid(),
        {**IN_LEDGER, "paymentId": f"{AWARD}.advance", "kind": "advance", "bankReference": "BE12"},
        f"payment.{AWARD}.advance.{GENT}",
    ),
    (
        "budget_ledger",
        ledger.RecoveryOrdered(),
        {**IN_LEDGER, "recoveryId": f"{AWARD}.recovery"},
        f"recovery.{AWARD}.recovery.{GENT}",
    ),
    ("reporting", reporting.ReportRequested(), REPORT, f"report_request.{AWARD}.final.{GENT}"),
    ("reporting", reporting.ReportReminded(), REPORT, f"reminder.{AWARD}.final.{GENT}"),
    (
        "reporting",
        reporting.ReportReturned(),
        {**IN_ACCOUNT, "report": "final", "ground": "Jan forgot it"},
        f"report_returned.{AWARD}.final.{STAMP}.{GENT}",
    ),
    (
        "reporting",
        reporting.SettlementComputed(),
        {**IN_ACCOUNT, "amountCents": "5550000", "acceptedCents": "5000000", "finalGrantCents": "4000000", "recoveryCents": "99"},
        f"settlement.{AWARD}.{GENT}",
    ),
]
NAMES = [type(event).__name__ for _, event, _, _ in EVENTS]


def react(source: str, event: Message, body: dict[str, Any]) -> list[Command]:
    message = json_format.ParseDict(body, type(event)())
    officer = Actor(id="officer-1", organisation="agency", roles=(Role.OFFICER,))
    fact = Fact(source=f"{source}/0", index=7, leaf="0" * 64, time=AT, actor=officer, message=message)
    commands = list(reactions(fact))
    for command in commands:
        assert from_json(type(command), to_json(command)) == command
        json_format.ParseDict(to_json(command), getattr(notification_pb2, type(command).__name__)())
    return commands


def published() -> RegisterCall:
    body = {"callId": CALL_ID, "rules": to_json(rules()), "callFile": "0" * 64, "publishedAt": DEADLINE}
    (command,) = react("intake", intake.CallPublished(), body)
    assert isinstance(command, RegisterCall)
    return command


def call() -> Call:
    state = MemoryState()
    DECIDER.run(published(), state, At(actor=SYSTEM, now=AT))
    found = state.get(Call, CALL_ID)
    assert found is not None
    return found


def written(queue: Queue, language: str) -> templates.Words:
    notice = Notice(
        call_id=queue.call_id, notice_id=queue.notice_id, kind=queue.kind, addressee=queue.addressee, params=queue.params
    )
    return templates.render(notice, call(), "Stad Gent", language)


@pytest.mark.parametrize(("source", "event", "body", "name"), EVENTS, ids=NAMES)
def test_an_event_is_told_to_its_applicant_under_one_name(source: str, event: Message, body: dict[str, Any], name: str) -> None:
    *others, queue = react(source, event, body)
    assert isinstance(queue, Queue)
    assert (queue.notice_id, queue.addressee, queue.call_id) == (name, GENT, CALL_ID)
    assert all(isinstance(other, NoteApplicant) for other in others)


@pytest.mark.parametrize("language", templates.LANGUAGES)
@pytest.mark.parametrize(("source", "event", "body", "name"), EVENTS, ids=NAMES)
def test_every_notice_has_words(source: str, event: Message, body: dict[str, Any], name: str, language: str) -> None:
    del name
    queue = react(source, event, body)[-1]
    assert isinstance(queue, Queue)
    words = written(queue, language)
    for text in (words.subject, words.body):
        assert not re.search(r"[{}]|\b[a-z]+_[a-z]+\b", text), "a code or a gap was left in the words"
        assert "Jan" not in text
    assert "Jan" not in str(queue)
    assert "Stad Gent" in words.body
    assert call().title[language] in words.body


def test_every_kind_of_notice_is_sent_by_some_event() -> None:
    kinds = {
        command.kind for source, event, body, _ in EVENTS for command in react(source, event, body) if isinstance(command, Queue)
    }
    assert kinds | {NoticeKind.DEADLINE_MOVED} == set(NoticeKind)


def test_a_moved_deadline_is_told_to_all() -> None:
    body = {"callId": CALL_ID, "before": "2021-04-16T10:00:00Z", "deadline": DEADLINE, "reason": "Jan asked"}
    (command,) = react("intake", intake.DeadlineMoved(), body)
    assert isinstance(command, QueueForAll)
    assert command == QueueForAll(
        call_id=CALL_ID,
        subject=f"deadline_moved.{CALL_ID}.{STAMP}",
        kind=NoticeKind.DEADLINE_MOVED,
        params={"before_at": "2021-04-16T10:00:00Z", "deadline_at": DEADLINE},
    )
    words = written(Queue(call_id=CALL_ID, notice_id="x", kind=command.kind, addressee=GENT, params=command.params), language="nl")
    assert "Vroeger: vrijdag 16 april 2021 om 12.00 uur (Europe/Brussels, UTC+02:00)" in words.body
    assert "Nu: dinsdag 11 mei 2021 om 18.00 uur (Europe/Brussels, UTC+02:00)" in words.body


def test_who_has_a_draft_is_known_by_it_and_a_merger_too() -> None:
    assert react("intake", intake.DraftSaved(), {**ABOUT, "version": "1"}) == [NoteApplicant(call_id=CALL_ID, applicant=GENT)]
    body = {"callId": CALL_ID, "fromBody": GENT, "intoBody": "0207437468", "reason": "merger"}
    merged = MergeApplicants(call_id=CALL_ID, from_body=GENT, into_body="0207437468")
    assert react("intake", intake.BodiesMerged(), body) == [merged]


def test_other_events_are_told_to_nobody() -> None:
    assert react("intake", intake.CallClosed(), {"callId": CALL_ID}) == []
    assert react("budget_ledger", ledger.Reserved(), IN_LEDGER) == []
    assert react("awarding", awarding.DecisionApproved(), ABOUT) == []
    assert react("reporting", reporting.ReportApproved(), IN_ACCOUNT) == []


def test_an_officers_own_words_stay_in_the_file() -> None:
    queue = react("awarding", awarding.AwardRefused(), {**DECIDED, "ground": "Jan's plan convinced nobody"})[-1]
    assert isinstance(queue, Queue)
    assert "de reden staat in uw dossier" in written(queue, "nl").body


def test_all_sources_that_are_read_are_told_of() -> None:
    assert {source for source, _, _, _ in EVENTS} == set(SPEC.sources)


@pytest.mark.parametrize("parts", [("receipt", "A:1", GENT), ("receipt", "x" * 100, "1", GENT), ("receipt", "a..b", GENT)])
def test_a_name_that_no_mail_could_carry_is_hashed(parts: tuple[str, ...]) -> None:
    name = notice_id(*parts)
    assert re.fullmatch(r"receipt\.[0-9a-f]{64}", name)
    assert name != notice_id(*parts, "more")
