"""The money a second time, by double entry from the ledger's events alone, held against the core's own sums at every entry.

For each envelope, call and applicant: awarded = committed + released, and paid + ordered - recovered <= committed.
All sums are cents.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.budget_ledger.records import Envelope, Reservation, Use
from services.kernel.decider import Record, State


@dataclass(slots=True)
class Account:
    """One party's sums. `released` is what was awarded and given back: decommitted, or recovered."""

    reserved: int = 0
    awarded: int = 0
    released: int = 0
    ordered: int = 0
    paid: int = 0
    recovered: int = 0

    @property
    def committed(self) -> int:
        """What is bound now."""
        return self.awarded - self.released

    def fault(self) -> str:
        """What is impossible about these sums; empty if they are sound."""
        if min(self.reserved, self.awarded, self.released, self.ordered, self.paid, self.recovered, self.committed) < 0:
            return "a sum is below 0"
        if self.ordered + self.paid - self.recovered > self.committed:
            return f"{self.ordered + self.paid - self.recovered} cents paid or ordered, {self.committed} committed"
        return ""

    def told(self) -> dict[str, int]:
        """All sums by name."""
        names = ("reserved", "awarded", "released", "committed", "ordered", "paid", "recovered")
        return {name: getattr(self, name) for name in names}


_MOVES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "Reserved": (("reserved", 1),),
    "Committed": (("reserved", -1), ("awarded", 1)),
    "Released": (("reserved", -1),),
    "Expired": (("reserved", -1),),
    "Decommitted": (("released", 1),),
    "PaymentOrdered": (("ordered", 1),),
    "Paid": (("ordered", -1), ("paid", 1)),
    "Recovered": (("recovered", 1), ("released", 1)),
}
"""What the amount of an event adds to which sums."""


@dataclass(frozen=True, slots=True)
class Low:
    """The least that was ever left, and the entry at which it was."""

    cents: int
    log: str
    index: int


@dataclass
class Books:
    """Accounts by kind (`envelope`, `call`, `applicant`) and id, and the least headroom ever reached."""

    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    budgets: dict[str, int] = field(default_factory=dict)
    envelope_low: dict[str, Low] = field(default_factory=dict)
    cap_low: dict[str, Low] = field(default_factory=dict)
    """By `envelope/applicant`; only of those who ever held something."""

    def post(self, events: Iterable[Mapping[str, Any]], state: State) -> str:
        """Post an entry's events, after the core has folded them into `state`; gives what does not agree, or nothing."""
        touched: dict[tuple[str, str], Account] = {}
        for event in events:
            if event["type"] == "EnvelopeOpened":
                self.budgets[event["envelopeId"]] = int(event["budgetCents"])
            touched.update(self._moved(event))
        for (kind, name), account in touched.items():
            if fault := account.fault() or (self._against_core(name, account, state) if kind == "envelope" else ""):
                return f"{kind} {name}: {fault}"
        return ""

    def note(self, record: Record, log: str, index: int) -> None:
        """Look at a record that the core has changed: how much room is left."""
        if isinstance(record, Envelope):
            _lower(self.envelope_low, record.envelope_id, Low(record.available_cents, log, index))
        elif isinstance(record, Use) and record.held_cents:
            _lower(self.cap_low, record.key(), Low(record.limit_cents - record.held_cents, log, index))

    def against_reservations(self, states: Iterable[State]) -> Iterator[str]:
        """What the accounts of calls say other than the sum of the reservations that the core keeps."""
        sums: dict[str, list[int]] = {}
        for state in states:
            for reservation in state.all(Reservation):
                held = sums.setdefault(reservation.call_id, [0, 0, 0])
                held[0] += reservation.committed_cents
                held[1] += reservation.paid_cents
                held[2] += reservation.recovered_cents
        for call, held in sums.items():
            account = self.accounts.get(("call", call), Account())
            if held != [account.committed, account.paid, account.recovered]:
                yield f"call {call}: reservations say {held} cents committed, paid, recovered; the books say otherwise"

    def over_award(self) -> int:
        """By how much an envelope or a cap was ever exceeded; 0 as it should be."""
        return max(0, *(-low.cents for low in (*self.envelope_low.values(), *self.cap_low.values())), 0)

    def told(self) -> dict[str, Any]:
        """The trial balance."""
        return {
            "accounts": [{"kind": kind, "id": name, **self.accounts[kind, name].told()} for kind, name in sorted(self.accounts)],
            "envelopes": {
                name: {"budget": budget, "available": budget - account.reserved - account.committed}
                for name, budget in sorted(self.budgets.items())
                for account in [self.accounts.get(("envelope", name), Account())]
            },
            "leastHeadroom": {
                "envelopes": {name: vars_of(low) for name, low in sorted(self.envelope_low.items())},
                "caps": {name: vars_of(low) for name, low in sorted(self.cap_low.items())},
            },
            "overAward": self.over_award(),
        }

    def _moved(self, event: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Account]]:
        moves = _MOVES.get(event["type"], ())
        if not moves:
            return
        amount = int(event["amountCents"])
        for kind in ("envelope", "call", "applicant"):
            account_id = (kind, str(event["applicant" if kind == "applicant" else f"{kind}Id"]))
            account = self.accounts.setdefault(account_id, Account())
            for name, sign in moves:
                setattr(account, name, getattr(account, name) + sign * amount)
            account.reserved -= int(event.get("returnedCents", 0))
            yield account_id, account

    def _against_core(self, name: str, account: Account, state: State) -> str:
        envelope = state.get(Envelope, name)
        if envelope is None:
            return "money moved in an envelope that the core does not know"
        core = (
            envelope.reserved_cents,
            envelope.committed_cents,
            envelope.ordered_cents,
            envelope.paid_cents,
            envelope.recovered_cents,
        )
        books = (account.reserved, account.committed, account.ordered, account.paid, account.recovered)
        if core != books:
            return f"the core says {core}, the books {books} (reserved, committed, ordered, paid, recovered)"
        return "" if envelope.available_cents >= 0 else f"{-envelope.available_cents} cents above the budget"


def vars_of(low: Low) -> dict[str, Any]:
    """A low as JSON."""
    return {"cents": low.cents, "at": f"{low.log}/{low.index}"}


def _lower(lows: dict[str, Low], name: str, low: Low) -> None:
    if name not in lows or low.cents < lows[name].cents:
        lows[name] = low
