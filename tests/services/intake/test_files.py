"""A file from draft to jury: whose it is, what corrects what, and what a merger of municipalities does to it."""

from datetime import timedelta

import pytest

from services.intake.filing import receipt
from services.intake.model import (
    Amend,
    ApplicationDeclaredAdmissible,
    ApplicationDeclaredInadmissible,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    BodiesEnrolled,
    BodiesMerged,
    CloseCall,
    Command,
    DeclareAdmissible,
    DeclareInadmissible,
    DraftSaved,
    EnrolBodies,
    GrantExtension,
    MergeBodies,
    PublishCall,
    Reopen,
    SaveDraft,
    Submit,
    Withdraw,
)
from services.intake.values import InadmissibleReason
from services.kernel.people import Role
from tests.services.intake.desk import (
    ANTWERPEN,
    FILE,
    GENT,
    IN_TIME,
    MENEN,
    OFFICER,
    OTHER_FILE,
    SECOND,
    Desk,
    applicant,
    body,
    content,
)
from tests.strategies import CALL_ID, DEADLINE, ENVELOPE_ID, body_number, rules

END = DEADLINE + timedelta(hours=1)
ADMIT = DeclareAdmissible(call_id=CALL_ID, application_id=FILE)
REJECT = DeclareInadmissible(call_id=CALL_ID, application_id=FILE, reasons=(InadmissibleReason.INCOMPLETE,))
SUBMIT = Submit(call_id=CALL_ID, application_id=FILE)
WITHDRAW = Withdraw(call_id=CALL_ID, application_id=FILE, reason="no staff")
MERGE = MergeBodies(call_id=CALL_ID, from_body=MENEN, into_body=GENT, reason="merger of 1 January")


def test_a_submission_repeats_the_draft_and_gives_a_receipt() -> None:
    desk = Desk()
    (draft,) = desk.draft()
    assert draft == DraftSaved(call_id=CALL_ID, application_id=FILE, applicant=ANTWERPEN, version=1, content=content())
    (event,) = desk.by(ANTWERPEN, SUBMIT)
    expected = ApplicationSubmitted(
        call_id=CALL_ID,
        application_id=FILE,
        applicant=ANTWERPEN,
        version=1,
        content=content(),
        received_at=IN_TIME,
        receipt=receipt(FILE, content(), "2021-03-06T08:00:00Z"),
        findings=(),
    )
    assert event == expected
    assert expected.receipt == "502618366e5947f2fb0cfaec653f55cfc74b8fdd1c1738c78d389428baf89a1c"


def test_each_amendment_has_a_receipt_of_its_own() -> None:
    desk = Desk()
    (first,) = desk.file()
    (second,) = desk.by(ANTWERPEN, Amend(call_id=CALL_ID, application_id=FILE, content=content()), IN_TIME + SECOND)
    assert isinstance(first, ApplicationSubmitted)
    assert isinstance(second, ApplicationSubmitted)
    assert (second.version, second.receipt != first.receipt) == (2, True)


@pytest.mark.parametrize(
    "command",
    [
        SaveDraft(call_id=CALL_ID, application_id=FILE, content=content(applicant=GENT)),
        SUBMIT,
        Amend(call_id=CALL_ID, application_id=FILE, content=content(applicant=GENT)),
        WITHDRAW,
        SaveDraft(call_id=CALL_ID, application_id=OTHER_FILE, content=content()),
    ],
)
def test_nobody_touches_the_file_of_another(command: Command) -> None:
    desk = Desk()
    desk.draft()
    assert desk.refusal(desk.by(GENT, command)) == "not_owner"


def test_a_file_cannot_be_amended_into_the_name_of_another() -> None:
    desk = Desk()
    desk.file()
    amend = Amend(call_id=CALL_ID, application_id=FILE, content=content(applicant=GENT))
    assert desk.refusal(desk.by(ANTWERPEN, amend)) == "not_owner"


@pytest.mark.parametrize("file", ["a", "call-2021-2.a", f"{CALL_ID}.", f"{CALL_ID}.a.b", f"{CALL_ID}.{'a' * 80}"])
def test_an_application_is_named_after_its_call(file: str) -> None:
    desk = Desk()
    assert desk.refusal(desk.draft(file=file)) == "wrong_application_id"


