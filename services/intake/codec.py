"""The intake on the wire: its contract, and what it makes of the awarding service's events."""

from collections.abc import Iterable

from grants.awarding.v1 import awarding_events_pb2
from grants.intake.v1 import intake_events_pb2, intake_pb2, intake_pb2_grpc

from services.intake.core import DECIDER
from services.intake.destroyer import destroyer
from services.intake.model import Amend, Command, DropBeneficiary, NoteBeneficiary, PublishCall, SaveDraft
from services.kernel.form import from_json
from services.runtime.facts import Fact
from services.runtime.spec import Spec, Wire


def reactions(fact: Fact) -> Iterable[NoteBeneficiary | DropBeneficiary]:
    """Remember who holds an award, for as long as it is held.

    Raises:
        MalformedError: if the event breaks a limit of the command.
    """
    match fact.message:
        case awarding_events_pb2.AwardGranted() as granted:
            yield from_json(
                NoteBeneficiary,
                {
                    "ofCall": granted.call_id,
                    "applicationId": granted.application_id,
                    "bodies": [granted.applicant, *granted.partners],
                    "projectStart": granted.project_start,
                    "projectEnd": granted.project_end,
                },
            )
        case awarding_events_pb2.AwardDeclined() as declined:
            yield from_json(DropBeneficiary, {"ofCall": declined.call_id, "applicationId": declined.application_id})
        case _:
            pass


def documents(command: Command) -> Iterable[str]:
    """The documents that a command names."""
    match command:
        case PublishCall():
            return (command.call_file,)
        case SaveDraft() | Amend():
            return tuple(attachment.document for attachment in command.content.attachments)
        case _:
            return ()


SPEC = Spec(
    decider=DECIDER,
    wire=Wire(service=intake_pb2, grpc=intake_pb2_grpc, events=intake_events_pb2),
    sources=("awarding",),
    reactions=reactions,
    documents=documents,
    worker=destroyer,
)
