"""The door as it runs: nobody waits for a slow endpoint, new events wake it, and it may be killed anywhere."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from services.publishing.doors import DoorContext
from services.publishing.doors.webhooks.admin import NewEndpoint
from services.publishing.doors.webhooks.rota import Rota
from services.publishing.doors.webhooks.transport import TIMEOUT_SECONDS, Transport
from services.publishing.doors.webhooks.worker import Webhooks, door
from services.publishing.feed import Feed
from services.publishing.views import Views
from services.runtime.settings import Settings
from services.runtime.sql_store import open_store
from tests.services.publishing.feeding import DEPLOYMENT, LOG, Filled, Hands, in_time, recorded, take_in, writing
from tests.services.publishing.webhooks.yard import LOOPBACK, NOON, OWNER, Receiver, Reply, Request, Yard


def settings(directory: Path, at_once: int = 8) -> Settings:
    return Settings(
        store=f"sqlite:///{directory}",
        webhook_key=f"file:{directory / 'webhook.key'}",
        webhook_allow="127.0.0.0/8",
        webhook_at_once=at_once,
        deployment=DEPLOYMENT,
    )


@contextmanager
def running(feed: Feed, directory: Path, at_once: int = 8) -> Generator[Webhooks]:
    failures: list[BaseException] = []
    made = door(DoorContext(feed=feed, views=Views(feed), settings=settings(directory, at_once), stopped=failures.append))
    made.start()
    try:
        yield made
    finally:
        made.stop()
    assert not failures


def add(webhooks: Webhooks, name: str, url: str, start: str = "0") -> None:
    webhooks.admin.add(NewEndpoint(endpoint_id=name, url=url, owner=OWNER, start=start), by="operator-1")
    webhooks.wake()


def test_endpoints_that_never_answer_hold_up_nobody(life: Filled, tmp_path: Path, receiver: Receiver) -> None:
    """There are more of them than places. All have failed before, so they have half of the places between them."""
    start, yard = life.feed.length() - 5, Yard(tmp_path, life.feed)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as deaf:
        deaf.settimeout(20)
        for number in range(8):
            yard.add(f"http://127.0.0.1:{deaf.getsockname()[1]}/", f"deaf-{number}")
            before = yard.endpoint(f"deaf-{number}")
            with yard.store.transaction() as tx:
                tx.put(replace(before, failed=1))
        yard.store.close()
        with running(life.feed, tmp_path, at_once=4) as webhooks:
            under_way = [deaf.accept()[0] for _ in range(2)]
            add(webhooks, "books", receiver.url, str(start))
            receiver.wait(5, TIMEOUT_SECONDS / 2)
            for connection in under_way:  # so that the stop has nobody to wait for
                connection.close()
    assert receiver.sequences() == list(range(start, start + 5))


@contextmanager
def sending(yard: Yard, rota: Rota, place_seconds: float) -> Generator[Webhooks]:
    """The door over a yard. An attempt has an hour, so that no time-out can help those who wait."""
    failures: list[BaseException] = []
    deliverer = replace(yard.deliverer, transport=Transport(LOOPBACK, httpx.create_ssl_context(), timeout_seconds=3600))
    made = Webhooks(deliverer, yard.mailer("127.0.0.1:1"), rota, stopped=failures.append, place_seconds=place_seconds)
    made.start()
    try:
        yield made
    finally:
        made.stop()
    assert not failures


def test_endpoints_that_fall_silent_all_at_once_hold_up_nobody(yard: Yard, receiver: Receiver) -> None:
    """None has failed before, and there are three for each place. The good one, last in turn, has all its events before any of
    their attempts has ended.
    """
    start, silent = yard.feed.length() - 5, [f"silent-{number:02}" for number in range(12)]
    with socket.create_server(("127.0.0.1", 0), backlog=64) as deaf, ExitStack() as connections:
        deaf.settimeout(20)
        for name in silent:
            yard.add(f"http://127.0.0.1:{deaf.getsockname()[1]}/", name)
        yard.add(receiver.url, "the-good-one", start=str(start))
        with sending(yard, Rota(4), place_seconds=0.05):
            receiver.wait(5)
            assert receiver.sequences() == list(range(start, start + 5))
            for _ in silent:
                connections.enter_context(deaf.accept()[0])
            assert [yard.log(name) for name in silent] == [[]] * 12, "all of them are still waited for"
            connections.close()  # so that the stop has nobody to wait for
    assert [len(yard.log(name)) for name in silent] == [1] * 12, "they went on beside, and what became of them is kept"


def test_endpoints_known_to_be_slow_hide_nobody(yard: Yard, receiver: Receiver) -> None:
    """All of them are due before the good one. One has half of the places for an hour, and the others wait for it."""
    start, slow, rota = yard.feed.length() - 5, [f"slow-{number}" for number in range(8)], Rota(2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.settimeout(20)
        for name in slow:
            yard.add(f"http://127.0.0.1:{deaf.getsockname()[1]}/", name)
            rota.begin(name, failed=False)
            rota.outlast(name)
            rota.end(name)
        yard.add(receiver.url, "the-good-one", start=str(start))
        with sending(yard, rota, place_seconds=3600):
            receiver.wait(5)
            under_way = deaf.accept()[0]
            deaf.close()  # so that the stop has nobody to wait for
            under_way.close()
    assert receiver.sequences() == list(range(start, start + 5))


def test_as_many_at_a_time_as_there_are_places(life: Filled, yard: Yard, receiver: Receiver) -> None:
    together, lock = threading.Barrier(3, timeout=20), threading.Lock()
    now, most = 0, 0

    def answer(_request: Request) -> Reply:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait()
        with lock:
            now -= 1
        return Reply()

    receiver.answer = answer
    for number in range(9):
        yard.add(receiver.url, f"endpoint-{number}", start=str(life.feed.length() - 1))
    with sending(yard, Rota(3), place_seconds=3600):
        receiver.wait(9)
    assert most == 3


def test_one_at_a_time_for_each_and_many_at_a_time_for_all(life: Filled, tmp_path: Path, receiver: Receiver) -> None:
    start = life.feed.length() - 20
    together, now, most, lock = threading.Barrier(2, timeout=20), dict[str, int](), dict[str, int](), threading.Lock()

    def answer(request: Request) -> Reply:
        with lock:
            now[request.path] = now.get(request.path, 0) + 1
            most[request.path] = max(most.get(request.path, 0), now[request.path])
        if request.sequence == start:
            together.wait()  # both are here at once, or nobody goes on
        with lock:
            now[request.path] -= 1
        return Reply()

    receiver.answer = answer
    with running(life.feed, tmp_path) as webhooks:
        for name in ("a", "b"):
            add(webhooks, name, f"{receiver.url}/{name}", str(start))
        receiver.wait(40)
    assert set(most.values()) == {1}
    for path in most:
        came = [request.sequence for request in receiver.requests if request.path == path]
        assert came == list(range(start, start + 20)), "what is under way is not begun again"


def test_new_events_wake_it(tmp_path: Path, receiver: Receiver) -> None:
    clock, history = Hands(NOON), list(in_time(recorded()))
    with writing(tmp_path / "log", clock) as writer:
        feed = Feed(writer.store, deployment=DEPLOYMENT)
        with running(feed, tmp_path) as webhooks:
            add(webhooks, "books", receiver.url, "end")  # before the first entry of the log
            take_in(writer, clock, history[:60])
            feed.refresh()
            receiver.wait(feed.length())
            take_in(writer, clock, history[60:120])
            feed.refresh()
            receiver.wait(feed.length())
        assert receiver.sequences() == list(range(feed.length()))


def test_a_bug_or_a_store_that_fails_ends_the_process(life: Filled, tmp_path: Path, receiver: Receiver) -> None:
    failures, told = list[BaseException](), threading.Event()

    def stopped(error: BaseException) -> None:
        failures.append(error)
        told.set()

    made = door(DoorContext(feed=life.feed, views=life.views, settings=settings(tmp_path), stopped=stopped))
    add(made, "books", receiver.url)
    with closing(sqlite3.connect(tmp_path / "webhooks.db")) as connection:
        connection.execute("DROP TABLE deliveries")
    made.start()
    assert told.wait(20)
    made.stop()
    assert "deliveries" in str(failures[0])


_SENDING = """
import sys, threading
from pathlib import Path
from services.publishing.doors import DoorContext
from services.publishing.doors.webhooks.rota import Rota
from services.publishing.doors.webhooks.transport import TIMEOUT_SECONDS
from services.publishing.doors.webhooks.worker import door
from services.publishing.feed import Feed
from services.publishing.views import Views
from services.runtime.sql_store import open_store
from tests.services.publishing.feeding import DEPLOYMENT, LOG
from tests.services.publishing.webhooks.test_worker import settings

