"""What the publishing service keeps: what is public (`Call`, `Award`), and what waits until it can be told."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import ClassVar

from services.kernel.decider import Record, State
from services.kernel.form import Digest, Id, Line
from services.kernel.rules import AuthorityId, BudgetArticle, Cents, CentsOrZero, Code, Currency, Named, Translated
from services.publishing.terms import (
    Body,
    Count,
    Decision,
    Grant,
    Ground,
    Kbo,
    Move,
    MoveKind,
    Number,
    Organisation,
    Published,
    Refusal,
    Sequence,
    Settlement,
    Source,
    Step,
)

FEED = "feed"
"""The one feed of a deployment: every command's shard."""
_TOLD_AT_ALL = (Published.APPLICANT, Published.AMOUNT, Published.OUTCOME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed(Record):
    """Where the feed stands: the place that the next public event gets."""

    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: Line = FEED
    next: Sequence = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Record):
    """A call as it was told. `deadline` is where it stands after all moves; `events` are the places in the feed that tell of it."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    title: Translated
    authority: Translated
    authority_id: AuthorityId | None = None
    legal_basis: Line
    envelope_id: Id
    budget_article: BudgetArticle | None = None
    budget_year: int
    budget_cents: Cents
    cap_cents: Cents
    currency: Currency
    own_share_percent: int
    applicant_kinds: tuple[Code, ...]
    regions: tuple[Line, ...]
    opens_at: datetime
    first_deadline: datetime
    deadline: datetime
    zone: Line
    project_start: date
    project_end: date
    purposes: tuple[Named, ...]
    published: tuple[Code, ...]
    call_file: Digest
    published_at: datetime
    source: Source
    closed_at: datetime | None = None
    applications: Count | None = None
    ranking: Number | None = None
    """The version of the ranking that was told last."""
    ranked: Count | None = None
    minimum_total: Fraction | None = None
    latest: Source
    """The last entry of the intake that was told: what is not after it was told before."""
    events: tuple[Sequence, ...]

    def tells(self, *names: Published) -> bool:
        """Whether all of that is told of the awards of this call."""
        return all(name in self.published for name in (*_TOLD_AT_ALL, *names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Award(Record):
    """An award as it was told: the content of its last event. `ground` is why it was granted, `state` the type of the last event.

    A sum that the call does not publish is None.
    """

    KEY: ClassVar[tuple[str, ...]] = ("award_id",)
    award_id: Id
    call_id: Id
    application_id: Id
    organisation: Organisation
    partners: tuple[Organisation, ...]
    purposes: tuple[Code, ...]
    currency: Currency
    awarded_cents: CentsOrZero
    committed_cents: CentsOrZero
    paid_cents: CentsOrZero | None = None
    recovered_cents: CentsOrZero | None = None
    requested_cents: Cents | None = None
    final_grant_cents: CentsOrZero | None = None
    decided_on: date | None = None
    project_start: date | None = None
    project_end: date | None = None
    ground: Ground
    granted_at: datetime
    changed_at: datetime
    state: Code
    """`granted`, `settled` or `withdrawn`."""
    source: Source
    """The entry that granted it."""
    events: tuple[Sequence, ...]
    """The places in the feed that tell of it, in order: what it went through."""

    @property
    def bodies(self) -> tuple[Organisation, ...]:
        """The beneficiary and its partners."""
        return (self.organisation, *self.partners)

    @property
    def province(self) -> str:
        """The province of the beneficiary, as a code."""
        return province(self.organisation.nis)

    @property
    def year(self) -> int:
        """The year of the decision, or of the grant where the day of the decision is not told."""
        return (self.decided_on or self.granted_at).year


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier(Record):
    """All that is known of an award: its grant once it is granted and committed, then what happened to it, in the order it came in.

    `told` counts the moves that have been told or passed over; `granted` and `settled` say so of the grant and the settlement.
    """

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "award_id")
    call_id: Id
    award_id: Id
    decision: Decision | None = None
    grant: Grant | None = None
    commitment: Move | None = None
    moves: tuple[Move, ...] = ()
    settlement: Settlement | None = None
    granted: bool = False
    told: int = 0
    settled: bool = False

    @property
    def past(self) -> tuple[Move, ...]:
        """The moves that have been told or passed over."""
        return self.moves[: self.told]

    @property
    def next(self) -> Move | None:
        """The move to tell next."""
        return self.moves[self.told] if self.told < len(self.moves) else None

    @property
    def waits(self) -> bool:
        """Whether what comes next is told as soon as enough is known of the call, its bodies and the file."""
        if not self.granted:
            return self.grant is not None and self.commitment is not None
        return self.next is not None and self.next.kind is MoveKind.MERGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals(Record):
    """The refusals of an application, oldest first; `told` counts those that have been told or passed over."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id")
    call_id: Id
    application_id: Id
    refusals: tuple[Refusal, ...] = ()
    told: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Record):
    """An award or application of which something is told as soon as a fact about the call, a body or the file comes in."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "what", "about")
    call_id: Id
    what: Step
    """`GRANT` for an award, `REFUSAL` for an application."""
    about: Line
    over: bool = False

    def gone(self) -> bool:
        """See `Record.gone`."""
        return self.over


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled(Record):
    """A body of a call under its present name."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "kbo")
    call_id: Id
    body: Body

    @property
    def kbo(self) -> str:
        """The body's number."""
        return self.body.kbo


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Record):
    """What an admissible application asks money for, and how it was scored, by version of the ranking.

    `version` is the one that it is decided on by. Facts come from three logs, in any order.
    """

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "application_id")
    call_id: Id
    application_id: Id
    partners: tuple[Kbo, ...] = ()
    requested_cents: CentsOrZero = 0
    """0 until it is known."""
    purposes: tuple[Code, ...] = ()
    version: int = 0
    """0 until it is known."""
    totals: tuple["Total", ...] = ()

    @property
    def total(self) -> Fraction | None:
        """The score that it is decided on by; None while it is not known."""
        return next((scored.total for scored in self.totals if scored.version == self.version), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A score in one version of the ranking."""

    version: Number
    total: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyRanking(Record):
    """A ranking that came before its call."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "number")
    call_id: Id
    version: Number
    ranked: Count
    minimum_total: Fraction
    occurred_at: datetime
    source: Source
    over: bool = False

    @property
    def number(self) -> str:
        """The version, so that the key's order is that of the versions."""
        return f"{self.version:07d}"

    def gone(self) -> bool:
        """See `Record.gone`."""
        return self.over


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger(Record):
    """A body that has gone over into another."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "from_body")
    call_id: Id
    from_body: Kbo
    into_body: Kbo


_PROVINCES = (
    *(("1", "antwerp"), ("21", "brussels"), ("25", "walloon_brabant"), ("2", "flemish_brabant"), ("3", "west_flanders")),
    *(("4", "east_flanders"), ("5", "hainaut"), ("6", "liege"), ("7", "limburg"), ("8", "luxembourg"), ("9", "namur")),
)


def province(nis: str) -> str:
    """The province of a NIS code of a municipality, as a code; `brussels` for the region, `none` for no municipality's."""
    return next((name for start, name in _PROVINCES if nis.startswith(start)), "none")


def present_body(state: State, call_id: str, body: str) -> str:
    """The body that holds the awards of `body` in a call today, after all mergers."""
    while (merger := state.get(Merger, call_id, body)) is not None:
        body = merger.into_body
    return body
