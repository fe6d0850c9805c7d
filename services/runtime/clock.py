"""Clocks: the machine's, and one that stands where a file says, for simulations."""

from datetime import UTC, datetime
from pathlib import Path

from services.kernel.form import instant, parse_instant
from services.kernel.ports import Clock


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(UTC)  # noqa: TID251 - this is the one place


class FileClock:
    """Stands at the instant that a file names; whoever writes the file moves the time of all processes that read it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: datetime | None = None

    def now(self) -> datetime:
        """See `Clock.now`."""
        text = self._path.read_text("ascii").strip()
        if text or self._last is None:  # empty: somebody is about to write it
            self._last = parse_instant(text, str(self._path))
        return self._last

    def set(self, value: datetime) -> None:
        """Move the clock, in one step as seen by every reader."""
        scratch = self._path.with_suffix(".new")
        scratch.write_text(instant(value), "ascii")
        scratch.replace(self._path)


def clock(name: str) -> Clock:
    """The clock of a setting: `system` or `file:PATH`."""
    return FileClock(Path(name.removeprefix("file:"))) if name.startswith("file:") else SystemClock()
