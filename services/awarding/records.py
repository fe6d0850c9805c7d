"""What the awarding service keeps in mind: its state, record by record."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.awarding.terms import Limit, Outcome
from services.kernel.decider import Record
from services.kernel.form import Id, Line
from services.kernel.rules import CallRules, Cents, CentsOrZero


class Stage(StrEnum):
    """Where a file stands."""

    RANKED = "ranked"
    """Never decided on."""
    REOPENED = "reopened"
    """Decided on before, and first in the next proposal."""
    ASKED = "asked"
    """Put to the ledger; its answer is awaited."""
    PROPOSED = "proposed"
    APPROVED = "approved"
    """An award whose commitment is awaited."""
    GRANTED = "granted"
    ACCEPTED = "accepted"
    """Granted, and bound by the agreement."""
    WAITING = "waiting"
    """On the reserve list."""
    REFUSED = "refused"
    DECLINED = "declined"
    DROPPED = "dropped"
    LEAVING = "leaving"
    """Withdrawn while its commitment was awaited; what the ledger commits is to be freed at once."""


class ProposalStage(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    """Its walk waits for the ledger."""
    HALTED = "halted"
    """Its walk waits for an officer."""
    COMPLETE = "complete"
    """It waits for the second hand."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Record):
    """The rules of a call."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    rules: CallRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking(Record):
    """The latest version of the ranking: how many places have come in, and how many it has (None: not said yet)."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    version: int
    noted: int = 0
    ranked: int | None = None

    @property
    def complete(self) -> bool:
        """Whether all places have come in."""
        return self.noted == self.ranked


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Record):
    """The latest proposal of a call. `proposers` are the hands that opened it or carried on with it, the last one last."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    number: int
    stage: ProposalStage
    proposers: tuple[Id, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A decision: proposed, and once `approved_by` and `decided_at` are there, taken."""

    proposal: int
    outcome: Outcome
    amount_cents: CentsOrZero
    ground: Line
    detail: Line
    proposed_by: Id
    approved_by: Id | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """The last appeal on a file: against the decision of `proposal`, which `hands` proposed and approved."""

    proposal: int
    hands: tuple[Id, ...]
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Record):
    """A ranked application. `proposed` is the decision under way, `decision` the current one.

    `attempts` counts how often the file was put to the ledger as a new decision, and `before` is where it stood then;
    `asked_cents` is what the ledger was last asked for. `upheld` has the words of an upheld appeal: from then on the file
    counts as eligible.
    """

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id")
    call_id: Id
    application_id: Id
    applicant: Id
    version: int
    rank: int
    partners: tuple[Id, ...]
    requested_cents: Cents
    eligible: bool
    fails: tuple[Line, ...]
    stage: Stage
    before: Stage = Stage.RANKED
    attempts: int = 0
    asked_cents: CentsOrZero = 0
    limited_by: Limit | None = None
    proposed: Ruling | None = None
    decision: Ruling | None = None
    appeal: Appeal | None = None
    upheld: Line | None = None

    @property
    def award_id(self) -> str:
        """The name of the latest reservation, and of the award that it may become."""
        return award_id(self.application_id, self.attempts)

    @property
    def may_be_awarded(self) -> bool:
        """Whether the minima are met, or an upheld appeal says that they count as met."""
        return self.eligible or self.upheld is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal(Record):
    """An application that the applicant has withdrawn; it may come in before the ranking."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id")
    call_id: Id
    application_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger(Record):
    """A body that has gone over into another."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "from_body")
    call_id: Id
    from_body: Id
    into_body: Id


def award_id(application_id: str, attempt: int) -> str:
    """How the award and the reservation of a file's n-th new decision are named."""
    return f"{application_id}.{attempt}"


def application_of(award: str) -> str:
    """The application that an award or reservation belongs to: `award_id` read backwards."""
    return award.rpartition(".")[0]
