"""Ledger and reader die at one failpoint after the other, each start at the next one, under load."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from services.devcluster.postgres import start_postgres
from tests.chaos.chance import Chance
from tests.chaos.failpoints import LEDGER_ONLY, ON_POSTGRES, READER_ONLY, WRITER, Point
from tests.chaos.load import Load
from tests.chaos.yard import LEDGER, READER, Yard, as_released, until, yard

EVERY: Mapping[str, Mapping[str, Point]] = {LEDGER: {**WRITER, **LEDGER_ONLY}, READER: {**WRITER, **READER_ONLY}}
"""By service; on PostgreSQL there is one more."""


class Deaths:
    """The entry points of a yard: a process for each failpoint that is still to be died at, then such as live."""

    def __init__(self, directory: Path, chance: Chance, points: Mapping[str, Mapping[str, Point]], rounds: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._notes = {service: directory / f"{service}.died" for service in points}
        self._planned: dict[str, list[tuple[str, int]]] = {}
        for service, named in points.items():
            self._notes[service].touch()
            planned = [(name, chance.number(1, point.passes)) for _ in range(rounds) for name, point in named.items()]
            self._planned[service] = chance.shuffled(planned)
        self._left = {service: list(planned) for service, planned in self._planned.items()}

    def entry(self, service: str) -> Sequence[str]:
        """The next death of a service."""
        if not self._left.get(service):
            return as_released(service)
        name, number = self._left[service].pop(0)
        note = str(self._notes[service])
        return ("-m", "tests.chaos.launch", "--die", name, "--on-pass", str(number), "--note", note)

    def wait(self) -> None:
        """Wait until all have died everywhere.

        Raises:
            TimeoutError: naming the place that nobody comes to.
        """
        for service, planned in self._planned.items():
            for number, (name, passed) in enumerate(planned, 1):
                until(partial(self._happened, service, number), f"{service} to die at {name!r}, pass {passed}")

    def faults(self) -> Iterable[str]:
        """Where somebody died by himself instead."""
        for service, planned in self._planned.items():
            if (died := self._died(service)) != [name for name, _ in planned]:
                yield f"{service} should have died at {planned}, and did at {died}"

    def _happened(self, service: str, number: int) -> bool:
        return len(self._died(service)) >= number

    def _died(self, service: str) -> list[str]:
        return self._notes[service].read_text().splitlines()


@contextmanager
def deaths(
    directory: Path,
    chance: Chance,
    *,
    store: str = "",
    points: Mapping[str, Mapping[str, Point]] = EVERY,
    rounds: int = 1,
) -> Generator[tuple[Yard, Load]]:
    """Every failpoint of both services, `rounds` times each."""
    planned = Deaths(directory / "deaths", chance, points, rounds)
    with yard(directory / "yard", store=store, entry=planned.entry) as ground:
        load = Load(ground, 4)
        planned.wait()
        load.more()
        load.stop()
        load.faults += planned.faults()
        yield ground, load


@contextmanager
def deaths_on_postgres(directory: Path, chance: Chance) -> Generator[tuple[Yard, Load]]:
    """The same on PostgreSQL, and after a COMMIT has been sent."""
    points = {service: {**named, **ON_POSTGRES} for service, named in EVERY.items()}
    with start_postgres(directory / "postgres") as server, deaths(directory, chance, store=server.url, points=points) as played:
        yield played
