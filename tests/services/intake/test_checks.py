"""What a submission is refused for, and what it is only looked at for."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.intake.model import (
    Amend,
    ApplicationSubmitted,
    DraftSaved,
    EnrolBodies,
    NoteBeneficiary,
    PublishCall,
    Refused,
    SaveDraft,
    Submit,
)
from services.intake.values import MAX_CONTENT_BYTES, Attachment, Content, FindingCode, OtherSubsidy, PlannedCost
from services.kernel.canonical import MAX_ENTRY_BYTES, encode
from services.kernel.entry import tagged
from services.kernel.form import MalformedError, from_json, to_json
from services.kernel.rules import ShareBase
from tests.services.intake.desk import ANTWERPEN, FILE, GENT, MENEN, OTHER_FILE, Desk, body, content
from tests.strategies import CALL_ID, body_number, rules

POLICE, BRUSSELS, STRANGER = body_number(10), body_number(11), body_number(12)
TEMPLATE = content().attachments[0]


def answers(**changes: str) -> dict[str, str]:
    return {**content().answers, **changes}


def attached(**changes: Any) -> tuple[Attachment, ...]:
    return (replace(TEMPLATE, **changes),)


def submitted(what: Content, desk: Desk | None = None) -> ApplicationSubmitted:
    event = (desk or Desk()).file(what)[0]
    assert isinstance(event, ApplicationSubmitted), event
    return event


@pytest.mark.parametrize(
    ("what", "code", "detail"),
    [
        (content(applicant=STRANGER), "unknown_applicant", STRANGER),
        (content(partners=(STRANGER,)), "unknown_partner", STRANGER),
        (content(applicant=POLICE), "wrong_kind", f"{POLICE} is a police_zone"),
        (content(partners=(POLICE,)), "wrong_kind", f"{POLICE} is a police_zone"),
        (content(applicant=BRUSSELS), "wrong_region", f"{BRUSSELS} is in brussel"),
        (content(partners=(ANTWERPEN,)), "duplicate_partner", ANTWERPEN),
        (content(partners=(GENT, GENT)), "duplicate_partner", GENT),
        (content(partners=tuple(body_number(n) for n in range(20, 26))), "too_many_partners", "6 partners, at most 5"),
        (content(answers=answers(title=" ")), "missing_field", "answers.title"),
        (content(answers=answers(title="t" * 201)), "too_long", "answers.title: 201 characters, at most 200"),
        (content(answers=answers(colour="red")), "unknown_field", "answers.colour"),
        (content(answers=answers(participants="about 3")), "not_a_number", "answers.participants: a whole number"),
        (content(answers=answers(fee="1.234,5")), "not_a_number", "answers.fee: an amount with at most two decimals"),
        (content(answers=answers(fee="12,345")), "not_a_number", "answers.fee: an amount with at most two decimals"),
        (content(answers=answers(council_date="2021-02-29")), "not_a_date", "answers.council_date: a date YYYY-MM-DD"),
        (content(answers=answers(council_date="20210301")), "not_a_date", "answers.council_date: a date YYYY-MM-DD"),
        (content(answers=answers(livc="maybe")), "unknown_choice", "answers.livc: none of the choices"),
        (content(answers=answers(integrity="ja")), "not_yes_or_no", "answers.integrity: yes or no"),
        (content(purposes=()), "missing_field", "purposes"),
        (content(purposes=("officer", "fun")), "unknown_purpose", "fun"),
        (content(requested_cents=0), "missing_field", "requestedCents"),
        (content(requested_cents=6_000_001), "exceeds_cap", "requested 6000001 cents, at most 6000000"),
        (content(total_cost_cents=5_999_999), "exceeds_total_cost", "requested 6000000 cents of 5999999"),
        (content(project_end=date(2021, 6, 30)), "ends_before_start", "projectEnd"),
        (content(attachments=()), "missing_attachment", "financial_template"),
        (content(attachments=attached(kind="photo")), "unknown_attachment", "attachments[0]: photo"),
        (
            content(attachments=attached(size_bytes=10_000_001)),
            "attachment_too_large",
            "attachments[0]: 10000001 bytes, at most 10000000",
        ),
        (content(attachments=attached(media_type="text/html")), "wrong_media_type", "attachments[0]: text/html"),
    ],
)
def test_a_fault_is_refused_by_its_name_and_place(what: Content, code: str, detail: str) -> None:
    desk = Desk()
    desk.officer(EnrolBodies(call_id=CALL_ID, bodies=(body(POLICE, kind="police_zone"), body(BRUSSELS, region="brussel"))))
    (event,) = desk.file(what)
    assert isinstance(event, Refused)
    assert (event.command, event.application_id, event.code, event.detail) == ("Submit", FILE, code, detail)


def test_optional_fields_of_every_kind_are_taken_in() -> None:
    event = submitted(content(answers=answers(participants="-3", fee="1234,50", council_date="2021-03-01", integrity="no")))
    assert event.findings == ()


def test_a_call_for_single_applicants_takes_no_groups() -> None:
    desk = Desk(rules(applicants=replace(rules().applicants, groups=False)))
    assert desk.refusal(desk.file(content(partners=(GENT,)))) == "groups_not_allowed"


def test_one_live_file_per_body_as_lead_or_partner_where_the_rule_says_so() -> None:
    desk = Desk()
    desk.file(content(partners=(MENEN,)))
    assert desk.refusal(desk.file(content(applicant=MENEN), OTHER_FILE)) == "already_filed"
    assert desk.refusal(desk.file(content(applicant=GENT, partners=(ANTWERPEN,)), f"{CALL_ID}.c")) == "already_filed"
    free = Desk(rules(applicants=replace(rules().applicants, one_live_file=False)))
    free.file(content(partners=(MENEN,)))
    assert isinstance(free.file(content(applicant=MENEN), OTHER_FILE)[0], ApplicationSubmitted)


@pytest.mark.parametrize("bodies", [(ANTWERPEN,), (STRANGER, MENEN)])
def test_beneficiaries_of_the_first_round_are_kept_out_of_the_second_also_as_partners(bodies: tuple[str, ...]) -> None:
    desk = Desk(rules(applicants=replace(rules().applicants, excludes_beneficiaries_of=("round-1",))))
    first_round = NoteBeneficiary(
        of_call="round-1",
        application_id="round-1.x",
        bodies=bodies,
        project_start=date(2020, 7, 1),
        project_end=date(2020, 12, 31),
    )
    desk.system(first_round)
    assert desk.refusal(desk.file(content(partners=(MENEN,)))) == "excluded_beneficiary"


@pytest.mark.parametrize(
    ("what", "codes"),
    [
        (content(), []),
        (content(costs=(PlannedCost(code="overhead", amount_cents=8_000_000, purpose="officer"),)), ["barred_cost"]),
        (content(costs=(PlannedCost(code="yacht", amount_cents=8_000_000, purpose="officer"),)), ["unknown_cost"]),
        (content(costs=(PlannedCost(code="staff", amount_cents=8_000_000, purpose="livc"),)), ["cost_outside_purposes"]),
        (content(costs=()), ["costs_differ_from_total"]),
        (content(own_means_cents=1_600_000), ["financing_differs_from_total"]),
        (content(own_means_cents=1_599_999), ["financing_differs_from_total", "co_financing_short"]),
        (content(waiver_ground="little money"), ["waiver_asked"]),
        (
            content(
                own_means_cents=1_600_000,
                other_subsidies=(OtherSubsidy(source="province", amount_cents=400_000, purpose="sport"),),
            ),
            ["other_subsidies"],
        ),
        (content(project_start=date(2021, 6, 30)), ["project_outside_period"]),
    ],
)
def test_findings_are_for_the_officer_and_keep_nobody_out(what: Content, codes: list[str]) -> None:
    assert [str(finding.code) for finding in submitted(what).findings] == codes


def test_the_own_share_may_be_a_share_of_the_grant_and_a_waiver_not_offered() -> None:
    share = replace(rules().co_financing, base=ShareBase.GRANT, waiver=False)
    desk = Desk(rules(co_financing=share))
    what = content(own_means_cents=1_200_000, waiver_ground="little money")
    codes = [finding.code for finding in submitted(what, desk).findings]
    assert codes == [FindingCode.FINANCING_DIFFERS_FROM_TOTAL, FindingCode.WAIVER_NOT_OFFERED]


def full(size: int) -> Content:
    """Content of exactly that many bytes: many costs, the rest in a waiver's ground."""
    costs = tuple(PlannedCost(code=f"c{n:02d}" + "x" * 57, amount_cents=1, purpose="officer") for n in range(100))
    empty = content(costs=costs, waiver_ground="")
    return replace(empty, waiver_ground="w" * (size - len(encode(to_json(empty)))))


