"""What if the rules had been others: the same files, points, conflicts and money of others, and who would have moved, and why.

The outcome is a simulation and says so. It has not the form of an entry, a command or an event, so no service takes it in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.audit.cores import CORES
from services.audit.faults import PackError
from services.audit.logs import Logs, diverged, logs_of, until
from services.audit.simulation import Fate, Inputs, play
from services.audit.state import SortedState
from services.awarding.records import Ranking
from services.intake.values import Content
from services.kernel.form import from_json
from services.kernel.rules import CallRules, TieStep
from services.runtime.replay import DivergedError, Step, replay
from services.scoring.records import Call

MARK = "simulation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """What is to be otherwise; None and empty: as in the call."""

    weights: Mapping[str, int] = field(default_factory=dict)
    cap_cents: int | None = None
    envelope_cents: int | None = None
    tie_break: tuple[TieStep, ...] | None = None
    own_percent: int | None = None

    def rules(self, rules: CallRules) -> CallRules:
        """The rules of the call with these changes.

        Raises:
            PackError: if a weight is given to a criterion that the call does not have.
        """
        unknown = self.weights.keys() - {criterion.code for criterion in rules.scoring.criteria}
        if unknown:
            allowed = ", ".join(criterion.code for criterion in rules.scoring.criteria)
            raise PackError(f"{min(unknown)!r} is no criterion of {rules.call_id}; allowed: {allowed}")
        criteria = tuple(replace(c, weight=self.weights.get(c.code, c.weight)) for c in rules.scoring.criteria)
        tie_break = rules.scoring.tie_break if self.tie_break is None else self.tie_break
        return replace(
            rules,
            scoring=replace(rules.scoring, criteria=criteria, tie_break=tie_break),
            cap=rules.cap if self.cap_cents is None else replace(rules.cap, cap_cents=self.cap_cents),
            envelope=rules.envelope if self.envelope_cents is None else replace(rules.envelope, budget_cents=self.envelope_cents),
            co_financing=rules.co_financing if self.own_percent is None else replace(rules.co_financing, percent=self.own_percent),
        )


@dataclass
class WhatIf:
    """Both outcomes. `as_recorded`: under the call's own rules the simulation gives what the log says was proposed first."""

    call_id: str
    before: dict[str, Fate]
    after: dict[str, Fate]
    as_recorded: bool

    def moved(self) -> list[str]:
        """The files for which something changes, in their order under the other rules."""
        changed = [
            name
            for name in self.before.keys() | self.after.keys()
            if self._outcome(name, self.before) != self._outcome(name, self.after)
        ]
        return sorted(changed, key=lambda name: (getattr(self.after.get(name), "rank", None) or 10**9, name))

    def why(self, name: str) -> str:
        """What made the difference, in words."""
        before, after = self.before.get(name), self.after.get(name)
        if before is None or after is None or after.rank is None:
            return "" if after is None else after.detail
        reasons: list[str] = []
        if before.total != after.total:
            reasons.append(f"total {before.total} becomes {after.total}")
        if before.eligible != after.eligible:
            reasons.append("now reaches the minima" if after.eligible else "no longer reaches the minima")
        if before.rank != after.rank and before.total == after.total:
            reasons.append("others pass or fall behind it, or the tie-break separates it otherwise")
        if (before.outcome, before.amount_cents) != (after.outcome, after.amount_cents):
            reasons.append(after.detail)
        return "; ".join(reasons)

    def told(self) -> dict[str, Any]:
        """As JSON, marked as what it is."""
        return {
            MARK: "nothing of this happened: other rules, the same inputs",
            "callId": self.call_id,
            "baselineAsRecorded": self.as_recorded,
            "moved": [
                {
                    "applicationId": name,
                    "before": _told(self.before.get(name)),
                    "after": _told(self.after.get(name)),
                    "why": self.why(name),
                }
                for name in self.moved()
            ],
            "awardedCents": {side: str(sum(f.amount_cents for f in fates.values())) for side, fates in self._sides()},
        }

    def _sides(self) -> tuple[tuple[str, dict[str, Fate]], tuple[str, dict[str, Fate]]]:
        return ("before", self.before), ("after", self.after)

    @staticmethod
    def _outcome(name: str, fates: Mapping[str, Fate]) -> tuple[Any, ...]:
        fate = fates.get(name)
        return () if fate is None else (fate.rank, fate.outcome, fate.amount_cents)


