"""How far a subscriber has come, in a file; and the other way, in which what it has written is itself how far it has come."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from services.subscriber.event import Event, FeedError, Place, structured

_END_BYTES = 1 << 20
"""The end of a file of events that surely holds the last of them: an entry of a log has at most 64 KiB."""


class Ledger(Protocol):
    """Where a subscriber's place is kept."""

    def place(self) -> Place | None:
        """The last event that was dealt with; None before the first."""
        ...

    def keep(self, event: Event) -> None:
        """Note, durably, that this event was dealt with."""
        ...

    def close(self) -> None:
        """Give back files."""
        ...


class Nowhere:
    """Nothing is kept: each run begins at the first event."""

    def __init__(self) -> None:
        self._place: Place | None = None

    def place(self) -> Place | None:
        """See `Ledger`."""
        return self._place

    def keep(self, event: Event) -> None:
        """See `Ledger`."""
        self._place = event.place

    def close(self) -> None:
        """See `Ledger`."""


class PlaceFile:
    """The id of the last event in a file, written anew as a whole after each. What dies in between leaves the old one.

    An event whose work was done, but not yet noted, comes once more after a death: its id says so.
    """

    def __init__(self, path: Path) -> None:
        """Read the file, if there is one.

        Raises:
            FeedError: if it holds something else.
        """
        self._path = path
        self._place = Place.parse(path.read_text("utf-8").strip()) if path.exists() else None

    def place(self) -> Place | None:
        """See `Ledger`."""
        return self._place

    def keep(self, event: Event) -> None:
        """See `Ledger`."""
        scratch = self._path.with_name(f"{self._path.name}.new")
        with scratch.open("w", encoding="utf-8") as file:
            file.write(f"{event.place}\n")
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self._path)
        _settle(self._path.parent)
        self._place = event.place

    def close(self) -> None:
        """See `Ledger`."""


class Lines:
    """Events as lines of a file, to which they are added; the last line is the place. So each is there once, whatever dies."""

    def __init__(self, path: Path) -> None:
        """Find the last whole line; half a line is what a death left, and is cut off.

        Raises:
            FeedError: if the last line is no event.
        """
        new = not path.exists()
        self._file = path.open("ab+")
        if new:
            _settle(path.parent)
        try:
            self._place = self._last()
        except BaseException:
            self._file.close()
            raise

    def place(self) -> Place | None:
        """See `Ledger`."""
        return self._place

    def keep(self, event: Event) -> None:
        """Add the event."""
        self._file.write(f"{event.line()}\n".encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._place = event.place

    def close(self) -> None:
        """See `Ledger`."""
        self._file.close()

    def _last(self) -> Place | None:
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(0, size - _END_BYTES))
        whole, _, half = self._file.read().rpartition(b"\n")
        if half:
            self._file.truncate(size - len(half))
        line = whole.rpartition(b"\n")[2]
        try:
            return structured(json.loads(line)).place if line else None
        except ValueError as error:
            raise FeedError(f"{self._file.name}: its last line is no event: {error}") from error


def _settle(directory: Path) -> None:
    """Make the name of a new file durable."""
    with suppress(PermissionError):  # a directory that may be written to, but not read
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