def test_an_amendment_of_the_longest_content_fits_an_entry_with_all_its_findings() -> None:
    desk, longest = Desk(), full(MAX_CONTENT_BYTES)
    assert isinstance(desk.draft(longest)[0], DraftSaved)
    assert isinstance(desk.by(ANTWERPEN, Submit(call_id=CALL_ID, application_id=FILE))[0], ApplicationSubmitted)
    amend = Amend(call_id=CALL_ID, application_id=FILE, content=longest)
    (event,) = desk.by(ANTWERPEN, amend)
    assert isinstance(event, ApplicationSubmitted)
    assert len(encode(tagged(amend))) + len(encode(tagged(event))) < MAX_ENTRY_BYTES - 4_096
    assert desk.refusal(desk.draft(full(MAX_CONTENT_BYTES + 1), OTHER_FILE)) == "content_too_large"


def test_what_no_entry_could_hold_is_malformed() -> None:
    command = SaveDraft(
        call_id=CALL_ID, application_id=FILE, content=content(waiver_ground="é" * 20_000, answers={"a": "é" * 9_000})
    )
    with pytest.raises(MalformedError, match=r"content: \d+ bytes"):
        from_json(SaveDraft, to_json(command))
    many = EnrolBodies(call_id=CALL_ID, bodies=tuple(body(body_number(n)) for n in range(1, 102)))
    with pytest.raises(MalformedError, match="bodies: 101 items"):
        from_json(EnrolBodies, to_json(many))


def test_a_hundred_bodies_fit_a_command() -> None:
    names = ("synthetic municipality with a long name " * 2)[:60]
    many = EnrolBodies(call_id=CALL_ID, bodies=tuple(body(body_number(n), name=names) for n in range(1, 101)))
    assert Desk().officer(many)


def test_rules_that_contradict_themselves_are_not_published() -> None:
    desk, call = Desk(published=False), rules()
    upside_down = replace(call.window, deadline=call.window.opens_at)
    for wrong in (rules(call_id="other"), rules(window=upside_down), rules(form=(*call.form, call.form[0]))):
        event = desk.officer(PublishCall(call_id=CALL_ID, rules=wrong, call_file="f" * 64))
        assert desk.refusal(event) == "inconsistent_rules"
