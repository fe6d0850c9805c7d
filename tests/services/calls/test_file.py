"""The shipped call files load without a fault and say what is known of the calls; a broken file tells where it breaks."""

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from grants.call.v1 import call_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from services.calls.bodies import CALLS
from services.calls.file import MAX_RULES_BYTES, CallFileError, Fault, check, check_text, load
from services.calls.words import show
from services.kernel.canonical import encode
from services.kernel.form import MalformedError, from_json, to_json
from services.kernel.rules import CallRules, CapCounts
from services.runtime.convert import body, members
from tests.services.calls.shipped import CALLS as IN_CHECKOUT
from tests.services.calls.shipped import FILES, FIRST_ROUND

FIRST = FIRST_ROUND.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_file_has_no_fault(path: Path) -> None:
    assert check(path) == []
    rules = load(path)
    assert rules.call_id == path.stem
    assert rules.synthetic
    assert from_json(CallRules, to_json(rules)) == rules
    assert len(encode(to_json(rules))) < MAX_RULES_BYTES // 2


def test_the_files_are_found_from_the_package() -> None:
    assert len(FILES) == 3
    assert CALLS == IN_CHECKOUT


def test_the_first_round_of_2021() -> None:
    rules = load(FIRST_ROUND)
    assert rules.envelope.budget_cents == 25 * rules.cap.cap_cents == 150_000_000
    assert rules.envelope.envelope_id == "radicalisation-2021"
    assert rules.window.deadline == datetime(2021, 4, 16, 10, 0, tzinfo=UTC)
    assert (rules.awarding.project_start, rules.awarding.project_end) == (date(2021, 7, 1), date(2022, 6, 30))
    assert (rules.co_financing.percent, rules.co_financing.waiver, rules.awarding.renewals) == (20, True, 3)
    assert [purpose.code for purpose in rules.purposes] == ["deradicalisation_officer", "associations", "police_network", "livc"]
    assert rules.scoring.minimum_total == Fraction(1, 2)


def test_a_file_may_state_the_number_of_the_authority_and_the_article_of_the_budget(tmp_path: Path) -> None:
    path = tmp_path / "call.toml"
    stated = FIRST.replace("legal_basis =", 'authority_id = "OVO123456"\nlegal_basis =')
    path.write_text(stated.replace('currency = "EUR"', 'currency = "EUR"\nbudget_article = "AB0-1CD2EF-WT"'), encoding="utf-8")
    rules, without = load(path), load(FIRST_ROUND)
    assert (rules.authority_id, rules.envelope.budget_article) == ("OVO123456", "AB0-1CD2EF-WT")
    assert "AB0-1CD2EF-WT" in show(rules, "nl")
    assert "AB0-1CD2EF-WT" in show(rules, "en")
    message = call_pb2.CallRules(**members(call_pb2.CallRules.DESCRIPTOR, to_json(rules)))
    assert from_json(CallRules, body(message)) == rules
    assert replace(rules, authority_id=None, envelope=without.envelope) == without
    form = encode(to_json(rules)).replace(b'"authorityId":"OVO123456",', b"").replace(b'"budgetArticle":"AB0-1CD2EF-WT",', b"")
    assert form == encode(to_json(without)), "a call that states neither has the form that it always had"


@pytest.mark.parametrize("number", ["OVO12345", "OVO1234567", "ovo123456", "0VO123456", "OVO12345६", ""])
def test_rules_with_a_number_that_is_none_are_refused(number: str) -> None:
    """As they come over the wire: whoever gives the rules need not have read them from a file."""
    with pytest.raises(MalformedError) as raised:
        from_json(CallRules, {**to_json(load(FIRST_ROUND)), "authorityId": number})
    assert raised.value.field == "authorityId"


def test_the_second_round_shares_the_envelope_and_excludes_the_first() -> None:
    first, second = load(FIRST_ROUND), load(CALLS / "radicalisation-2021-round2.toml")
    assert second.envelope == first.envelope
    assert second.cap == first.cap
    assert second.applicants.excludes_beneficiaries_of == (first.call_id,)
    assert second.window.deadline == datetime(2021, 10, 1, 8, 0, tzinfo=UTC)
    assert second.awarding.project_start == date(2022, 1, 1)


