"""The reference page says what the code does."""

from pathlib import Path

from services.calls.explained import EXPLAINED
from services.calls.reading import keys
from services.calls.reference import docstrings, explanation, reference, tables
from services.kernel.rules import CallRules

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "call-file.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "python -m services.calls.reference > docs/reference/call-file.md"


def test_every_key_is_explained_once() -> None:
    every = {(kind.__name__, key.name) for kind, _, _ in tables(CallRules, "") for key in keys(kind)}
    assert all(explanation(kind, key.name) for kind, _, _ in tables(CallRules, "") for key in keys(kind))
    assert set(EXPLAINED) <= every, "explains a field that is gone"
    assert not set(EXPLAINED) & set(docstrings()), "the docstring in the rules says it already"