def test_what_a_file_is_decides_what_can_be_done_with_it() -> None:
    desk = Desk()
    amend = Amend(call_id=CALL_ID, application_id=FILE, content=content())
    assert desk.refusal(desk.by(ANTWERPEN, SUBMIT)) == "unknown_application"
    desk.draft()
    assert desk.refusal(desk.by(ANTWERPEN, amend)) == "not_submitted"
    assert desk.refusal(desk.by(ANTWERPEN, WITHDRAW)) == "not_submitted"
    assert desk.refusal(desk.officer(ADMIT, END)) == "not_submitted"
    desk.by(ANTWERPEN, SUBMIT)
    assert desk.refusal(desk.by(ANTWERPEN, SUBMIT)) == "already_submitted"
    assert desk.refusal(desk.draft()) == "already_submitted"
    (withdrawn,) = desk.by(ANTWERPEN, WITHDRAW)
    assert isinstance(withdrawn, ApplicationWithdrawn)
    reopen = Reopen(call_id=CALL_ID, application_id=FILE, until=END, reason="r")
    for events in (desk.by(ANTWERPEN, amend), desk.by(ANTWERPEN, WITHDRAW), desk.officer(ADMIT, END), desk.officer(reopen)):
        assert desk.refusal(events) == "already_withdrawn"
    assert isinstance(desk.file(file=OTHER_FILE)[0], ApplicationSubmitted)


def test_a_file_is_judged_only_when_its_time_is_over() -> None:
    desk = Desk()
    desk.file(content(partners=(GENT,)))
    desk.officer(GrantExtension(call_id=CALL_ID, applicant=ANTWERPEN, deadline=END, reason="r"))
    assert desk.refusal(desk.officer(ADMIT, END)) == "still_open"
    (admitted,) = desk.officer(ADMIT, END + SECOND)
    assert admitted == ApplicationDeclaredAdmissible(
        call_id=CALL_ID,
        application_id=FILE,
        applicant=ANTWERPEN,
        partners=(GENT,),
        requested_cents=6_000_000,
        purposes=("officer",),
        project_start=content().project_start,
        project_end=content().project_end,
        submitted_at=IN_TIME,
        declared_by=OFFICER.id,
    )


def test_a_judgement_is_corrected_by_the_other_one_with_a_note() -> None:
    desk = Desk()
    desk.file()
    (rejected,) = desk.officer(REJECT, END)
    assert isinstance(rejected, ApplicationDeclaredInadmissible)
    assert desk.refusal(desk.officer(REJECT, END)) == "already_decided"
    assert desk.refusal(desk.officer(ADMIT, END)) == "note_missing"
    noted = DeclareAdmissible(call_id=CALL_ID, application_id=FILE, note="the template was there, under another name")
    assert isinstance(desk.officer(noted, END)[0], ApplicationDeclaredAdmissible)
    assert desk.refusal(desk.officer(noted, END)) == "already_decided"


def test_a_rejected_file_may_be_reopened_and_is_then_judged_anew() -> None:
    desk, until = Desk(), END + timedelta(hours=1)
    desk.file()
    desk.officer(CloseCall(call_id=CALL_ID), END)
    desk.officer(REJECT, END)
    desk.officer(Reopen(call_id=CALL_ID, application_id=FILE, until=until, reason="r"), END)
    desk.by(ANTWERPEN, Amend(call_id=CALL_ID, application_id=FILE, content=content(requested_cents=5_000_000)), until)
    assert desk.refusal(desk.officer(ADMIT, until)) == "still_open"
    (admitted,) = desk.officer(ADMIT, until + SECOND)
    assert isinstance(admitted, ApplicationDeclaredAdmissible)
    assert (admitted.requested_cents, admitted.submitted_at) == (5_000_000, until)
    reopen = Reopen(call_id=CALL_ID, application_id=FILE, until=until + timedelta(days=1), reason="r")
    assert desk.refusal(desk.officer(reopen, until + SECOND)) == "already_decided"


def test_a_merged_body_files_no_more_and_its_files_count_for_its_successor() -> None:
    desk = Desk()
    desk.draft(content(applicant=MENEN), OTHER_FILE)
    desk.file(content(applicant=MENEN, partners=(ANTWERPEN,)))
    (merged,) = desk.officer(MERGE)
    assert merged == BodiesMerged(
        call_id=CALL_ID, envelope_id=ENVELOPE_ID, from_body=MENEN, into_body=GENT, reason="merger of 1 January"
    )
    assert desk.refusal(desk.draft(content(applicant=MENEN), f"{CALL_ID}.c")) == "merged_body"
    assert desk.refusal(desk.by(MENEN, WITHDRAW)) == "not_owner"
    assert desk.refusal(desk.file(content(applicant=GENT), f"{CALL_ID}.d")) == "already_filed"
    assert desk.refusal(desk.by(GENT, Submit(call_id=CALL_ID, application_id=OTHER_FILE))) == "merged_body"
    (admitted,) = desk.officer(ADMIT, END)
    assert isinstance(admitted, ApplicationDeclaredAdmissible)
    assert (admitted.applicant, admitted.partners) == (GENT, (ANTWERPEN,))


