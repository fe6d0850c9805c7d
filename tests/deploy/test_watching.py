"""The dashboard and the alerts speak of metrics that exist, with labels that they have."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from services.runtime import metrics

ROOT = Path(__file__).parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/dashboards/oproep.json").read_text("utf-8"))
ALERTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
_SAMPLES = {Counter: ("_total",), Gauge: ("",), Histogram: ("_bucket", "_count", "_sum")}


def known() -> dict[str, set[str]]:
    """The names under which the metrics are asked for, with their labels and those that Prometheus adds."""
    found: dict[str, set[str]] = {}
    for metric in vars(metrics).values():
        if isinstance(metric, (Counter, Gauge, Histogram)):
            (family,) = metric.describe()
            extra = {"job", "instance"} | ({"le"} if isinstance(metric, Histogram) else set())
            labels = set(metric._labelnames) | extra  # pyright: ignore[reportPrivateUsage]  # not to be had otherwise
            found |= {family.name + suffix: labels for suffix in _SAMPLES[type(metric)]}
    return found


KNOWN = known()
ON_DASHBOARD = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
EXPRESSIONS = ON_DASHBOARD + [rule["expr"] for rule in ALERTS]


def names(expression: str) -> set[str]:
    return set(re.findall(r"\boproep_\w+", expression))


def labels(expression: str) -> set[str]:
    """The labels that an expression selects or groups by."""
    found = {label for inner in re.findall(r"\{([^}]*)\}", expression) for label in re.findall(r"(\w+)\s*[=!]", inner)}
    groups = re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", expression)
    return found | {label.strip() for group in groups for label in group.split(",")}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_metrics_and_labels_exist(expression: str) -> None:
    assert names(expression) <= KNOWN.keys()
    known = set[str].union(*(KNOWN[name] for name in names(expression)))
    assert labels(expression) <= known


def test_every_metric_is_on_the_dashboard() -> None:
    shown = set[str]().union(*(names(expression) for expression in ON_DASHBOARD))
    assert shown == {name for name in KNOWN if not name.endswith(("_count", "_sum"))}


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: panel["title"])
def test_legends_name_labels_that_are_left(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        assert set(re.findall(r"\{\{\s*(\w+)\s*\}\}", target["legendFormat"])) <= labels(target["expr"])


def test_panels_lie_beside_one_another() -> None:
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_every_alert_says_what_to_do() -> None:
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs/how-to/operators.md").read_text("utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert {rule["annotations"]["runbook"] for rule in ALERTS} <= anchors
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] in {"page", "ticket"} for rule in ALERTS)


def test_prometheus_asks_every_service() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    wanted = {
        f"{name}:{container['environment']['OPROEP_METRICS'].rpartition(':')[2]}"
        for name, container in compose.items()
        if container["image"].startswith("oproep/") and container["restart"] != "no"
    }
    (job,) = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text("utf-8"))["scrape_configs"]
    assert set(job["static_configs"][0]["targets"]) == wanted
