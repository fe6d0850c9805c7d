"""What the reporting service keeps. All sums are cents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from services.kernel.decider import Record, State
from services.kernel.form import Id, Line
from services.kernel.rules import CallRules, Cents, CentsOrZero, Code
from services.reporting.model import CostLine, Partners, ReportStatus, Units


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Record):
    """The rules of a call."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    rules: CallRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Record):
    """An award to be accounted for."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "award_id")
    call_id: Id
    award_id: Id
    application_id: Id
    applicant: Id
    partners: Partners
    amount_cents: Cents
    reservation_id: Id
    envelope_id: Id
    advance_cents: CentsOrZero
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Record):
    """A payment that was noted; it may come in before the account is open."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "award_id", "payment_id")
    call_id: Id
    award_id: Id
    payment_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery(Record):
    """A recovery that was noted; like a payment, it may come in before the account is open."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "award_id", "recovery_id")
    call_id: Id
    award_id: Id
    recovery_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Record):
    """A report of an account in its last filed version, by whom. `rejected` maps a line to its ground."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "award_id", "report")
    call_id: Id
    award_id: Id
    report: Code
    status: ReportStatus = ReportStatus.OPEN
    requested: bool = False
    reminded: bool = False
    version: int = 0
    costs: tuple[CostLine, ...] = ()
    rejected: Mapping[str, Line] = field(default_factory=dict)
    kpis: Mapping[str, Units] = field(default_factory=dict)
    own_means_cents: CentsOrZero = 0
    filed_by: Id | None = None

    @property
    def accepted_cents(self) -> int:
        """The sum of the costs that were not rejected."""
        return sum(cost.amount_cents for cost in self.costs if cost.line not in self.rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger(Record):
    """A body that has gone over into another."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "from_body")
    call_id: Id
    from_body: Id
    into_body: Id


def paid_cents(state: State, call_id: str, award_id: str) -> int:
    """What has been paid on an award, less what came back."""
    paid = sum(payment.amount_cents for payment in state.all(Payment, call_id, award_id))
    return paid - sum(recovery.amount_cents for recovery in state.all(Recovery, call_id, award_id))


def present_body(state: State, call_id: str, body: str) -> str:
    """The body that acts for `body` in a call today, after all mergers."""
    while (merger := state.get(Merger, call_id, body)) is not None:
        body = merger.into_body
    return body
