"""Which documents the logs name, whose they are, and what class of data they belong to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.cli import common
from services.kernel.entry import Entry
from services.runtime.client import Client

_PAGE = 2_000
NAMED_BY = ("intake", "scoring", "awarding", "reporting")
"""The services whose events name documents that people have brought."""


@dataclass(frozen=True, slots=True, order=True)
class Paper:
    """A document of one file, and the subject that it is kept for."""

    document: str
    call_id: str
    application_id: str
    subject: str
    data_class: str


def all_papers(who: str) -> set[Paper]:
    """Every document that an event of any log names as part of a file."""
    found: set[Paper] = set()
    for service in NAMED_BY:
        for event in events(service, who):
            found |= set(papers(event))
    return found


def events(service: str, who: str) -> Iterator[Mapping[str, Any]]:
    """All events of a service, over all its logs."""
    with common.calling(service, who) as client:
        for log in common.logs(service):
            yield from _events(client, log)


def _events(client: Client, log: str) -> Iterator[Mapping[str, Any]]:
    start = 0
    while page := list(client.entries(log, start, _PAGE)):
        start += len(page)
        for stored in page:
            yield from Entry.from_bytes(stored.value).events


def papers(event: Mapping[str, Any]) -> Iterator[Paper]:
    """The documents of one event."""
    match event["type"]:
        case "DraftSaved" | "ApplicationSubmitted":
            names, subject, data_class = [a["document"] for a in event["content"]["attachments"]], "applicant", "application"
        case "AssessmentSubmitted":
            names, subject, data_class = [event.get("note")], "assessor", "assessment"
        case "AgreementAccepted":
            names, subject, data_class = [event["agreement"]], "applicant", "decision"
        case "ReportFiled":
            costs = [cost["descriptionRef"] for cost in event["costs"]]
            names, subject, data_class = [*costs, event.get("document")], "applicant", "report"
        case _:
            return
    for name in names:
        if name is not None:
            yield Paper(name, event["callId"], event["applicationId"], event[subject], data_class)
