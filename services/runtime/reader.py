"""Reading another service's log: by (log, index), never by the bus's position.

next index -> take in;  lower -> compare the leaf, drop;  higher -> fetch the gap from the owner, then take in.
What is no entry at all goes to the dead-letter topic. An entry that this service cannot read is parked with its stream.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any, Protocol

import structlog
from google.protobuf import json_format
from google.protobuf.message import Message as Proto

from services.kernel import canonical
from services.kernel.entry import Cause, Entry
from services.kernel.form import MalformedError, to_json
from services.kernel.ports import Bus, BusError, CorruptLogError, Message, Outgoing, Parked, Stored
from services.runtime import metrics, tracing
from services.runtime.batch import Arrival, Order
from services.runtime.ending import last_words
from services.runtime.facts import Fact
from services.runtime.relay import DEAD_LETTERS, incoming, topic
from services.runtime.shards import EVERY, shard_of, system_actor
from services.runtime.spec import Spec
from services.runtime.writer import Writer

_POLL_SECONDS = 0.5
_RETRY_SECONDS = 1.0

log = structlog.get_logger()


class Owner(Protocol):
    """Where entries are fetched that the bus has not brought."""

    def entries(self, name: str, start: int, end: int) -> Sequence[Stored]:
        """Entries `start` to `end` (not included) of a log.

        Raises:
            BusError: if the owner does not answer; trying again may help.
        """
        ...


class Interpreter:
    """Turns entries of other logs into this service's commands."""

    def __init__(self, spec: Spec, *, shard: int, shards: int, events: dict[str, dict[str, type[Proto]]]) -> None:
        self._spec, self._shard, self._shards, self._events = spec, shard, shards, events
        self._actor = system_actor(spec.decider.service)

    def arrival(self, source: str, stored: Stored, next_position: int, trace: str = "") -> Arrival:
        """The entry with the commands that follow from it, followed as it was, or with the fault that stops it."""
        try:
            orders, fault = tuple(self._orders(source, stored, trace)), None
        except MalformedError as error:
            orders, fault = (), str(error)
        return Arrival(
            source=source,
            index=stored.index,
            leaf=stored.leaf,
            stream=stored.stream,
            value=stored.value,
            next_position=next_position,
            orders=orders,
            fault=fault,
        )

    def _orders(self, source: str, stored: Stored, trace: str) -> Iterable[Order]:
        entry = Entry.from_bytes(stored.value)
        cause = Cause(log=source, index=stored.index, leaf=stored.leaf)
        for number, body in enumerate(entry.events):
            message = self._message(source, body, number)
            if message is None:
                continue
            fact = Fact(source=source, index=stored.index, leaf=stored.leaf, time=entry.time, actor=entry.actor, message=message)
            for n, command in enumerate(self._spec.reactions(fact)):
                size = len(canonical.encode(to_json(command)))
                if size > canonical.MAX_COMMAND_BYTES:
                    raise MalformedError(
                        f"data.events[{number}]", f"leads to a command of {size} bytes", f"at most {canonical.MAX_COMMAND_BYTES}"
                    )
                key = self._spec.decider.shard(command)
                if key == EVERY or shard_of(key, self._shards) == self._shard:
                    command_id = f"{source}/{stored.index}/{number}/{n}"
                    yield Order(command_id=command_id, command=command, actor=self._actor, cause=cause, trace=trace)

    def _message(self, source: str, body: Any, number: int) -> Proto | None:
        """The event as the message of its type; None for a type that this version does not know, as it cannot concern it."""
        kind = self._events[source.partition("/")[0]].get(body["type"])
        if kind is None:
            return None
        try:
            return json_format.ParseDict({k: v for k, v in body.items() if k != "type"}, kind(), ignore_unknown_fields=True)
        except json_format.ParseError as error:
            raise MalformedError(f"data.events[{number}]", str(error), f"a {body['type']}") from error