def test_a_partner_that_merges_with_the_applicant_is_counted_once_and_its_extension_goes_over() -> None:
    desk = Desk()
    desk.file(content(applicant=GENT, partners=(MENEN,)))
    desk.officer(GrantExtension(call_id=CALL_ID, applicant=MENEN, deadline=END, reason="r"))
    desk.officer(MERGE)
    amend = Amend(call_id=CALL_ID, application_id=FILE, content=content(applicant=GENT))
    assert isinstance(desk.by(GENT, amend, END)[0], ApplicationSubmitted)


def test_a_merger_may_leave_a_body_with_two_files_and_it_may_amend_both() -> None:
    desk = Desk()
    desk.file(content(applicant=MENEN))
    desk.file(content(applicant=GENT), OTHER_FILE)
    desk.officer(MERGE)
    for file in (FILE, OTHER_FILE):
        amend = Amend(call_id=CALL_ID, application_id=file, content=content(applicant=GENT))
        assert isinstance(desk.by(GENT, amend)[0], ApplicationSubmitted)
    assert desk.refusal(desk.file(content(applicant=GENT), f"{CALL_ID}.c")) == "already_filed"


def test_a_merger_is_of_two_bodies_that_are_there() -> None:
    desk = Desk()

    def merge(old: str, new: str) -> str:
        return desk.refusal(desk.officer(MergeBodies(call_id=CALL_ID, from_body=old, into_body=new, reason="r")))

    assert merge(GENT, GENT) == "same_body"
    assert merge(GENT, body_number(99)) == "unknown_body"
    desk.officer(MERGE)
    assert merge(MENEN, ANTWERPEN) == "merged_body"
    assert merge(ANTWERPEN, MENEN) == "merged_body"


def test_bodies_are_enrolled_once_and_corrected_by_enrolling_again() -> None:
    desk = Desk()
    assert desk.officer(EnrolBodies(call_id=CALL_ID, bodies=(body(GENT), body(MENEN)))) == ()
    renamed = body(MENEN, name="synthetic, renamed")
    enrolled = desk.officer(EnrolBodies(call_id=CALL_ID, bodies=(body(GENT), renamed)))
    assert enrolled == (BodiesEnrolled(call_id=CALL_ID, bodies=(renamed,)),)
    assert desk.refusal(desk.officer(EnrolBodies(call_id=CALL_ID, bodies=(renamed, renamed)))) == "duplicate_body"


@pytest.mark.parametrize("number", ["0000000000", "0000000097", "0123456789"])
def test_a_number_whose_check_digits_do_not_fit_is_nobody(number: str) -> None:
    desk = Desk()
    assert desk.refusal(desk.officer(EnrolBodies(call_id=CALL_ID, bodies=(body(number),)))) == "wrong_body_number"


def test_a_call_is_published_once() -> None:
    desk = Desk()
    assert desk.refusal(desk.officer(PublishCall(call_id=CALL_ID, rules=rules(), call_file="f" * 64))) == "call_exists"
    empty = Desk(published=False)
    assert empty.refusal(empty.officer(CloseCall(call_id=CALL_ID))) == "unknown_call"


def test_a_role_is_not_enough_and_no_role_is_too_little() -> None:
    desk = Desk()
    assert applicant(GENT).roles == (Role.APPLICANT,)
    assert desk.refusal(desk.by(GENT, MERGE)) == "not_authorised"
    assert desk.refusal(desk.officer(SUBMIT)) == "not_authorised"


def test_an_inadmissible_file_is_a_live_file_until_it_is_withdrawn() -> None:
    desk = Desk()
    desk.file()
    desk.officer(GrantExtension(call_id=CALL_ID, applicant=GENT, deadline=END, reason="r"))
    desk.officer(REJECT, DEADLINE + SECOND)
    events = desk.draft(content(applicant=GENT, partners=(ANTWERPEN,)), OTHER_FILE)
    assert isinstance(events[0], DraftSaved)
    submit = Submit(call_id=CALL_ID, application_id=OTHER_FILE)
    assert desk.refusal(desk.by(GENT, submit, END)) == "already_filed"
    desk.by(ANTWERPEN, WITHDRAW, END)
    assert isinstance(desk.by(GENT, submit, END)[0], ApplicationSubmitted)
