"""Conflicts of interest, and how the applications are divided among the jury."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring import model as m
from services.scoring.model import ConflictGround, RefusalCode
from tests.services.scoring.jury import CHAIR, OFFICER, Jury, person, places, refusal
from tests.strategies import CALL_ID


def _assigned(events: tuple[m.Event, ...]) -> list[tuple[str, str]]:
    return [(event.application_id, event.assessor) for event in events if isinstance(event, m.AssessorAssigned)]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 3))
def test_without_conflicts_the_work_is_divided_evenly(applications: int, needed: int, spare: int) -> None:
    jury = Jury(assessors_per_application=needed)
    jury.enrol(*(f"p{n}" for n in range(needed + spare)))
    for number in range(applications):
        jury.register(f"a{number:02d}")
    assigned = _assigned(jury.assign())
    assert Counter(application for application, _ in assigned) == {f"a{n:02d}": needed for n in range(applications)}
    assert len(set(assigned)) == len(assigned)
    load = Counter({f"p{n}": 0 for n in range(needed + spare)})
    load.update(assessor for _, assessor in assigned)
    assert max(load.values()) - min(load.values()) <= 1
    assert jury.assign() == ()


def test_the_least_loaded_come_first_and_then_the_id() -> None:
    jury = Jury()
    jury.register("b")
    jury.register("a")
    jury.enrol("r", "q", "p")
    assert _assigned(jury.assign()) == [("a", "p"), ("a", "q"), ("b", "r"), ("b", "p")]


def test_who_scores_an_application_already_is_not_its_second_assessor_too() -> None:
    jury = Jury()
    jury.register("a")
    jury.enrol("p", "q")
    jury.assign()
    jury.enrol("r")
    jury.register("b")
    jury.conflict("p", "b")
    assert _assigned(jury.assign()) == [("b", "r"), ("b", "q")]
    jury.conflict("q", "a")
    # `p` has as little to do as `r` and the smaller id, but has `a` already
    assert _assigned(jury.assign()) == [("a", "r")]


def test_too_few_impartial_assessors_are_told_before_anything_is_assigned() -> None:
    jury = Jury()
    assert refusal(jury.assign()).code is RefusalCode.NO_APPLICATIONS
    jury.register("a")
    jury.register("b")
    jury.enrol("p", "q")
    jury.conflict("q", "b")
    answer = refusal(jury.assign())
    assert (answer.code, answer.application_id) == (RefusalCode.NOT_ENOUGH_ASSESSORS, "b")
    assert answer.detail == "needs 2 more, 1 without conflict can be had"
    jury.enrol("r")
    assert _assigned(jury.assign()) == [("a", "p"), ("a", "q"), ("b", "r"), ("b", "p")]


def test_whose_organisation_is_a_party_never_judges() -> None:
    jury = Jury(assessors_per_application=1)
    jury.register("a", partners=("body-x",))
    jury.enrol("p", organisation="body-a")
    jury.enrol("q", organisation="body-x")
    assert refusal(jury.assign()).code is RefusalCode.NOT_ENOUGH_ASSESSORS
    jury.enrol("r")
    assert _assigned(jury.assign()) == [("a", "r")]
    points = {"quality": 5, "impact": 5}
    command = m.Assess(call_id=CALL_ID, application_id="a", points=points)
    assert refusal(jury.give(command, person("p", "body-a"))).code is RefusalCode.CONFLICT
    # the token may know of an organisation that the enrolment does not
    assert refusal(jury.give(command, person("r", "body-x"))).code is RefusalCode.CONFLICT


def test_a_conflict_before_the_assignment_keeps_the_assessor_away() -> None:
    jury = Jury(assessors_per_application=1)
    jury.register("a")
    jury.enrol("p", "q")
    (declared,) = jury.conflict("p", "a")
    assert isinstance(declared, m.ConflictDeclared)
    assert not declared.voids
    assert jury.conflict("p", "a") == ()
    assert _assigned(jury.assign()) == [("a", "q")]
    assert refusal(jury.assess("p", "a", 5)).code is RefusalCode.CONFLICT


def test_a_conflict_after_the_assessment_takes_it_out_even_after_a_ranking() -> None:
    jury = Jury()
    jury.register("a")
    jury.enrol("p", "q", "r")
    jury.assign()
    jury.assess("p", "a", 9)
    jury.assess("q", "a", 7)
    jury.rank()
    (declared,) = jury.give(
        m.DeclareConflict(call_id=CALL_ID, application_id="a", ground=ConflictGround.BOARD, assessor="p"), CHAIR
    )
    assert isinstance(declared, m.ConflictDeclared)
    assert (declared.voids, declared.declared_by) == (True, "chair-1")
    assert refusal(jury.rank()).code is RefusalCode.ASSESSMENTS_MISSING
    assert refusal(jury.assess("p", "a", 9)).code is RefusalCode.CONFLICT
    assert _assigned(jury.assign()) == [("a", "r")]
    jury.assess("r", "a", 5)
    (place,) = places(jury.rank())
    assert [(given_.assessor, given_.points) for given_ in place.criteria[0].inputs] == [("q", 7), ("r", 5)]


def test_only_the_chair_declares_the_conflict_of_another() -> None:
    jury = Jury()
    jury.register("a")
    jury.enrol("p")
    of_p = m.DeclareConflict(call_id=CALL_ID, application_id="a", ground=ConflictGround.ADVICE, assessor="p")
    assert refusal(jury.give(of_p, person("q"))).code is RefusalCode.NOT_AUTHORISED
    assert refusal(jury.give(replace(of_p, assessor="nobody"), CHAIR)).code is RefusalCode.UNKNOWN_ASSESSOR
    assert refusal(jury.give(replace(of_p, application_id="z"), CHAIR)).code is RefusalCode.UNKNOWN_APPLICATION
    assert isinstance(jury.give(of_p, person("p"))[0], m.ConflictDeclared)


def test_a_corrected_organisation_ends_what_it_forbids() -> None:
    jury = Jury(assessors_per_application=1)
    jury.register("a")
    jury.register("b")
    jury.enrol("p", "q")
    jury.assign()
    events = jury.give(m.EnrolAssessor(call_id=CALL_ID, assessor="p", organisation="body-a"), OFFICER)
    assert [type(event) for event in events] == [m.AssessorEnrolled, m.ConflictDeclared]
    assert isinstance(events[1], m.ConflictDeclared)
    assert (events[1].application_id, events[1].ground, events[1].voids) == ("a", ConflictGround.ORGANISATION, True)
    assert _assigned(jury.assign()) == [("a", "q")]


def test_a_new_partner_ends_the_assignment_of_its_own_people() -> None:
    jury = Jury(assessors_per_application=1)
    jury.register("a")
    jury.enrol("p", organisation="body-x")
    jury.enrol("q")
    jury.assign()
    events = jury.register("a", partners=("body-x",))
    assert [type(event) for event in events] == [m.ApplicationRegistered, m.ConflictDeclared]
    assert _assigned(jury.assign()) == [("a", "q")]


def test_who_is_not_on_the_jury_or_not_assigned_does_not_score() -> None:
    jury = Jury(assessors_per_application=1)
    jury.register("a")
    assert refusal(jury.assess("p", "a", 5)).code is RefusalCode.UNKNOWN_ASSESSOR
    assert refusal(jury.assess("p", "z", 5)).code is RefusalCode.UNKNOWN_APPLICATION
    jury.enrol("p", "q")
    jury.assign()
    assert refusal(jury.assess("q", "a", 5)).code is RefusalCode.NOT_ASSIGNED
