"""Erasure, retention and sealed notes, as the intake decides them: first what holds after any history, then the examples."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake import retention
from services.intake.custody import (
    ApproveRetention,
    CloseFile,
    DataDestroyed,
    Disposal,
    EraseSubject,
    FileClosed,
    NoteOpened,
    NoteSealed,
    OpenNote,
    PlanRetention,
    RetentionApproved,
    RetentionPlanned,
    SealNote,
    SubjectErased,
)
from services.intake.model import Amend, CloseCall, Command, DeclareAdmissible, DeclareInadmissible, Event, NoteBeneficiary, Reopen
from services.intake.records import Call, Destroyed, Erasure
from services.intake.values import InadmissibleReason
from services.kernel.people import Actor, Role
from services.kernel.rules import CallRules, Retention
from tests.services.intake.desk import ANTWERPEN, FILE, GENT, OFFICER, OTHER_FILE, SYSTEM, Desk, content
from tests.strategies import CALL_ID, DEADLINE, rules

OVER = DEADLINE + timedelta(days=1)
MINISTER = Actor(id="minister-1", organisation="cabinet", roles=(Role.DECISION_MAKER,))
POLICE = Actor(id="police-1", organisation="police", roles=(Role.ASSESSOR,))
STRANGER = Actor(id="someone", organisation="elsewhere", roles=(Role.OFFICER,))
PAPER, OTHER_PAPER = "a" * 64, "b" * 64
TERMS = (
    Retention(data_class="application", years=10, ground="synthetic"),
    Retention(data_class="contact", years=1, ground="synthetic"),
)
ERASE = EraseSubject(call_id=CALL_ID, subject="person-1", ground="asked for it", documents=(PAPER,))
SEAL = SealNote(call_id=CALL_ID, note_id="n-1", subject="person-1", organisations=("agency", "police"))
OPEN = OpenNote(call_id=CALL_ID, note_id="n-1")
CLOSE = CloseFile(call_id=CALL_ID, application_id=FILE)
APPROVE = ApproveRetention(call_id=CALL_ID, plan="r1")


def terms() -> CallRules:
    return rules(retention=TERMS)


def plan(data_class: str = "application", *documents: str, file: str = FILE) -> PlanRetention:
    return PlanRetention(call_id=CALL_ID, items=(Disposal(application_id=file, data_class=data_class, documents=documents),))


def decided(*, at: datetime = OVER, file: str = FILE, lead: str = ANTWERPEN, desk: Desk | None = None) -> Desk:
    """A file that was judged in a call that is over."""
    desk = desk or Desk(terms())
    desk.file(content(applicant=lead), file)
    desk.system(CloseCall(call_id=CALL_ID), at)
    reasons = (InadmissibleReason.INCOMPLETE,)
    desk.officer(DeclareInadmissible(call_id=CALL_ID, application_id=file, reasons=reasons), at)
    return desk


def years(number: int, days: int = 0) -> datetime:
    return OVER.replace(year=OVER.year + number) + timedelta(days=days)


# After any history

HANDS = st.sampled_from([OFFICER, replace(OFFICER, id="officer-2"), MINISTER, POLICE, STRANGER])
SUBJECTS = st.sampled_from(["person-1", "person-2"])
FILES = st.sampled_from([FILE, OTHER_FILE])
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(EraseSubject, call_id=st.just(CALL_ID), subject=SUBJECTS, ground=st.just("g"), documents=st.just((OTHER_PAPER,))),
    st.builds(CloseFile, call_id=st.just(CALL_ID), application_id=FILES),
    st.builds(plan, st.sampled_from(["application", "contact"]), st.sampled_from([PAPER, OTHER_PAPER]), file=FILES),
    st.builds(ApproveRetention, call_id=st.just(CALL_ID), plan=st.sampled_from(["r1", "r2", "r3"])),
    st.builds(
        SealNote,
        call_id=st.just(CALL_ID),
        note_id=st.sampled_from(["n-1", "n-2"]),
        subject=SUBJECTS,
        organisations=st.just(("agency", "police")),
    ),
    st.builds(OpenNote, call_id=st.just(CALL_ID), note_id=st.sampled_from(["n-1", "n-2"])),
)
STEPS = st.lists(st.tuples(COMMANDS, HANDS, st.sampled_from([0, 0, 200, 2000])), max_size=30)


def play(steps: list[tuple[Command, Actor, int]]) -> list[tuple[datetime, Actor, Event]]:
    desk, now, told = decided(file=OTHER_FILE, lead=GENT), OVER, list[tuple[datetime, Actor, Event]]()
    desk.officer(Reopen(call_id=CALL_ID, application_id=OTHER_FILE, until=OVER + timedelta(days=2), reason="r"), OVER)
    for command, actor, days in steps:
        now += timedelta(days=days)
        told += [(now, actor, event) for event in desk.run(command, actor, now)]
    return told


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_what_is_destroyed_was_closed_its_term_over_planned_and_approved_by_two_hands(
    steps: list[tuple[Command, Actor, int]],
) -> None:
    closed: dict[str, datetime] = {}
    planned: dict[str, RetentionPlanned] = {}
    for now, actor, event in play(steps):
        match event:
            case FileClosed():
                assert event.application_id not in closed
                closed[event.application_id] = now
            case RetentionPlanned():
                planned[event.plan] = event
            case DataDestroyed():
                term = next(rule for rule in TERMS if rule.data_class == event.data_class)
                assert now >= closed[event.application_id].replace(year=closed[event.application_id].year + term.years)
                assert event.rule == f"{CALL_ID}.{event.data_class}"
                assert planned[event.plan].planned_by != actor.id
                assert any(item.documents == event.documents for item in planned[event.plan].items)
            case _:
                pass


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_a_note_is_opened_by_its_parties_only_and_never_after_its_subject_was_erased(
    steps: list[tuple[Command, Actor, int]],
) -> None:
    notes: dict[str, NoteSealed] = {}
    gone: Mapping[str, datetime] = {}
    for now, actor, event in play(steps):
        match event:
            case NoteSealed():
                notes[event.note_id] = event
            case SubjectErased():
                gone = {**gone, event.subject: now}
            case NoteOpened():
                note = notes[event.note_id]
                assert actor.organisation == event.organisation in note.organisations
                assert actor.id == event.opened_by
                assert note.subject not in gone or gone[note.subject] < note.sealed_at
            case _:
                pass


# Erasure


def test_an_erasure_names_subject_instant_and_documents_and_a_second_one_is_no_repetition() -> None:
    desk = Desk()
    (erased,) = desk.officer(ERASE, OVER)
    assert erased == SubjectErased(
        call_id=CALL_ID, subject="person-1", ground="asked for it", documents=(PAPER,), erased_at=OVER, erased_by="officer-1"
    )
    assert desk.state.get(Destroyed, PAPER) is not None
    later = OVER + timedelta(days=1)
    assert len(desk.officer(replace(ERASE, documents=()), later)) == 1
    assert [erasure.until for erasure in desk.state.all(Erasure, "person-1")] == [later]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OFFICER])
def test_only_an_officer_erases(role: Role) -> None:
    desk = Desk()
    assert desk.refusal(desk.run(ERASE, Actor(id="a", organisation="o", roles=(role,)), OVER)) == "not_authorised"


# Closing


def test_a_file_is_closed_when_it_is_over_and_changes_no_more() -> None:
    desk = decided()
    assert desk.officer(CLOSE, OVER) == (
        FileClosed(call_id=CALL_ID, application_id=FILE, applicant=ANTWERPEN, closed_at=OVER, closed_by="officer-1"),
    )
    late: list[Command] = [
        CLOSE,
        DeclareAdmissible(call_id=CALL_ID, application_id=FILE, note="corrected"),
        Reopen(call_id=CALL_ID, application_id=FILE, until=years(1), reason="r"),
    ]
    assert {desk.refusal(desk.officer(command, OVER)) for command in late} == {"file_closed"}
    assert desk.refusal(desk.by(ANTWERPEN, Amend(call_id=CALL_ID, application_id=FILE, content=content()), OVER)) == "file_closed"


def test_a_file_that_may_still_change_is_not_closed() -> None:
    desk = Desk(terms())
    desk.file()
    assert desk.refusal(desk.officer(CLOSE)) == "still_open"
    desk.system(CloseCall(call_id=CALL_ID), OVER)
    assert desk.refusal(desk.officer(CLOSE, OVER)) == "still_open"  # nobody has judged it
    desk.officer(DeclareAdmissible(call_id=CALL_ID, application_id=FILE), OVER)
    end = content().project_end
    desk.system(
        NoteBeneficiary(
            of_call=CALL_ID, application_id=FILE, bodies=(ANTWERPEN,), project_start=content().project_start, project_end=end
        )
    )
    assert desk.refusal(desk.officer(CLOSE, datetime(end.year, end.month, end.day, 12, tzinfo=UTC))) == "still_open"
    assert len(desk.officer(CLOSE, datetime(end.year, end.month, end.day, 12, tzinfo=UTC) + timedelta(days=1))) == 1


# Retention


def test_a_term_is_over_on_its_day_and_not_a_microsecond_before() -> None:
    desk = decided()
    assert desk.refusal(desk.officer(plan(), years(10))) == "not_closed"
    desk.officer(CLOSE, OVER)
    assert desk.refusal(desk.officer(plan(), years(10) - timedelta(microseconds=1))) == "not_due"
    assert len(desk.officer(plan(), years(10))) == 1


@pytest.mark.parametrize(
    ("closed", "number", "due"),
    [
        ((2024, 2, 29), 1, (2025, 3, 1)),
        ((2024, 2, 29), 4, (2028, 2, 29)),
        ((2021, 12, 31), 10, (2031, 12, 31)),
        ((2021, 7, 1), 0, (2021, 7, 1)),
    ],
)
def test_terms_are_counted_in_calendar_years(closed: tuple[int, int, int], number: int, due: tuple[int, int, int]) -> None:
    assert retention.due_at(datetime(*closed, 9, tzinfo=UTC), number) == datetime(*due, 9, tzinfo=UTC)


def test_another_hand_approves_and_the_destruction_names_rule_documents_and_keys() -> None:
    desk = decided()
    desk.officer(CLOSE, OVER)
    desk.officer(plan("application", PAPER), years(10))
    assert desk.refusal(desk.officer(APPROVE, years(10))) == "same_hand"
    assert desk.run(APPROVE, MINISTER, years(10, 1)) == (
        RetentionApproved(call_id=CALL_ID, plan="r1", approved_by="minister-1"),
        DataDestroyed(
            call_id=CALL_ID,
            application_id=FILE,
            applicant=ANTWERPEN,
            data_class="application",
            rule=f"{CALL_ID}.application",
            plan="r1",
            group=f"{FILE}.application",
            documents=(PAPER,),
            destroyed_at=years(10, 1),
        ),
    )
    assert desk.refusal(desk.run(APPROVE, MINISTER, years(10, 2))) == "already_approved"
    assert desk.refusal(desk.officer(plan("application", PAPER), years(10, 2))) == "already_destroyed"
    assert len(desk.officer(plan("application", OTHER_PAPER), years(10, 2))) == 1  # one more was found


def test_two_plans_for_the_same_destroy_it_once() -> None:
    desk = decided()
    desk.officer(CLOSE, OVER)
    for _ in range(2):
        desk.officer(plan("application", PAPER), years(10))
    assert len(desk.run(APPROVE, MINISTER, years(10))) == 2
    assert len(desk.run(replace(APPROVE, plan="r2"), MINISTER, years(10))) == 1


def test_bad_input_is_named_by_item_and_field() -> None:
    desk = decided()
    desk.officer(CLOSE, OVER)
    wrong: list[tuple[Command, str, str]] = [
        (plan(file=f"{CALL_ID}.z"), "unknown_application", f"items[0].application_id: {CALL_ID}.z"),
        (plan("gossip"), "unknown_rule", "items[0].data_class: the call has no term for gossip"),
        (replace(APPROVE, plan="r7"), "unknown_plan", "r7"),
    ]
    for command, code, detail in wrong:
        (refused,) = desk.run(command, OFFICER, years(10))
        assert (getattr(refused, "code", None), getattr(refused, "detail", None)) == (code, detail)


def test_a_contact_is_kept_while_another_file_of_the_applicant_needs_it() -> None:
    desk = Desk(rules(retention=TERMS, applicants=replace(rules().applicants, one_live_file=False)))
    desk.file(content(), OTHER_FILE)
    decided(desk=desk)
    desk.officer(CLOSE, OVER)
    assert desk.refusal(desk.officer(plan("contact"), years(1))) == "still_needed"
    desk.officer(DeclareInadmissible(call_id=CALL_ID, application_id=OTHER_FILE, reasons=(InadmissibleReason.INCOMPLETE,)), OVER)
    desk.officer(replace(CLOSE, application_id=OTHER_FILE), years(1))
    assert desk.refusal(desk.officer(plan("contact"), years(1))) == "still_needed"
    desk.officer(plan("contact"), years(2))
    destroyed = desk.run(APPROVE, MINISTER, years(2))[1]
    assert isinstance(destroyed, DataDestroyed)
    assert destroyed.group == "contact"


def test_what_expired_is_listed_with_its_documents_and_long_lists_are_cut() -> None:
    desk = decided()
    desk.officer(CLOSE, OVER)
    call = desk.state.get(Call, CALL_ID)
    assert call is not None
    many = tuple(f"{n:064x}" for n in range(200))
    papers = {(FILE, "application"): many}
    assert list(retention.expired(call, papers, desk.state, OVER)) == []
    assert [item.data_class for item in retention.expired(call, papers, desk.state, years(1))] == ["contact"]
    found = list(retention.expired(call, papers, desk.state, years(10)))
    assert [(item.data_class, len(item.documents)) for item in found] == [("application", 150), ("application", 50), ("contact", 0)]


# Sealed notes


def test_each_opening_is_an_event_with_its_hand_and_never_the_text() -> None:
    desk = Desk()
    assert len(desk.officer(SEAL, OVER)) == 1
    for actor in (POLICE, OFFICER, POLICE):
        (opened,) = desk.run(OPEN, actor, OVER)
        assert opened == NoteOpened(
            call_id=CALL_ID,
            note_id="n-1",
            subject="person-1",
            organisation=actor.organisation,
            opened_at=OVER,
            opened_by=actor.id,
        )


@pytest.mark.parametrize(
    ("command", "actor", "code"),
    [
        (OPEN, STRANGER, "not_a_party"),
        (OPEN, SYSTEM, "not_authorised"),
        (replace(OPEN, note_id="n-2"), OFFICER, "unknown_note"),
        (SEAL, OFFICER, "note_exists"),
        (replace(SEAL, note_id="n-2"), STRANGER, "not_a_party"),
    ],
)
def test_who_is_no_party_hears_nothing(command: Command, actor: Actor, code: str) -> None:
    desk = Desk()
    desk.officer(SEAL, OVER)
    assert desk.refusal(desk.run(command, actor, OVER)) == code


def test_a_note_about_an_erased_subject_is_not_opened_and_a_later_one_is() -> None:
    desk = Desk()
    desk.officer(SEAL, OVER)
    desk.officer(ERASE, OVER)
    assert desk.refusal(desk.run(OPEN, POLICE, OVER)) == "erased"
    desk.officer(replace(SEAL, note_id="n-2"), OVER + timedelta(seconds=1))
    assert len(desk.run(replace(OPEN, note_id="n-2"), POLICE, OVER + timedelta(seconds=1))) == 1
