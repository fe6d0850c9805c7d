"""What holds after any history of commands, and the cases that a reader remembers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.decider import MemoryState
from services.kernel.form import from_json, to_json
from services.scoring import model as m
from services.scoring.core import DECIDER
from services.scoring.model import ConflictGround, RefusalCode
from tests.services.scoring.jury import CHAIR, NOW, OFFICER, SCORING, SYSTEM, Jury, call_rules, person, places, refusal
from tests.strategies import CALL_ID

APPLICATIONS = ("a", "b", "c")
PEOPLE = ("p", "q", "r", "s")
BODIES = ("body-a", "body-b", "university")

_application, _person, _body = st.sampled_from(APPLICATIONS), st.sampled_from(PEOPLE), st.sampled_from(BODIES)
_score = st.integers(0, 10)


def _declare(jury: Jury, name: str, application: str, ground: ConflictGround) -> None:
    jury.give(m.DeclareConflict(call_id=CALL_ID, application_id=application, ground=ground, assessor=name), CHAIR)


def _assess_all(jury: Jury, quality: int) -> None:
    for application in APPLICATIONS:
        for name in PEOPLE:
            jury.assess(name, application, quality)


Step = Callable[[Jury], object]
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        lambda a, partners, cents: lambda jury: jury.register(a, partners=partners, cents=cents),
        _application,
        st.sampled_from([(), ("body-b",), ("university",)]),
        st.integers(1, 2),
    ),
    st.builds(lambda a: lambda jury: jury.drop(a), _application),
    st.builds(lambda p, body: lambda jury: jury.enrol(p, organisation=body), _person, _body),
    st.builds(lambda p, a, g: lambda jury: _declare(jury, p, a, g), _person, _application, st.sampled_from(ConflictGround)),
    st.just(lambda jury: jury.assign()),
    st.builds(lambda q: lambda jury: _assess_all(jury, q), _score),
    st.builds(lambda p, a, q: lambda jury: jury.assess(p, a, q), _person, _application, _score),
    st.builds(lambda a, points: lambda jury: jury.moderate(a, points), _application, _score),
    st.just(lambda jury: jury.rank()),
)


def _opening(jury: Jury) -> None:
    """Enough to start with, so that most histories come to a ranking."""
    for application in APPLICATIONS:
        jury.register(application)
    jury.enrol(*PEOPLE)
    jury.assign()


@st.composite
def histories(draw: st.DrawFn) -> Jury:
    """A jury after any commands, many of them refused."""
    jury = Jury()
    if draw(st.booleans()):
        _opening(jury)
    for step in draw(st.lists(steps, max_size=25)):
        step(jury)
    return jury


@dataclass
class Ledger:
    """What a stranger reads from the events alone, without the core's records."""

    parties: dict[str, set[str]] = field(default_factory=dict)
    organisations: dict[str, str] = field(default_factory=dict)
    conflicts: set[tuple[str, str]] = field(default_factory=set)
    points: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    content: dict[str, m.ApplicationRegistered] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    assigned: set[tuple[str, str]] = field(default_factory=set)

    def read(self, event: m.Event) -> None:
        """Take in one event."""
        match event:
            case m.ApplicationRegistered():
                if event != self.content.get(event.application_id):
                    self.forget(event.application_id)
                self.content[event.application_id] = event
                self.parties[event.application_id] = {event.applicant, *event.partners}
                self.live.add(event.application_id)
            case m.ApplicationDropped():
                self.live.discard(event.application_id)
            case m.AssessorEnrolled():
                self.organisations[event.assessor] = event.organisation
            case m.ConflictDeclared():
                self.conflicts.add((event.assessor, event.application_id))
                self.points.pop((event.assessor, event.application_id), None)
                self.assigned.discard((event.assessor, event.application_id))
            case m.AssessorAssigned():
                assert (event.assessor, event.application_id) not in self.assigned
                self.assigned.add((event.assessor, event.application_id))
            case m.AssessmentSubmitted():
                assert (event.assessor, event.application_id) in self.assigned
                self.points[event.assessor, event.application_id] = dict(event.points)
            case _:
                pass

    def forget(self, application: str) -> None:
        """What was scored was another content."""
        self.points = {key: points for key, points in self.points.items() if key[1] != application}

    def impartial(self, person_: str, application: str) -> bool:
        """Whether the person may judge."""
        return (person_, application) not in self.conflicts and self.organisations[person_] not in self.parties[application]


