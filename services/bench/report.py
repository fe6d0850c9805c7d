"""Results: kept as JSON, shown as tables, drawn as a picture."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.bench.picture import bars

TARGET = 5_000
"""Durable decisions a second on one hot envelope, 64 clients, SQLite."""
_SHOWN = 64


def merge(file: Path, results: Mapping[str, Any]) -> dict[str, Any]:
    """Put new results in the place of older ones of the same names; gives all."""
    kept: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    kept |= results
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
    return kept


def tables(results: Mapping[str, Any]) -> str:
    """All results as Markdown."""
    parts: list[str] = []
    for name in ("ledger_sqlite", "ledger_postgresql", "peer_postgresql"):
        if name in results:
            parts += [f"### {name.replace('_', ', ')}", "", *_table(_loads(results[name])), ""]
    if "growth" in results:
        parts += ["### growth", "", *_table([_flat(row) for row in results["growth"]]), ""]
    for name in ("machine", "replay", "flows_embedded", "flows_kafka"):
        if name in results:
            rows = [{"figure": figure.replace("_", " "), "value": value} for figure, value in _flat(results[name]).items()]
            parts += [f"### {name.replace('_', ', ')}", "", *_table(rows), ""]
    return "\n".join(parts)


def picture(results: Mapping[str, Any]) -> str:
    """Decisions a second with 64 clients, ledger and peer, or with the most there were."""
    rows: list[tuple[str, float, str]] = []
    for name, words, colour in (
        ("ledger_sqlite", "ledger, SQLite", "ledger"),
        ("ledger_postgresql", "ledger, PostgreSQL", "ledger"),
        ("peer_postgresql", "by hand, PostgreSQL", "peer"),
    ):
        runs = results.get(name, [])
        most = _SHOWN if any(run["clients"] == _SHOWN for run in runs) else max((run["clients"] for run in runs), default=0)
        rows += [(f"{words}, {run['way']}", run["per_second"], colour) for run in runs if run["clients"] == most]
    return bars("Durable decisions a second, 64 clients, one hot envelope", rows, target=TARGET, unit="/s")


def _loads(runs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_flat({key: value for key, value in run.items() if key != "server"}) for run in runs]


def _flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested members under joined names."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        flat |= _flat(value, f"{before}{key} ") if isinstance(value, dict) else {f"{before}{key}": value}
    return flat


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    names = list(rows[0])
    lines = ["| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|" + " --- |" * len(names)]
    return lines + ["| " + " | ".join(str(row.get(name, "")) for name in names) + " |" for row in rows]