directory, logs = Path(sys.argv[1]), sys.argv[2]
feed = Feed(open_store(logs, LOG), deployment=DEPLOYMENT)
door(DoorContext(feed=feed, views=Views(feed), settings=settings(directory), stopped=print)).start()
threading.Event().wait(60)
"""


def test_killed_while_the_receiver_has_it(tmp_path: Path, receiver: Receiver) -> None:
    """A process is killed when the third event has arrived and before it is answered; the next one sends it again."""
    clock = Hands(NOON)
    with writing(tmp_path / "logs", clock) as writer:
        take_in(writer, clock, list(in_time(recorded()))[:80])
        length = Feed(writer.store, deployment=DEPLOYMENT).length()
    sender: list[subprocess.Popen[bytes]] = []

    def kill(request: Request) -> Reply:
        if request.sequence == 2:
            receiver.answer = calm
            os.kill(sender[0].pid, signal.SIGKILL)
            sender[0].wait()
        return Reply()

    calm: Callable[[Request], Reply] = lambda _request: Reply()  # noqa: E731
    receiver.answer = kill
    logs = f"sqlite:///{tmp_path / 'logs'}"
    store = open_store(logs, LOG)
    feed = Feed(store, deployment=DEPLOYMENT)
    yard = Yard(tmp_path, feed)
    yard.add(receiver.url)
    yard.store.close()
    root = Path(__file__).resolve().parents[4]
    sender.append(subprocess.Popen([sys.executable, "-c", _SENDING, str(tmp_path), logs], cwd=root))
    receiver.wait(3, 60)
    sender[0].wait(30)
    with running(feed, tmp_path):
        receiver.wait(length + 1)
    store.close()
    assert receiver.sequences() == [0, 1, 2, *range(2, length)]
    ids = [request.id for request in receiver.requests]
    assert ids[2] == ids[3]
