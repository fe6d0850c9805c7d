"""What is no longer kept, since when, and by which rule: from the intake's logs alone. And which terms a closed file has.

The logs stay whole. What is gone are documents, which they name by hash, and what was sealed, which they carry as ciphertext.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from services.audit.duties import Hand
from services.audit.logs import Logs, logs_of
from services.audit.source import Event, entries, events
from services.intake.retention import due_at
from services.kernel.form import from_json, parse_instant
from services.kernel.rules import CallRules, Retention

_SEALED = re.compile(r"sealed1:([^\s:]+):(\S+):[A-Za-z0-9_-]+={0,2}", re.ASCII)
"""A sealed text in a log: subject, group, ciphertext (`oproep contact seal`)."""
_EVERY_GROUP = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """One class of data of one file was destroyed: after whose list, whose approval, and how many documents."""

    time: datetime
    planned: Hand | None
    approved: Hand
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long a class of data of a closed file is kept, and what became of it."""

    application_id: str
    applicant: str
    data_class: str
    rule: str
    """Its id, as a destruction names it: `<call>.<class>`."""
    years: int
    ground: str
    closed: Hand
    """Who closed the file, and when: the term starts then."""
    due_at: datetime
    destroyed: tuple[Destruction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Everything that was kept of a subject until then is void."""

    call_id: str
    subject: str
    ground: str
    documents: int
    hand: Hand


class Custody:
    """Told event by event, in the order of the intake's logs."""

    def __init__(self) -> None:
        self.erasures: list[Erasure] = []
        self._rules: dict[str, tuple[Retention, ...]] = {}
        self._closed: dict[tuple[str, str], tuple[str, Hand]] = {}
        self._planned: dict[tuple[str, str], Hand] = {}
        self._destroyed: dict[tuple[str, str, str], list[Destruction]] = {}
        self._documents: dict[str, datetime] = {}
        self._void: dict[str, list[tuple[str, datetime]]] = {}

    def take(self, event: Event) -> None:
        """Note what an event of the intake says."""
        call, file = event.text("callId"), event.text("applicationId")
        hand = Hand(event.actor.id, event.log, event.index, event.time)
        match event.kind:
            case "CallPublished":
                self._rules[call] = from_json(CallRules, event.body["rules"]).retention
            case "FileClosed":
                self._closed[call, file] = (event.text("applicant"), hand)
            case "RetentionPlanned":
                self._planned[call, event.text("plan")] = hand
            case "DataDestroyed":
                at = parse_instant(event.text("destroyedAt"), "destroyedAt")
                planned, papers = self._planned.get((call, event.text("plan"))), self._gone(event, event.text("group"), at)
                done = Destruction(time=at, planned=planned, approved=hand, documents=papers)
                self._destroyed.setdefault((call, file, event.text("dataClass")), []).append(done)
            case "SubjectErased":
                at = parse_instant(event.text("erasedAt"), "erasedAt")
                papers, subject = self._gone(event, _EVERY_GROUP, at), event.text("subject")
                erasure = Erasure(call_id=call, subject=subject, ground=event.text("ground"), documents=papers, hand=hand)
                self.erasures.append(erasure)
            case _:
                pass

    def rules(self, call_id: str) -> tuple[Retention, ...]:
        """The terms of a call, a class of data each."""
        return self._rules.get(call_id, ())

    def terms(self, call_id: str) -> Iterator[Term]:
        """The terms of each closed file of a call."""
        for (call, file), (applicant, closed) in sorted(self._closed.items()):
            for rule in self.rules(call_id) if call == call_id else ():
                yield Term(
                    application_id=file,
                    applicant=applicant,
                    data_class=rule.data_class,
                    rule=f"{call}.{rule.data_class}",
                    years=rule.years,
                    ground=rule.ground,
                    closed=closed,
                    due_at=due_at(closed.time, rule.years),
                    destroyed=tuple(self._destroyed.get((call, file, rule.data_class), ())),
                )

    def erased(self, subject: str) -> datetime | None:
        """When a subject was erased last."""
        return max((erasure.hand.time for erasure in self.erasures if erasure.subject == subject), default=None)

    def gone(self, text: str, written: datetime) -> datetime | None:
        """Since when what a text of an entry written at that time names or holds is gone; None if it is not, or holds nothing.

        A text that was sealed before an erasure and put into a log after it counts as kept, as a log does not show its key.
        """
        if text in self._documents:
            return self._documents[text]
        sealed = _SEALED.search(text)
        void = self._void.get(sealed[1], ()) if sealed else ()
        return min(
            (until for group, until in void if sealed and group in (_EVERY_GROUP, sealed[2]) and written <= until), default=None
        )

    def gone_in(self, body: Mapping[str, Any], written: datetime) -> dict[str, datetime]:
        """The members of an event whose content is gone, such as `content.attachments.0.document`, and since when."""
        found = ((path, self.gone(text, written)) for path, text in _texts(body, ""))
        return {path: since for path, since in found if since is not None}

    def _gone(self, event: Event, group: str, at: datetime) -> int:
        """Note documents and keys that an event destroys; gives the number of documents."""
        papers = cast("list[str]", event.body["documents"])
        for paper in papers:
            self._documents.setdefault(paper, at)
        self._void.setdefault(event.text("subject") or event.text("applicant"), []).append((group, at))
        return len(papers)


def custody(logs: Logs) -> Custody:
    """All that the intake's logs say of it.

    Raises:
        FaultError: naming the first entry that cannot be read.
    """
    found = Custody()
    for event in events(entries(logs, logs_of(logs, "intake"))):
        found.take(event)
    return found


def unreadable(text: str, words: str) -> str:
    """A text with words in the place of what is sealed in it."""
    return _SEALED.sub(words, text)


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text below a value, with its path."""
    if isinstance(value, str):
        yield path, value
        return
    members: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value).items()
    elif isinstance(value, list | tuple):
        members = enumerate(cast("list[Any]", value))
    for name, member in members:
        yield from _texts(member, f"{path}.{name}" if path else str(name))
