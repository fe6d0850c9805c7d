"""From end to end: what an applicant and a subscriber wait for; all of them in the last minute; a busy hour."""

import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from services.awarding import model as awarding
from services.bench.figures import Latency
from services.calls.bodies import bodies_on
from services.demo import people
from services.demo.cases import Case
from services.demo.stage import Stage
from services.demo.world import Embedded, World
from services.intake import model as intake
from services.intake import values
from services.kernel.entry import Entry
from services.kernel.rules import CallRules
from services.runtime.client import Client

_START = datetime(2021, 3, 5, 8, 0, tzinfo=UTC)
_DAY = date(2021, 3, 5)
_PATIENCE_SECONDS = 900.0
_LOOK_SECONDS = 0.001
_AT_ONCE = 32
_CHUNK = 100


def measure(directory: Path, engine: str, *, single: int, crowd: int, hour: int) -> dict[str, Any]:
    """Run on `embedded` or `kafka`: `single` submissions and awards one by one, then `crowd` at once, then `hour` with drafts."""
    with _running(directory, engine) as world:
        stage = Stage(world, lambda _sentence: None)
        rules = stage.publish("radicalisation-2021", _DAY)
        bodies = [m.kbo for m in bodies_on(_DAY) if m.kbo][:crowd]
        for body in bodies:
            world.contact(body, f"Municipality {body} (synthetic)")
        synthetic = _enrol_synthetic(stage, rules, single + hour)
        few, busy = synthetic[:single], synthetic[single:]
        result = {
            "submit_to_receipt_ms": asdict(Latency.of([_receipt(stage, rules, _case(rules, body, "s")) for body in few])),
            "last_minute": _crowd(stage, rules, [_case(rules, body, "m") for body in bodies]),
            "hour": _hour(stage, rules, [_case(rules, body, "h") for body in busy]),
        }
        result["award_to_subscriber_ms"] = _awards(stage, rules, [_case(rules, body, "s") for body in few])
        return result


def _case(rules: CallRules, body: str, name: str) -> Case:
    return Case(application_id=f"{rules.call_id}.{name}-{body}", applicant=body, requested_cents=20_000_00, level=80)


def _enrol_synthetic(stage: Stage, rules: CallRules, number: int) -> list[str]:
    """More municipalities than there are, each with a number that fits; a body files once in a call."""
    first = bodies_on(_DAY)[0]
    made = [f"{eight:08d}{97 - eight % 97:02d}" for eight in range(9_000_000, 9_000_000 + number)]
    for start in range(0, number, _CHUNK):
        bodies = tuple(
            values.Body(body_id=name, kind=first.kind, region=first.region, nis=first.nis, name=f"Synthetic {name}")
            for name in made[start : start + _CHUNK]
        )
        stage.do("intake", people.OFFICER, intake.EnrolBodies(call_id=rules.call_id, bodies=bodies))
    for name in made:
        stage.world.contact(name, f"Municipality {name} (synthetic)")
    return made


def _receipt(stage: Stage, rules: CallRules, case: Case) -> float:
    """Seconds from the moment of submitting until the receipt is in the applicant's mail."""
    stage.draft(rules, case)
    stage.world.settle()
    before = len(stage.world.sink.mails)
    began = time.perf_counter()
    stage.submit(rules, case)
    _until(lambda: len(stage.world.sink.mails) > before)
    return time.perf_counter() - began


def _crowd(stage: Stage, rules: CallRules, cases: Sequence[Case]) -> dict[str, Any]:
    """All have a draft; all submit at once."""
    for case in cases:
        stage.draft(rules, case)
    stage.world.settle()
    before = len(stage.world.sink.mails)
    began = time.perf_counter()
    latencies = _all_at_once(cases, lambda case: stage.submit(rules, case))
    answered = time.perf_counter() - began
    _until(lambda: len(stage.world.sink.mails) >= before + len(cases))
    return {
        "municipalities": len(cases),
        "all_answered_seconds": round(answered, 2),
        "all_receipts_seconds": round(time.perf_counter() - began, 2),
        "answer_ms": asdict(Latency.of(latencies)),
    }


def _hour(stage: Stage, rules: CallRules, cases: Sequence[Case]) -> dict[str, Any]:
    """Draft, then submit, as fast as it goes."""

    def file(case: Case) -> None:
        stage.draft(rules, case)
        stage.submit(rules, case)

    before = len(stage.world.sink.mails)
    began = time.perf_counter()
    latencies = _all_at_once(cases, file)
    answered = time.perf_counter() - began
    _until(lambda: len(stage.world.sink.mails) >= before + len(cases))
    return {
        "applications": len(cases),
        "all_answered_seconds": round(answered, 1),
        "all_receipts_seconds": round(time.perf_counter() - began, 1),
        "draft_and_submit_ms": asdict(Latency.of(latencies)),
    }


def _awards(stage: Stage, rules: CallRules, cases: Sequence[Case]) -> dict[str, float]:
    """From the approval until a subscriber of the awarding log has each award; the ledger has bound the money in between."""
    stage.world.at(datetime(2021, 4, 19, 8, 0, tzinfo=UTC))
    stage.admit(rules, cases)
    stage.enrol_jury(rules)
    stage.judge(rules, cases)
    stage.rank(rules)
    stage.world.at(datetime(2021, 6, 14, 8, 0, tzinfo=UTC))
    arrived: list[float] = []
    token = stage.world.issuer.token(people.OPERATOR)
    client = Client(stage.world.address("awarding"), lambda: token)
    subscriber = threading.Thread(target=_subscribe, args=(client, arrived), daemon=True)
    subscriber.start()
    stage.do("awarding", people.OFFICER, awarding.Propose(call_id=rules.call_id))
    stage.world.settle()
    began = time.perf_counter()
    stage.do("awarding", people.MINISTER, awarding.Approve(call_id=rules.call_id, proposal=1))
    _until(lambda: len(arrived) == len(cases))
    client.close()
    subscriber.join()
    return asdict(Latency.of([moment - began for moment in arrived]))


def _subscribe(client: Client, arrived: list[float]) -> None:
    """Follow the awarding log until the connection is closed."""
    try:
        for stored in client.entries("awarding/0", 0, follow=True):
            granted = sum(event["type"] == "AwardGranted" for event in Entry.from_bytes(stored.value).events)
            arrived.extend([time.perf_counter()] * granted)
    except RuntimeError:
        return  # closed: all that was to come is here


def _all_at_once(cases: Sequence[Case], do: Callable[[Case], None]) -> list[float]:
    def timed(case: Case) -> float:
        began = time.perf_counter()
        do(case)
        return time.perf_counter() - began

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(timed, cases))


def _until(done: Callable[[], bool]) -> None:
    end, pause = time.monotonic() + _PATIENCE_SECONDS, threading.Event()
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"not done after {_PATIENCE_SECONDS:.0f} s")
        pause.wait(_LOOK_SECONDS)


@contextmanager
def _running(directory: Path, engine: str) -> Generator[World]:
    if engine == "embedded":
        embedded = Embedded(directory)
        with embedded.running(_START):
            yield embedded
        return
    from services.demo.distributed import Distributed, machines  # noqa: PLC0415 - only where there are brokers

    with machines(directory) as (cluster, url):
        distributed = Distributed(directory / "world")
        with distributed.running(_START, cluster, url, name="bench"):
            yield distributed
