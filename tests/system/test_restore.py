"""Every service loses its store and gets its own history back, from the bus or an export: then all goes on as if it had not."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.audit.export import export
from services.demo import full_cap
from services.demo.result import Snapshot
from services.demo.stage import Stage
from services.demo.world import Embedded
from services.runtime.replay import replay, rows, steps
from services.standalone.registry import SPECS
from tests.cli.line import Line
from tests.system.playing import Told

_OWN = ("entries", "commands", "state", "tree", "hashes")
"""What a log itself says; the rest is what its service has read of others."""


class Played:
    """The scenario at the full cap, at rest, with its services stopped."""

    def __init__(self, directory: Path) -> None:
        world, self.directory = Embedded(directory), directory
        with world.running(full_cap.START):
            full_cap.run(Stage(world, lambda _words: None))
            world.settle()
            self.told = Snapshot.of(world).canonical()
            export(directory / "export", deployment=world.deployment, shards=1, specs=SPECS, client=world.reader)
        values = world.settings(store=f"sqlite:///{directory / 'logs'}", bus=f"local:{directory / 'bus.db'}")
        self.line = Line(**{name: str(value) for name, value in values.items()})
        self.logs = directory / "logs"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(tmp_path_factory.mktemp("played"))


@pytest.fixture
def lost(played: Played, tmp_path: Path) -> Iterator[Path]:
    """Where the stores are that were there before; in their place there is nothing."""
    shutil.copytree(played.logs, tmp_path / "lost")
    shutil.rmtree(played.logs)
    yield tmp_path / "lost"
    shutil.rmtree(played.logs)
    shutil.copytree(tmp_path / "lost", played.logs)


def table(directory: Path, service: str, name: str) -> list[Any]:
    with closing(sqlite3.connect(directory / f"{service}-0.db")) as connection:
        return sorted(connection.execute(f"SELECT * FROM {name}").fetchall())


def read_of_others(directory: Path, service: str) -> tuple[list[Any], list[Any]]:
    with closing(sqlite3.connect(directory / f"{service}-0.db")) as connection:
        progress = connection.execute("SELECT source, next_index FROM progress ORDER BY source").fetchall()
    return progress, table(directory, service, "inbox")


def went_on(directory: Path) -> tuple[Told, int]:
    """The services run again until all is at rest: logs and state, and how many mails went out."""
    world = Embedded(directory)
    with world.running(world.clock.now()):
        world.settle()
        found = Snapshot.of(world)
    for name, spec in SPECS.items():
        assert rows(replay(spec.decider, steps(f"{name}/0", found.logs[f"{name}/0"]))) == found.state[name]
    return found.canonical(), len(world.sink.mails)


@pytest.mark.parametrize("source", ["bus", "export"])
def test_all_services_get_their_own_history_back(played: Played, lost: Path, source: str) -> None:
    place = str(played.directory / "export") if source == "export" else source
    for name in SPECS:
        result = played.line("restore", name, "--from", place)
        assert (result.exit_code, result.stderr) == (0, "")
        for own in _OWN:
            assert table(played.logs, name, own) == table(lost, name, own), (name, own)
    assert went_on(played.directory) == (played.told, 0)
    for name in SPECS:
        assert read_of_others(played.logs, name) == read_of_others(lost, name)
