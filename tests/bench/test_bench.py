"""Each measurement runs with sizes that measure nothing: what is held here is that it counts what it says, never how fast."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.bench import flows, history, ledger, peer, report
from services.bench.figures import Latency
from services.bench.picture import bars
from services.cli.bench import app


def test_quantiles_are_taken_from_what_was_measured() -> None:
    assert Latency.of([n / 1000 for n in range(1, 1001)]) == Latency(p50=501.0, p99=991.0, p999=1000.0)
    assert Latency.of([0.002]) == Latency(p50=2.0, p99=2.0, p999=2.0)


def test_the_ledger_decides_for_callers_alone_and_gathered(tmp_path: Path) -> None:
    runs = ledger.measure(tmp_path, clients=(2,), seconds=1)
    assert [(run["clients"], run["way"]) for run in runs] == [(2, "unary"), (2, "gathered")]
    assert all(run["decisions"] > 0 and run["server_cpu_us"] > 0 and run["entries_per_commit"] >= 1 for run in runs)


@pytest.mark.postgres
def test_the_peer_runs_both_ways(tmp_path: Path, postgres_url: str) -> None:
    runs = peer.measure(tmp_path / "peer", postgres_url, clients=(2,), seconds=1)
    assert [run["way"] for run in runs] == ["five statements", "stored function"]
    assert all(run["decisions"] > 0 for run in runs)
    assert [run["server"][1:] for run in runs] == [["on", "on"]] * 2


def test_a_history_is_replayed_and_grows(tmp_path: Path) -> None:
    assert history.measure_replay(tmp_path / "replay", 50)["entries"] == 50
    (row,) = history.measure_growth(tmp_path / "growth", (30,))
    assert row["entries"] == 30
    assert row["memory_mib_after"] >= row["memory_mib_at_start"] > 0


def test_receipts_and_awards_arrive(tmp_path: Path) -> None:
    counted(flows.measure(tmp_path, "embedded", single=2, crowd=3, hour=4))


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
def test_receipts_and_awards_arrive_over_kafka(tmp_path: Path) -> None:
    counted(flows.measure(tmp_path, "kafka", single=2, crowd=3, hour=4))


def counted(result: dict[str, Any]) -> None:
    assert result["last_minute"]["municipalities"] == 3
    assert result["hour"]["applications"] == 4
    assert result["submit_to_receipt_ms"]["p50"] > 0
    assert result["award_to_subscriber_ms"]["p50"] > 0


def test_engines_that_were_measured_together_stand_beside_each_other() -> None:
    figures = {
        "submit_to_receipt_ms": {"p50": 30.0},
        "award_to_subscriber_ms": {"p50": 40.0},
        "last_minute": {"municipalities": 300, "all_answered_seconds": 1.5, "all_receipts_seconds": 6.25},
    }
    results = {"flows": {"embedded": figures, "kafka": {**figures, "award_to_subscriber_ms": {"p50": 170.0}}}}
    assert "| figure | embedded | kafka |" in report.tables(results)
    assert "| award to subscriber ms p50 | 40.0 | 170.0 |" in report.tables(results)
    drawn = report.flows_picture(results)
    assert "all in the last minute: the last receipt, kafka" in drawn
    assert drawn.index("170 ms") < drawn.index("6,250 ms")


def test_results_replace_older_ones_of_their_name_only(tmp_path: Path) -> None:
    file = tmp_path / "docs" / "results.json"
    report.merge(file, {"replay": {"entries": 1}, "machine": {"cores": 1}})
    kept = report.merge(file, {"replay": {"entries": 2}})
    assert kept == json.loads(file.read_text()) == {"replay": {"entries": 2}, "machine": {"cores": 1}}
    assert "| entries | 2 |" in report.tables(kept)


def test_a_picture_shows_each_bar_with_its_value() -> None:
    drawn = bars("Rates <here>", [("a & b", 1234.0, "ledger")], target=2000.0, unit="/s")
    assert "Rates &lt;here&gt;" in drawn
    assert "a &amp; b" in drawn
    assert "1,234 /s" in drawn
    assert "target 2,000" in drawn


def test_numbers_that_are_none_are_refused() -> None:
    result = CliRunner().invoke(app, ["ledger", "--clients", "1,x"])
    assert result.exit_code == 2
    assert "allowed: whole numbers above 0" in result.output
