"""A feed in a log that a key signs, behind a real server: made of given entries, so that there may be several that differ."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from services.kernel.entry import Entry
from services.kernel.ports import Stored
from services.publishing.codec import SPEC
from services.publishing.feed import Feed
from services.publishing.views import Views
from services.runtime.sql_store import open_store
from services.runtime.writer import Writer
from services.tlog.notes import SigningKey, origin
from tests.services.publishing.feeding import DEPLOYMENT, LOG, Hands, take_in
from tests.services.publishing.http.serving import Open, opened

KEY = SigningKey(origin(DEPLOYMENT, LOG), bytes(range(32)))
Told = Sequence[tuple[str, Stored]]


@contextmanager
def telling(directory: Path, entries: Told, otherwise: Told = ()) -> Generator[Open]:
    """The doors of a feed that has taken in those entries, and after them `otherwise`, later than they happened.

    The same entries give the same log, byte by byte; what is told later is told in other bytes.
    """
    clock = Hands(Entry.from_bytes(entries[0][1].value).time)
    store = open_store(f"sqlite:///{directory}", LOG, SPEC.decider.checks)
    failures: list[BaseException] = []
    writer = Writer(
        deployment=DEPLOYMENT,
        name=LOG,
        decider=SPEC.decider,
        store=store,
        clock=clock,
        stopped=failures.append,
        keys=[KEY],
    )
    writer.start()
    try:
        take_in(writer, clock, entries)
        clock.at += timedelta(days=3_000)
        take_in(writer, clock, otherwise)
        feed = Feed(store, deployment=DEPLOYMENT)
        with opened(feed, Views(feed)) as door:
            yield door
    finally:
        writer.stop()
        store.close()
    assert failures == []
