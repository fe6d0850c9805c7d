"""Results: kept as JSON, shown as tables, drawn as a picture."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.bench.picture import bars

TARGET = 5_000
"""Durable decisions a second on one hot envelope, 64 clients, SQLite."""
_SHOWN = 64
_WAITED = (
    ("from submission to receipt, median", "submit_to_receipt_ms", "p50", 1),
    ("from approval to subscriber, median", "award_to_subscriber_ms", "p50", 1),
    ("all in the last minute: the last answer", "last_minute", "all_answered_seconds", 1_000),
    ("all in the last minute: the last receipt", "last_minute", "all_receipts_seconds", 1_000),
)
"""What the second picture shows: words, flow, figure, and how many milliseconds one of it is."""
_DOORS = {
    "log": "the log itself",
    "pages": "JSON pages",
    "stream": "stream (SSE)",
    "atom": "Atom",
    "ldes": "LDES",
    "topic": "topic",
    "webhook": "webhook",
    "subscribe": "oproep subscribe",
}


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
    if "flows" in results:
        parts += ["### flows", "", *_table(_side_by_side(results["flows"])), ""]
    if "doors" in results:
        parts += _doors(results["doors"])
    for name in ("machine", "replay"):
        if name in results:
            parts += [f"### {name.replace('_', ', ')}", "", *_table(_one_by_one(results[name])), ""]
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


def flows_picture(results: Mapping[str, Any]) -> str:
    """What people wait for on both engines, one by one and all at once."""
    found: Mapping[str, Any] = results.get("flows", {})
    rows = [
        (f"{words}, {engine}", figures[flow][figure] * milliseconds, engine)
        for words, flow, figure, milliseconds in _WAITED
        for engine, figures in found.items()
    ]
    return bars("What people wait for, embedded and on Kafka", rows, unit="ms")


def doors_picture(results: Mapping[str, Any]) -> str:
    """What an award takes to each door on both engines."""
    found: Mapping[str, Any] = results.get("doors", {}).get("award_to_door_ms", {})
    doors = [door for door in _DOORS if any(door in of for of in found.values())]
    rows = [(f"{_DOORS[door]}, {engine}", of[door]["p50"], engine) for door in doors for engine, of in found.items() if door in of]
    return bars("From an award's approval to each door, median, embedded and on Kafka", rows, unit="ms")


def _doors(found: Mapping[str, Any]) -> list[str]:
    by_door: dict[str, dict[str, Any]] = {}
    for engine, doors in found["award_to_door_ms"].items():
        for door, figures in doors.items():
            by_door.setdefault(door, {"door": _DOORS[door]})
            by_door[door] |= {f"{engine} {name}": value for name, value in figures.items()}
    columns = dict.fromkeys(column for row in by_door.values() for column in row)
    return [
        *("### doors: from an award's approval, ms", ""),
        *_table([{column: row.get(column, "") for column in columns} for row in by_door.values()]),
        *("", "### doors: catching up", ""),
        *_table([{**row, "door": _DOORS[row["door"]]} for row in found["catch_up"]]),
        *("", "### doors: a long feed, and a crowd at its end", ""),
        *_table(_one_by_one({"feed": found["feed"], "crowd": found["crowd"]})),
        "",
    ]


def _one_by_one(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each figure."""
    return [{"figure": figure.replace("_", " "), "value": value} for figure, value in _flat(found).items()]


def _side_by_side(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each figure, with what it is in each of those that were measured together."""
    flat = {name: _flat(figures) for name, figures in found.items()}
    figures = dict.fromkeys(figure for of in flat.values() for figure in of)
    return [{"figure": figure.replace("_", " "), **{name: of.get(figure, "") for name, of in flat.items()}} for figure in figures]


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
