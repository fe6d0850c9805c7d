"""The explanation of a rank, in words and from the records alone."""

from dataclasses import fields
from fractions import Fraction
from string import Formatter

import pytest

from services.kernel.form import MalformedError
from services.scoring.explain import explain_from, shown
from services.scoring.words import WORDS, Words
from tests.services.scoring.jury import Jury
from tests.strategies import CALL_ID


@pytest.fixture
def jury() -> Jury:
    """Four applications: `a` and `b` in a tie, `c` moderated, `d` below a minimum."""
    jury = Jury()
    jury.enrol("p", "q")
    for application, cents in (("a", 2), ("b", 1), ("c", 1), ("d", 1)):
        jury.register(application, cents=cents)
    jury.assign()
    for application, p, q in (("a", 8, 7), ("b", 7, 8), ("c", 1, 9), ("d", 3, 4)):
        jury.assess("p", application, p, 4)
        jury.assess("q", application, q, 3)
    jury.moderate("c", 6)
    jury.rank()
    return jury


def test_a_tie_is_explained_in_english(jury: Jury) -> None:
    assert explain_from(jury.state, CALL_ID, "a", "en") == (
        "Application a stands at rank 2 in ranking 1 of call call-2021-1.\n"
        "Total: 73/100 (0.7300), on a scale from 0 to 1.\n"
        "- Quality (weight 3 of 5, 0 to 10 points, minimum 4): p gave 8, q gave 7; mean 15/2 (7.5000); "
        "contributes 9/20 (0.4500) to the total.\n"
        "- Impact (weight 2 of 5, 0 to 5 points, minimum 0): p gave 4, q gave 3; mean 7/2 (3.5000); "
        "contributes 7/25 (0.2800) to the total.\n"
        "All minima are reached; the total had to be at least 1/2 (0.5000).\n"
        "With an equal total separated by: the smaller request.\n"
        "Above it, at rank 1: application b, total 73/100 (0.7300). "
        "The totals are equal; what made the difference: the smaller request.\n"
        "Below it, at rank 3: application c, total 16/25 (0.6400). The higher total goes first.\n"
        "A ranking is advice: it awards nothing."
    )


def test_a_moderation_and_a_missed_minimum_are_explained_in_dutch(jury: Jury) -> None:
    third, last = (explain_from(jury.state, CALL_ID, application, "nl").splitlines() for application in "cd")
    assert third[2] == (
        "- Kwaliteit (gewicht 3 van 5, 0 tot 10 punten, minimum 4): p gaf 1, q gaf 9; de punten lagen te ver uiteen, "
        "de voorzitter bepaalde 6 (synthetic: discussed); telt voor 9/25 (0,3600) mee in het totaal."
    )
    assert third[-2] == "Daaronder, op plaats 4: aanvraag d, totaal 49/100 (0,4900). De aanvraag die in aanmerking komt, gaat voor."
    assert last[4:7] == [
        "Niet gehaald: Kwaliteit heeft 7/2 (3,5000), minstens 4 was nodig.",
        "Niet gehaald: het totaal is 49/100 (0,4900), minstens 1/2 (0,5000) was nodig.",
        "De aanvraag komt daarom niet in aanmerking en staat na alle aanvragen die dat wel doen.",
    ]


def test_who_has_no_place_or_no_longer_one_is_told_so(jury: Jury) -> None:
    assert explain_from(jury.state, CALL_ID, "z", "en") == "Application z has no place in a ranking of call call-2021-1."
    jury.drop("b")
    assert explain_from(jury.state, CALL_ID, "b", "en").startswith("Application b stands at rank 1 in ranking 1")
    jury.rank()
    outdated, place, *_ = explain_from(jury.state, CALL_ID, "b", "en").splitlines()
    assert outdated == "Application b is not in ranking 2 of call call-2021-1; its last place:"
    assert place == "Application b stands at rank 1 in ranking 1 of call call-2021-1."
    assert "application b" not in explain_from(jury.state, CALL_ID, "a", "en")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(7), "7"),
        (Fraction(17, 3), "17/3 (≈ 5.6667)"),
        (Fraction(1, 20000), "1/20000 (≈ 0.0001)"),
        (Fraction(1, 3), "1/3 (≈ 0.3333)"),
        (Fraction(19999, 10000), "19999/10000 (1.9999)"),
        (Fraction(99999, 100000), "99999/100000 (≈ 1.0000)"),
    ],
)
def test_a_decimal_is_rounded_for_reading_and_says_so(value: Fraction, text: str) -> None:
    assert shown(value, WORDS["en"]) == text


@pytest.mark.parametrize("name", [field.name for field in fields(Words)])
def test_the_languages_fill_the_same_gaps(name: str) -> None:
    gaps = [{gap for _, gap, _, _ in Formatter().parse(getattr(words, name)) if gap} for words in WORDS.values()]
    assert all(gap == gaps[0] for gap in gaps)


def test_a_language_without_words_is_refused(jury: Jury) -> None:
    with pytest.raises(MalformedError, match="allowed: nl, en"):
        explain_from(jury.state, CALL_ID, "a", "fr")