@settings(max_examples=120, deadline=None)
@given(histories())
def test_only_impartial_assessors_score_and_only_their_last_points_are_ranked(jury: Jury) -> None:
    ledger = Ledger()
    for event in jury.log:
        ledger.read(event)
        if isinstance(event, m.AssessorAssigned | m.AssessmentSubmitted):
            assert ledger.impartial(event.assessor, event.application_id)
        if isinstance(event, m.ApplicationRanked):
            assert event.application_id in ledger.live
            counted = {
                assessor: points for (assessor, application), points in ledger.points.items() if application == event.application_id
            }
            assert len(counted) == SCORING.assessors_per_application
            assert all(ledger.impartial(assessor, event.application_id) for assessor in counted)
            for result in event.criteria:
                assert {i.assessor: i.points for i in result.inputs} == {a: p[result.criterion] for a, p in counted.items()}
                spread = max(i.points for i in result.inputs) - min(i.points for i in result.inputs)
                assert (result.moderated is not None) == (spread > SCORING.spread_limit)


@settings(max_examples=120, deadline=None)
@given(histories())
def test_each_ranking_is_whole_and_a_refusal_stands_alone(jury: Jury) -> None:
    versions = [event.version for event in jury.log if isinstance(event, m.RankingEstablished)]
    assert versions == list(range(1, len(versions) + 1))
    run: list[m.ApplicationRanked] = []
    for event in jury.log:
        if isinstance(event, m.ApplicationRanked):
            run.append(event)
            continue
        if isinstance(event, m.RankingEstablished):
            assert [place.rank for place in run] == list(range(1, event.ranked + 1))
            assert {place.version for place in run} == {event.version}
        else:
            assert not run
        run = []


@settings(max_examples=60, deadline=None)
@given(histories())
def test_replaying_the_events_from_their_json_gives_the_same_state(jury: Jury) -> None:
    replayed = MemoryState()
    for event in jury.log:
        DECIDER.apply(from_json(type(event), to_json(event)), replayed)
    assert replayed.records == jury.state.records
    for (kind, _), record in jury.state.records.items():
        assert from_json(next(k for k in DECIDER.records if k.__name__ == kind), to_json(record)) == record


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_who_scores_first_never_changes_the_ranking(data: st.DataObject) -> None:
    points = {(p, a): data.draw(_score) for a in APPLICATIONS for p in PEOPLE}
    given_ = [(p, a, points[p, a]) for p, a in points]
    rankings = []
    for order in (given_, data.draw(st.permutations(given_))):
        jury = Jury(spread_limit=10)
        _opening(jury)
        for name, application, quality in order:
            jury.assess(name, application, quality)
        rankings.append(jury.rank())
    assert rankings[0] == rankings[1]


def test_a_ranking_waits_until_all_is_said() -> None:
    jury = Jury()
    assert refusal(jury.rank()).code is RefusalCode.NO_APPLICATIONS
    jury.register("a")
    jury.register("b")
    jury.enrol("p", "q")
    jury.assign()
    jury.assess("p", "a", 9)
    jury.assess("q", "a", 1)
    jury.assess("p", "b", 8)
    answer = refusal(jury.rank())
    assert (answer.code, answer.application_id, answer.detail) == (RefusalCode.ASSESSMENTS_MISSING, "b", "b")
    jury.assess("q", "b", 8)
    answer = refusal(jury.rank())
    assert (answer.code, answer.application_id) == (RefusalCode.MODERATION_OPEN, "a")
    jury.moderate("a", 7)
    ranked = places(jury.rank())
    assert [(place.application_id, place.rank) for place in ranked] == [("b", 1), ("a", 2)]
    assert ranked[1].criteria[0].moderated == 7


