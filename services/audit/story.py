"""What a printed report tells, folded from the entries: each call, the way of each file through the stages, the money over time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import cast

from services.audit.custody import Custody
from services.audit.rows import moved
from services.audit.source import Event, events
from services.kernel import canonical
from services.kernel.entry import Entry
from services.kernel.form import from_json
from services.kernel.rules import CallRules
from services.tlog.tree import Frontier


class Stage(StrEnum):
    """The stages of a file, in their order."""

    DRAFTED = "drafted"
    FILED = "filed"
    ADMITTED = "admitted"
    RANKED = "ranked"
    PROPOSED = "proposed"
    DECIDED = "decided"
    AGREED = "agreed"
    ADVANCED = "advanced"
    REPORTED = "reported"
    SETTLED = "settled"
    CLOSED = "closed"
    """The balance is paid, or what was paid too much came back."""


class Fate(StrEnum):
    """Where a file stands at the end."""

    LATE = "late"
    """Its filing was refused, or never came."""
    WITHDRAWN = "withdrawn"
    INADMISSIBLE = "inadmissible"
    REFUSE = "refuse"
    WAIT_LIST = "wait_list"
    DECLINED = "declined"
    PARTIAL_AWARD = "partial_award"
    AWARD = "award"
    PENDING = "pending"


@dataclass
class File:
    """An application. Sums in cents; `total` from 0 to 1."""

    application_id: str
    applicant: str = ""
    partners: tuple[str, ...] = ()
    requested: int = 0
    rank: int = 0
    """0: not ranked."""
    total: Fraction | None = None
    fails: tuple[str, ...] = ()
    tie_path: tuple[str, ...] = ()
    fate: Fate = Fate.PENDING
    first_outcome: str = ""
    """What was decided the first time: where the cut line falls, whatever happened after it."""
    ground: str = ""
    ground_given: datetime | None = None
    granted: int = 0
    paid: int = 0
    recovered: int = 0
    final_grant: int | None = None
    steps: dict[Stage, list[datetime]] = field(default_factory=dict)

    def step(self, stage: Stage, time: datetime) -> None:
        """Note that the file came to a stage."""
        self.steps.setdefault(stage, []).append(time)


@dataclass
class Call:
    """A call and its files by id."""

    rules: CallRules
    published_at: datetime
    deadline: datetime
    closed_at: datetime | None = None
    files: dict[str, File] = field(default_factory=dict)

    def ranked(self) -> list[File]:
        """The ranked files, in the order of their ranks."""
        return sorted((file for file in self.files.values() if file.rank), key=lambda file: file.rank)

    def cut(self) -> int:
        """The last rank that got money when the ranking was first decided on; 0: none did."""
        served = (file.rank for file in self.files.values() if file.rank and "award" in file.first_outcome)
        return max(served, default=0)


@dataclass(frozen=True, slots=True)
class Balance:
    """An envelope after all entries of one instant, in cents."""

    time: datetime
    budget: int
    reserved: int
    committed: int
    paid: int
    recovered: int

    @property
    def available(self) -> int:
        """What is left to be reserved; below 0 would be an award too many."""
        return self.budget - self.reserved - self.committed


@dataclass
class Read:
    """A log as far as it was read."""

    name: str
    frontier: Frontier = field(default_factory=Frontier)
    last: datetime | None = None


@dataclass
class Story:
    """All of it. `lowest` is the least that was ever available, entry by entry, by envelope."""

    deployment: str = ""
    logs: dict[str, Read] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    envelopes: dict[str, list[Balance]] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
    lowest: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    """Names of municipalities and other bodies."""
    custody: Custody = field(default_factory=Custody)

    def take(self, entry: Entry) -> None:
        """Fold the next entry in; entries come in the order of their times, and within a log in its order."""
        self.deployment = entry.deployment
        log = self.logs.setdefault(entry.log, Read(entry.log))
        log.frontier.append(bytes.fromhex(canonical.leaf(entry.to_bytes())))
        log.last = entry.time
        for event in events((entry,)):
            service = event.log.partition("/")[0]
            if service == "budget_ledger":
                self._move(event)
            if service == "intake":
                self.custody.take(event)
            if (fold := _FOLDS.get((service, event.kind))) is not None and (call := self.calls.get(event.text("callId"))):
                fold(call, event)
            elif (service, event.kind) == ("intake", "CallPublished"):
                rules = from_json(CallRules, event.body["rules"])
                self.calls[rules.call_id] = Call(rules, event.time, rules.window.deadline)
            elif event.kind == "BodiesEnrolled":
                for body in cast("list[Mapping[str, str]]", event.body["bodies"]):
                    self.bodies[body["bodyId"]] = body["name"]

    def _move(self, event: Event) -> None:
        change = moved(event)
        if change is None:
            return
        name = event.text("envelopeId")
        points = self.envelopes.setdefault(name, [])
        before = points[-1] if points else Balance(event.time, 0, 0, 0, 0, 0)
        sums = (before.budget, before.reserved, before.committed, before.paid, before.recovered)
        after = Balance(event.time, *(a + b for a, b in zip(sums, change, strict=True)))
        if points and points[-1].time == event.time:
            points.pop()
        points.append(after)
        self.currencies.setdefault(name, event.text("currency"))
        self.lowest[name] = min(self.lowest.get(name, after.available), after.available)


def tell(entries: Iterable[Entry]) -> Story:
    """Read the entries once."""
    story = Story()
    for entry in entries:
        story.take(entry)
    return story


def _file(call: Call, event: Event) -> File:
    file = call.files.setdefault(event.text("applicationId"), File(event.text("applicationId")))
    file.applicant = event.text("applicant") or file.applicant
    return file


def _reached(stage: Stage, fate: Fate | None = None) -> Callable[[Call, Event], None]:
    """Notes that the file came to a stage, and how it stands then."""

    def fold(call: Call, event: Event) -> None:
        file = _file(call, event)
        file.step(stage, event.time)
        file.fate = fate or file.fate

    return fold


def _ended(fate: Fate) -> Callable[[Call, Event], None]:
    def fold(call: Call, event: Event) -> None:
        file = _file(call, event)
        reasons = cast("list[str]", event.body.get("reasons", []))
        file.fate, file.ground, file.ground_given = fate, event.text("reason") or ", ".join(reasons), event.time

    return fold


def _drafted(call: Call, event: Event) -> None:
    file = _file(call, event)
    if not file.steps:
        file.step(Stage.DRAFTED, event.time)
        file.fate = Fate.LATE
    file.requested = int(str(cast("Mapping[str, str]", event.body["content"])["requestedCents"]))


def _filed(call: Call, event: Event) -> None:
    content = cast("Mapping[str, str]", event.body["content"])
    file = _file(call, event)
    file.step(Stage.FILED, event.time)
    file.fate, file.requested, file.partners = Fate.PENDING, int(content["requestedCents"]), tuple(content["partners"])


def _ranked(call: Call, event: Event) -> None:
    file = _file(call, event)
    if Stage.RANKED not in file.steps or file.steps[Stage.RANKED][-1] != event.time:
        file.step(Stage.RANKED, event.time)
    file.rank, file.total = event.number_of("rank"), Fraction(event.text("total"))
    file.fails = tuple(cast("list[str]", event.body["fails"]))
    file.tie_path = tuple(cast("list[str]", event.body["tiePath"]))


def _decided(call: Call, event: Event) -> None:
    file = _file(call, event)
    file.step(Stage.DECIDED, event.time)
    file.fate, file.ground, file.granted = Fate(event.text("outcome")), event.text("detail"), event.number_of("amountCents")
    file.ground_given = event.time
    file.first_outcome = file.first_outcome or event.text("outcome")


def _declined(call: Call, event: Event) -> None:
    _ended(Fate.DECLINED)(call, event)
    _file(call, event).granted = 0


def _paid(call: Call, event: Event) -> None:
    file = _file(call, event)
    file.paid += event.number_of("amountCents")
    file.step(Stage.ADVANCED if event.text("kind") == "advance" else Stage.CLOSED, event.time)


def _recovered(call: Call, event: Event) -> None:
    file = _file(call, event)
    file.recovered += event.number_of("amountCents")
    file.step(Stage.CLOSED, event.time)


def _reported(call: Call, event: Event) -> None:
    final = {rule.code for rule in call.rules.reports if rule.final}
    if event.text("report") in final:
        _file(call, event).step(Stage.REPORTED, event.time)


def _settled(call: Call, event: Event) -> None:
    file = _file(call, event)
    file.step(Stage.SETTLED, event.time)
    file.final_grant = event.number_of("finalGrantCents")


def _moved_deadline(call: Call, event: Event) -> None:
    call.deadline = datetime.fromisoformat(event.text("deadline"))


def _closed(call: Call, event: Event) -> None:
    call.closed_at = event.time


_FOLDS: Mapping[tuple[str, str], Callable[[Call, Event], None]] = {
    ("intake", "DeadlineMoved"): _moved_deadline,
    ("intake", "CallClosed"): _closed,
    ("intake", "DraftSaved"): _drafted,
    ("intake", "ApplicationSubmitted"): _filed,
    ("intake", "ApplicationWithdrawn"): _ended(Fate.WITHDRAWN),
    ("intake", "ApplicationDeclaredAdmissible"): _reached(Stage.ADMITTED, Fate.PENDING),
    ("intake", "ApplicationDeclaredInadmissible"): _ended(Fate.INADMISSIBLE),
    ("scoring", "ApplicationRanked"): _ranked,
    ("awarding", "DecisionProposed"): _reached(Stage.PROPOSED),
    ("awarding", "DecisionApproved"): _decided,
    ("awarding", "AwardDeclined"): _declined,
    ("awarding", "AgreementAccepted"): _reached(Stage.AGREED),
    ("budget_ledger", "Paid"): _paid,
    ("budget_ledger", "Recovered"): _recovered,
    ("reporting", "ReportFiled"): _reported,
    ("reporting", "SettlementComputed"): _settled,
}
