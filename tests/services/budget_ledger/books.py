"""The ledger kept a second time, from its events alone and in the plainest way: what the core's sums are held against.

It knows of no use, no status and no due. It adds up per reservation and counts members from the file, not from the ledger's word.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.budget_ledger.events import (
    ApplicantsMerged,
    CallTermsNoted,
    Committed,
    Decommitted,
    EnvelopeOpened,
    Event,
    Expired,
    Paid,
    PaymentOrdered,
    Recovered,
    Released,
    Reserved,
)
from services.kernel.rules import CapCounts


@dataclass
class Account:
    """One reservation."""

    members: tuple[str, ...]
    reserved: int
    committed: int = 0
    ordered: int = 0
    paid: int = 0
    recovered: int = 0
    resolved: int = 0

    @property
    def held(self) -> int:
        return self.reserved + self.committed


@dataclass
class Books:
    """One envelope."""

    budget: int = 0
    terms: dict[str, CallTermsNoted] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)

    def present(self, body: str) -> str:
        while body in self.gone:
            body = self.gone[body]
        return body

    def use(self, body: str) -> int:
        """Each file in which the body takes part, in full and once."""
        return sum(a.held for a in self.accounts.values() if body in {self.present(m) for m in a.members})

    def bodies(self) -> set[str]:
        return {self.present(member) for account in self.accounts.values() for member in account.members}

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            self._take_terms(event)
            self._take_reservation(event)
            self._take_commitment(event)
            self._check(event)

    def _take_terms(self, event: Event) -> None:
        match event:
            case EnvelopeOpened():
                self.budget = event.budget_cents
            case CallTermsNoted():
                self.terms[event.call_id] = event
            case ApplicantsMerged():
                assert event.from_body not in self.gone
                self.gone[event.from_body] = event.into_body
                assert event.held_cents == self.use(event.into_body)
            case _:
                pass

    def _take_reservation(self, event: Event) -> None:
        match event:
            case Reserved():
                counts = self.terms[event.call_id].cap_counts is CapCounts.LEAD_AND_PARTNERS
                members = (event.applicant, *event.partners) if counts else (event.applicant,)
                assert event.reservation_id not in self.accounts, "reserved twice under one id"
                self.accounts[event.reservation_id] = Account(members, event.amount_cents)
                for body in members:
                    assert self.use(self.present(body)) <= self.terms[event.call_id].cap_cents, f"{body} is above the cap"
            case Committed():
                account = self._resolve(event)
                assert event.amount_cents <= account.reserved
                assert event.returned_cents == account.reserved - event.amount_cents
                account.reserved, account.committed = 0, event.amount_cents
            case Released() | Expired() if event.reservation_id in self.accounts:
                account = self._resolve(event)
                assert event.amount_cents == account.reserved
                account.reserved = 0
            case Released() | Expired():
                assert event.amount_cents == 0, "what never held anything gives nothing back"
            case _:
                pass

    def _take_commitment(self, event: Event) -> None:
        match event:
            case Decommitted():
                self.accounts[event.reservation_id].committed -= event.amount_cents
            case PaymentOrdered():
                self.accounts[event.reservation_id].ordered += event.amount_cents
            case Paid():
                self.accounts[event.reservation_id].ordered -= event.amount_cents
                self.accounts[event.reservation_id].paid += event.amount_cents
            case Recovered():
                self.accounts[event.reservation_id].committed -= event.amount_cents
                self.accounts[event.reservation_id].recovered += event.amount_cents
            case _:
                pass

    def _resolve(self, event: Committed | Released | Expired) -> Account:
        account = self.accounts[event.reservation_id]
        account.resolved += 1
        return account

    def _check(self, event: Event) -> None:
        held = sum(account.held for account in self.accounts.values())
        assert held <= self.budget, "more is given away than there is"
        told = getattr(event, "available_cents", None)
        assert told is None or told == self.budget - held, "what is told to be available is not what is left"
        for name, account in self.accounts.items():
            assert account.resolved <= 1, f"{name} was resolved twice"
            assert min(account.reserved, account.committed, account.ordered, account.paid, account.recovered) >= 0, name
            assert 0 <= account.ordered + account.paid - account.recovered <= account.committed, (
                f"{name} pays out what is not bound"
            )
