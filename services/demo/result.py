"""What came of it, recomputed from the logs alone: sums, headroom at every step, and whether state and logs agree."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.budget_ledger.records import Envelope, Reservation, Use
from services.demo import canon
from services.demo.world import World
from services.kernel.decider import MemoryState
from services.kernel.entry import Entry
from services.kernel.ports import Stored
from services.publishing.records import Award
from services.runtime.replay import replay, rows, steps
from services.standalone.registry import SPECS


@dataclass
class Result:
    """The money in cents. `over_award` is the most by which the envelope or a cap was ever exceeded, at any step of the log."""

    scenario: str
    envelope: int = 0
    reserved: int = 0
    committed: int = 0
    paid: int = 0
    recovered: int = 0
    over_award: int = 0
    reconciled: bool = False
    calls: dict[str, dict[str, int]] = field(default_factory=dict)
    """Per call: awards in force, and cents committed, paid and recovered on them."""
    awards: dict[str, int] = field(default_factory=dict)
    """Cents granted by application, whatever became of it later."""
    outcomes: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    mails: int = 0
    mails_doubled: int = 0
    entries: dict[str, int] = field(default_factory=dict)

    @property
    def available(self) -> int:
        """What is left of the envelope."""
        return self.envelope - self.reserved - self.committed

    def as_json(self) -> dict[str, Any]:
        """All of it, for a machine."""
        return {**vars(self), "available": self.available}

    def line(self) -> str:
        """The last line of the demonstration."""
        money = f"envelope={self.envelope} committed={self.committed} paid={self.paid} recovered={self.recovered}"
        return f"{money} over_award={self.over_award} reconciled={'yes' if self.reconciled else 'no'}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A deployment at rest: every log, and every service's state."""

    logs: Mapping[str, list[Stored]]
    state: Mapping[str, Mapping[tuple[str, str], bytes]]

    @classmethod
    def of(cls, world: World) -> "Snapshot":
        """Read everything over gRPC."""
        return cls({f"{name}/0": world.log(name) for name in SPECS}, {name: world.state(name) for name in SPECS})

    def canonical(self) -> dict[str, list[str]]:
        """What two runs of a scenario have in common, whatever the interleaving: entries, and state."""
        told = {f"log {name}": lines for name, lines in canon.logs(self.logs).items()}
        for name, state in self.state.items():
            told[f"state {name}"] = canon.state(name, state)
        return told


def reckon(scenario: str, world: World, snapshot: Snapshot) -> Result:
    """Decide every log again, fold it, and hold the result against what the services say."""
    result = Result(scenario)
    agree = True
    for name, spec in SPECS.items():
        log = snapshot.logs[f"{name}/0"]
        state = MemoryState()
        for step in steps(f"{name}/0", log):
            replay(spec.decider, (step,), state)
            if name == "budget_ledger":
                result.over_award = max(result.over_award, _over(state, step.first.stream))
        agree = agree and rows(state) == snapshot.state[name]
        result.entries[name] = len(log)
        if name == "budget_ledger":
            _money(result, state)
        if name == "publishing":
            agree = agree and _fed(state) == result.calls
    events = [event for log in snapshot.logs.values() for stored in log for event in Entry.from_bytes(stored.value).events]
    _tell(result, events)
    result.mails, result.mails_doubled = len(world.sink.mails), len(world.sink.doubled())
    result.reconciled = agree and result.reserved == 0 and result.paid - result.recovered <= result.committed
    return result


def _over(state: MemoryState, envelope_id: str) -> int:
    envelope = state.get(Envelope, envelope_id)
    if envelope is None:
        return 0
    over = envelope.reserved_cents + envelope.committed_cents - envelope.budget_cents
    return max(0, over, *(use.held_cents - use.limit_cents for use in state.all(Use, envelope_id)))


def _money(result: Result, state: MemoryState) -> None:
    for envelope in state.all(Envelope):
        result.envelope += envelope.budget_cents
        result.reserved += envelope.reserved_cents
        result.committed += envelope.committed_cents
        result.paid += envelope.paid_cents
        result.recovered += envelope.recovered_cents
    for reservation in state.all(Reservation):
        sums = result.calls.setdefault(reservation.call_id, dict.fromkeys(("awards", "committed", "paid", "recovered"), 0))
        sums["awards"] += bool(reservation.committed_cents)
        sums["committed"] += reservation.committed_cents
        sums["paid"] += reservation.paid_cents
        sums["recovered"] += reservation.recovered_cents


def _fed(state: MemoryState) -> dict[str, dict[str, int]]:
    """What the feed says of the awards of each call; the calls of the demonstrations publish all sums."""
    calls: dict[str, dict[str, int]] = {}
    for award in state.all(Award):
        sums = calls.setdefault(award.call_id, dict.fromkeys(("awards", "committed", "paid", "recovered"), 0))
        sums["awards"] += bool(award.committed_cents)
        sums["committed"] += award.committed_cents
        sums["paid"] += award.paid_cents or 0
        sums["recovered"] += award.recovered_cents or 0
    return calls


def _tell(result: Result, events: Iterable[Mapping[str, Any]]) -> None:
    outcomes: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    for event in events:
        match event["type"]:
            case "AwardGranted":
                result.awards[str(event["applicationId"])] = int(event["amountCents"])
            case "DecisionApproved":
                outcomes[str(event["outcome"])] += 1
            case "Refused":
                refusals[str(event["code"])] += 1
            case _:
                pass
    result.outcomes, result.refusals = dict(sorted(outcomes.items())), dict(sorted(refusals.items()))
