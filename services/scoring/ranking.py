"""From points to places, in exact rational arithmetic: no rounding, no float, so no order that depends on either.

- the mean of a criterion is the mean of its points over all assessments, or the moderated points where there are any;
- the total is the weighted mean of mean by scale, a number from 0 to 1;
- an application is eligible if every mean reaches its minimum and the total reaches the call's;
- eligible ones come first, each group by total, the highest first; equal totals by the steps of the tie-break. The id of the
  application is always the last step, so that the order is total and does not depend on the order of arrival.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol, assert_never

from services.kernel.rules import Criterion, Scoring, TieBreak, TieStep
from services.scoring.model import CriterionResult, Points

BELOW_MINIMUM_TOTAL = "below_minimum_total"
_LAST_STEP = TieStep(by=TieBreak.APPLICATION_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderated:
    """The points that the chair set on a criterion, and why."""

    points: int
    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What an application brings: `points` by assessor and criterion, complete; `moderated` by criterion."""

    application_id: str
    requested_cents: int
    submitted_at: datetime
    points: Mapping[str, Mapping[str, int]]
    moderated: Mapping[str, Moderated]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the points of one application come to, before it is compared with others."""

    application_id: str
    requested_cents: int
    submitted_at: datetime
    criteria: tuple[CriterionResult, ...]
    total: Fraction
    fails: tuple[str, ...]

    @property
    def eligible(self) -> bool:
        """Whether all minima are reached."""
        return not self.fails


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An outcome with its rank, from 1 without gaps, and the steps that separated it from neighbours with an equal total."""

    rank: int
    outcome: Outcome
    tie_path: tuple[str, ...]


class Comparable(Protocol):
    """What the tie-break looks at: an outcome, or a place as it was recorded."""

    @property
    def application_id(self) -> str:
        """The last resort."""
        ...

    @property
    def requested_cents(self) -> int:
        """The smaller goes first."""
        ...

    @property
    def submitted_at(self) -> datetime:
        """The earlier goes first."""
        ...

    @property
    def criteria(self) -> tuple[CriterionResult, ...]:
        """The higher mean goes first."""
        ...

    @property
    def total(self) -> Fraction:
        """What is equal in a tie."""
        ...

    @property
    def eligible(self) -> bool:
        """Eligible and other applications are never in a tie."""
        ...


def fault(scoring: Scoring) -> str | None:
    """Why nothing can be ranked by these rules, or None: no criterion, one named twice, or a tie-break on none of them."""
    codes = [criterion.code for criterion in scoring.criteria]
    if not codes:
        return "no criterion"
    if len(set(codes)) < len(codes):
        return "a criterion occurs twice"
    if any(step.by is TieBreak.CRITERION and step.criterion not in codes for step in scoring.tie_break):
        return "the tie-break names a criterion that is not scored"
    return None


def rank(candidates: Iterable[Candidate], scoring: Scoring) -> list[Place]:
    """Put the candidates in order. Their ids differ, and each has at least one assessment."""
    steps = tie_steps(scoring)
    outcomes = sorted((outcome(candidate, scoring) for candidate in candidates), key=lambda o: _order(o, steps))
    separators = [separator(upper, lower, scoring) for upper, lower in pairwise(outcomes)]
    return [
        Place(rank=number, outcome=result, tie_path=_tie_path([above, below], steps))
        for number, (result, above, below) in enumerate(zip(outcomes, [None, *separators], [*separators, None], strict=True), 1)
    ]


def outcome(candidate: Candidate, scoring: Scoring) -> Outcome:
    """What a candidate's points come to."""
    criteria = tuple(_result(candidate, criterion) for criterion in scoring.criteria)
    total = sum((contribution(result, scoring) for result in criteria), Fraction(0))
    fails = [f"below_minimum:{result.criterion}" for result in criteria if result.mean < result.minimum]
    if total < scoring.minimum_total:
        fails.append(BELOW_MINIMUM_TOTAL)
    return Outcome(
        application_id=candidate.application_id,
        requested_cents=candidate.requested_cents,
        submitted_at=candidate.submitted_at,
        criteria=criteria,
        total=total,
        fails=tuple(fails),
    )


def contribution(result: CriterionResult, scoring: Scoring) -> Fraction:
    """A criterion's part of the total."""
    return Fraction(result.weight, sum(criterion.weight for criterion in scoring.criteria)) * result.mean / result.scale


def separator(upper: Comparable, lower: Comparable, scoring: Scoring) -> str | None:
    """The step that puts `upper` before `lower`, or None if they are not in a tie."""
    if (upper.eligible, upper.total) != (lower.eligible, lower.total):
        return None
    return next(step_name(step) for step in tie_steps(scoring) if _step_value(upper, step) != _step_value(lower, step))


def tie_steps(scoring: Scoring) -> Sequence[TieStep]:
    """The steps of the tie-break; the id of the application is the last, stated or not."""
    return (*scoring.tie_break, _LAST_STEP)


def step_name(step: TieStep) -> str:
    """The step as a tie path names it."""
    return f"{step.by}:{step.criterion}" if step.by is TieBreak.CRITERION else step.by.value


def _result(candidate: Candidate, criterion: Criterion) -> CriterionResult:
    inputs = tuple(
        Points(assessor=assessor, points=points[criterion.code]) for assessor, points in sorted(candidate.points.items())
    )
    moderated = candidate.moderated.get(criterion.code)
    return CriterionResult(
        criterion=criterion.code,
        weight=criterion.weight,
        scale=criterion.scale,
        minimum=criterion.minimum,
        mean=Fraction(sum(given.points for given in inputs), len(inputs)) if moderated is None else Fraction(moderated.points),
        moderated=None if moderated is None else moderated.points,
        moderation_ground=None if moderated is None else moderated.ground,
        inputs=inputs,
    )


def _order(result: Outcome, steps: Sequence[TieStep]) -> tuple[Any, ...]:
    return (not result.eligible, -result.total, *(_step_value(result, step) for step in steps))


def _step_value(result: Comparable, step: TieStep) -> Any:
    """What the step compares: the smaller value goes first."""
    match step.by:
        case TieBreak.CRITERION:
            return next(-criterion.mean for criterion in result.criteria if criterion.criterion == step.criterion)
        case TieBreak.SMALLER_REQUEST:
            return result.requested_cents
        case TieBreak.EARLIER_SUBMISSION:
            return result.submitted_at
        case TieBreak.APPLICATION_ID:
            return result.application_id
        case _:
            assert_never(step.by)


def _tie_path(separators: Sequence[str | None], steps: Sequence[TieStep]) -> tuple[str, ...]:
    """The separating steps, each once, in the order in which they are taken."""
    return tuple(dict.fromkeys(name for name in map(step_name, steps) if name in separators))
