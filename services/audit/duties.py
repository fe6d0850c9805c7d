"""Separation of duties, from the logs alone: who did what in which role, the pairs of hands that the rules wanted, the refusals.

A hand is the actor of the entry, as the token proved it, not the name that an event repeats: the two are held against each other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.audit.cores import CORES
from services.audit.source import Event, events
from services.kernel.entry import Entry


class Rule(StrEnum):
    """What wants two hands."""

    APPROVAL = "approval"
    """Who proposed decisions does not approve them."""
    APPEAL = "appeal"
    """Who proposed or approved a decision does not judge the appeal against it."""
    ORDER = "order"
    """Who approved an award does not order its payment or recovery."""
    CONFIRMATION = "confirmation"
    """Who ordered a payment or recovery does not confirm it."""
    REPORT = "report"
    """Who filed a report does not approve it."""
    CONFLICT = "conflict"
    """Who has a conflict of interest gives no points that count, and moderates none."""
    RETENTION = "retention"
    """Who listed what is to be destroyed does not approve the list."""


class Verdict(StrEnum):
    """What became of a pair."""

    KEPT = "kept"
    OPEN = "open"
    """The second hand has not acted yet."""
    BROKEN = "broken"
    """One and the same hand did both."""
    UNPROVEN = "unproven"
    """The logs do not show the first hand, or an event names another one than its entry."""


@dataclass(frozen=True, slots=True)
class Hand:
    """An actor, and the entry by which it acted."""

    actor: str
    log: str
    index: int
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The hands before and the hands after, about one subject such as a payment."""

    rule: Rule
    call_id: str
    subject: str
    first: tuple[Hand, ...]
    second: tuple[Hand, ...]
    doubt: bool = False
    """Whether an event names another hand than the actor of its entry."""

    @property
    def verdict(self) -> Verdict:
        """Whether the rule was kept."""
        if {hand.actor for hand in self.first} & {hand.actor for hand in self.second}:
            return Verdict.BROKEN
        if not self.first or self.doubt:
            return Verdict.UNPROVEN
        return Verdict.KEPT if self.second else Verdict.OPEN


