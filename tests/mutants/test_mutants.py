"""Two planted bugs are noticed, and every change of the catalogue can still be made. All of them: `make mutants`."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.mutants.__main__ import judge
from tests.mutants.catalogue import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_changes_stands_there_once(mutant: Mutant) -> None:
    for change in mutant.changes:
        spec = find_spec(change.module)
        assert spec is not None
        assert spec.origin is not None
        assert Path(spec.origin).read_text("utf-8").count(change.old) == 1, change.old


@pytest.mark.parametrize("name", ["the limit ignores reservations", "a retry with another body is accepted"])
def test_a_planted_bug_is_noticed(name: str) -> None:
    (number,) = (n for n, mutant in enumerate(MUTANTS) if mutant.name == name)
    assert judge(number, MUTANTS[number]).by


def test_there_are_enough() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20
