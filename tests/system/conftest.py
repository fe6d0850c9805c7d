"""The scenario at the full cap, played twice far from here; what all others are compared with."""

import json

import pytest

from tests.system.playing import Told, begun, ended


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """The same scenario under other seeds, zones and locales."""
    places: list[dict[str, str]] = [
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONUTF8": "0"},
        {"PYTHONHASHSEED": "4242", "TZ": "America/Los_Angeles", "LC_ALL": "C.UTF-8"},
    ]
    directories = [tmp_path_factory.mktemp("elsewhere") for _ in places]
    processes = [begun("tests.system.playing", str(at), **place) for at, place in zip(directories, places, strict=True)]
    outcomes = [ended(process) for process in processes]
    assert [(code, complaints) for code, _, complaints in outcomes] == [(0, "")] * len(places)
    return [json.loads(out) for _, out, _ in outcomes]
