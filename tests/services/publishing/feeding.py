"""A filled feed in a moment: the recorded history of a release, taken in by a real writer into a real store."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random  # noqa: TID251 - only its type: the test seeds it
from typing import Any

from google.protobuf.message import Message

from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.ports import Stored
from services.publishing.codec import SPEC
from services.publishing.feed import Feed
from services.publishing.model import NoteCall
from services.publishing.terms import Published
from services.publishing.views import Views
from services.runtime.batch import Arrival
from services.runtime.reader import Interpreter
from services.runtime.sql_store import SqlStore, open_store
from services.runtime.writer import Writer
from services.standalone.registry import SPECS
from tests.golden.record import read

RELEASE = "0.1"
DEPLOYMENT = "demo"
LOG = "publishing/0"
ALL = tuple(name.value for name in Published)
Logs = Mapping[str, Sequence[Stored]]


@dataclass(frozen=True, slots=True)
class Filled:
    """A feed at rest, with what it was read from."""

    store: SqlStore
    feed: Feed
    views: Views


class Hands:
    """A clock that stands where it was put."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self.at


def recorded() -> Logs:
    """The five logs that the service reads, as the call of 2021 left them: two rounds, from the call to the last settlement."""
    return {f"{service}/0": read(RELEASE, service) for service in SPEC.sources}


def in_time(logs: Logs) -> Iterator[tuple[str, Stored]]:
    """All entries in the order in which they happened."""
    entries = [
        (Entry.from_bytes(s.value).time, number, s.index, name, s) for number, (name, log) in enumerate(logs.items()) for s in log
    ]
    for *_, name, stored in sorted(entries, key=lambda entry: entry[:3]):
        yield name, stored


def shuffled(logs: Logs, random: Random) -> Iterator[tuple[str, Stored]]:
    """All entries, each log in its order, the logs between each other at random."""
    left = {name: list(reversed(log)) for name, log in logs.items()}
    while rest := [name for name, log in left.items() if log]:
        name = random.choice(rest)
        for _ in range(min(random.choice((1, 3, 40, 1000)), len(left[name]))):
            yield name, left[name].pop()


def stating(entries: Iterable[tuple[str, Stored]], *, authority_id: str, budget_article: str) -> Iterator[tuple[str, Stored]]:
    """The same entries, as if the files of their calls had stated that."""
    for name, stored in entries:
        entry = Entry.from_bytes(stored.value)
        events = [
            {**event, "rules": _stated(event["rules"], authority_id, budget_article)} if event["type"] == "CallPublished" else event
            for event in entry.events
        ]
        value = replace(entry, events=tuple(events)).to_bytes()
        yield name, Stored(stored.index, stored.stream, value, leaf(value))


def _stated(rules: Any, authority_id: str, budget_article: str) -> dict[str, Any]:
    return {**rules, "authorityId": authority_id, "envelope": {**rules["envelope"], "budgetArticle": budget_article}}


def interpreter(shards: int = 1) -> Interpreter:
    """What makes commands of the entries of other logs."""

    def messages(service: str) -> dict[str, type[Message]]:
        module: Any = SPECS[service].wire.events
        return {name: getattr(module, name) for name in module.DESCRIPTOR.message_types_by_name}

    return Interpreter(SPEC, shard=0, shards=shards, events={service: messages(service) for service in SPEC.sources})


def arrival(reading: Interpreter, name: str, stored: Stored, published: Sequence[str] | None) -> Arrival:
    """An entry as it comes in; with `published`, as if its call published that."""
    came = reading.arrival(name, stored, stored.index + 1)
    if published is None:
        return came
    orders = [
        replace(order, command=replace(order.command, published=tuple(published))) if isinstance(order.command, NoteCall) else order
        for order in came.orders
    ]
    return replace(came, orders=tuple(orders))


def take_in(writer: Writer, clock: Hands, entries: Iterable[tuple[str, Stored]], published: Sequence[str] | None = ALL) -> None:
    """Have a running writer take in entries, each at its own time."""
    reading = interpreter()
    for name, stored in entries:
        clock.at = max(clock.at, Entry.from_bytes(stored.value).time)
        writer.receive([arrival(reading, name, stored, published)]).result()


@contextmanager
def writing(directory: Path, clock: Hands) -> Generator[Writer]:
    """A running writer of an empty feed."""
    failures: list[BaseException] = []
    store = open_store(f"sqlite:///{directory}", LOG, SPEC.decider.checks)
    writer = Writer(deployment=DEPLOYMENT, name=LOG, decider=SPEC.decider, store=store, clock=clock, stopped=failures.append)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()
        store.close()
    assert not failures


@contextmanager
def filled(
    directory: Path, entries: Iterable[tuple[str, Stored]] | None = None, published: Sequence[str] | None = ALL
) -> Generator[Filled]:
    """The feed of those entries, by default of the recorded history in the order in which it happened."""
    history = list(in_time(recorded()) if entries is None else entries)
    clock = Hands(Entry.from_bytes(history[0][1].value).time)
    with writing(directory, clock) as writer:
        take_in(writer, clock, history, published)
        assert isinstance(writer.store, SqlStore)
        feed = Feed(writer.store, deployment=DEPLOYMENT)
        yield Filled(writer.store, feed, Views(feed))
