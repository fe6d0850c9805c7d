"""The awarding service on the wire, and what it makes of other services' events."""

from collections.abc import Iterable

from google.protobuf.message import Message
from grants.awarding.v1 import awarding_events_pb2, awarding_pb2, awarding_pb2_grpc
from grants.budget_ledger.v1 import budget_ledger_events_pb2
from grants.intake.v1 import intake_events_pb2
from grants.scoring.v1 import scoring_events_pb2

from services.awarding.core import DECIDER
from services.awarding.model import (
    AcceptAgreement,
    Command,
    DropApplication,
    NoteCommitted,
    NoteLedgerRefused,
    NoteMerger,
    NoteRanked,
    NoteRanking,
    NoteReleased,
    NoteReserved,
    RegisterCall,
)
from services.awarding.terms import Asked, Ending
from services.kernel.rules import CallRules
from services.runtime.facts import Fact, domain
from services.runtime.spec import Spec, Wire


def reactions(fact: Fact) -> Iterable[Command]:
    """The commands that follow from an event of another service."""
    match fact.source.partition("/")[0]:
        case "intake":
            yield from _intake(fact.message)
        case "scoring":
            yield from _scoring(fact.message)
        case _:
            yield from _ledger(fact.message)


def _intake(message: Message) -> Iterable[Command]:
    match m := message:
        case intake_events_pb2.CallPublished():
            yield RegisterCall(call_id=m.call_id, rules=domain(CallRules, m.rules))
        case intake_events_pb2.ApplicationWithdrawn():
            yield DropApplication(call_id=m.call_id, application_id=m.application_id, applicant=m.applicant)
        case intake_events_pb2.BodiesMerged():
            yield NoteMerger(call_id=m.call_id, from_body=m.from_body, into_body=m.into_body)
        case _:
            return


def _scoring(message: Message) -> Iterable[Command]:
    match m := message:
        case scoring_events_pb2.ApplicationRanked():
            yield NoteRanked(
                call_id=m.call_id,
                version=m.version,
                rank=m.rank,
                application_id=m.application_id,
                applicant=m.applicant,
                partners=tuple(m.partners),
                requested_cents=m.requested_cents,
                eligible=m.eligible,
                fails=tuple(m.fails),
            )
        case scoring_events_pb2.RankingEstablished():
            yield NoteRanking(call_id=m.call_id, version=m.version, ranked=m.ranked)
        case _:
            return


def _ledger(message: Message) -> Iterable[Command]:
    match m := message:
        case budget_ledger_events_pb2.Reserved():
            yield NoteReserved(call_id=m.call_id, award_id=m.reservation_id, amount_cents=m.amount_cents)
        case budget_ledger_events_pb2.Committed():
            yield NoteCommitted(call_id=m.call_id, award_id=m.reservation_id, amount_cents=m.amount_cents)
        case budget_ledger_events_pb2.Released():
            yield NoteReleased(call_id=m.call_id, award_id=m.reservation_id, ending=Ending.RELEASED)
        case budget_ledger_events_pb2.Expired():
            yield NoteReleased(call_id=m.call_id, award_id=m.reservation_id, ending=Ending.EXPIRED)
        case budget_ledger_events_pb2.Refused() if m.command in tuple(Asked) and m.HasField("call_id"):
            yield NoteLedgerRefused(
                call_id=m.call_id,
                award_id=m.reservation_id,
                asked=Asked(m.command),
                code=m.code,
                available_cents=m.available_cents if m.HasField("available_cents") else None,
                cap_left_cents=m.cap_left_cents if m.HasField("cap_left_cents") else None,
            )
        case _:
            return


def documents(command: Command) -> Iterable[str]:
    """The documents that a command names."""
    return (command.agreement,) if isinstance(command, AcceptAgreement) else ()


SPEC = Spec(
    decider=DECIDER,
    wire=Wire(service=awarding_pb2, grpc=awarding_pb2_grpc, events=awarding_events_pb2),
    sources=("intake", "scoring", "budget_ledger"),
    reactions=reactions,
    documents=documents,
)
