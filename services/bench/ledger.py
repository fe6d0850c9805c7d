"""The ledger over gRPC, everyone at once on one hot envelope: each caller reserves, commits, and begins again."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.bench.figures import Latency, cpu_seconds
from services.bench.serving import Serving, serving
from services.budget_ledger.model import Commit, RegisterCall, Reserve
from services.kernel.rules import CapCounts
from services.runtime.batch import Answer
from services.runtime.gathering import GatheringClient
from services.runtime.shards import system_actor
from services.runtime.tls import PLAIN
from services.runtime.wire import Codec
from services.standalone.registry import SPECS

SPEC = SPECS["budget_ledger"]
ENVELOPE, CALL = "envelope-2026", "call-2026-1"
BODIES = 300
_PLENTY = 9_000_000_000_000_00
_LATER = datetime(2099, 12, 31, tzinfo=UTC)
_SECONDS = 20.0

Execute = Callable[[str, object], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a run of callers came to. CPU is in microseconds a decision; `server_cpu` is of the service's process alone."""

    clients: int
    way: str
    decisions: int
    per_second: int
    latency_ms: Latency
    server_cpu_us: int
    client_cpu_us: int
    entries_per_commit: float


def registration() -> RegisterCall:
    """The call and its envelope, with room for every reservation."""
    return RegisterCall(
        envelope_id=ENVELOPE,
        call_id=CALL,
        budget_year=2026,
        budget_cents=_PLENTY,
        currency="EUR",
        cap_cents=_PLENTY,
        cap_counts=CapCounts.LEAD_ONLY,
    )


def commands(caller: str) -> Iterator[tuple[str, object]]:
    """Reserve and commit, over and over, with ids that no other caller has."""
    number = 0
    while True:
        application = f"{CALL}.{caller}-{number:06d}"
        yield (
            f"{application}.r",
            Reserve(
                envelope_id=ENVELOPE,
                call_id=CALL,
                application_id=application,
                reservation_id=f"{application}.1",
                applicant=f"02070{hash_free(caller, number):05d}",
                partners=(),
                amount_cents=100_000,
                currency="EUR",
                expires_at=_LATER,
            ),
        )
        yield (
            f"{application}.c",
            Commit(
                envelope_id=ENVELOPE,
                call_id=CALL,
                application_id=application,
                reservation_id=f"{application}.1",
                amount_cents=100_000,
                approved_by="decision-maker-1",
            ),
        )
        number += 1


def hash_free(caller: str, number: int) -> int:
    """A body for a caller's file, the same in every run."""
    return (sum(caller.encode()) * 31 + number) % BODIES


def measure(directory: Path, *, store: str = "", clients: tuple[int, ...], seconds: float = _SECONDS) -> list[dict[str, Any]]:
    """Run the callers against a fresh service, one number of clients after the other, alone and gathered."""
    results: list[Load] = []
    with serving(directory, ["budget_ledger"], store=store) as service:
        client = service.client()
        client.execute(SPEC, "register", registration())
        client.close()
        for count in clients:
            for way in ("unary", "gathered"):
                asyncio.run(
                    _run(service, way, count, min(2.0, seconds / 4), f"w{way[0]}{count}")
                )  # until caches and files are warm
                results.append(asyncio.run(_run(service, way, count, seconds, f"m{way[0]}{count}")))
    return [asdict(result) for result in results]


async def _run(service: Serving, way: str, clients: int, seconds: float, name: str) -> Load:
    execute, close = _unary(service) if way == "unary" else _gathered(service)
    latencies: list[float] = []
    end = time.perf_counter() + seconds
    server, client, commits = service.cpu(), cpu_seconds(os.getpid()), service.commits()
    began = time.perf_counter()
    try:
        await asyncio.gather(*(_call(execute, f"{name}-{n}", end, latencies) for n in range(clients)))
    finally:
        await close()
    took = time.perf_counter() - began
    number = len(latencies)
    return Load(
        clients=clients,
        way=way,
        decisions=number,
        per_second=round(number / took),
        latency_ms=Latency.of(latencies),
        server_cpu_us=round((service.cpu() - server) / number * 1e6),
        client_cpu_us=round((cpu_seconds(os.getpid()) - client) / number * 1e6),
        entries_per_commit=round(number / max(1, service.commits() - commits), 1),
    )


async def _call(execute: Execute, caller: str, end: float, latencies: list[float]) -> None:
    """One caller: the next command goes out when the last answer is there."""
    for command_id, command in commands(caller):
        began = time.perf_counter()
        if began >= end:
            return
        answer = await execute(command_id, command)
        latencies.append(time.perf_counter() - began)
        if answer.events[0]["type"] not in ("Reserved", "Committed"):
            raise RuntimeError(f"{command_id}: {answer.events[0]}")


def _unary(service: Serving) -> tuple[Execute, Callable[[], Awaitable[None]]]:
    """A gRPC call for each command."""
    channel = PLAIN.aio_channel(service.address)
    stub: Any = SPEC.wire.grpc.BudgetLedgerServiceStub(channel)
    codec, token = Codec(SPEC), service.token(system_actor("bench"))
    metadata = (("authorization", f"Bearer {token}"),)

    async def execute(command_id: str, command: object) -> Answer:
        return codec.answer(await stub.Execute(codec.request(command_id, command), metadata=metadata, timeout=30))

    async def close() -> None:
        await channel.close()

    return execute, close


def _gathered(service: Serving) -> tuple[Execute, Callable[[], Awaitable[None]]]:
    """The commands of all callers, gathered by the client library."""
    token = service.token(system_actor("bench"))
    client = GatheringClient(service.address, SPEC, lambda: token)
    return client.execute, client.close
