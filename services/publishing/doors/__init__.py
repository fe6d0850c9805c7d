"""The doors: ways by which others read the feed, each a worker beside the log. None writes, none holds up another.

A door is a module or package here with a function `door(DoorContext) -> Worker`, named in `factories`. It reads the feed and the
views at its own pace, keeps its own place, and may be stopped anywhere. All hear of new events by `Feed.on_change` or `Feed.wait`.
"""

import resource
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.publishing.feed import Feed, feed_log
from services.publishing.views import Views
from services.runtime.ending import last_words
from services.runtime.settings import Settings
from services.runtime.spec import Serving, Worker
from services.runtime.writer import Writer

_LOOK_SECONDS = 1.0
_FILES = 65_536
"""Files that may be open, a connection being one, as far as the system lets a process ask: the doors hold thousands of readers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorContext:
    """What a door has. `stopped` is to be called with the reason if the door can never go on; then the process ends."""

    feed: Feed
    views: Views
    settings: Settings
    stopped: Callable[[BaseException], None]


DoorFactory = Callable[[DoorContext], Worker]


def factories() -> tuple[DoorFactory, ...]:
    """All doors. They are imported here, so that only a process that runs them loads what they need."""
    from services.publishing.doors.http.app import door as http  # noqa: PLC0415
    from services.publishing.doors.kafka.door import door as kafka  # noqa: PLC0415
    from services.publishing.doors.webhooks.worker import door as webhooks  # noqa: PLC0415

    return (http, kafka, webhooks)


class Doors:
    """All doors of a feed, and what keeps the feed at the length of its log."""

    def __init__(self, writer: Writer, feed: Feed, doors: tuple[Worker, ...], stopped: Callable[[BaseException], None]) -> None:
        self._writer, self._feed, self._doors, self._stopped = writer, feed, doors, stopped
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"feed {writer.name}", daemon=True)

    def start(self) -> None:
        """Follow the log, and open the doors."""
        if self._doors:
            _allow_files()
        self._thread.start()
        for door in self._doors:
            door.start()

    def stop(self) -> None:
        """Close the doors, then leave the log."""
        for door in self._doors:
            door.stop()
        self._stop.set()
        with self._writer.committed:
            self._writer.committed.notify_all()
        self._thread.join()

    def serve(self, server: Any) -> list[str]:
        """See `Serving.serve`."""
        return [name for door in self._doors if isinstance(door, Serving) for name in door.serve(server)]

    def _run(self) -> None:
        with last_words(self._stopped, "feed.stopped", log=self._writer.name):
            while not self._stop.is_set():
                length = self._writer.length
                self._feed.refresh()
                self._writer.wait_beyond(length, _LOOK_SECONDS, unless=self._stop.is_set)


def _allow_files() -> None:
    """Raise the limit of open files of this process. Most systems set it at 1,024, and leave it to the process to ask for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def doors(writer: Writer, settings: Settings, stopped: Callable[[BaseException], None]) -> Worker:
    """The worker of a log of the publishing service: all doors beside the feed, none beside a log that has no feed."""
    feed = Feed(writer.store, deployment=settings.deployment, name=writer.name)
    context = DoorContext(feed=feed, views=Views(feed), settings=settings, stopped=stopped)
    made = factories() if writer.name == feed_log(settings.shards) else ()
    return Doors(writer, feed, tuple(factory(context) for factory in made), stopped)
