"""The doors of publishing: how long an award takes to each of them, how a late joiner catches up, what a crowd costs.

Whoever reads is in a process of its own (`reading`, `crowd`), and all run on this machine.
"""

import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from services.awarding import model as awarding
from services.bench import latecomers
from services.bench.figures import Latency
from services.bench.readers import Reader
from services.calls.bodies import CALLS, bodies_on
from services.calls.file import load
from services.demo import people
from services.demo.cases import Case
from services.demo.sink import free_port
from services.demo.stage import Stage
from services.demo.world import Embedded, World
from services.intake import model as intake
from services.intake import values
from services.kernel.entry import Entry
from services.kernel.rules import CallRules
from services.publishing.doors.webhooks.client import WebhooksClient
from services.scoring import model as scoring

_START = datetime(2021, 3, 5, 8, 0, tzinfo=UTC)
_CLOSED = datetime(2021, 4, 19, 8, 0, tzinfo=UTC)
_DECIDED = datetime(2021, 6, 14, 8, 0, tzinfo=UTC)
_DAY = date(2021, 3, 5)
_ASKED = ("pages", "atom", "ldes")
"""Doors that a reader asks again and again: only one of them at a time, or they would wait for each other."""
_WARM = 2 * len(_ASKED)
"""Awards before those that count."""

Latencies = dict[str, dict[str, float]]
"""Of each door the quantiles in milliseconds, and how many awards they are of."""


def measure(directory: Path, *, decisions: int, awards: int, seconds: float, readers: int, kafka: bool) -> dict[str, Any]:
    """Measure all.

    `decisions` awards are decided one by one, on each engine. A feed of `awards` awards is then read from its first event on, by
    each door for at most `seconds`; at last `readers` follow it live.
    """
    found = {"embedded": _on_embedded(directory / "embedded", decisions)}
    if not kafka:
        return {"award_to_door_ms": found, **latecomers.measure(directory / "long", awards, seconds, readers)}
    from services.demo.distributed import Distributed, machines, renew_topics  # noqa: PLC0415 - only where there are brokers

    with machines(directory / "machines") as (cluster, url):
        distributed = Distributed(directory / "kafka")
        _open(distributed)
        with distributed.running(_START, cluster, url, name="bench"):
            found["kafka"] = _awards(distributed, decisions, brokers=cluster.bootstrap)
        renew_topics(cluster)
        rest = latecomers.measure(directory / "long", awards, seconds, readers, brokers=cluster.bootstrap)
    return {"award_to_door_ms": found, **rest}


def _on_embedded(directory: Path, decisions: int) -> Latencies:
    embedded = Embedded(directory)
    _open(embedded)
    with embedded.running(_START):
        return _awards(embedded, decisions)


def _open(world: World) -> None:
    """Have the doors opened when it runs."""
    world.more = {
        "feed": f"127.0.0.1:{free_port()}",
        "feed_rate": 0,
        "webhook_allow": "127.0.0.0/8",
        "webhook_key": f"file:{world.directory / 'webhook.key'}",
    }


def _awards(world: World, decisions: int, *, brokers: str = "") -> Latencies:
    """From the answer to an approval until a reader has the award, which is the only one of its call.

    The next is decided when all who wait for this one have it.
    """
    stage = Stage(world, lambda _sentence: None)
    calls = _proposed(stage, decisions + _WARM)
    with _reading(world, brokers) as readers:
        length = _length(world)
        following = {door: reader for door, reader in readers.items() if door not in _ASKED}
        for reader in following.values():
            reader.arrival(length - 1)
        taken: dict[str, list[float]] = {door: [] for door in readers}
        for place, (rules, asked) in enumerate(zip(calls, cycle(_ASKED), strict=False), start=length):
            readers[asked].ask(place)
            stage.do("awarding", people.MINISTER, awarding.Approve(call_id=rules.call_id, proposal=1))
            answered = time.perf_counter()
            for door, reader in {**following, asked: readers[asked]}.items():
                taken[door].append(reader.arrival(place) - answered)
        if _length(world) != length + len(calls):
            raise RuntimeError(f"{len(calls)} awards were decided, and the feed has {_length(world) - length} events more")
    return {door: _quantiles(taken[door][_WARM // (len(_ASKED) if door in _ASKED else 1) :]) for door in taken}


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    latency = Latency.of(seconds)
    return {"p50": latency.p50, "p99": latency.p99, "awards": len(seconds)}


def _length(world: World) -> int:
    """How many events the feed has."""
    entries = world.reader("publishing").entries("publishing/0", 0)
    return sum("sequence" in event for stored in entries for event in Entry.from_bytes(stored.value).events)


@contextmanager
def _reading(world: World, brokers: str) -> Generator[dict[str, Reader]]:
    """A reader at each door, and one of the log itself; all are there."""
    base, service = f"http://{world.more['feed']}", world.address("publishing")
    where = dict.fromkeys((*_ASKED, "stream", "subscribe", "webhook"), base)
    where |= {"log": f"{service},{world.directory / 'issuer'}"} | ({"topic": brokers} if brokers else {})
    with ExitStack() as running:
        readers = {door: running.enter_context(Reader("reading", "follow", door, where[door])) for door in where}
        token = world.issuer.token(people.OPERATOR)
        webhooks = WebhooksClient(service, lambda: token)
        running.callback(webhooks.close)
        receiver = f"http://127.0.0.1:{readers['webhook'].said('port')['port']}/"
        webhooks.add({"endpoint_id": "bench", "url": receiver, "owner": "bench@example.org", "start": "0"})
        for reader in readers.values():
            reader.said("ready")
        yield readers


def _proposed(stage: Stage, number: int) -> list[CallRules]:
    """So many calls with one application each, of which the award is proposed and waits for the approval."""
    path = CALLS / "radicalisation-2021.toml"
    original, call_file = load(path), stage.world.upload(people.OFFICER, path.read_bytes())
    bodies = islice(cycle(body for body in bodies_on(_DAY) if body.kbo), number)
    calls: list[tuple[CallRules, Case]] = []
    for n, body in enumerate(bodies):
        assert body.kbo is not None  # noqa: S101 - those without one were left out
        name = f"{original.call_id}-{n}"
        rules = replace(original, call_id=name, envelope=replace(original.envelope, envelope_id=name))
        case = Case(application_id=f"{name}.1", applicant=body.kbo, requested_cents=20_000_00, level=80)
        enrolled = values.Body(body_id=body.kbo, kind=body.kind, region=body.region, nis=body.nis, name=body.name)
        stage.do("intake", people.OFFICER, intake.PublishCall(call_id=name, rules=rules, call_file=call_file))
        stage.do("intake", people.OFFICER, intake.EnrolBodies(call_id=name, bodies=(enrolled,)))
        stage.draft(rules, case)
        stage.submit(rules, case)
        calls.append((rules, case))
    stage.at(_CLOSED)
    for rules, case in calls:
        admitted = intake.DeclareAdmissible(call_id=rules.call_id, application_id=case.application_id)
        stage.do("intake", people.OFFICER, admitted)
    stage.world.settle()
    for rules, case in calls:
        stage.enrol_jury(rules)
        stage.judge(rules, [case])
        stage.do("scoring", people.CHAIR, scoring.Rank(call_id=rules.call_id))
    stage.at(_DECIDED)
    for rules, _ in calls:
        stage.do("awarding", people.OFFICER, awarding.Propose(call_id=rules.call_id))
    stage.world.settle()
    return [rules for rules, _ in calls]
