"""The reporting service's contract with the others, and what it makes of their events."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from grants.awarding.v1 import awarding_events_pb2
from grants.budget_ledger.v1 import budget_ledger_events_pb2
from grants.intake.v1 import intake_events_pb2
from grants.reporting.v1 import reporting_events_pb2, reporting_pb2, reporting_pb2_grpc

from services.kernel.form import MalformedError
from services.kernel.rules import CallRules
from services.reporting.core import DECIDER
from services.reporting.model import Command, FileReport, NoteMerger, NotePaid, NoteRecovered, OpenAccount, RegisterCall
from services.runtime.facts import Fact, domain
from services.runtime.spec import Spec, Wire


def reactions(fact: Fact) -> Iterable[Command]:
    """The commands that follow from an event of another service.

    Raises:
        MalformedError: if the rules of a published call are not what they must be.
    """
    match fact.message:
        case intake_events_pb2.CallPublished() as published:
            yield RegisterCall(call_id=published.call_id, rules=_rules(published))
        case intake_events_pb2.BodiesMerged() as merged:
            yield NoteMerger(call_id=merged.call_id, from_body=merged.from_body, into_body=merged.into_body)
        case awarding_events_pb2.AgreementAccepted() as accepted:
            yield OpenAccount(
                call_id=accepted.call_id,
                award_id=accepted.award_id,
                application_id=accepted.application_id,
                applicant=accepted.applicant,
                partners=tuple(accepted.partners),
                amount_cents=accepted.amount_cents,
                reservation_id=accepted.award_id,
                envelope_id=accepted.envelope_id,
                advance_cents=accepted.advance_cents,
            )
        case budget_ledger_events_pb2.Paid() as paid:
            yield NotePaid(
                call_id=paid.call_id,
                award_id=paid.reservation_id,
                payment_id=paid.payment_id,
                amount_cents=paid.amount_cents,
            )
        case budget_ledger_events_pb2.Recovered() as back:
            yield NoteRecovered(
                call_id=back.call_id,
                award_id=back.reservation_id,
                recovery_id=back.recovery_id,
                amount_cents=back.amount_cents,
            )
        case _:
            return


def documents(command: Command) -> Iterable[str]:
    """The documents that a command names."""
    if isinstance(command, FileReport):
        yield from (cost.description_ref for cost in command.costs)
        if command.document is not None:
            yield command.document


def _rules(published: intake_events_pb2.CallPublished) -> CallRules:
    rules = domain(CallRules, published.rules)
    try:
        ZoneInfo(rules.window.zone)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:  # the last two for names that are no path, or a folder's
        raise MalformedError(
            "rules.window.zone", f"{rules.window.zone!r} is no time zone", "a name such as Europe/Brussels"
        ) from error
    return rules


SPEC = Spec(
    decider=DECIDER,
    wire=Wire(service=reporting_pb2, grpc=reporting_pb2_grpc, events=reporting_events_pb2),
    sources=("intake", "awarding", "budget_ledger"),
    reactions=reactions,
    documents=documents,
)
