"""A ledger of a million entries, verified and decided again: `python -m tests.audit.million DIRECTORY [ENTRIES]`.

Each award takes five entries: reserved, committed, noted as due, ordered, paid; 300 bodies share one envelope. Prints, for each
measured in a process of its own, seconds by the wall and of the processor, entries a second of both, and the most memory (MB).
"""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.audit import writing
from services.audit.cores import CORES
from services.audit.logs import names
from services.audit.memory import Memory
from services.audit.pack import Pack
from services.audit.rerun import rerun
from services.audit.state import SortedState
from services.audit.verifying import verify
from services.budget_ledger import model as m
from services.kernel.canonical import encode
from services.kernel.decider import At
from services.kernel.entry import composed, tagged
from services.kernel.people import Actor, Role
from services.kernel.rules import CapCounts
from tests.audit.packs import SEED
from tests.audit.small import LEDGER, NOON

SYSTEM = Actor(id="service:budget_ledger", organisation="oproep", roles=(Role.SYSTEM,))
TREASURER = Actor(id="treasurer-1", organisation="abb", roles=(Role.TREASURER,))
ACCOUNTANT = Actor(id="accountant-1", organisation="abb", roles=(Role.ACCOUNTANT,))
MUCH, BODIES, DAY = 2**52, 300, timedelta(days=1)
E = "envelope-2021"


def commands(entries: int) -> Iterator[tuple[Actor, Any]]:
    """What the ledger is told."""
    yield (
        SYSTEM,
        m.RegisterCall(
            envelope_id=E,
            call_id="call",
            budget_year=2021,
            budget_cents=MUCH,
            currency="EUR",
            cap_cents=MUCH,
            cap_counts=CapCounts.LEAD_ONLY,
        ),
    )
    for number in range(entries // 5):
        yield from _award(f"call.{number:06d}", f"{200_000_000 + number % BODIES:010d}")


def _award(application: str, body: str) -> Iterator[tuple[Actor, Any]]:
    name = f"{application}.1"
    yield (
        SYSTEM,
        m.Reserve(
            envelope_id=E,
            call_id="call",
            application_id=application,
            reservation_id=name,
            applicant=body,
            partners=(),
            amount_cents=1_000,
            currency="EUR",
            expires_at=NOON + 3_650 * DAY,
        ),
    )
    yield (
        SYSTEM,
        m.Commit(
            envelope_id=E,
            call_id="call",
            application_id=application,
            reservation_id=name,
            amount_cents=1_000,
            approved_by="minister-1",
        ),
    )
    yield SYSTEM, m.NoteDue(envelope_id=E, reservation_id=name, kind=m.DueKind.ADVANCE, amount_cents=900)
    kind = m.PaymentKind.ADVANCE
    yield TREASURER, m.OrderPayment(envelope_id=E, reservation_id=name, kind=kind, amount_cents=900)
    yield ACCOUNTANT, m.ConfirmPayment(envelope_id=E, reservation_id=name, kind=kind, bank_reference="synthetic")


def ledger(entries: int) -> Iterator[bytes]:
    """The entries that come of it."""
    state, core = SortedState(), CORES["budget_ledger"]
    for index, (actor, command) in enumerate(commands(entries)):
        at = At(actor=actor, now=NOON + timedelta(seconds=index))
        events = [encode(tagged(event)) for event in core.run(command, state, at)]
        yield composed(
            deployment="demo",
            log=LEDGER,
            index=index,
            stream=E,
            time=at.now,
            command_id=f"c{index}",
            command=encode(tagged(command)),
            actor=actor,
            cause=None,
            events=events,
            part=None,
        )


def make(directory: Path, entries: int) -> None:
    """Write the export."""
    writing.begin(directory, deployment="demo", shards=1, version="0")
    keys: list[str] = []
    for log in names(1):
        found = writing.write_log(directory, log, ledger(entries) if log == LEDGER else ())
        note, key = writing.signed("demo", found, SEED)
        writing.write_note(directory, log, note)
        keys.append(key)
    writing.end(directory, keys=keys, calls={}, documents=[], schemas=b"\n")


def measured(what: str, directory: Path) -> dict[str, float]:
    """Do it, in this process."""
    pack = Pack(directory)
    begin, worked = time.perf_counter(), time.process_time()
    faults = verify(pack, Memory(directory.with_name("memory")), pack.keys).faults if what == "verify" else rerun(pack).faults
    if faults:
        raise RuntimeError(str(faults[0]))
    seconds, worked = time.perf_counter() - begin, time.process_time() - worked
    size = pack.length(LEDGER)
    (peak,) = (line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmHWM"))
    return {
        "entries": size,
        "seconds": round(seconds, 1),
        "rate": round(size / seconds),
        "cpu_seconds": round(worked, 1),
        "cpu_rate": round(size / worked),
        "memory_mb": round(int(peak.split()[1]) / 1024),  # of this program alone, not of the one that started it
    }


def main(arguments: list[str]) -> None:
    """Run as a program."""
    directory = Path(arguments[0])
    gc.set_threshold(50_000, 20, 50)  # as the command line does
    if len(arguments) > 2:  # the third says what is measured, in a process of its own
        print(json.dumps(measured(arguments[2], directory)))  # noqa: T201 - its outcome
        return
    entries = int(arguments[1]) if len(arguments) > 1 else 1_000_000
    if not directory.exists():
        make(directory, entries)
    for what in ("verify", "replay"):
        call = [sys.executable, "-m", "tests.audit.million", str(directory), str(entries), what]
        told = subprocess.run(call, capture_output=True, check=True, text=True).stdout
        print(what, told.strip(), flush=True)  # noqa: T201 - its outcome


if __name__ == "__main__":
    main(sys.argv[1:])
