"""Small sizes, which measure nothing: every door is there with its figures, and whoever reads gets every event."""

from pathlib import Path
from typing import Any

import pytest

from services.bench import doors, report
from services.bench.reading import streamed

_ALWAYS = {"log", "pages", "atom", "ldes", "stream", "subscribe", "webhook"}


def test_a_stream_is_counted_by_whole_events_however_it_is_cut() -> None:
    told = b"".join(b'id: %s/%d\ndata: {"a":"id: 0/9"}\n\n' % (b"0" * 16, sequence) for sequence in range(3))
    held, found = bytearray(), list[int]()
    for byte in b"HTTP/1.1 200 OK\r\n\r\nff\r\nretry: 3000\n\n\r\n" + told + b": nothing new\n\n" + told[:-1]:
        held.append(byte)
        found += streamed(held)
    assert found == [0, 1, 2, 0, 1]


@pytest.mark.slow
def test_every_door_is_measured(tmp_path: Path) -> None:
    found = doors.measure(tmp_path, decisions=3, awards=3, seconds=20, readers=5, kafka=False)
    assert set(found["award_to_door_ms"]) == {"embedded"}
    whole(found, _ALWAYS, {"pages", "stream", "ldes"})


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
def test_every_door_is_measured_over_kafka(tmp_path: Path) -> None:
    found = doors.measure(tmp_path, decisions=3, awards=3, seconds=20, readers=5, kafka=True)
    assert set(found["award_to_door_ms"]) == {"embedded", "kafka"}
    assert set(found["award_to_door_ms"].pop("embedded")) == _ALWAYS
    whole(found, {*_ALWAYS, "topic"}, {"pages", "stream", "ldes", "topic"})


def whole(found: dict[str, Any], measured: set[str], caught_up: set[str]) -> None:
    """All figures are there, and nobody missed anything."""
    (by_door,) = found["award_to_door_ms"].values()
    assert set(by_door) == measured
    assert all(0 < figures["p50"] <= figures["p99"] and figures["awards"] for figures in by_door.values())
    assert {row["door"] for row in found["catch_up"]} == caught_up
    assert all(row["to_the_end"] and row["events"] == found["feed"]["events"] == 14 for row in found["catch_up"])
    crowd = found["crowd"]
    assert crowd["readers"] == 5
    assert crowd["one_by_one"]["events"] == 100
    assert crowd["at_once"]["events"] == 200
    assert crowd["memory_mib_without"] > 0
    assert "| JSON pages |" in report.tables({"doors": found})
    assert "webhook" in report.doors_picture({"doors": found})
