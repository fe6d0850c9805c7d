"""Long histories: how fast a log is checked and decided again, and whether anything grows with it."""

import statistics
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from services.bench.ledger import SPEC, commands, registration
from services.bench.serving import serving
from services.kernel import canonical
from services.kernel.ports import Store, Stored
from services.runtime.batch import Order
from services.runtime.clock import SystemClock
from services.runtime.replay import replay, steps
from services.runtime.shards import system_actor
from services.runtime.sql_store import open_store
from services.runtime.writer import Writer

_LOG = "budget_ledger/0"
_BATCH = 250
_PAGE = 5_000
_DECISIONS = 300


def measure_replay(directory: Path, entries: int) -> dict[str, Any]:
    """Entries a second: read and hashed again; read, checked in form and decided again."""
    store = open_store(f"sqlite:///{directory / 'logs'}", _LOG, SPEC.decider.checks)
    grow(store, entries)
    began = time.perf_counter()
    hashed = sum(1 for stored in read(store) if canonical.leaf(stored.value) == stored.leaf)
    rehashed = time.perf_counter() - began
    began = time.perf_counter()
    replay(SPEC.decider, steps(_LOG, read(store)))
    decided = time.perf_counter() - began
    store.close()
    return {"entries": hashed, "rehashed_per_second": round(hashed / rehashed), "redecided_per_second": round(hashed / decided)}


def measure_growth(directory: Path, sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """For each length of the log: start-up, memory, and the time of a single decision at the end of it."""
    results: list[dict[str, Any]] = []
    for size in sizes:
        store = open_store(f"sqlite:///{directory / 'logs'}", _LOG, SPEC.decider.checks)
        took = grow(store, size)
        store.close()
        opened = _opening(directory)
        with serving(directory, ["budget_ledger"], bus=f"local:{directory / f'bus-{size}.db'}") as service:
            at_start = service.memory()
            client, latencies = service.client(), list[float]()
            for command_id, command in islice(commands(f"after{size}"), _DECISIONS):
                began = time.perf_counter()
                client.execute(SPEC, command_id, command)
                latencies.append(time.perf_counter() - began)
            client.close()
            results.append(
                {
                    "entries": size,
                    "written_in_seconds": round(took, 1),
                    "open_seconds": opened,
                    "start_seconds": service.started_in,
                    "memory_mib_at_start": at_start,
                    "memory_mib_after": service.memory(),
                    "decision_ms_p50": round(statistics.median(latencies) * 1000, 2),
                    "database_mib": round(sum(file.stat().st_size for file in (directory / "logs").iterdir()) / 2**20, 1),
                }
            )
    return results


def grow(store: Store, length: int) -> float:
    """Have a ledger decide until its log has that length; gives the seconds that it took. All is marked as relayed."""
    writer = Writer(
        deployment="bench", name=_LOG, decider=SPEC.decider, store=store, clock=SystemClock(), stopped=lambda _error: None
    )
    writer.start()
    actor = system_actor("bench")
    began = time.perf_counter()
    if writer.length == 0:
        writer.submit(Order(command_id="register", command=registration(), actor=actor)).result()
    start = writer.length
    orders = (Order(command_id=name, command=command, actor=actor) for name, command in commands(f"g{start}"))
    for missing in range(length - start, 0, -_BATCH):
        writer.submit_all(list(islice(orders, min(_BATCH, missing)))).result()
    took = time.perf_counter() - began
    store.mark_relayed(writer.length)
    writer.stop()
    return took


def read(store: Store) -> Iterator[Stored]:
    """A whole log, a page at a time."""
    at = 0
    with store.read() as reads:
        while page := reads.entries(at, _PAGE):
            yield from page
            at = page[-1].index + 1


def _opening(directory: Path) -> float:
    """Seconds from nothing open to the first look for what is due: all that a writer does before it can decide."""
    began = time.perf_counter()
    store = open_store(f"sqlite:///{directory / 'logs'}", _LOG, SPEC.decider.checks)
    writer = Writer(
        deployment="bench", name=_LOG, decider=SPEC.decider, store=store, clock=SystemClock(), stopped=lambda _error: None
    )
    writer.start()
    writer.sweep(system_actor("budget_ledger")).result()
    took = time.perf_counter() - began
    writer.stop()
    store.close()
    return round(took, 3)
