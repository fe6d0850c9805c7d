"""Whole calls on this machine by the command line, with the numbers that their stories say."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.demo.canon import difference
from services.standalone.registry import SPECS
from tests.system.playing import Told, begun, ended

SCENARIOS = ("radicalisation-2021", "full-cap", "plan-samenleven")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def results(place: Path) -> dict[str, Any]:
    """What `oproep demo --json` says of each scenario; all are played at the same time."""
    arguments = ("demo", "--json", "--dir", str(place), "--scenario")
    processes = {name: begun("services.cli", *arguments, name) for name in SCENARIOS}
    found: dict[str, Any] = {}
    for name, process in processes.items():
        code, out, complaints = ended(process)
        assert (code, complaints) == (0, ""), name
        found[name] = json.loads(out)
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_was_done_is_kept_where_it_was_told(results: dict[str, Any], place: Path, scenario: str) -> None:
    assert results[scenario]["scenario"] == scenario
    assert (place / scenario / "embedded" / "logs" / "budget_ledger-0.db").exists()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_limit_is_exceeded_and_the_money_reconciles(results: dict[str, Any], scenario: str) -> None:
    result = results[scenario]
    assert (result["over_award"], result["reconciled"], result["mails_doubled"], result["reserved"]) == (0, True, 0, 0)
    assert result["available"] == result["envelope"] - result["committed"]
    assert result["committed"] == sum(call["committed"] for call in result["calls"].values())
    assert result["paid"] - result["recovered"] == sum(call["paid"] - call["recovered"] for call in result["calls"].values())
    assert result["mails"] > 0


def test_the_call_of_2021(results: dict[str, Any]) -> None:
    result = results["radicalisation-2021"]
    assert result["envelope"] == 150_000_000
    assert {name: call["awards"] for name, call in result["calls"].items()} == {
        "radicalisation-2021": 14,
        "radicalisation-2021-round2": 13,
    }
    first = {name: cents for name, cents in result["awards"].items() if name.startswith("radicalisation-2021.")}
    assert list(first.values()) == [6_000_000] * 14
    assert (result["committed"], result["paid"], result["recovered"]) == (147_600_000, 149_400_000, 1_800_000)
    assert result["refusals"]["deadline_passed"] == 1
    assert result["refusals"]["excluded_beneficiary"] == 1
    assert result["outcomes"]["partial_award"] == 2


def test_twenty_five_awards_fill_the_envelope(results: dict[str, Any]) -> None:
    result = results["full-cap"]
    assert (result["envelope"], result["committed"], result["available"]) == (150_000_000, 150_000_000, 0)
    assert list(result["awards"].values()) == [6_000_000] * 25
    assert result["outcomes"] == {"award": 25, "wait_list": 1}
    assert result["refusals"] == {"envelope_exceeded": 1}


def test_another_call_by_the_same_code(results: dict[str, Any]) -> None:
    result = results["plan-samenleven"]
    assert len(result["awards"]) == 8
    assert result["refusals"] == {}
    assert result["paid"] - result["recovered"] == result["committed"]


def test_two_runs_record_the_same(elsewhere: list[Told]) -> None:
    first, second = elsewhere
    assert len(first) == 2 * len(SPECS)
    assert all(first.values())
    assert difference(first, second) == []


def test_the_comparison_notices_one_changed_line(elsewhere: list[Told]) -> None:
    name = "log budget_ledger/0"
    told = {**elsewhere[0], name: [line.replace("6000000", "6000001", 1) for line in elsewhere[0][name]]}
    assert difference(elsewhere[0], told)
    assert difference(elsewhere[0], {**elsewhere[0], name: elsewhere[0][name][1:]})
