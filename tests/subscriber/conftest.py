"""The feed of the call of 2021 behind a real server, with a log that is signed."""

from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from services.kernel.entry import Entry
from services.publishing.cloudevent import structured as told
from services.publishing.codec import SPEC
from services.publishing.doors.http import app
from services.publishing.doors.ldes import routes as ldes
from services.publishing.doors.ldes.pages import Layout
from services.publishing.feed import Feed
from services.publishing.views import Views
from services.runtime.sql_store import open_store
from services.runtime.writer import Writer
from services.subscriber import following
from services.subscriber.event import Event, structured
from services.tlog.notes import SigningKey, VerifierKey, origin
from tests.services.publishing.feeding import DEPLOYMENT, LOG, Hands, in_time, recorded, take_in
from tests.services.publishing.http.serving import Open, opened

SEED = bytes(range(32))
SMALL = Layout(page=5, part=3)


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """The door over HTTP, in front of a log that a key signs; as Linked Data, with so few events on a page that there are many."""
    history = list(in_time(recorded()))
    clock = Hands(Entry.from_bytes(history[0][1].value).time)
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('signed')}", LOG, SPEC.decider.checks)
    failures: list[BaseException] = []
    writer = Writer(
        deployment=DEPLOYMENT,
        name=LOG,
        decider=SPEC.decider,
        store=store,
        clock=clock,
        stopped=failures.append,
        keys=[SigningKey(origin(DEPLOYMENT, LOG), SEED)],
    )
    writer.start()
    take_in(writer, clock, history)
    feed = Feed(store, deployment=DEPLOYMENT)
    small = tuple(partial(ldes.routes, layout=SMALL) if routes is ldes.routes else routes for routes in app.ROUTES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "ROUTES", small)
        with opened(feed, Views(feed)) as door:
            yield door
    writer.stop()
    store.close()
    assert failures == []


@pytest.fixture(scope="session")
def key() -> VerifierKey:
    return SigningKey(origin(DEPLOYMENT, LOG), SEED).verifier


@pytest.fixture(scope="session")
def events(signed: Open) -> Sequence[Event]:
    """All events, as they should arrive."""
    return [structured(told(event, source=signed.feed.source)) for event in signed.feed.events(None, 10_000)]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_FIRST_WAIT_SECONDS", 0.0)
