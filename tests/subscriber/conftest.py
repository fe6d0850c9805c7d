"""The feed of the call of 2021 behind a real server, with a log that is signed."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import pytest

from services.publishing.cloudevent import structured as told
from services.publishing.doors.http import app
from services.publishing.doors.ldes import routes as ldes
from services.publishing.doors.ldes.pages import Layout
from services.subscriber import following
from services.subscriber.event import Event, structured
from services.tlog.notes import VerifierKey
from tests.services.publishing.feeding import in_time, recorded
from tests.services.publishing.http.serving import Open
from tests.subscriber.telling import KEY, telling

SMALL = Layout(page=5, part=3)


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """The door over HTTP, in front of a log that a key signs; as Linked Data, with so few events on a page that there are many."""
    small = tuple(partial(ldes.routes, layout=SMALL) if routes is ldes.routes else routes for routes in app.ROUTES)
    with ExitStack() as held:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(app, "ROUTES", small)  # until the server is there: others of the process have pages as they should be
            door = held.enter_context(telling(tmp_path_factory.mktemp("signed"), list(in_time(recorded()))))
        yield door


@pytest.fixture(scope="session")
def key() -> VerifierKey:
    return KEY.verifier


@pytest.fixture(scope="session")
def events(signed: Open) -> Sequence[Event]:
    """All events, as they should arrive."""
    return [structured(told(event, source=signed.feed.source)) for event in signed.feed.events(None, 10_000)]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_FIRST_WAIT_SECONDS", 0.0)
