"""Logs of any length that are cheap to make: a ledger that opens envelopes, and logs of the others that are empty or follow it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.audit.cores import CORES
from services.budget_ledger.model import OpenEnvelope
from services.kernel.canonical import leaf
from services.kernel.decider import At, MemoryState
from services.kernel.entry import Cause, Entry, tagged
from services.kernel.people import Actor, Role

NOON = datetime(2021, 5, 11, 12, tzinfo=UTC)
TREASURER = Actor(id="toon", organisation="abb", roles=(Role.TREASURER,))
LEDGER, REPORTING = "budget_ledger/0", "reporting/0"


def ledger(length: int, *, deployment: str = "demo") -> list[bytes]:
    """A ledger of that many envelopes."""
    state, core, values = MemoryState(), CORES["budget_ledger"], []
    for index in range(length):
        command = OpenEnvelope(envelope_id=f"e{index}", budget_year=2021, budget_cents=100, currency="EUR")
        at = At(actor=TREASURER, now=NOON + timedelta(seconds=index))
        events = tuple(tagged(event) for event in core.run(command, state, at))
        values.append(
            Entry(
                deployment=deployment,
                log=LEDGER,
                index=index,
                stream=command.envelope_id,
                time=at.now,
                command_id=f"c{index}",
                command=tagged(command),
                actor=TREASURER,
                cause=None,
                events=events,
            ).to_bytes()
        )
    return values


def logs(length: int) -> dict[str, list[bytes]]:
    """All logs of a deployment, of which the ledger has entries."""
    return {f"{service}/0": ledger(length) if service == "budget_ledger" else [] for service in CORES}


def edited(value: bytes, **changes: object) -> bytes:
    """An entry with other content, in its own form."""
    return replace(Entry.from_bytes(value), **changes).to_bytes()  # type: ignore[arg-type]  # the fields of an entry


def acting_on(values: Sequence[bytes], index: int, at: int) -> bytes:
    """An entry of another log whose cause is entry `at` of the ledger."""
    cause = Cause(log=LEDGER, index=at, leaf=leaf(values[at]))
    entry = Entry.from_bytes(values[at])
    return replace(
        entry, log=REPORTING, index=index, command_id=f"{LEDGER}/{at}/0/0", command={"type": "NotePaid"}, events=(), cause=cause
    ).to_bytes()
