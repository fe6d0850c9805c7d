"""How far a subscriber has come, in a file; and the other way, in which what it has written is itself how far it has come.

With it goes the largest checkpoint of the feed's log under which an event was proven, if events are proven: the next run holds the
log to it. Who does not prove leaves it as it is.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from services.subscriber.event import Event, FeedError, Place, structured
from services.tlog.notes import NoteError, unverified

_END_BYTES = 1 << 20
"""The end of a file of events that surely holds the last of them: an entry of a log has at most 64 KiB."""


class Ledger(Protocol):
    """Where a subscriber's place is kept."""

    def place(self) -> Place | None:
        """The last event that was dealt with; None before the first."""
        ...

    def checkpoint(self) -> str:
        """The checkpoint that was kept, as a signed note; empty if none was."""
        ...

    def keep(self, event: Event, checkpoint: str | None) -> None:
        """Note, durably, that this event was dealt with, and the checkpoint if there is one."""
        ...

    def close(self) -> None:
        """Give back files."""
        ...


class Nowhere:
    """Nothing is kept: each run begins at the first event."""

    def __init__(self) -> None:
        self._place: Place | None = None
        self._checkpoint = ""

    def place(self) -> Place | None:
        """See `Ledger`."""
        return self._place

    def checkpoint(self) -> str:
        """See `Ledger`."""
        return self._checkpoint

    def keep(self, event: Event, checkpoint: str | None) -> None:
        """See `Ledger`."""
        self._place, self._checkpoint = event.place, checkpoint or self._checkpoint

    def close(self) -> None:
        """See `Ledger`."""


class PlaceFile:
    """The id of the last event in a file, written anew as a whole after each. What dies in between leaves the old one.

    The id is the first line; a checkpoint, if one is kept, is all that follows. An event whose work was done, but not yet noted,
    comes once more after a death: its id says so.
    """

    def __init__(self, path: Path) -> None:
        """Read the file, if there is one.

        Raises:
            FeedError: if it holds something else.
        """
        self._path = path
        self._place: Place | None = None
        self._checkpoint = ""
        if path.exists():
            place, _, note = path.read_text("utf-8").partition("\n")
            self._place = Place.parse(place.strip())
            self._checkpoint = _note(note, path) if note.strip() else ""

    def place(self) -> Place | None:
        """See `Ledger`."""
        return self._place

    def checkpoint(self) -> str:
        """See `Ledger`."""
        return self._checkpoint

    def keep(self, event: Event, checkpoint: str | None) -> None:
        """See `Ledger`."""
        note = checkpoint or self._checkpoint
        _write(self._path, f"{event.place}\n{note}")
        self._place, self._checkpoint = event.place, note

    def close(self) -> None:
        """See `Ledger`."""


class Lines:
    """Events as lines of a file, to which they are added; the last line is the place. So each is there once, whatever dies.

    A checkpoint, if one is kept, is in a file of its own beside it, `<name>.checkpoint`. It is written after the event: what dies
    in between leaves the old one, to which the log must be true as well.
    """

    def __init__(self, path: Path) -> None:
        """Find the last whole line; half a line is what a death left, and is cut off.

        Raises:
            FeedError: if the last line is no event, or the file beside it no checkpoint.
        """
        self._beside = path.with_name(f"{path.name}.checkpoint")
        self._checkpoint = _note(self._beside.read_text("utf-8"), self._beside) if self._beside.exists() else ""
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

    def checkpoint(self) -> str:
        """See `Ledger`."""
        return self._checkpoint

    def keep(self, event: Event, checkpoint: str | None) -> None:
        """Add the event."""
        self._file.write(f"{event.line()}\n".encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._place = event.place
        if checkpoint and checkpoint != self._checkpoint:
            _write(self._beside, checkpoint)
            self._checkpoint = checkpoint

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


def _note(text: str, path: Path) -> str:
    """A checkpoint that was kept, as it stands.

    Raises:
        FeedError: if it is none.
    """
    try:
        unverified(text)
    except NoteError as error:
        raise FeedError(f"{path}: holds no checkpoint: {error}") from error
    return text


def _write(path: Path, text: str) -> None:
    """Put a text in the place of a file's, durably and as a whole."""
    scratch = path.with_name(f"{path.name}.new")
    with scratch.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    _settle(path.parent)


def _settle(directory: Path) -> None:
    """Make the name of a new file durable."""
    with suppress(PermissionError):  # a directory that may be written to, but not read
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
