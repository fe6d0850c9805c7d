"""The words that the publishing service's commands, events and records share."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from services.kernel.form import Between, Digest, Id, Line, Matches
from services.kernel.rules import Cents, CentsOrZero, Code

Sequence = Annotated[int, Between(0, 2**53 - 1)]
"""A place in the feed: 0, 1, 2 … without a gap."""
Kbo = Annotated[str, Matches(r"[0-9]{10}", "an enterprise number: 10 digits")]
Nis = Annotated[str, Matches(r"[0-9]{5}", "a NIS code: 5 digits")]
Name = Annotated[str, Between(1, 100)]
Number = Annotated[int, Between(1, 1_000_000)]
Count = Annotated[int, Between(0, 1_000_000)]
Change = Annotated[int, Between(-(2**53 - 1), 2**53 - 1)]
"""Cents by which a sum has changed; negative for less."""


class RefusalCode(StrEnum):
    """Why a command was not carried out."""

    NOT_AUTHORISED = "not_authorised"
    ID_REUSED = "id_reused"
    CALL_EXISTS = "call_exists"
    UNKNOWN_CALL = "unknown_call"
    FACT_DIFFERS = "fact_differs"
    """The same thing was told otherwise before."""


class Published(StrEnum):
    """What a call file may let the world know of its awards; the feed tells nothing else of them.

    Nothing at all is told of the awards of a call that does not publish `applicant`, `amount` and `outcome`.
    """

    APPLICANT = "applicant"
    PARTNERS = "partners"
    PURPOSE = "purpose"
    REQUESTED = "requested"
    AMOUNT = "amount"
    OUTCOME = "outcome"
    RANK = "rank"
    TOTAL = "total"
    DECIDED_ON = "decided_on"
    PROJECT_PERIOD = "project_period"
    PAID = "paid"
    """Payments and what came back."""
    FINAL_GRANT = "final_grant"
    REFUSALS = "refusals"
    """Who was refused, and on what ground."""


class GroundCode(StrEnum):
    """Why a thing is as it is. An officer's or an applicant's own words are never told: they stay in the file."""

    RANKED = "ranked"
    """Granted in full in its turn, by the ranking."""
    ENVELOPE_EXCEEDED = "envelope_exceeded"
    """Granted in part: what was left of the envelope."""
    CAP_EXCEEDED = "cap_exceeded"
    """Granted in part or refused: what was left to the applicant under the cap."""
    BELOW_MINIMUM = "below_minimum"
    ENVELOPE_EXHAUSTED = "envelope_exhausted"
    APPEAL = "appeal"
    """Decided anew after an appeal was upheld."""
    DECLINED = "declined"
    """Given back by the beneficiary before the agreement."""
    SETTLEMENT = "settlement"
    """What the final report leaves unspent was freed."""
    CORRECTION = "correction"
    """A part of the commitment was freed for another reason."""
    MERGER = "merger"
    """A body has gone over into another one, which takes its place."""
    ADVANCE = "advance"
    """Paid on the agreement."""
    BALANCE = "balance"
    """Paid on the final report."""
    FINAL_REPORT = "final_report"
    """The approved reports say what the award comes to."""


class MoveKind(StrEnum):
    """What happened to the money of an award, or to who holds it."""

    COMMITTED = "committed"
    DECOMMITTED = "decommitted"
    UNSPENT = "unspent"
    """Decommitted by the settlement."""
    ADVANCE = "advance"
    BALANCE = "balance"
    RECOVERED = "recovered"
    MERGED = "merged"


class Step(StrEnum):
    """What of an award or an application is told next."""

    GRANT = "grant"
    MOVE = "move"
    SETTLEMENT = "settlement"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The entry, of the log of another service, that an event tells of, pinned by its leaf hash: what a proof starts from."""

    log: Line
    index: Annotated[int, Between(0, 2**53 - 1)]
    leaf: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A public body under the name that it had then; `kbo` is its number in the Crossroads Bank for Enterprises.

    A name longer than 120 bytes is cut there, so that an event with 300 partners fits into an entry.
    """

    kbo: Kbo
    nis: Nis
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body that may file in a call, with the kind and the region that the call goes by."""

    kbo: Kbo
    nis: Nis
    name: Name
    kind: Code
    region: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Why: a code, the rule of the call file that it rests on, and the place and total score if the call publishes them."""

    code: GroundCode
    rule: Line
    rank: Number | None = None
    total: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where to read more, relative to the address of the feed."""

    call: Line
    award: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided on a file: the ground as the awarding service names it, and when. It may not be granted yet."""

    ground: Line
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An award as the awarding service grants it."""

    application_id: Id
    applicant: Kbo
    partners: Annotated[tuple[Kbo, ...], Between(0, 300)]
    amount_cents: Cents
    requested_cents: Cents
    rank: Number
    project_start: date
    project_end: date
    occurred_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something that happened to an award; `move_id` names it for ever. By a merger `from_body` has become `into_body`."""

    move_id: Line
    kind: MoveKind
    amount_cents: CentsOrZero
    from_body: Kbo | None = None
    into_body: Kbo | None = None
    occurred_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What the final report makes of an award: `limit` is what bounds it, `paid_cents` what had been paid and kept until then."""

    limit: Code
    accepted_cents: CentsOrZero
    final_grant_cents: CentsOrZero
    paid_cents: CentsOrZero
    balance_cents: CentsOrZero
    recovery_cents: CentsOrZero
    occurred_at: datetime
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An application that the awarding service refused."""

    applicant: Kbo
    ground: Line
    rank: Number
    occurred_at: datetime
    source: Source
