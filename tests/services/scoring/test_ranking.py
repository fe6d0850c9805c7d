"""The arithmetic of the ranking: exact, repeatable, and a total order."""

import math
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from functools import cmp_to_key
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.rules import Scoring, TieBreak, TieStep
from services.scoring.ranking import Candidate, Moderated, Place, fault, outcome, rank, step_name, tie_steps
from tests.services.scoring.jury import IMPACT, QUALITY, SCORING, SUBMITTED_AT, TIE_BREAK

_FEW = settings(max_examples=80, deadline=None)


@st.composite
def scorings(draw: st.DrawFn) -> Scoring:
    """Few criteria with short scales, so that equal totals are common; tie-breaks of any order and length."""
    criteria = tuple(
        replace(QUALITY, code=code, weight=draw(st.integers(1, 7)), scale=draw(st.integers(1, 4)), minimum=draw(st.integers(0, 2)))
        for code in ("one", "two", "three")[: draw(st.integers(1, 3))]
    )
    steps = [TieStep(by=TieBreak.CRITERION, criterion=criterion.code) for criterion in criteria]
    steps += [TieStep(by=by) for by in (TieBreak.SMALLER_REQUEST, TieBreak.EARLIER_SUBMISSION, TieBreak.APPLICATION_ID)]
    order = draw(st.permutations(steps))
    return replace(
        SCORING,
        criteria=criteria,
        minimum_total=draw(st.fractions(0, 1, max_denominator=6)),
        tie_break=tuple(order[: draw(st.integers(0, len(order)))]),
    )


@st.composite
def candidates(draw: st.DrawFn, scoring: Scoring) -> list[Candidate]:
    """One to six applications, each with one to four assessors and perhaps a moderation."""

    def points() -> dict[str, int]:
        return {c.code: draw(st.integers(0, c.scale)) for c in scoring.criteria}

    def moderated() -> dict[str, Moderated]:
        chosen = draw(st.sampled_from((None, *scoring.criteria)))
        if chosen is None:
            return {}
        return {chosen.code: Moderated(points=draw(st.integers(0, chosen.scale)), ground="synthetic")}

    return [
        Candidate(
            application_id=application_id,
            requested_cents=draw(st.integers(1, 2)),
            submitted_at=SUBMITTED_AT + timedelta(seconds=draw(st.integers(0, 1))),
            points={f"assessor-{n}": points() for n in range(draw(st.integers(1, 4)))},
            moderated=moderated(),
        )
        for application_id in draw(st.sets(st.sampled_from("abcdefgh"), min_size=1, max_size=6))
    ]


cases = scorings().flatmap(lambda scoring: st.tuples(st.just(scoring), candidates(scoring)))


def _mean(candidate: Candidate, code: str) -> tuple[int, int]:
    """Numerator and denominator of a criterion's mean, by counting alone."""
    if code in candidate.moderated:
        return candidate.moderated[code].points, 1
    given_points = [points[code] for points in candidate.points.values()]
    return sum(given_points), len(given_points)