def test_plan_samenleven() -> None:
    rules = load(CALLS / "plan-samenleven-2022.toml")
    assert rules.envelope.budget_cents == 1_000_000_000
    assert (rules.co_financing.percent, rules.applicants.groups, rules.applicants.one_live_file) == (50, True, True)
    assert rules.cap.counts is CapCounts.LEAD_ONLY
    assert rules.window.deadline.date() == date(2022, 7, 1)
    assert [report.kpis for report in rules.reports] == [True, True]
    assert any(kpi.unit_cents for kpi in rules.kpis)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a = 1\nb = \n", 2, 5, "Invalid value"),
        ("a = 1\na = 2\n", 2, 6, "Cannot overwrite a value"),
        ("[a]\n[a]\n", 2, 3, "Cannot declare"),
        ('a = "open\n', 1, 10, "Illegal character"),
        ("a = [1,\n  2", 2, 4, "Unclosed array"),
        ("a = 2021-13-01\n", 1, 9, "Expected newline"),
    ],
)
def test_a_syntax_fault_has_its_line(text: str, line: int, column: int, words: str) -> None:
    (fault,) = check_text(text)
    assert (fault.line, fault.column, fault.field) == (line, column, "")
    assert words in fault.fault


def test_a_file_that_is_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "call.toml"
    path.write_bytes(b'a = 1\nb = "\xff"\n')
    assert check(path) == [Fault(2, 6, "", "no UTF-8 text", "a text file in UTF-8")]


def test_load_raises_all_faults_at_once(tmp_path: Path) -> None:
    path = tmp_path / "call.toml"
    path.write_text(FIRST.replace("percent = 20", "percent = 120").replace("renewals = 3", "renewals = -1"), encoding="utf-8")
    with pytest.raises(CallFileError, match=r"call\.toml:\d+:1 co_financing\.percent: 120; allowed: 0 to 100") as raised:
        load(path)
    assert [fault.field for fault in raised.value.faults] == ["co_financing.percent", "awarding.renewals"]


def test_an_empty_file_lacks_every_table() -> None:
    faults = check_text("")
    assert {fault.field for fault in faults} >= {"call_id", "title", "envelope", "cap", "window", "form", "scoring", "published"}
    assert {(fault.line, fault.column, fault.fault) for fault in faults} == {(1, 1, "missing")}


def test_rules_that_no_entry_could_hold() -> None:
    question = '\n[[form]]\nname = "q{}"\nlabel.nl = "{}"\nlabel.en = "x"\nkind = "text"\nrequired = false\n'
    (fault,) = check_text(FIRST + "".join(question.format(number, "x" * 400) for number in range(60)))
    assert fault.field == ""
    assert fault.allowed == f"at most {MAX_RULES_BYTES}"


@settings(max_examples=200, deadline=None)
@given(
    line=st.integers(0, FIRST.count("\n")),
    value=st.sampled_from(
        ["3", '""', "[]", "{}", "true", "1979-05-27", "0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00", "nan", '"x"', "[{}]"]
    ),
)
def test_no_file_however_spoiled_is_answered_by_a_crash(line: int, value: str) -> None:
    lines = FIRST.split("\n")
    lines[line] = f"{lines[line].partition('=')[0]} = {value}"
    for fault in check_text("\n".join(lines)):
        assert 1 <= fault.line <= len(lines)
        assert fault.column >= 1


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_what_the_parser_gives_up_on_is_a_fault(text: str) -> None:
    (fault,) = check_text(text)
    assert fault.fault.startswith("no TOML")


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2021-04-16T12:00:00", datetime(2021, 4, 16, 10, 0, tzinfo=UTC)),
        ("2021-04-16T12:00:00Z", datetime(2021, 4, 16, 12, 0, tzinfo=UTC)),
        ("2021-03-28T01:59:59", datetime(2021, 3, 28, 0, 59, 59, tzinfo=UTC)),
        ("2021-03-28T03:00:00", datetime(2021, 3, 28, 1, 0, tzinfo=UTC)),
    ],
)
def test_a_time_is_one_in_the_zone_of_the_call(tmp_path: Path, written: str, instant: datetime) -> None:
    path = tmp_path / "call.toml"
    path.write_text(FIRST.replace("2021-04-16T12:00:00", written), encoding="utf-8")
    assert load(path).window.deadline == instant
