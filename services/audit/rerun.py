"""Decide everything again: the same events from the same commands, byte for byte, and the money twice."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from services.audit.books import Books
from services.audit.cores import CORES
from services.audit.faults import Fault, FaultError
from services.audit.logs import Cut, Logs, Watch, diverged, until, unwatched
from services.audit.state import SortedState
from services.budget_ledger.records import Reservation
from services.kernel.decider import Record
from services.runtime.replay import DivergedError, replay, rows

R = TypeVar("R", bound=Record)


@dataclass
class Rerun:
    """What came of it. `states` has each log's state at the end, or at the moment that was asked for."""

    deployment: str
    states: dict[str, SortedState] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    """How many entries of each log were decided again."""
    books: Books = field(default_factory=Books)
    granted: dict[str, tuple[int, str, int]] = field(default_factory=dict)
    """What awarding granted by award: cents, and the entry that says so."""
    faults: list[Fault] = field(default_factory=list)

    def all(self, service: str, kind: type[R], *prefix: str) -> Iterator[R]:
        """Records of a service, from all its logs."""
        for log, state in self.states.items():
            if log.partition("/")[0] == service:
                yield from state.all(kind, *prefix)

    def one(self, service: str, kind: type[R], *key: str) -> R | None:
        """One record of a service, from whichever log has it."""
        found = (state.get(kind, *key) for log, state in self.states.items() if log.partition("/")[0] == service)
        return next((record for record in found if record is not None), None)

    def told(self) -> dict[str, Any]:
        """As JSON. `state` has a hash of each log's last state: two who decided the same logs can compare it."""
        return {
            "deployment": self.deployment,
            "entries": self.lengths,
            "state": {log: _hash(state) for log, state in self.states.items()},
            "balance": self.books.told(),
            "faults": [fault.told() for fault in self.faults],
        }


def rerun(logs: Logs, moment: Cut | None = None, watch: Watch = unwatched) -> Rerun:
    """Decide every log again, until a moment if one is given. Each log is read to its first fault; the others go on."""
    result = Rerun(logs.deployment)
    for log in logs.names():
        try:
            _rerun(result, logs, log, moment, watch)
        except FaultError as error:
            result.faults.append(error.fault)
    if not result.faults:
        result.faults += _between(result, whole=moment is None)
    return result


def _rerun(result: Rerun, logs: Logs, log: str, moment: Cut | None, watch: Watch) -> None:
    service = log.partition("/")[0]
    at = 0

    def changed(record: Record) -> None:
        result.books.note(record, log, at)

    state = SortedState(changed) if service == "budget_ledger" else SortedState()
    result.states[log], result.lengths[log] = state, 0
    for step in until(logs, log, moment, watch):
        at = step.first.index
        try:
            replay(CORES[service], (step,), state)
        except DivergedError as error:
            raise diverged(log, error) from error
        if service == "budget_ledger" and (words := result.books.post(step.events, state)):
            raise FaultError(log, at, words)
        if service == "awarding":
            for event in step.events:
                if event["type"] == "AwardGranted":
                    result.granted[str(event["awardId"])] = (int(event["amountCents"]), log, at)
        result.lengths[log] = at + (1 if step.first.part is None else step.first.part.of)


def _between(result: Rerun, *, whole: bool) -> Iterator[Fault]:
    """What the logs say about the same money otherwise than each other. Only whole logs can be compared."""
    ledgers = [state for log, state in result.states.items() if log.startswith("budget_ledger/")]
    for words in result.books.against_reservations(ledgers):
        yield Fault("budget_ledger/0", 0, words)
    if not whole:
        return
    committed = {reservation.reservation_id: reservation.granted_cents for reservation in result.all("budget_ledger", Reservation)}
    for award, (cents, log, index) in result.granted.items():
        if committed.get(award) != cents:
            yield Fault(log, index, f"{award} was granted {cents} cents, and the ledger committed {committed.get(award, 0)}")


def _hash(state: SortedState) -> str:
    """Over each record in the order of kinds and keys: kind, key and content, a line each."""
    digest = sha256()
    for (kind, key), body in sorted(rows(state).items()):
        digest.update(f"{kind}\n{key}\n".encode() + body + b"\n")
    return digest.hexdigest()