def _total(candidate: Candidate, scoring: Scoring) -> Fraction:
    """The total over one common denominator, in whole numbers: another way to the same number."""
    common = math.lcm(*range(1, 5), *(criterion.scale for criterion in scoring.criteria)) ** 2
    parts = 0
    for criterion in scoring.criteria:
        above, below = _mean(candidate, criterion.code)
        parts += criterion.weight * above * (common // (below * criterion.scale))
    return Fraction(parts, common * sum(criterion.weight for criterion in scoring.criteria))


def _eligible(candidate: Candidate, scoring: Scoring) -> bool:
    reached = [(*_mean(candidate, c.code), c.minimum) for c in scoring.criteria]
    return (
        all(above >= below * minimum for above, below, minimum in reached) and _total(candidate, scoring) >= scoring.minimum_total
    )


def _decided_by(a: Candidate, b: Candidate, scoring: Scoring) -> tuple[str, int]:
    """What decides between two, and which goes first (-1: `a`), rule by rule as the text says it."""
    if _eligible(a, scoring) != _eligible(b, scoring):
        return "eligible", -1 if _eligible(a, scoring) else 1
    if _total(a, scoring) != _total(b, scoring):
        return "total", -1 if _total(a, scoring) > _total(b, scoring) else 1
    for step in scoring.tie_break:
        match step.by:
            case TieBreak.CRITERION:
                assert step.criterion is not None
                first_a = Fraction(*_mean(a, step.criterion)) > Fraction(*_mean(b, step.criterion))
                first_b = Fraction(*_mean(a, step.criterion)) < Fraction(*_mean(b, step.criterion))
            case TieBreak.SMALLER_REQUEST:
                first_a, first_b = a.requested_cents < b.requested_cents, a.requested_cents > b.requested_cents
            case TieBreak.EARLIER_SUBMISSION:
                first_a, first_b = a.submitted_at < b.submitted_at, a.submitted_at > b.submitted_at
            case TieBreak.APPLICATION_ID:
                first_a, first_b = a.application_id < b.application_id, a.application_id > b.application_id
        if first_a or first_b:
            return step_name(step), -1 if first_a else 1
    return "application_id", -1 if a.application_id < b.application_id else 1


def _ids(places: list[Place]) -> list[str]:
    return [place.outcome.application_id for place in places]


@_FEW
@given(cases)
def test_the_order_is_that_of_the_rules_and_has_no_gaps(case: tuple[Scoring, list[Candidate]]) -> None:
    scoring, entered = case
    places = rank(entered, scoring)

    def compare(a: Candidate, b: Candidate) -> int:
        return _decided_by(a, b, scoring)[1]

    expected = sorted(entered, key=cmp_to_key(compare))
    assert _ids(places) == [candidate.application_id for candidate in expected]
    assert [place.rank for place in places] == list(range(1, len(entered) + 1))
    for place, candidate in zip(places, expected, strict=True):
        assert place.outcome.total == _total(candidate, scoring)
        assert 0 <= place.outcome.total <= 1
        assert place.outcome.eligible == _eligible(candidate, scoring)


@_FEW
@given(cases)
def test_a_tie_path_names_what_separates_an_application_from_its_tied_neighbours(case: tuple[Scoring, list[Candidate]]) -> None:
    scoring, entered = case
    by_id = {candidate.application_id: candidate for candidate in entered}
    places = rank(entered, scoring)
    expected: dict[str, set[str]] = {candidate.application_id: set() for candidate in entered}
    for upper, lower in pairwise(_ids(places)):
        step, _ = _decided_by(by_id[upper], by_id[lower], scoring)
        if step not in ("eligible", "total"):
            expected[upper].add(step)
            expected[lower].add(step)
    names = [step_name(step) for step in tie_steps(scoring)]
    for place in places:
        assert set(place.tie_path) == expected[place.outcome.application_id]
        assert list(place.tie_path) == sorted(place.tie_path, key=names.index)


@_FEW
@given(cases, st.data())
def test_neither_the_order_of_applications_nor_that_of_assessments_matters(
    case: tuple[Scoring, list[Candidate]], data: st.DataObject
) -> None:
    scoring, entered = case
    other = [
        replace(candidate, points=dict(data.draw(st.permutations(list(candidate.points.items())))))
        for candidate in data.draw(st.permutations(entered))
    ]
    assert rank(other, scoring) == rank(entered, scoring)


@_FEW
@given(cases, st.integers(2, 50))
def test_weights_count_only_against_each_other(case: tuple[Scoring, list[Candidate]], factor: int) -> None:
    scoring, entered = case
    heavier = replace(scoring, criteria=tuple(replace(c, weight=c.weight * factor) for c in scoring.criteria))
    before, after = rank(entered, scoring), rank(entered, heavier)
    assert _ids(before) == _ids(after)
    for one, other in zip(before, after, strict=True):
        assert (one.outcome.total, one.outcome.fails, one.tie_path) == (other.outcome.total, other.outcome.fails, other.tie_path)


@_FEW
@given(cases, st.data())
def test_one_point_more_raises_the_total_and_never_lowers_the_rank(
    case: tuple[Scoring, list[Candidate]], data: st.DataObject
) -> None:
    scoring, entered = case
    entered = [replace(candidate, moderated={}) for candidate in entered]
    raised = [
        (number, assessor, criterion.code)
        for number, candidate in enumerate(entered)
        for assessor, points in candidate.points.items()
        for criterion in scoring.criteria
        if points[criterion.code] < criterion.scale
    ]
    if not raised:
        return
    number, assessor, code = data.draw(st.sampled_from(raised))
    before = entered[number]
    points = {**before.points, assessor: {**before.points[assessor], code: before.points[assessor][code] + 1}}
    after = replace(before, points=points)
    assert outcome(after, scoring).total > outcome(before, scoring).total
    ranks_before = _ids(rank(entered, scoring))
    ranks_after = _ids(rank([*entered[:number], after, *entered[number + 1 :]], scoring))
    assert ranks_after.index(before.application_id) <= ranks_before.index(before.application_id)


def _candidate(application_id: str, *points: tuple[int, int], cents: int = 1, minute: int = 0) -> Candidate:
    """Assessors' points on quality (0 to 10) and impact (0 to 5)."""
    return Candidate(
        application_id=application_id,
        requested_cents=cents,
        submitted_at=SUBMITTED_AT + timedelta(minutes=minute),
        points={f"assessor-{n}": {"quality": quality, "impact": impact} for n, (quality, impact) in enumerate(points)},
        moderated={},
    )


def test_the_mean_is_over_all_assessors_at_once() -> None:
    # a mean that is updated as (old + new) / 2 gives 9/2 here, or 11/4 when the 8 does not come last
    result = outcome(_candidate("a", (1, 5), (1, 5), (8, 5)), SCORING)
    assert result.criteria[0].mean == Fraction(10, 3)
    assert result.total == Fraction(3, 5) * Fraction(1, 3) + Fraction(2, 5)


def test_equal_totals_are_equal_though_floats_would_not_say_so() -> None:
    # 0.1 + 0.2 is not 0.3 in floats: `b` would go first for a reason that nobody stated
    scoring = replace(
        SCORING,
        criteria=(replace(QUALITY, weight=1), replace(IMPACT, weight=1, scale=10)),
        tie_break=(TieStep(by=TieBreak.SMALLER_REQUEST),),
    )
    a, b = _candidate("a", (3, 0), cents=100), _candidate("b", (1, 2), cents=200)
    places = rank([b, a], scoring)
    assert _ids(places) == ["a", "b"]
    assert {place.outcome.total for place in places} == {Fraction(3, 20)}
    assert [place.tie_path for place in places] == [("smaller_request",), ("smaller_request",)]


def test_totals_that_floats_cannot_tell_apart_are_told_apart() -> None:
    primes = (997, 991, 983, 977, 971, 967)
    product = math.prod(primes)
    criteria = tuple(replace(QUALITY, code=f"c{prime}", weight=1, scale=prime, minimum=0) for prime in primes)
    scoring = replace(SCORING, criteria=criteria, tie_break=())
    # the sum of points by scale is a whole number and 1/product for `b` (Chinese remainders), and that whole number for `a`
    slightly_more = {f"c{prime}": pow(product // prime, -1, prime) for prime in primes}
    whole = sum(Fraction(slightly_more[f"c{prime}"], prime) for prime in primes) // 1
    full = {f"c{prime}": prime if number < whole else 0 for number, prime in enumerate(primes)}
    a, b = (replace(_candidate(name), points={"assessor-0": points}) for name, points in (("a", full), ("b", slightly_more)))
    first, second = rank([a, b], scoring)
    assert (first.outcome.application_id, first.tie_path) == ("b", ())
    assert first.outcome.total - second.outcome.total == Fraction(1, 6 * product)
    assert float(first.outcome.total) == float(second.outcome.total)


def test_a_minimum_that_is_just_reached_is_reached() -> None:
    thirds = _candidate("a", (4, 1), (4, 2), (4, 2))
    exact = outcome(thirds, SCORING).total
    assert exact == Fraction(3 * 4, 5 * 10) + Fraction(2 * 5, 5 * 3 * 5)
    assert outcome(thirds, replace(SCORING, minimum_total=exact)).fails == ()
    assert outcome(thirds, replace(SCORING, minimum_total=exact + Fraction(1, 10**9))).fails == ("below_minimum_total",)
    assert outcome(_candidate("b", (4, 5), (3, 5)), SCORING).fails == ("below_minimum:quality",)


def test_the_ineligible_come_after_all_others_whatever_their_total() -> None:
    high_but_failing, low_but_eligible = _candidate("a", (3, 5)), _candidate("b", (5, 3))
    places = rank([high_but_failing, low_but_eligible, _candidate("c", (2, 5))], SCORING)
    assert [(p.outcome.application_id, p.outcome.eligible) for p in places] == [("b", True), ("a", False), ("c", False)]
    assert places[1].outcome.total > places[0].outcome.total


def test_an_equal_total_is_no_tie_between_the_eligible_and_the_others() -> None:
    failing, eligible = _candidate("a", (3, 5)), _candidate("b", (8, 1), (8, 1), (8, 1), (8, 2))
    places = rank([failing, eligible], SCORING)
    assert [(place.outcome.application_id, place.tie_path) for place in places] == [("b", ()), ("a", ())]
    assert places[0].outcome.total == places[1].outcome.total


def test_each_step_of_the_tie_break_separates_in_its_turn() -> None:
    places = rank(
        [
            _candidate("f", (8, 3), cents=2, minute=1),
            _candidate("e", (8, 3), cents=2, minute=1),
            _candidate("d", (8, 3), cents=2, minute=0),
            _candidate("c", (8, 3), cents=1, minute=2),
            # one point of impact weighs as much as four thirds of quality: the same total with a lower mean on quality
            _candidate("b", (6, 3), (6, 4), (8, 5), cents=1),
        ],
        replace(SCORING, minimum_total=Fraction(0)),
    )
    assert len({place.outcome.total for place in places}) == 1
    assert [(place.outcome.application_id, place.tie_path) for place in places] == [
        ("c", ("smaller_request",)),
        ("d", ("smaller_request", "earlier_submission")),
        ("e", ("earlier_submission", "application_id")),
        ("f", ("criterion:quality", "application_id")),
        ("b", ("criterion:quality",)),
    ]


def test_moderated_points_stand_in_the_place_of_the_mean() -> None:
    candidate = replace(_candidate("a", (1, 5), (9, 5)), moderated={"quality": Moderated(points=8, ground="synthetic")})
    result = outcome(candidate, SCORING).criteria[0]
    assert (result.mean, result.moderated, result.moderation_ground) == (Fraction(8), 8, "synthetic")
    assert [given_points.points for given_points in result.inputs] == [1, 9]


def test_rules_that_nothing_can_be_ranked_by_are_found() -> None:
    assert fault(SCORING) is None
    assert fault(replace(SCORING, criteria=(), tie_break=())) == "no criterion"
    assert fault(replace(SCORING, criteria=(QUALITY, QUALITY))) == "a criterion occurs twice"
    assert fault(replace(SCORING, criteria=(IMPACT,), tie_break=TIE_BREAK)) == "the tie-break names a criterion that is not scored"
