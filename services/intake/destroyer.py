"""Removes the documents that the log says are destroyed: all of them at each start, also restored copies, then new ones."""

import threading
from collections.abc import Callable

from services.intake.records import Destroyed
from services.runtime.documents import Documents
from services.runtime.ending import last_words
from services.runtime.settings import Settings
from services.runtime.state import RowView
from services.runtime.writer import Writer

_LOOK_SECONDS = 1.0
"""How long a stop may have to wait, and how long a document at most outlives its log entry."""


class Destroyer:
    """Follows one log of the intake in a thread of its own. Ended anywhere, it goes on at the next start.

    What the log has had destroyed is gone once this is made: before anything is served.
    """

    def __init__(self, writer: Writer, documents: Documents, stopped: Callable[[BaseException], None]) -> None:
        self._writer, self._documents, self._stopped = writer, documents, stopped
        self._stop = threading.Event()
        self._done: set[str] = set()
        self._thread = threading.Thread(target=self._run, name=f"destroyer {writer.name}", daemon=True)
        self._destroy()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the document in hand."""
        self._stop.set()
        with self._writer.committed:
            self._writer.committed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        with last_words(self._stopped, "destroyer.stopped", log=self._writer.name):
            while not self._stop.is_set():
                seen = self._destroy()
                self._writer.wait_beyond(seen, _LOOK_SECONDS, unless=self._stop.is_set)
                self._stop.wait(_LOOK_SECONDS / 10)  # under load one look serves many entries

    def _destroy(self) -> int:
        """Destroy what is new; gives the length of the log up to which that is so."""
        with self._writer.store.read() as reads:
            length = reads.head().length
            names = [record.document for record in RowView(reads).all(Destroyed)]
        for name in names:
            if name not in self._done:
                self._documents.destroy(name)
                self._done.add(name)
        return length


def destroyer(writer: Writer, settings: Settings, stopped: Callable[[BaseException], None]) -> Destroyer:
    """The destroyer of a log, as the settings say."""
    return Destroyer(writer, Documents(settings.documents), stopped)
