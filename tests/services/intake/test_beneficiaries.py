"""Double funding is flagged, whichever of the award and the file came first."""

from dataclasses import replace
from datetime import date

import pytest

from services.intake.model import (
    ApplicationSubmitted,
    BeneficiaryDropped,
    BeneficiaryNoted,
    DoubleFundingFlagged,
    DropBeneficiary,
    MergeBodies,
    NoteBeneficiary,
    Withdraw,
)
from services.intake.values import OtherSubsidy
from tests.services.intake.desk import ANTWERPEN, FILE, GENT, MENEN, OTHER_FILE, Desk, content
from tests.strategies import CALL_ID, rules

NOTE = NoteBeneficiary(
    of_call="call-2020",
    application_id="call-2020.x",
    bodies=(ANTWERPEN, MENEN),
    project_start=date(2020, 7, 1),
    project_end=date(2021, 7, 1),
)
DROP = DropBeneficiary(of_call="call-2020", application_id="call-2020.x")
FLAG = DoubleFundingFlagged(
    call_id=CALL_ID,
    application_id=FILE,
    applicant=ANTWERPEN,
    other_call="call-2020",
    other_application="call-2020.x",
    detail="award from 2020-07-01 to 2021-07-01",
)


def test_an_award_with_an_overlapping_period_is_flagged_when_the_file_comes_second() -> None:
    desk = Desk()
    desk.system(NOTE)
    _, *flags = desk.file(content(partners=(MENEN,)))
    assert flags == [FLAG]


def test_an_award_with_an_overlapping_period_is_flagged_when_the_award_comes_second() -> None:
    desk = Desk()
    desk.file(content(partners=(MENEN,)))
    noted, *flags = desk.system(NOTE)
    assert isinstance(noted, BeneficiaryNoted)
    assert flags == [FLAG]


def test_the_award_of_a_partner_counts_and_a_withdrawn_file_does_not() -> None:
    desk = Desk()
    desk.file(content(applicant=GENT, partners=(MENEN,)))
    desk.file(file=OTHER_FILE)
    desk.by(ANTWERPEN, Withdraw(call_id=CALL_ID, application_id=OTHER_FILE, reason="r"))
    assert desk.system(NOTE)[1:] == (replace(FLAG, applicant=GENT),)


@pytest.mark.parametrize(
    "note", [replace(NOTE, project_end=date(2021, 6, 30)), replace(NOTE, of_call=CALL_ID), replace(NOTE, bodies=(GENT,))]
)
def test_no_flag_without_overlap_nor_for_the_same_call_nor_for_others(note: NoteBeneficiary) -> None:
    early, late = Desk(), Desk()
    early.system(note)
    assert len(early.file()) == 1
    late.file()
    assert len(late.system(note)) == 1


def test_a_declared_subsidy_for_the_same_purpose_is_flagged() -> None:
    subsidies = (
        OtherSubsidy(source="province", amount_cents=1, purpose="sport"),
        OtherSubsidy(source="King Baudouin Foundation", amount_cents=1, purpose="officer"),
    )
    submitted, *flags = Desk().file(content(other_subsidies=subsidies))
    assert isinstance(submitted, ApplicationSubmitted)
    detail = "declared subsidy for officer from King Baudouin Foundation"
    assert flags == [DoubleFundingFlagged(call_id=CALL_ID, application_id=FILE, applicant=ANTWERPEN, detail=detail)]


@pytest.mark.parametrize("merged_first", [True, False])
def test_an_award_of_a_body_that_merged_is_an_award_of_its_successor(*, merged_first: bool) -> None:
    merge = MergeBodies(call_id=CALL_ID, from_body=MENEN, into_body=GENT, reason="r")
    note = replace(NOTE, bodies=(MENEN,))
    early, late = Desk(), Desk()
    for step in (merge, note) if merged_first else (note, merge):
        early.officer(step) if isinstance(step, MergeBodies) else early.system(step)
    assert early.file(content(applicant=GENT))[1:] == (replace(FLAG, applicant=GENT),)
    late.officer(merge)
    late.file(content(applicant=GENT))
    assert late.system(note)[1:] == (replace(FLAG, applicant=GENT),)


def test_noting_again_says_nothing_and_noting_otherwise_is_refused() -> None:
    desk = Desk()
    desk.system(NOTE)
    assert desk.system(NOTE) == ()
    assert desk.refusal(desk.system(replace(NOTE, bodies=(GENT,)))) == "already_noted"


def test_who_declined_an_award_is_no_beneficiary_until_it_is_granted_again() -> None:
    desk = Desk(rules(applicants=replace(rules().applicants, excludes_beneficiaries_of=("call-2020",))))
    assert desk.system(DROP) == ()
    desk.system(NOTE)
    assert desk.refusal(desk.file()) == "excluded_beneficiary"
    assert desk.system(DROP) == (BeneficiaryDropped(call_id="call-2020", application_id="call-2020.x"),)
    assert desk.system(DROP) == ()
    assert len(desk.file()) == 1
    noted, flag = desk.system(NOTE)
    assert isinstance(noted, BeneficiaryNoted)
    assert flag == FLAG