@dataclass(slots=True)
class Deed:
    """How often an actor gave a command with a role. `without_role`: that many were carried out though no role allowed it."""

    actor: str
    organisation: str
    role: str
    service: str
    command: str
    done: int = 0
    refused: int = 0
    without_role: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A command that was not carried out, or a part of an answer that was a refusal."""

    hand: Hand
    roles: tuple[str, ...]
    call_id: str
    subject: str
    command: str
    code: str
    detail: str


@dataclass
class Duties:
    """The report."""

    pairs: list[Pair] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def findings(self) -> int:
        """How much is not as the rules want it."""
        pairs = sum(pair.verdict in (Verdict.BROKEN, Verdict.UNPROVEN) for pair in self.pairs)
        return pairs + sum(deed.without_role for deed in self.deeds)


def examine(entries: Iterable[Entry]) -> Duties:
    """Read the entries once, in the order of their times."""
    book, deeds, refusals = _Book(), dict[tuple[str, ...], Deed](), list[Refusal]()
    for entry in entries:
        _count(entry, deeds)
        for event in events((entry,)):
            book.take(event)
            if event.kind == "Refused":
                refusals.append(_refusal(entry, event))
    return Duties(list(book.pairs()), sorted(deeds.values(), key=_by_actor), refusals)


def _by_actor(deed: Deed) -> tuple[bool, str, str, str]:
    return deed.role == "system", deed.actor, deed.service, deed.command


def _count(entry: Entry, deeds: dict[tuple[str, ...], Deed]) -> None:
    if entry.part is not None and entry.part.number > 1:
        return
    service, command = entry.log.partition("/")[0], str(entry.command["type"])
    allowed = {kind.__name__: roles for kind, roles in CORES[service].authority.items()}.get(command, frozenset())
    role = next((str(role) for role in entry.actor.roles if role in allowed), "")
    key = (entry.actor.id, entry.actor.organisation, role, service, command)
    deed = deeds.setdefault(key, Deed(*key))
    if any(event["type"] == "Refused" for event in entry.events):
        deed.refused += 1
    else:
        deed.done += 1
        deed.without_role += not role


def _refusal(entry: Entry, event: Event) -> Refusal:
    named = (event.text(name) for name in ("reservationId", "awardId", "applicationId", "envelopeId"))
    return Refusal(
        hand=_hand(event),
        roles=tuple(entry.actor.roles),
        call_id=event.text("callId"),
        subject=next((name for name in named if name), ""),
        command=event.text("command"),
        code=event.text("code"),
        detail=event.text("detail"),
    )


def _hand(event: Event) -> Hand:
    return Hand(event.actor.id, event.log, event.index, event.time)


class _Book:
    """What has been seen so far. Pairs are made at the end: logs are read side by side, and a first hand may come second."""

    def __init__(self) -> None:
        self._hands: defaultdict[tuple[str, ...], list[Hand]] = defaultdict(list)
        self._doubted: set[tuple[str, ...]] = set()
        self._awards: dict[str, tuple[str, str]] = {}
        """Call and proposal by which an award was approved."""
        self._files: dict[tuple[str, str], str] = {}
        """The proposal whose decision on a file is contested."""
        self._subjects: dict[tuple[str, ...], Callable[[], Pair]] = {}
        """What makes each pair, in the order in which the rule was first touched."""

    def pairs(self) -> Iterator[Pair]:
        """All pairs."""
        return (make() for make in self._subjects.values())

    def take(self, event: Event) -> None:
        """Note what an event says about hands."""
        match event.log.partition("/")[0]:
            case "intake":
                self._keep(event, event.text("callId"), event.text("plan"))
            case "scoring":
                self._score(event, event.text("callId"))
            case "awarding":
                self._decide(event, event.text("callId"))
            case "budget_ledger":
                self._pay(event, event.text("callId"), event.text("reservationId"), event.text("kind") or "recovery")
            case "reporting":
                self._report(event, event.text("callId"), event.text("awardId"), event.text("report"))
            case _:
                pass

    def _keep(self, event: Event, call: str, plan: str) -> None:
        if event.kind not in ("RetentionPlanned", "RetentionApproved"):
            return
        did, named = ("planned", "plannedBy") if event.kind == "RetentionPlanned" else ("released", "approvedBy")
        self._act(event, did, call, plan, named=named)
        self._subjects.setdefault(
            (Rule.RETENTION, call, plan),
            lambda: self._pair(Rule.RETENTION, call, f"{call} {plan}", [("planned", call, plan)], ("released", call, plan)),
        )

    def _decide(self, event: Event, call: str) -> None:
        file, proposal = event.text("applicationId"), event.text("proposal")
        match event.kind:
            case "ProposalOpened":
                self._act(event, "proposed", call, proposal, named="proposedBy")
                self._want_approval(call, proposal)
            case "ProposalApproved":
                self._act(event, "approved", call, proposal, named="approvedBy")
                self._want_approval(call, proposal)
            case "DecisionApproved" if "awardId" in event.body:
                self._awards[event.text("awardId")] = (call, proposal)
            case "AppealLodged":
                self._files[call, file] = proposal
                self._want_appeal(call, file, proposal)
            case "AppealDecided":
                against = self._files.get((call, file), "")
                self._act(event, "judged", call, file, against, named="decidedBy")
                self._want_appeal(call, file, against)
            case _:
                pass

    def _pay(self, event: Event, call: str, award: str, kind: str) -> None:
        match event.kind:
            case "PaymentOrdered" | "RecoveryOrdered":
                self._act(event, "ordered", award, kind, named="orderedBy")
                self._want_payment(call, award, kind)
            case "Paid" | "Recovered":
                self._act(event, "confirmed", award, kind, named="confirmedBy")
                self._want_payment(call, award, kind)
            case _:
                pass

    def _report(self, event: Event, call: str, award: str, report: str) -> None:
        match event.kind:
            case "ReportFiled":
                self._hands.pop(("filed", award, report), None)  # filed again after its return, it is whole and by another hand
                self._act(event, "filed", award, report, named="filedBy")
                self._want_report(call, award, report)
            case "ReportApproved":
                self._act(event, "checked", award, report, named="approvedBy")
                self._want_report(call, award, report)
            case _:
                pass

    def _score(self, event: Event, call: str) -> None:
        file, person = event.text("applicationId"), event.text("assessor")
        match event.kind:
            case "ConflictDeclared":
                self._subjects["conflict", call, file, person] = lambda: self._conflict(call, file, person)
                self._hands["conflict", call, file, person].append(Hand(person, event.log, event.index, event.time))
            case "AssessmentSubmitted":
                key = ("assessed", call, file, person)
                self._hands.pop(key, None)
                self._act(event, *key, named="assessor")
            case "CriterionModerated":
                key = ("moderated", call, file, event.text("criterion"))
                self._hands.pop(key, None)
                self._act(event, *key, named="moderatedBy")
            case _:
                pass

    def _conflict(self, call: str, file: str, person: str) -> Pair:
        """A conflict voids what the person had scored before it; what they had moderated stands, and counts against them."""
        since = self._hands["conflict", call, file, person]
        judges = [
            hand
            for key, hands in self._hands.items()
            if key[0] in ("assessed", "moderated") and key[1:3] == (call, file)
            for hand in hands
            if hand.actor != person or key[0] == "moderated" or hand.index > since[0].index
        ]
        return Pair(rule=Rule.CONFLICT, call_id=call, subject=f"{file} {person}", first=(since[0],), second=tuple(judges))

    def _act(self, event: Event, *key: str, named: str) -> None:
        self._hands[key].append(_hand(event))
        if event.text(named) != event.actor.id:
            self._doubted.add(key)

    def _want_approval(self, call: str, proposal: str) -> None:
        def made() -> Pair:
            return self._pair(Rule.APPROVAL, call, proposal, [("proposed", call, proposal)], ("approved", call, proposal))

        self._subjects.setdefault((Rule.APPROVAL, call, proposal), made)

    def _want_appeal(self, call: str, file: str, proposal: str) -> None:
        before = [("proposed", call, proposal), ("approved", call, proposal)]
        key = (Rule.APPEAL, call, file, proposal)
        self._subjects.setdefault(key, lambda: self._pair(Rule.APPEAL, call, file, before, ("judged", call, file, proposal)))

    def _want_payment(self, call: str, award: str, kind: str) -> None:
        name = f"{award}.{kind}"

        def order() -> Pair:
            approved = [("approved", *self._awards[award])] if award in self._awards else []
            return self._pair(Rule.ORDER, call, name, approved, ("ordered", award, kind))

        def confirmation() -> Pair:
            return self._pair(Rule.CONFIRMATION, call, name, [("ordered", award, kind)], ("confirmed", award, kind))

        self._subjects.setdefault((Rule.ORDER, name), order)
        self._subjects.setdefault((Rule.CONFIRMATION, name), confirmation)

    def _want_report(self, call: str, award: str, report: str) -> None:
        def made() -> Pair:
            return self._pair(Rule.REPORT, call, f"{award} {report}", [("filed", award, report)], ("checked", award, report))

        self._subjects.setdefault((Rule.REPORT, call, award, report), made)

    def _pair(self, rule: Rule, call: str, subject: str, first: Sequence[tuple[str, ...]], second: tuple[str, ...]) -> Pair:
        return Pair(
            rule=rule,
            call_id=call,
            subject=subject,
            first=tuple(hand for key in first for hand in self._hands.get(key, ())),
            second=tuple(self._hands.get(second, ())),
            doubt=any(key in self._doubted for key in (*first, second)),
        )
