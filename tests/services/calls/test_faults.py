"""A spoiled file gives the fault of the spoiling, at its line, and no other."""

from dataclasses import dataclass

import pytest

from services.calls.file import check_text
from tests.services.calls.shipped import CALLS, FIRST_ROUND

FIRST = FIRST_ROUND.read_text(encoding="utf-8")
KPIS = (CALLS / "plan-samenleven-2022.toml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Spoiling:
    """Put `new` in the place of the first `old`; the fault is at the line of the first `at`, or of `new`."""

    old: str
    new: str
    field: str
    fault: str
    at: str = ""
    text: str = FIRST


FORM = [
    Spoiling('call_id = "r', 'call_id = "-r', "call_id", "does not fit"),
    Spoiling('call_id = "radicalisation-2021"', "call_id = 2021", "call_id", "2021 is no text"),
    Spoiling("budget_year = 2021", 'budget_year = "2021"', "envelope.budget_year", "no whole number"),
    Spoiling("budget_year = 2021", "budget_year = 1921", "envelope.budget_year", "1921"),
    Spoiling('budget = "1500000.00"', "budget = 1500000.0", "envelope.budget", "no sum of money"),
    Spoiling('budget = "1500000.00"', 'budget = "1.500.000,00"', "envelope.budget", "no sum of money"),
    Spoiling('cap = "60000.00"', 'cap = "60000.005"', "cap.cap", "no sum of money"),
    Spoiling('cap = "60000.00"', 'cap = "0.00"', "cap.cap", "'0.00'"),
    Spoiling('cap = "60000.00"', "", "cap.cap", "missing", "[cap]"),
    Spoiling('cap = "60000.00"', "cap_cents = 6_000_000\ncap = '60000.00'", "cap.cap_cents", "unknown key"),
    Spoiling('currency = "EUR"', 'currency = "euro"', "envelope.currency", "does not fit"),
    Spoiling('legal_basis = "', 'authority_id = "OVO12345"\nlegal_basis = "', "authority_id", "does not fit"),
    Spoiling('legal_basis = "', 'authority_id = "ovo123456"\nlegal_basis = "', "authority_id", "does not fit"),
    Spoiling('legal_basis = "', 'authority_id = 123456\nlegal_basis = "', "authority_id", "123456 is no text"),
    Spoiling(
        'currency = "EUR"', 'currency = "EUR"\nbudget_article = ""', "envelope.budget_article", "0 characters", "budget_article"
    ),
    Spoiling(
        'currency = "EUR"',
        f'currency = "EUR"\nbudget_article = "{"A" * 41}"',
        "envelope.budget_article",
        "41 characters",
        "budget_article",
    ),
    Spoiling("percent = 20", "percent = true", "co_financing.percent", "no whole number"),
    Spoiling("percent = 20", "percent = 101", "co_financing.percent", "101"),
    Spoiling("waiver = true", 'waiver = "yes"', "co_financing.waiver", "neither"),
    Spoiling('base = "total_cost"', 'base = "total"', "co_financing.base", "unknown"),
    Spoiling("deadline = 2021-04-16T12:00:00", 'deadline = "16 April 2021"', "window.deadline", "no time"),
    Spoiling("deadline = 2021-04-16T12:00:00", "deadline = 2021-04-16", "window.deadline", "no time"),
    Spoiling("opens_at = 2021-03-05T00:00:00", "opens_at = 2021-03-28T02:30:00", "window.opens_at", "not one moment"),
    Spoiling("opens_at = 2021-03-05T00:00:00", "opens_at = 2020-10-25T02:30:00", "window.opens_at", "not one moment"),
    Spoiling("project_start = 2021-07-01", 'project_start = "2021-07-01"', "awarding.project_start", "no date"),
    Spoiling("project_start = 2021-07-01", "project_start = 2021-07-01T00:00:00", "awarding.project_start", "no date"),
    Spoiling('minimum_total = "1/2"', "minimum_total = 0.5", "scoring.minimum_total", "no fraction"),
    Spoiling('minimum_total = "1/2"', 'minimum_total = "1/0"', "scoring.minimum_total", "no fraction"),
    Spoiling("title.en = ", 'title.fr = "Approche"\ntitle.en = ', "title.fr", "unknown language"),
    Spoiling('title.en = "Local approach to radicalisation, call of 2021"', "", "title.en", "missing", "title.nl"),
    Spoiling('title.en = "Local approach to radicalisation, call of 2021"', 'title.en = ""', "title.en", "0 characters"),
    Spoiling('kinds = ["municipality"]', 'kinds = "municipality"', "applicants.kinds", "no list"),
    Spoiling('kinds = ["municipality"]', 'kinds = [\n"municipality",\n"Town",\n]', "applicants.kinds[1]", "does not fit", '"Town"'),
    Spoiling("[paying]", "[[paying]]", "paying", "no table"),
    Spoiling("[paying]", "[payments]\n[paying]", "payments", "unknown key"),
    Spoiling('kind = "text"', 'kind = "essay"', "form[0].kind", "unknown"),
    Spoiling("weight = 20", "weight = 0", "scoring.criteria[2].weight", "0"),
    Spoiling('zone = "Europe/Brussels"', 'zone = "Europe/Brussel"', "window.zone", "no time zone"),
]

SENSE = [
    Spoiling('cap = "60000.00"', 'cap = "1500000.01"', "cap.cap", "more than the envelope"),
    Spoiling('minimum_useful = "10000.00"', 'minimum_useful = "60000.01"', "awarding.minimum_useful", "more than the cap"),
    Spoiling("opens_at = 2021-03-05T00:00:00", "opens_at = 2021-04-16T12:00:00", "window.deadline", "not after", "deadline ="),
    Spoiling("project_start = 2021-07-01", "project_start = 2021-04-16", "awarding.project_start", "not after the deadline"),
    Spoiling("project_end = 2022-06-30", "project_end = 2021-07-01", "awarding.project_end", "not after project_start"),
    Spoiling(
        "excludes_beneficiaries_of = []",
        'excludes_beneficiaries_of = ["radicalisation-2021"]',
        "applicants.excludes_beneficiaries_of[0]",
        "itself",
    ),
    Spoiling("max_partners = 20", "max_partners = 0", "applicants.max_partners", "no group"),
    Spoiling("groups = true", "groups = false", "applicants.max_partners", "without groups", "max_partners"),
    Spoiling('kinds = ["municipality"]', "kinds = []", "applicants.kinds", "an empty list"),
    Spoiling('choices = ["own", "shared", "in_preparation", "none"]', "choices = []", "form[4].choices", "without choices"),
    Spoiling(
        'choices = ["own", "shared", "in_preparation", "none"]', "", "form[4].choices", "without choices", '[[form]]\nname = "livc"'
    ),
    Spoiling('choices = ["own", "shared"', 'choices = ["own", "own"', "form[4].choices[1]", "stands twice"),
    Spoiling('kind = "yes_no"', 'choices = ["a"]\nkind = "yes_no"', "form[6].choices", "kind yes_no", 'choices = ["a"]'),
    Spoiling('kind = "yes_no"', 'max_length = 5\nkind = "yes_no"', "form[6].max_length", "kind yes_no", "max_length = 5\n"),
    Spoiling('name = "summary"', 'name = "title"', "form[1].name", "title stands twice", 'name = "title"\nlabel.nl = "Sam'),
    Spoiling('media_types = ["application/pdf"]', "media_types = []", "attachments[1].media_types", "no media type"),
    Spoiling('["application/pdf"]', '["pdf"]', "attachments[1].media_types[0]", "no media type"),
    Spoiling(
        'kind = "plan_of_action"',
        'kind = "financial_template"',
        "attachments[1].kind",
        "twice",
        'kind = "financial_template"\nlabel.nl = "Plan',
    ),
    Spoiling('code = "overhead"', 'code = "rent"', "barred_costs[2].code", "eligible too", 'code = "rent"\nlabel.nl = "Over'),
    Spoiling('code = "rent"', 'code = "staff"', "eligible_costs[4].code", "stands twice", 'code = "staff"\nlabel.nl = "Huur'),
    Spoiling("minimum = 5", "minimum = 11", "scoring.criteria[0].minimum", "11 of 10 points"),
    Spoiling('minimum_total = "1/2"', 'minimum_total = "3/2"', "scoring.minimum_total", "more than the highest"),
    Spoiling('criterion = "quality"', 'criterion = "beauty"', "scoring.tie_break[0].criterion", "no criterion of this call"),
    Spoiling('criterion = "quality"', "", "scoring.tie_break[0].criterion", "missing", "[[scoring.tie_break]]"),
    Spoiling(
        'by = "smaller_request"',
        'by = "smaller_request"\ncriterion = "fit"',
        "scoring.tie_break[1].criterion",
        "in a step by",
        'criterion = "fit"',
    ),
    Spoiling('[[scoring.tie_break]]\nby = "application_id"', "", "scoring.tie_break", "still be equal", "[[scoring.tie_break]]"),
    Spoiling(
        'by = "smaller_request"',
        'by = "earlier_submission"',
        "scoring.tie_break[2].by",
        "before",
        'by = "earlier_submission"\n\n[[scoring.tie_break]]\nby = "application_id"',
    ),
    Spoiling("final = true", "final = false", "reports", "no final report", "[[reports]]"),
    Spoiling(
        "final = false\ndue = 2022-01-31",
        "final = true\ndue = 2022-09-30",
        "reports[1].final",
        "second final report",
        "final = true\ndue = 2022-09-30\nkpis = false\n\n[[retention",
    ),
    Spoiling("due = 2022-09-30", "due = 2022-06-29", "reports[1].due", "before the end of the project"),
    Spoiling("due = 2022-01-31", "due = 2022-10-31", "reports[1].due", "not the last", "due = 2022-09-30"),
    Spoiling("due = 2022-01-31", "due = 2021-07-01", "reports[0].due", "before the project has begun"),
    Spoiling("kpis = false", "kpis = true", "reports[0].kpis", "counts none"),
    Spoiling("kpis = true", "kpis = false", "kpis", "no report asks", "[[kpis]]", KPIS.replace("kpis = true", "kpis = false", 1)),
    Spoiling('data_class = "contact"', 'data_class = "gossip"', "retention[5].data_class", "no class of data"),
    Spoiling(
        'data_class = "contact"', 'data_class = "report"', "retention[5].data_class", "twice", 'data_class = "report"\nyears = 1\n'
    ),
    Spoiling('published = ["applicant", "partners"', 'published = ["applicant", "iban"', "published[1]", "iban is unknown"),
    Spoiling('published = ["applicant", "partners"', 'published = ["applicant", "applicant"', "published[1]", "stands twice"),
]


@pytest.mark.parametrize("spoiling", FORM + SENSE, ids=lambda spoiling: f"{spoiling.field}: {spoiling.fault}")
def test_a_spoiled_file_gives_its_fault_at_its_line(spoiling: Spoiling) -> None:
    assert spoiling.old in spoiling.text
    text = spoiling.text.replace(spoiling.old, spoiling.new, 1)
    faults = check_text(text)
    assert [fault.field for fault in faults] == [spoiling.field]
    assert spoiling.fault in faults[0].fault
    assert faults[0].allowed
    assert faults[0].line == text[: text.index(spoiling.at or spoiling.new)].count("\n") + 1


def test_an_unknown_key_suggests_the_nearest() -> None:
    faults = check_text(FIRST.replace("advance_percent", "advanced_percent"))
    assert [(fault.field, fault.allowed) for fault in faults] == [
        ("paying.advance_percent", "a value"),
        ("paying.advanced_percent", "did you mean advance_percent?"),
    ]
    (fault,) = check_text(FIRST + "\n[weather]\n")
    assert "call_id, title" in fault.allowed


def test_many_faults_are_all_named_in_the_order_of_the_file() -> None:
    spoiled = FIRST
    for spoiling in FORM[2:3] + FORM[11:12] + SENSE[16:18] + SENSE[36:37]:
        assert spoiling.old in spoiled
        spoiled = spoiled.replace(spoiling.old, spoiling.new, 1)
    faults = check_text(spoiled)
    assert len(faults) == 5
    assert faults == sorted(faults)


def test_a_fault_does_not_hide_what_does_not_depend_on_it() -> None:
    """A deadline at fault says nothing of the order of times, but the order of projects is still looked at."""
    text = FIRST.replace("2021-04-16T12:00:00", '"soon"').replace("project_end = 2022-06-30", "project_end = 2021-06-30")
    assert {fault.field for fault in check_text(text)} == {"window.deadline", "awarding.project_end"}
