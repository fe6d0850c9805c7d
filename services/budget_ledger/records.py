"""What the budget ledger keeps. All sums are cents."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from services.budget_ledger.model import DueKind, DueStatus, Partners, ReservationStatus, Year
from services.kernel.decider import Record, State
from services.kernel.form import Id, Line
from services.kernel.rules import CapCounts, Cents, CentsOrZero, Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope(Record):
    """The money of a budget year: `available + reserved + committed = budget`, `ordered + paid - recovered <= committed`.

    `ordered` are payments on their way to the bank; `paid` and `recovered` only grow.
    """

    KEY: ClassVar[tuple[str, ...]] = ("envelope_id",)
    envelope_id: Id
    budget_year: Year
    budget_cents: Cents
    currency: Currency
    reserved_cents: CentsOrZero = 0
    committed_cents: CentsOrZero = 0
    ordered_cents: CentsOrZero = 0
    paid_cents: CentsOrZero = 0
    recovered_cents: CentsOrZero = 0
    closed: bool = False

    @property
    def available_cents(self) -> int:
        """What may still be reserved."""
        return self.budget_cents - self.reserved_cents - self.committed_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTerms(Record):
    """The cap that a call sets on the use of an envelope."""

    KEY: ClassVar[tuple[str, ...]] = ("envelope_id", "call_id")
    envelope_id: Id
    call_id: Id
    cap_cents: Cents
    cap_counts: CapCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Use(Record):
    """What one body holds of an envelope, reserved and committed, over all its files and calls.

    `limit_cents` is the cap under which the use last grew. Only a merger of bodies sets it higher: what two bodies were
    granted stays theirs as one, above the cap if need be, and grows no more until it is below the cap again.
    """

    KEY: ClassVar[tuple[str, ...]] = ("envelope_id", "applicant")
    envelope_id: Id
    applicant: Id
    held_cents: CentsOrZero = 0
    limit_cents: CentsOrZero = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation(Record):
    """Money for one decision. `counted` are the bodies whose use it is, as they were called when it was reserved.

    `amount_cents` is what was reserved, `committed_cents` what is bound now: what was committed, less what was decommitted
    or came back. `ordered + paid - recovered <= committed`, as in the envelope.
    """

    KEY: ClassVar[tuple[str, ...]] = ("envelope_id", "reservation_id")
    envelope_id: Id
    reservation_id: Id
    call_id: Id
    application_id: Id
    applicant: Id
    partners: Partners
    amount_cents: Cents
    currency: Currency
    expires_at: datetime
    status: ReservationStatus
    counted: tuple[Id, ...] = ()
    approved_by: Id | None = None
    committed_cents: CentsOrZero = 0
    decommitted_cents: CentsOrZero = 0
    ordered_cents: CentsOrZero = 0
    paid_cents: CentsOrZero = 0
    recovered_cents: CentsOrZero = 0

    @property
    def held_cents(self) -> int:
        """What this takes from the envelope and from each counted body's cap."""
        return self.amount_cents if self.status is ReservationStatus.RESERVED else self.committed_cents

    @property
    def granted_cents(self) -> int:
        """What was committed at first."""
        return self.committed_cents + self.decommitted_cents + self.recovered_cents

    @property
    def outstanding_cents(self) -> int:
        """What the applicant has received and kept."""
        return self.paid_cents - self.recovered_cents

    @property
    def free_cents(self) -> int:
        """The part of the commitment that is neither with the applicant nor on its way to the bank."""
        return self.committed_cents - self.outstanding_cents - self.ordered_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Running(Record):
    """A reservation whose time is running, under the instant at which it ends: the next to expire is the first of its kind.

    Without it every look for what has expired would go through all reservations that ever were.
    """

    KEY: ClassVar[tuple[str, ...]] = ("ends", "envelope_id", "reservation_id")
    ends: Line
    envelope_id: Id
    reservation_id: Id
    over: bool = False

    def gone(self) -> bool:
        """See `Record.gone`."""
        return self.over


def running(reservation: Reservation, *, over: bool = False) -> Running:
    """How a reservation is found by its end; `over` once it needs to be no more."""
    return Running(
        ends=moment(reservation.expires_at),
        envelope_id=reservation.envelope_id,
        reservation_id=reservation.reservation_id,
        over=over,
    )


def moment(value: datetime) -> str:
    """An instant as a text that sorts as instants do."""
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due(Record):
    """A sum to be paid or recovered: noted, then ordered by one hand, then confirmed by another."""

    KEY: ClassVar[tuple[str, ...]] = ("envelope_id", "reservation_id", "kind")
    envelope_id: Id
    reservation_id: Id
    kind: DueKind
    amount_cents: Cents
    status: DueStatus = DueStatus.NOTED
    ordered_by: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decommitment(Record):
    """A decommitment that was carried out, to know it again."""

    KEY: ClassVar[tuple[str, ...]] = ("envelope_id", "reservation_id", "decommit_id")
    envelope_id: Id
    reservation_id: Id
    decommit_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger(Record):
    """A body that counts as another one."""

    KEY: ClassVar[tuple[str, ...]] = ("envelope_id", "from_body")
    envelope_id: Id
    from_body: Id
    into_body: Id


def present_body(state: State, envelope_id: str, body: str) -> str:
    """The body that `body` counts as today, after all mergers."""
    while (merger := state.get(Merger, envelope_id, body)) is not None:
        body = merger.into_body
    return body


def present_bodies(state: State, envelope_id: str, bodies: tuple[str, ...]) -> tuple[str, ...]:
    """What the bodies count as today, each once, in their order."""
    return tuple(dict.fromkeys(present_body(state, envelope_id, body) for body in bodies))


def use_of(state: State, envelope_id: str, applicant: str) -> Use:
    """A body's use of an envelope; nothing if it never had any."""
    return state.get(Use, envelope_id, applicant) or Use(envelope_id=envelope_id, applicant=applicant)
