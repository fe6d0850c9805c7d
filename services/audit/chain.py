"""One award from end to end: rules, scores, conflicts of interest, ranking, decision and its hands, money, reports.

Every link is an event in an entry, and every entry comes with the proof that it is in the log that was signed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.audit.cores import CORES
from services.audit.custody import Custody, custody
from services.audit.faults import FaultError, PackError
from services.audit.logs import Logs, Watch, diverged, logs_of, until, unwatched
from services.audit.pack import Proof
from services.audit.state import SortedState
from services.kernel.decider import State
from services.kernel.form import instant
from services.kernel.people import Actor
from services.runtime.replay import DivergedError, Step, replay
from services.scoring.explain import explain_from

_SECTIONS: Mapping[str, str] = {
    "intake": "application",
    "scoring": "assessment",
    "awarding": "decision",
    "budget_ledger": "money",
    "reporting": "reports",
    "notification": "notices",
    "publishing": "published",
}
_OF_THE_CALL: Mapping[str, str] = {
    "CallPublished": "rules",
    "DeadlineMoved": "rules",
    "RankingEstablished": "ranking",
    "ProposalApproved": "decision",
}
"""Events about a whole call without which no award can be understood."""
_TELLING = "publishing"
"""It says again what the others have decided, in other words; what everybody was told has a number of its own, `sequence`."""
_RANKING = frozenset({"ApplicationRanked", "PlaceNoted", "RankingNoted"})
ORDER = ("rules", "application", "assessment", "ranking", "decision", "money", "reports", "notices", "published")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One event about the award, in which entry, by whose hand."""

    section: str
    log: str
    index: int
    time: datetime
    actor: Actor
    command: str
    event: Mapping[str, Any]
    erased: Mapping[str, datetime]
    """The members of the event whose content is kept no longer, and since when: documents, and what was sealed."""


@dataclass
class Chain:
    """All links in the order of `ORDER`, then of time; the words for the rank; a proof for each entry."""

    call_id: str
    application_id: str
    award_id: str | None
    links: list[Link] = field(default_factory=list)
    explanation: str = ""
    proofs: dict[tuple[str, int], Proof] = field(default_factory=dict)

    def hands(self) -> list[tuple[str, str, str, str]]:
        """Who did what: (event, id, the roles of the hand that gave the command, entry). Services' own steps are left out."""
        return [
            (str(link.event["type"]), link.actor.id, ", ".join(link.actor.roles), f"{link.log}/{link.index}")
            for link in self.links
            if not link.actor.id.startswith("service:")
        ]

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "callId": self.call_id,
            "applicationId": self.application_id,
            "awardId": self.award_id,
            "explanation": self.explanation.splitlines(),
            "links": [
                {
                    "section": link.section,
                    "log": link.log,
                    "index": link.index,
                    "time": instant(link.time),
                    "actor": {"id": link.actor.id, "organisation": link.actor.organisation, "roles": list(link.actor.roles)},
                    "command": link.command,
                    "event": dict(link.event),
                    "erased": {path: instant(since) for path, since in link.erased.items()},
                }
                for link in self.links
            ],
            "proofs": {f"{log}/{index}": proof.told() for (log, index), proof in self.proofs.items()},
        }


def chain(
    logs: Logs,
    name: str,
    *,
    language: str = "en",
    proof: Callable[[str, int], Proof] | None = None,
    watch: Watch = unwatched,
) -> Chain:
    """Everything about an award, named by its own id or by that of the application.

    Raises:
        PackError: if nothing of that name was ever submitted.
        FaultError: if a log cannot be read, or the ranking does not follow from the scores.
    """
    call_id, application_id, award_id = _named(logs, name)
    found, kept = Chain(call_id, application_id, award_id), custody(logs)
    for log in logs.names():
        for step in until(logs, log, None, watch):
            found.links += _links(step, found, kept)
    found.links.sort(key=lambda link: (ORDER.index(link.section), link.time, link.log, link.index))
    found.explanation = explain_from(_scores(logs, call_id), call_id, application_id, language)
    if proof is not None:
        found.proofs = {(link.log, link.index): proof(link.log, link.index) for link in found.links}
    return found


def _named(logs: Logs, name: str) -> tuple[str, str, str | None]:
    """Call, application and award."""
    award: tuple[str, str, str | None] | None = None
    for service, kind in (("awarding", "AwardGranted"), ("intake", "ApplicationSubmitted")):
        for log in logs_of(logs, service):
            for step in until(logs, log, None):
                for event in step.events:
                    if event["type"] == kind and name in (event["applicationId"], event.get("awardId")):
                        award = (str(event["callId"]), str(event["applicationId"]), event.get("awardId"))
        if award is not None:
            return award
    raise PackError(f"{name!r} is no award and no application of this export; allowed: an id such as CALL.NAME or CALL.NAME.1")


def _links(step: Step, of: Chain, kept: Custody) -> Iterator[Link]:
    entry = step.first
    service = entry.log.partition("/")[0]
    for event in step.events:
        kind = str(event["type"])
        about = event.get("applicationId") == of.application_id or _award_of(event) == of.application_id
        section = _SECTIONS.get(service)
        if service == _TELLING:
            section = section if about and "sequence" in event else None
        elif kind in _RANKING:
            section = "ranking" if about else None
        elif not about:
            section = _OF_THE_CALL.get(kind) if event.get("callId") == of.call_id else None
        if section is None:
            continue
        yield Link(
            section=section,
            log=entry.log,
            index=entry.index,
            time=entry.time,
            actor=entry.actor,
            command=str(entry.command["type"]),
            event=event,
            erased=kept.gone_in(event, entry.time),
        )


def _award_of(event: Mapping[str, Any]) -> str | None:
    """The application behind the award or reservation that an event is about."""
    name = event.get("awardId") or event.get("reservationId")
    return str(name).rpartition(".")[0] if name else None


def _scores(logs: Logs, call_id: str) -> State:
    """The jury's state at the end, of the log that has the call; decided again, as everything that is relied on."""
    for log in logs_of(logs, "scoring"):
        state = SortedState()
        try:
            for step in until(logs, log, None):
                replay(CORES["scoring"], (step,), state)
        except DivergedError as error:
            raise diverged(log, error) from error
        if ("Call", call_id) in state.records:
            return state
    raise FaultError("scoring/0", 0, f"the jury never learned the rules of {call_id}")
