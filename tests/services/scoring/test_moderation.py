"""Points out of bounds, points too far apart, and what the chair may do about it."""

from dataclasses import replace
from fractions import Fraction

import pytest

from services.scoring import model as m
from services.scoring.model import ConflictGround, RefusalCode
from services.scoring.records import Moderation, ModerationStatus
from tests.services.scoring.jury import CHAIR, Jury, person, places, refusal
from tests.strategies import CALL_ID


@pytest.fixture
def jury() -> Jury:
    """Two assessors, `p` and `q`, on application `a`; a spread of 4 is just allowed."""
    jury = Jury()
    jury.register("a")
    jury.enrol("p", "q", "r")
    jury.assign()
    return jury


def _demands(events: tuple[m.Event, ...]) -> list[tuple[str, int, int]]:
    return [(event.criterion, event.low, event.high) for event in events if isinstance(event, m.ModerationDemanded)]


def _status(jury: Jury) -> ModerationStatus | None:
    standing = jury.state.get(Moderation, CALL_ID, "a", "quality")
    return None if standing is None else standing.status


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ({"quality": 5}, RefusalCode.CRITERION_MISSING),
        ({"quality": 5, "impact": 5, "charm": 5}, RefusalCode.UNKNOWN_CRITERION),
        ({"quality": 5, "impact": 5, "é" * 5000: 5}, RefusalCode.UNKNOWN_CRITERION),
        ({"quality": 11, "impact": 5}, RefusalCode.POINTS_OUT_OF_RANGE),
        ({"quality": 5, "impact": 6}, RefusalCode.POINTS_OUT_OF_RANGE),
        ({"quality": -1, "impact": 5}, RefusalCode.POINTS_OUT_OF_RANGE),
    ],
)
def test_points_must_fit_the_criteria(jury: Jury, points: dict[str, int], code: RefusalCode) -> None:
    answer = refusal(jury.give(m.Assess(call_id=CALL_ID, application_id="a", points=points), person("p")))
    assert answer.code is code
    assert len(answer.detail) <= 500


def test_the_whole_scale_may_be_given(jury: Jury) -> None:
    for quality, impact in ((0, 0), (10, 5)):
        assert isinstance(jury.assess("p", "a", quality, impact)[0], m.AssessmentSubmitted)


def test_the_same_points_again_say_nothing_new(jury: Jury) -> None:
    jury.assess("p", "a", 5)
    assert jury.assess("p", "a", 5) == ()


def test_a_spread_over_the_limit_is_demanded_once_all_have_scored(jury: Jury) -> None:
    assert _demands(jury.assess("p", "a", 9)) == []
    assert _demands(jury.assess("q", "a", 5)) == []
    assert _demands(jury.assess("q", "a", 4)) == [("quality", 4, 9)]
    assert _demands(jury.assess("q", "a", 4, 4)) == []
    assert _demands(jury.assess("q", "a", 3, 4)) == [("quality", 3, 9)]


def test_a_revision_that_closes_the_gap_lifts_the_demand_and_another_demands_again(jury: Jury) -> None:
    jury.assess("p", "a", 9)
    jury.assess("q", "a", 1)
    assert _status(jury) is ModerationStatus.OPEN
    (submitted,) = jury.assess("q", "a", 8)
    assert isinstance(submitted, m.AssessmentSubmitted)
    assert submitted.lifts == ("quality",)
    assert _status(jury) is ModerationStatus.LIFTED
    assert refusal(jury.moderate("a", 5)).code is RefusalCode.MODERATION_NOT_DEMANDED
    assert _demands(jury.assess("q", "a", 1)) == [("quality", 1, 9)]


def test_a_moderation_falls_with_the_points_it_answered(jury: Jury) -> None:
    jury.assess("p", "a", 9)
    jury.assess("q", "a", 1)
    jury.moderate("a", 6)
    assert jury.moderate("a", 6) == ()
    assert _demands(jury.assess("q", "a", 1, 4)) == [], "another criterion changed"
    assert _status(jury) is ModerationStatus.MODERATED
    assert _demands(jury.assess("q", "a", 2, 4)) == [("quality", 2, 9)]
    assert refusal(jury.rank()).code is RefusalCode.MODERATION_OPEN
    jury.moderate("a", 5)
    jury.assess("q", "a", 7, 4)
    (place,) = places(jury.rank())
    assert (place.criteria[0].moderated, place.criteria[0].mean) == (None, Fraction(8)), "the assessors agree: their mean counts"


def test_the_chair_corrects_a_moderation_until_the_ranking(jury: Jury) -> None:
    jury.assess("p", "a", 9)
    jury.assess("q", "a", 1)
    assert refusal(jury.moderate("a", 11)).code is RefusalCode.POINTS_OUT_OF_RANGE
    assert refusal(jury.moderate("a", 5, criterion="charm")).code is RefusalCode.UNKNOWN_CRITERION
    assert refusal(jury.moderate("a", 5, criterion="impact")).code is RefusalCode.MODERATION_NOT_DEMANDED
    jury.moderate("a", 5)
    jury.moderate("a", 6)
    (place,) = places(jury.rank())
    assert place.criteria[0].moderated == 6
    assert refusal(jury.moderate("a", 7)).code is RefusalCode.ALREADY_RANKED


def test_a_chair_with_a_conflict_moderates_nothing(jury: Jury) -> None:
    jury.assess("p", "a", 9)
    jury.assess("q", "a", 1)
    of_a_party = replace(CHAIR, organisation="body-a")
    assert refusal(jury.moderate("a", 5, of_a_party)).code is RefusalCode.CONFLICT
    jury.give(m.DeclareConflict(call_id=CALL_ID, application_id="a", ground=ConflictGround.FAMILY), CHAIR)
    assert refusal(jury.moderate("a", 5)).code is RefusalCode.CONFLICT
    assert isinstance(jury.moderate("a", 5, replace(CHAIR, id="chair-2"))[0], m.CriterionModerated)


def test_a_conflict_lifts_the_moderation_that_rested_on_its_points(jury: Jury) -> None:
    jury.assess("p", "a", 9)
    jury.assess("q", "a", 1)
    jury.moderate("a", 3)
    jury.conflict("p", "a")
    assert _status(jury) is ModerationStatus.LIFTED
    jury.assign()
    assert _demands(jury.assess("r", "a", 4)) == []
    (place,) = places(jury.rank())
    assert (place.criteria[0].moderated, place.criteria[0].mean) == (None, Fraction(5, 2))


def test_an_amended_application_needs_no_moderation_until_its_new_points_do(jury: Jury) -> None:
    jury.assess("p", "a", 9)
    jury.assess("q", "a", 1)
    jury.register("a", cents=1)
    assert refusal(jury.moderate("a", 5)).code is RefusalCode.MODERATION_NOT_DEMANDED
    assert _demands(jury.assess("p", "a", 9)) == []
    assert _demands(jury.assess("q", "a", 1)) == [("quality", 1, 9)]