def what_if(logs: Logs, call_id: str, other: Other) -> WhatIf:
    """Play the ranking and the first proposal of a call twice: as it was, and under other rules.

    Raises:
        PackError: if the call was never proposed on, or the other rules lead to no ranking.
        FaultError: if a log does not follow from its commands.
    """
    inputs, recorded = _inputs(logs, call_id)
    before, after = play(inputs, inputs.rules), play(inputs, other.rules(inputs.rules))
    same = {name: (fate.rank, fate.outcome, fate.amount_cents) for name, fate in before.items() if fate.outcome != "left_out"}
    return WhatIf(call_id, before, after, same == recorded)


def _inputs(logs: Logs, call_id: str) -> tuple[Inputs, dict[str, tuple[int, str, int]]]:
    """What the first proposal had before it, and what it came to."""
    for log in logs_of(logs, "awarding"):
        state, opened = _fold(logs, log, lambda step: _says(step, "ProposalOpened", call_id))
        if opened is not None:
            break
    else:
        raise PackError(f"{call_id!r}: nothing was proposed on such a call in this export")
    ranking = state.get(Ranking, call_id)
    assert ranking is not None, "no proposal without a ranking"  # noqa: S101 - the core demands it
    jury = _jury(logs, call_id, ranking.version)
    call = jury.get(Call, call_id)
    assert call is not None, "no ranking without rules"  # noqa: S101 - the core demands it
    inputs = Inputs(
        call_id=call_id,
        rules=call.rules,
        now=opened.first.time,
        jury=jury.records,
        awarding=state.records,
        ledger=_ledger(logs, call_id).records,
        contents=_contents(logs, call_id),
    )
    return inputs, _recorded(logs, log, call_id)


def _fold(logs: Logs, log: str, stop: Any) -> tuple[SortedState, Step | None]:
    """A log's state just before the first step that is asked for, and that step."""
    state = SortedState()
    try:
        for step in until(logs, log, None):
            if stop(step):
                return state, step
            replay(CORES[log.partition("/")[0]], (step,), state)
    except DivergedError as error:
        raise diverged(log, error) from error
    return state, None


def _jury(logs: Logs, call_id: str, version: int) -> SortedState:
    """The jury's state right after it established that ranking."""
    for log in logs_of(logs, "scoring"):
        state, step = _fold(
            logs,
            log,
            lambda step: any(e.get("version") == str(version) for e in step.events if _is(e, "RankingEstablished", call_id)),
        )
        if step is not None:
            replay(CORES["scoring"], (step,), state)
            return state
    raise PackError(f"{call_id!r}: the jury's ranking {version} is not in this export")


def _ledger(logs: Logs, call_id: str) -> SortedState:
    """The ledger's state before it was first asked for money in this call."""
    states = [
        _fold(logs, log, lambda step: step.first.command["type"] == "Reserve" and step.first.command.get("callId") == call_id)
        for log in logs_of(logs, "budget_ledger")
    ]
    return next((state for state, step in states if step is not None), states[0][0])


def _contents(logs: Logs, call_id: str) -> dict[str, Content]:
    found: dict[str, Content] = {}
    for log in logs_of(logs, "intake"):
        for step in until(logs, log, None):
            for event in step.events:
                if _is(event, "ApplicationSubmitted", call_id):
                    found[str(event["applicationId"])] = from_json(Content, event["content"])
    return found


def _recorded(logs: Logs, log: str, call_id: str) -> dict[str, tuple[int, str, int]]:
    """What the first proposal proposed, by application."""
    return {
        str(event["applicationId"]): (int(event["rank"]), str(event["outcome"]), int(event["amountCents"]))
        for step in until(logs, log, None)
        for event in step.events
        if _is(event, "DecisionProposed", call_id) and event["proposal"] == "1"
    }


def _says(step: Step, kind: str, call_id: str) -> bool:
    return any(_is(event, kind, call_id) for event in step.events)


def _is(event: Mapping[str, Any], kind: str, call_id: str) -> bool:
    return (event["type"], event.get("callId")) == (kind, call_id)


def _told(fate: Fate | None) -> dict[str, Any] | None:
    if fate is None:
        return None
    return {
        "rank": fate.rank,
        "total": None if fate.total is None else f"{fate.total.numerator}/{fate.total.denominator}",
        "outcome": fate.outcome,
        "amountCents": str(fate.amount_cents),
        "detail": fate.detail,
    }