def test_the_ranking_closes_the_assessments_it_rests_on_and_no_others() -> None:
    jury = Jury()
    jury.enrol("p", "q")
    jury.register("a")
    jury.assign()
    jury.assess("p", "a", 6)
    jury.assess("q", "a", 6)
    jury.assess("q", "a", 7)
    (first,) = places(jury.rank())
    assert [i.points for i in first.criteria[0].inputs] == [6, 7]
    assert refusal(jury.assess("q", "a", 9)).code is RefusalCode.ALREADY_RANKED
    # admitted after all, on appeal: it takes part in the next version
    jury.register("b")
    jury.assign()
    assert refusal(jury.rank()).code is RefusalCode.ASSESSMENTS_MISSING
    jury.assess("p", "b", 9)
    jury.assess("q", "b", 9)
    second = places(jury.rank())
    assert [(place.application_id, place.rank, place.version) for place in second] == [("b", 1, 2), ("a", 2, 2)]


def test_an_amended_application_is_scored_again_and_one_that_only_comes_back_is_not() -> None:
    jury = Jury()
    jury.enrol("p", "q")
    jury.register("a")
    jury.assign()
    jury.assess("p", "a", 6)
    jury.assess("q", "a", 6)
    jury.rank()
    jury.drop("a")
    assert jury.drop("a") == ()
    assert refusal(jury.assess("p", "a", 7)).code is RefusalCode.APPLICATION_DROPPED
    assert refusal(jury.rank()).code is RefusalCode.NO_APPLICATIONS
    jury.register("a")
    assert jury.register("a") == ()
    assert [place.version for place in places(jury.rank())] == [2]
    jury.register("a", cents=1)
    assert refusal(jury.rank()).code is RefusalCode.ASSESSMENTS_MISSING
    (submitted,) = jury.assess("p", "a", 8)
    assert isinstance(submitted, m.AssessmentSubmitted)
    assert submitted.version == 2


def test_what_a_service_says_twice_is_heard_once_and_a_contradiction_is_refused() -> None:
    jury = Jury()
    assert jury.give(m.RegisterCall(call_id=CALL_ID, rules=call_rules()), SYSTEM) == ()
    other = jury.give(m.RegisterCall(call_id=CALL_ID, rules=call_rules(spread_limit=1)), SYSTEM)
    assert refusal(other).code is RefusalCode.CALL_EXISTS
    unusable = jury.give(m.RegisterCall(call_id="call-2", rules=call_rules(criteria=())), SYSTEM)
    assert refusal(unusable).code is RefusalCode.RULES_UNUSABLE
    jury.register("a")
    assert jury.register("a") == ()
    assert refusal(jury.register("a", applicant="body-b")).code is RefusalCode.APPLICATION_EXISTS
    assert jury.drop("never-admissible") == ()


def test_an_application_may_be_known_before_its_call() -> None:
    early = m.RegisterApplication(
        call_id="call-2", application_id="a", applicant="body-a", partners=(), requested_cents=1, submitted_at=NOW
    )
    jury = Jury()
    (event,) = jury.give(early, SYSTEM)
    assert isinstance(event, m.ApplicationRegistered)
    assert refusal(jury.give(m.Rank(call_id="call-2"), CHAIR)).code is RefusalCode.UNKNOWN_CALL


def test_each_command_has_its_hands() -> None:
    jury = Jury()
    jury.register("a")
    assert refusal(jury.give(m.Rank(call_id=CALL_ID), OFFICER)).code is RefusalCode.NOT_AUTHORISED
    assert refusal(jury.give(m.Assign(call_id=CALL_ID), person("p"))).code is RefusalCode.NOT_AUTHORISED
    assert refusal(jury.give(m.DropApplication(call_id=CALL_ID, application_id="a"), CHAIR)).code is RefusalCode.NOT_AUTHORISED
    points = {"quality": 5, "impact": 5}
    by_chair = jury.give(m.Assess(call_id=CALL_ID, application_id="a", points=points), CHAIR)
    assert refusal(by_chair).code is RefusalCode.NOT_AUTHORISED


def test_three_hundred_applications_are_ranked_in_one_answer() -> None:
    jury = Jury(assessors_per_application=3, spread_limit=10)
    jury.enrol(*(f"p{n}" for n in range(9)))
    for number in range(300):
        jury.register(f"a{number:03d}")
    assigned = [event for event in jury.assign() if isinstance(event, m.AssessorAssigned)]
    for event in assigned:
        jury.assess(event.assessor, event.application_id, int(event.application_id[1:]) % 11)
    assert len(places(jury.rank())) == 300
