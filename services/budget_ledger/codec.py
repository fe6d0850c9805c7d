"""The ledger's contract with the others, and what it makes of their events."""

from collections.abc import Iterable
from datetime import UTC

from grants.awarding.v1 import awarding_events_pb2
from grants.budget_ledger.v1 import budget_ledger_events_pb2, budget_ledger_pb2, budget_ledger_pb2_grpc
from grants.intake.v1 import intake_events_pb2
from grants.reporting.v1 import reporting_events_pb2

from services.budget_ledger.core import DECIDER
from services.budget_ledger.model import (
    Command,
    Commit,
    Decommit,
    DueKind,
    MergeApplicants,
    NoteDue,
    RegisterCall,
    Release,
    Reserve,
)
from services.kernel.rules import CallRules
from services.runtime.facts import Fact, domain
from services.runtime.spec import Spec, Wire


def reactions(fact: Fact) -> Iterable[Command]:
    """The commands that follow from an event of another service.

    Raises:
        MalformedError: if the rules of a published call are not what they must be.
    """
    match fact.message:
        case intake_events_pb2.CallPublished() as published:
            yield _registration(domain(CallRules, published.rules))
        case intake_events_pb2.BodiesMerged() as merged:
            yield MergeApplicants(envelope_id=merged.envelope_id, from_body=merged.from_body, into_body=merged.into_body)
        case awarding_events_pb2.ReservationRequested() as wanted:
            yield Reserve(
                envelope_id=wanted.envelope_id,
                call_id=wanted.call_id,
                application_id=wanted.application_id,
                reservation_id=wanted.award_id,
                applicant=wanted.applicant,
                partners=tuple(wanted.partners),
                amount_cents=wanted.amount_cents,
                currency=wanted.currency,
                expires_at=wanted.expires_at.ToDatetime(UTC),
            )
        case awarding_events_pb2.CommitmentRequested() as wanted:
            yield Commit(
                envelope_id=wanted.envelope_id,
                call_id=wanted.call_id,
                application_id=wanted.application_id,
                reservation_id=wanted.award_id,
                amount_cents=wanted.amount_cents,
                approved_by=wanted.approved_by,
            )
        case awarding_events_pb2.ReservationReleaseRequested() as wanted:
            yield Release(envelope_id=wanted.envelope_id, reservation_id=wanted.award_id, reason=wanted.reason)
        case awarding_events_pb2.DecommitRequested() as wanted:
            yield Decommit(
                envelope_id=wanted.envelope_id,
                reservation_id=wanted.award_id,
                decommit_id=f"{wanted.award_id}.declined",
                amount_cents=wanted.amount_cents,
                reason=wanted.reason,
            )
        case awarding_events_pb2.AgreementAccepted(advance_cents=advance) as accepted if advance > 0:
            yield _due(accepted.envelope_id, accepted.award_id, DueKind.ADVANCE, advance)
        case reporting_events_pb2.SettlementComputed() as settled:
            yield from _settlement(settled)
        case _:
            return


def _registration(rules: CallRules) -> RegisterCall:
    return RegisterCall(
        envelope_id=rules.envelope.envelope_id,
        call_id=rules.call_id,
        budget_year=rules.envelope.budget_year,
        budget_cents=rules.envelope.budget_cents,
        currency=rules.envelope.currency,
        cap_cents=rules.cap.cap_cents,
        cap_counts=rules.cap.counts,
    )


def _settlement(settled: reporting_events_pb2.SettlementComputed) -> Iterable[Command]:
    """What is still to be paid or came out too much, and what will never be spent; nothing that is 0."""
    if settled.balance_cents > 0:
        yield _due(settled.envelope_id, settled.reservation_id, DueKind.BALANCE, settled.balance_cents)
    if settled.recovery_cents > 0:
        yield _due(settled.envelope_id, settled.reservation_id, DueKind.RECOVERY, settled.recovery_cents)
    if settled.decommit_cents > 0:
        yield Decommit(
            envelope_id=settled.envelope_id,
            reservation_id=settled.reservation_id,
            decommit_id=f"{settled.reservation_id}.settled",
            amount_cents=settled.decommit_cents,
            reason="the settlement leaves it unspent",
        )


def _due(envelope_id: str, reservation_id: str, kind: DueKind, amount_cents: int) -> NoteDue:
    return NoteDue(envelope_id=envelope_id, reservation_id=reservation_id, kind=kind, amount_cents=amount_cents)


SPEC = Spec(
    decider=DECIDER,
    wire=Wire(service=budget_ledger_pb2, grpc=budget_ledger_pb2_grpc, events=budget_ledger_events_pb2),
    sources=("intake", "awarding", "reporting"),
    reactions=reactions,
)
