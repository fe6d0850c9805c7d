"""The scoring service on the wire: its contract, and what intake's events mean to it."""

from collections.abc import Iterable
from datetime import UTC

from grants.intake.v1 import intake_events_pb2 as intake
from grants.scoring.v1 import scoring_events_pb2, scoring_pb2, scoring_pb2_grpc

from services.kernel.rules import CallRules
from services.runtime.facts import Fact, domain
from services.runtime.spec import Spec, Wire
from services.scoring.core import DECIDER
from services.scoring.model import Assess, Command, DropApplication, RegisterApplication, RegisterCall


def reactions(fact: Fact) -> Iterable[Command]:
    """What follows here from an event of another service.

    All facts about a call come from one log and so in the order in which they happened. An application that is dropped
    without ever having been admissible is no news.
    """
    match fact.message:
        case intake.CallPublished() as published:
            yield RegisterCall(call_id=published.call_id, rules=domain(CallRules, published.rules))
        case intake.ApplicationDeclaredAdmissible() as admissible:
            yield RegisterApplication(
                call_id=admissible.call_id,
                application_id=admissible.application_id,
                applicant=admissible.applicant,
                partners=tuple(admissible.partners),
                requested_cents=admissible.requested_cents,
                submitted_at=admissible.submitted_at.ToDatetime(UTC),
            )
        case intake.ApplicationWithdrawn() | intake.ApplicationDeclaredInadmissible() as gone:
            yield DropApplication(call_id=gone.call_id, application_id=gone.application_id)
        case _:
            return


def documents(command: Command) -> Iterable[str]:
    """The documents that a command names."""
    return (command.note,) if isinstance(command, Assess) and command.note is not None else ()


SPEC = Spec(
    decider=DECIDER,
    wire=Wire(service=scoring_pb2, grpc=scoring_pb2_grpc, events=scoring_events_pb2),
    sources=("intake",),
    reactions=reactions,
    documents=documents,
)