class Reader:
    """Takes one log of another service into one log of this one."""

    def __init__(self, source: str, writer: Writer, interpreter: Interpreter, bus: Bus, owner: Owner) -> None:
        self.source = source
        self._writer, self._interpreter, self._bus, self._owner = writer, interpreter, bus, owner
        self._label = (writer.name.partition("/")[0], source)

    def position(self) -> int:
        """The bus position to read from."""
        with self._writer.store.read() as reads:
            progress = reads.progress(self.source)
        metrics.reader_next.labels(*self._label).set(progress.next_index)
        return progress.position

    def take(self, messages: Sequence[Message]) -> None:
        """Take in records, whatever they are, at least once each; returns when their effects are durable.

        Raises:
            BusError: if the bus or the owner of the log is away; give the same records again.
            CorruptLogError: if the log now says something else than before. Nothing may go on.
        """
        with self._writer.store.read() as reads:
            wanted = reads.progress(self.source).next_index
        arrivals: list[Arrival] = []
        for message in messages:
            stored = incoming(self.source, message)
            if stored is None:
                self._receive(arrivals)  # first: the position that is noted with the record is beyond them
                self._set_aside(message)
            elif stored.index < wanted:
                self._compare(stored, arrivals)
            else:
                arrivals += self._gap(wanted, stored, message.position)
                trace = tracing.followed(message.header(tracing.HEADER) or "")
                arrivals.append(self._interpreter.arrival(self.source, stored, message.position + 1, trace))
                wanted = stored.index + 1
        self._receive(arrivals)
        metrics.reader_next.labels(*self._label).set(wanted)

    def catch_up(self, unless: Callable[[], bool]) -> None:
        """Take in what the bus has by now, unless something ends it before.

        Raises:
            BusError, CorruptLogError: see `take`.
        """
        service, _, shard = self.source.partition("/")
        last = self._bus.last(topic(service), int(shard), 1)
        at, end = self.position() - 1, last[-1].position if last else -1
        if at >= end:
            return
        with closing(self._bus.subscribe(topic(service), int(shard), at + 1)) as subscription:
            while at < end and not unless():
                if messages := subscription.poll(_POLL_SECONDS):
                    self.take(messages)
                    at = messages[-1].position

    def run(self, stop: threading.Event) -> None:
        """Poll until `stop` is set; wait and try again while the bus or the owner is away."""
        while not stop.is_set():
            try:
                self._follow(stop)
            except BusError as error:
                log.warning("reader.waiting", source=self.source, reason=str(error))
                stop.wait(_RETRY_SECONDS)

    def _follow(self, stop: threading.Event) -> None:
        service, _, shard = self.source.partition("/")
        subscription = self._bus.subscribe(topic(service), int(shard), self.position())
        try:
            while not stop.is_set():
                if messages := subscription.poll(_POLL_SECONDS):
                    self.take(messages)
        finally:
            subscription.close()

    def replay(self, stream: str) -> int:
        """Try a stream's parked records again; gives how many were taken in."""

        def read(parked: Parked) -> Arrival:
            stored = Stored(parked.index, parked.stream, parked.value, canonical.leaf(parked.value))
            return self._interpreter.arrival(self.source, stored, 0)

        return self._writer.replay(self.source, stream, read).result()

    def _receive(self, arrivals: list[Arrival]) -> None:
        """Make arrivals durable, and forget them."""
        if arrivals:
            self._writer.receive(tuple(arrivals)).result()
            arrivals.clear()

    def _gap(self, wanted: int, stored: Stored, position: int) -> list[Arrival]:
        """The entries from `wanted` to before `stored`, which the bus has not brought, from the owner of the log."""
        if stored.index == wanted:
            return []
        missing = self._owner.entries(self.source, wanted, stored.index)
        for entry in missing:
            if canonical.leaf(entry.value) != entry.leaf:
                raise CorruptLogError(f"the owner of {self.source} gave entry {entry.index} with another leaf than its own")
        return [self._interpreter.arrival(self.source, entry, position) for entry in missing]

    def _compare(self, stored: Stored, arrivals: list[Arrival]) -> None:
        with self._writer.store.read() as reads:
            before = reads.seen(self.source, stored.index)
        before = before or next((a.leaf for a in arrivals if a.index == stored.index), None)
        if before != stored.leaf:
            raise CorruptLogError(f"{self.source}/{stored.index} was taken in before with leaf {before}, now {stored.leaf}")

    def _set_aside(self, message: Message) -> None:
        """Keep a record that is no entry of the log: on the dead-letter topic, and in the list that operators see."""
        reason = "no entry of this log: log, index or leaf in its headers do not agree with its bytes"
        origin = f"{message.topic}/{message.partition}/{message.position}"
        headers = (("origin", origin.encode()), ("reason", reason.encode()), ("reader", self._writer.name.encode()))
        publisher = self._bus.publisher()
        try:
            publisher.publish([Outgoing(DEAD_LETTERS, 0, message.key, message.value, headers)])
        finally:
            publisher.close()
        parked = Parked(self.source, -1 - message.position, "", reason, message.value)
        self._writer.park(parked, message.position + 1).result()
        log.warning("record.dead", origin=origin, reader=self._writer.name)


def follow_all(
    readers: Iterable[Reader], stop: threading.Event, stopped: Callable[[BaseException], None]
) -> list[threading.Thread]:
    """Run readers in threads of their own; `stopped` hears of one that cannot go on."""

    def run(reader: Reader) -> None:
        with last_words(stopped, "reader.stopped", source=reader.source):
            try:
                reader.run(stop)
            except BaseException:
                if not stop.is_set():
                    raise

    threads = [threading.Thread(target=run, args=(reader,), name=f"reader {reader.source}", daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    return threads
