"""The rules in words: complete in both languages, and with every sentence in both tables."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from string import Formatter

import pytest

from services.calls.file import load
from services.calls.phrases import EN, NL, TABLES
from services.calls.vocabulary import DATA_CLASSES, LANGUAGES, PUBLISHED
from services.calls.words import show
from services.kernel.rules import CallRules, CapCounts, FieldKind, Paying, ShareBase, TieBreak
from tests import strategies
from tests.services.calls.shipped import FILES, FIRST_ROUND


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everything_that_matters_is_said(path: Path, language: str) -> None:
    rules = load(path)
    text = show(rules, language)
    asked = [field.label for field in rules.form] + [document.label for document in rules.attachments]
    named = [thing.label for things in (rules.purposes, rules.eligible_costs, rules.barred_costs) for thing in things]
    judged = [criterion.label for criterion in rules.scoring.criteria]
    told = [report.label for report in rules.reports] + [kpi.label for kpi in rules.kpis]
    for label in asked + named + judged + told:
        assert label[language] in text
    sums = [rules.envelope.budget_cents, rules.cap.cap_cents, *(kpi.unit_cents for kpi in rules.kpis if kpi.unit_cents)]
    for cents in sums + [rules.awarding.minimum_useful_cents] * rules.awarding.partial:
        assert f"{cents // 100:,}".replace(",", "." if language == "nl" else ",") in text
    days = [rules.awarding.project_start, rules.awarding.project_end, *(report.due for report in rules.reports)]
    for day in days:
        assert re.search(rf"\b{day.day} \w+ {day.year}", text)
    for number in (rules.co_financing.percent, rules.paying.advance_percent):
        assert f"{number} %" in text
    said = [rules.title[language], rules.authority[language], rules.awarding.decision_maker[language], rules.window.words[language]]
    for words in [*said, rules.legal_basis, *rules.synthetic, *rules.applicants.excludes_beneficiaries_of]:
        assert words in text
    assert "{" not in text


def test_sums_times_and_days_are_written_as_the_language_does() -> None:
    rules = load(FIRST_ROUND)
    assert "€ 60.000 " in show(rules, "nl")
    assert "€60,000 " in show(rules, "en")
    assert "16 april 2021, 12:00" in show(rules, "nl")
    assert "16 April 2021, 12:00" in show(rules, "en")
    odd = replace(rules, cap=replace(rules.cap, cap_cents=123_456_05))
    assert "€ 123.456,05" in show(odd, "nl")
    assert "€123,456.05" in show(odd, "en")
    assert "USD 60.000" in show(replace(rules, envelope=replace(rules.envelope, currency="USD")), "nl")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_other_side_of_every_rule_has_words(language: str) -> None:
    """What no shipped call has: no groups, no own share, no appeal, other bases, a share that is no whole percentage."""
    rules = load(FIRST_ROUND)
    turned: CallRules = replace(
        rules,
        co_financing=replace(rules.co_financing, percent=0, base=ShareBase.GRANT),
        cap=replace(rules.cap, counts=CapCounts.LEAD_ONLY),
        applicants=replace(rules.applicants, groups=False, one_live_file=False, kinds=("province",), regions=("elders",)),
        window=replace(rules.window, deadline_included=False),
        scoring=replace(rules.scoring, minimum_total=Fraction(2, 3), assessors_per_application=1),
        awarding=replace(rules.awarding, partial=False, reserve_list=False, appeal_days=0, renewals=0, reservation_days=1),
        paying=Paying(advance_percent=0),
        barred_costs=(),
        published=(),
    )
    text, table = show(turned, language), TABLES[language]
    for key in (
        "own.none",
        "groups.no",
        "one_live_file.no",
        "included.no",
        "partial.no",
        "reserve.no",
        "appeal.none",
        "renewals.none",
    ):
        assert f"- {table[key]}\n" in text
    assert "2/3" in text
    assert "province" in text
    assert table["advance.none"] in text
    assert table["none"] in text
    assert f"## {table['barred']}" not in text
    assert table["advance.all"] in show(replace(turned, paying=Paying(advance_percent=100)), language)
    once = replace(turned, awarding=replace(turned.awarding, renewals=1))
    assert table["renewals"].format(times=table["one.time"]) in show(once, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_any_call_can_be_shown(language: str) -> None:
    assert show(strategies.rules(), language).startswith("# ")


def test_both_tables_have_the_same_sentences() -> None:
    assert set(EN) == set(NL)
    for key, sentence in EN.items():
        if not key.startswith("one."):
            assert _holes(sentence) == _holes(NL[key]), key


def test_every_word_of_the_trade_has_a_translation() -> None:
    kinds = {f"kind.{kind}" for kind in FieldKind} | {f"tie.{step}" for step in TieBreak} | {f"base.{base}" for base in ShareBase}
    counts = {f"counts.{counts}" for counts in CapCounts}
    names = {f"data.{name}" for name in DATA_CLASSES} | {f"public.{name}" for name in PUBLISHED}
    assert kinds | counts | names <= set(EN)


def _holes(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(sentence)} - {None}
