"""A long feed and who comes late to it: how fast one catches up by each door, and what many who then follow cost."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Any

from services.bench.feed import commands, events_of, long_feed
from services.bench.figures import Latency
from services.bench.readers import Reader
from services.bench.serving import Serving, serving
from services.demo.sink import free_port
from services.kernel.ports import BusError
from services.publishing.doors.kafka.records import PARTITION, PREFIX, TOPIC
from services.runtime.batch import Answer
from services.runtime.gathering import GatheringClient
from services.runtime.host import open_bus
from services.runtime.settings import Settings
from services.runtime.shards import system_actor
from services.standalone.registry import SPECS

_DOORS = ("pages", "stream", "ldes")
_CROWDS = 2
"""Processes that the readers of a crowd share."""
_APART, _TOGETHER = 25, 50
"""Awards whose events come to the crowd one by one, and awards whose events all come in one moment."""
_LOOK_SECONDS = 0.1
_TOPIC_SECONDS = 300.0
_SPEC = SPECS["publishing"]


def measure(directory: Path, awards: int, seconds: float, readers: int, *, brokers: str = "") -> dict[str, Any]:
    """Fill a feed, serve it from a process of its own, and have it read; with `brokers`, from its topic as well."""
    began = time.perf_counter()
    with long_feed(directory, awards) as feed:
        if feed.length() != events_of(awards):
            raise RuntimeError(f"{awards} awards gave {feed.length()} events")
    filled = time.perf_counter() - began
    address, bus = f"127.0.0.1:{free_port()}", f"kafka://{brokers}" if brokers else f"local:{directory / 'bus.db'}"
    with serving(directory, ["publishing"], store=f"sqlite:///{directory}", bus=bus, feed=address) as server:
        began = time.perf_counter()
        _until_topic_has(events_of(awards), bus)
        topic = time.perf_counter() - began
        where = dict.fromkeys(_DOORS, f"http://{address}") | ({"topic": brokers} if brokers else {})
        return {
            "feed": {
                "awards": awards,
                "events": events_of(awards),
                "filled_seconds": round(filled, 1),
                "open_seconds": server.started_in,
                "topic_seconds": round(topic, 1),
            },
            "catch_up": [_catch_up(server, door, where[door], events_of(awards), seconds) for door in where],
            "crowd": _crowd(server, address, awards, readers),
        }


def _until_topic_has(events: int, bus: str) -> None:
    """Wait until the topic has the whole feed, so that nothing else is done while others read."""
    reader, pause, end = open_bus(Settings(bus=bus)), Event(), time.monotonic() + _TOPIC_SECONDS
    while True:
        try:
            last = reader.last(TOPIC, PARTITION, 1)
        except BusError:
            last = []
        if last and int(last[0].header(f"{PREFIX}sequence") or "0") == events - 1:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"{TOPIC} has not all {events} events after {_TOPIC_SECONDS:.0f} s")
        pause.wait(_LOOK_SECONDS)


def _catch_up(server: Serving, door: str, where: str, length: int, seconds: float) -> dict[str, Any]:
    """One reader, from the first event on. CPU is of the process that serves: nearly none of it, where brokers do."""
    before = server.cpu()
    with Reader("reading", "catch-up", door, where, str(length), str(seconds)) as reader:
        came = reader.said("events", patience_seconds=seconds + 60)
    return {
        "door": door,
        "events": came["events"],
        "seconds": came["seconds"],
        "per_second": round(came["events"] / came["seconds"]),
        "server_cpu_us": round((server.cpu() - before) / came["events"] * 1_000_000, 1),
        "to_the_end": came["whole"],
    }


def _crowd(server: Serving, address: str, awards: int, readers: int) -> dict[str, Any]:
    """Readers of the stream who wait at its end: events that come one by one, then many in one moment. All must get all."""
    alone, last = server.memory(), events_of(awards) - 1
    shares = [readers // _CROWDS + (n < readers % _CROWDS) for n in range(_CROWDS)]
    with ExitStack() as running:
        crowds = [running.enter_context(Reader("crowd", address, str(share), str(last))) for share in shares if share]
        for crowd in crowds:
            crowd.said("ready")
        joined, before = server.memory(), server.cpu()
        apart = [_last_has(crowds, sequence) - told for sequence, told in _told_apart(server, crowds, awards)]
        between = server.cpu()
        began = time.perf_counter()
        together = asyncio.run(_told_together(server, awards + _APART))
        end = max(_last_has(crowds, sequence) for sequence in together)
        after, held = server.cpu(), server.memory()
    latency = asdict(Latency.of(apart))
    return {
        "readers": readers,
        "memory_mib_without": alone,
        "memory_mib_joined": joined,
        "memory_mib_after": held,
        "one_by_one": {
            "events": len(apart),
            "last_reader_ms_p50": latency["p50"],
            "last_reader_ms_p99": latency["p99"],
            "server_cpu_ms_an_event": round((between - before) / len(apart) * 1000, 1),
        },
        "at_once": {
            "events": len(together),
            "last_reader_seconds": round(end - began, 2),
            "deliveries_per_second": round(len(together) * readers / (end - began)),
            "server_cpu_us_a_delivery": round((after - between) / (len(together) * readers) * 1_000_000, 1),
        },
    }


def _last_has(crowds: Sequence[Reader], sequence: int) -> float:
    """When the last reader had that event."""
    return max(crowd.arrival(sequence) for crowd in crowds)


def _told_apart(server: Serving, crowds: Sequence[Reader], first: int) -> Iterator[tuple[int, float]]:
    """Tell of events, each when all have the one before; gives each with the moment when its decision was answered."""
    client = server.client(system_actor(_SPEC.decider.service))
    for n, command in enumerate(commands(_APART, first=first)):
        answer = client.execute(_SPEC, f"apart.{n}", command)
        at = time.perf_counter()
        for sequence in _sequences(answer):
            yield sequence, at
            _last_has(crowds, sequence)
    client.close()


async def _told_together(server: Serving, first: int) -> list[int]:
    """Tell of awards, all at the same time."""
    token = server.token(system_actor(_SPEC.decider.service))
    client = GatheringClient(server.address, _SPEC, lambda: token)

    async def tell(award: int) -> list[int]:
        told: list[int] = []
        for n, command in enumerate(commands(1, first=award)):
            told += _sequences(await client.execute(f"together.{award}.{n}", command))
        return told

    found = await asyncio.gather(*(tell(award) for award in range(first, first + _TOGETHER)))
    await client.close()
    return [sequence for told in found for sequence in told]


def _sequences(answer: Answer) -> list[int]:
    return [int(str(event["sequence"])) for event in answer.events if "sequence" in event]
