"""A desk to try the awarding service at: its core, coupled with a small honest ledger that knows both limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.awarding.core import DECIDER
from services.awarding.events import (
    CommitmentRequested,
    DecommitRequested,
    Event,
    Refused,
    ReservationReleaseRequested,
    ReservationRequested,
)
from services.awarding.model import (
    AcceptAgreement,
    Approve,
    Command,
    DecideAppeal,
    Decline,
    DropApplication,
    LodgeAppeal,
    NoteCommitted,
    NoteLedgerRefused,
    NoteRanked,
    NoteRanking,
    NoteReleased,
    NoteReserved,
    Propose,
    RegisterCall,
)
from services.awarding.records import File
from services.awarding.terms import Asked, Ending
from services.kernel.decider import At, MemoryState
from services.kernel.people import Actor, Role
from services.kernel.rules import CallRules
from tests.strategies import CALL_ID, rules

START = datetime(2021, 6, 1, 8, 0, tzinfo=UTC)
AGREEMENT = "ab" * 32


def person(role: Role, name: str = "one", organisation: str = "agency") -> Actor:
    return Actor(id=f"{role.value}:{name}", organisation=organisation, roles=(role,))


def applicant(number: str) -> Actor:
    return person(Role.APPLICANT, f"of-{number}", number)


SYSTEM = person(Role.SYSTEM, "awarding")
OFFICER = person(Role.OFFICER)
MINISTER = person(Role.DECISION_MAKER)
JUDGE = person(Role.DECISION_MAKER, "two")


def call(
    *,
    budget: int = 150_000_000,
    cap: int = 6_000_000,
    partial: bool = True,
    least: int = 1_000_000,
    reserve_list: bool = True,
    **terms: Any,
) -> CallRules:
    """The rules of the call with another envelope (cents), cap or terms of awarding."""
    plain = rules()
    return rules(
        envelope=replace(plain.envelope, budget_cents=budget),
        cap=replace(plain.cap, cap_cents=cap),
        awarding=replace(plain.awarding, partial=partial, minimum_useful_cents=least, reserve_list=reserve_list, **terms),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An application as the jury ranks it."""

    id: str
    cents: int = 6_000_000
    partners: tuple[str, ...] = ()
    eligible: bool = True

    @property
    def applicant(self) -> str:
        return f"body-{self.id}"

    def ranked(self, rank: int, version: int = 1) -> NoteRanked:
        return NoteRanked(
            call_id=CALL_ID,
            version=version,
            rank=rank,
            application_id=self.id,
            applicant=self.applicant,
            partners=self.partners,
            requested_cents=self.cents,
            eligible=self.eligible,
            fails=() if self.eligible else ("below_minimum_total",),
        )


@dataclass(slots=True)
class Held:
    """Money in the ledger, reserved or committed, counted for each of `bodies`."""

    cents: int
    bodies: tuple[str, ...]
    expires_at: datetime
    committed: bool = False


class Ledger:
    """Answers one request after the other under the envelope and the cap; holds nothing that it has not said."""

    def __init__(self, budget: int, cap: int) -> None:
        self.budget, self.cap = budget, cap
        self.held: dict[str, Held] = {}
        self.ended: dict[str, str] = {}
        self.closed = False

    @property
    def used(self) -> int:
        return sum(held.cents for held in self.held.values())

    def used_by(self, body: str) -> int:
        return sum(held.cents for held in self.held.values() if body in held.bodies)

    def answer(self, event: Event) -> Command | None:
        """What the awarding service will hear of its request; None if nothing."""
        match event:
            case ReservationRequested():
                return self._reserve(event)
            case CommitmentRequested(award_id=award) if award in self.held:
                self.held[award].committed = True
                return NoteCommitted(call_id=CALL_ID, award_id=award, amount_cents=event.amount_cents)
            case CommitmentRequested(award_id=award):
                return _no(award, Asked.COMMIT, self.ended.get(award, "unknown_reservation"))
            case ReservationReleaseRequested(award_id=award) if award in self.held:
                return self._end(award, Ending.RELEASED)
            case DecommitRequested():
                self.held.pop(event.award_id)
                return None
            case _:
                return None

    def expire(self, now: datetime) -> list[Command]:
        late = [award for award, held in self.held.items() if not held.committed and held.expires_at <= now]
        return [self._end(award, Ending.EXPIRED) for award in late]

    def _end(self, award: str, ending: Ending) -> Command:
        self.held.pop(award)
        self.ended[award] = f"already_{ending.value}"
        return NoteReleased(call_id=CALL_ID, award_id=award, ending=ending)

    def _reserve(self, event: ReservationRequested) -> Command:
        bodies = (event.applicant, *event.partners)
        room = {
            "available_cents": self.budget - self.used,
            "cap_left_cents": min(self.cap - self.used_by(body) for body in bodies),
        }
        if self.closed:
            return _no(event.award_id, Asked.RESERVE, "envelope_closed")
        if event.amount_cents > room["cap_left_cents"]:
            return _no(event.award_id, Asked.RESERVE, "cap_exceeded", room)
        if event.amount_cents > room["available_cents"]:
            return _no(event.award_id, Asked.RESERVE, "envelope_exceeded", room)
        self.held[event.award_id] = Held(event.amount_cents, bodies, event.expires_at)
        return NoteReserved(call_id=CALL_ID, award_id=event.award_id, amount_cents=event.amount_cents)


def _no(award: str, asked: Asked, code: str, room: Mapping[str, int] | None = None) -> Command:
    return NoteLedgerRefused(call_id=CALL_ID, award_id=award, asked=asked, code=code, **(room or {}))


@dataclass(slots=True)
class Desk:
    """One call from its ranking on. Every method gives the events that it led to, the ledger's share included."""

    rules: CallRules
    ledger: Ledger
    state: MemoryState = field(default_factory=MemoryState)
    now: datetime = START
    events: list[Event] = field(default_factory=list[Event])
    mail: list[Command] = field(default_factory=list[Command])
    """Answers of the ledger that are still under way."""
    delivered: list[Command] = field(default_factory=list[Command])
    slow: bool = False
    """Whether the mail stays under way until `post` is called."""

    @classmethod
    def open(cls, asks: list[Ask], terms: CallRules) -> "Desk":
        desk = cls(rules=terms, ledger=Ledger(terms.envelope.budget_cents, terms.cap.cap_cents))
        desk.give(RegisterCall(call_id=CALL_ID, rules=terms))
        for rank, ask in enumerate(asks, 1):
            desk.give(ask.ranked(rank))
        desk.give(NoteRanking(call_id=CALL_ID, version=1, ranked=len(asks)))
        return desk

    def step(self, command: Command, actor: Actor = SYSTEM) -> tuple[Event, ...]:
        """One command; the ledger's answers to what follows are put in the mail."""
        events = DECIDER.run(command, self.state, At(actor=actor, now=self.now))
        self.events += events
        self.mail += [note for event in events if (note := self.ledger.answer(event)) is not None]
        return events

    def post(self) -> tuple[Event, ...]:
        """Bring the oldest of the mail, if there is any."""
        if not self.mail:
            return ()
        self.delivered.append(self.mail.pop(0))
        return self.step(self.delivered[-1])

    def deliver(self) -> tuple[Event, ...]:
        """Bring the mail, and what follows from it, until there is none left."""
        events: list[Event] = []
        while self.mail:
            events += self.post()
        return tuple(events)

    def give(self, command: Command, actor: Actor = SYSTEM) -> tuple[Event, ...]:
        """One command with all that it leads to."""
        events = self.step(command, actor)
        return events if self.slow else (*events, *self.deliver())

    def propose(self, actor: Actor = OFFICER) -> tuple[Event, ...]:
        return self.give(Propose(call_id=CALL_ID), actor)

    def approve(self, proposal: int = 1, actor: Actor = MINISTER) -> tuple[Event, ...]:
        return self.give(Approve(call_id=CALL_ID, proposal=proposal), actor)

    def decline(self, name: str) -> tuple[Event, ...]:
        return self.give(Decline(call_id=CALL_ID, application_id=name, reason="no longer possible"), applicant(f"body-{name}"))

    def accept(self, name: str) -> tuple[Event, ...]:
        command = AcceptAgreement(call_id=CALL_ID, application_id=name, agreement=AGREEMENT)
        return self.give(command, applicant(f"body-{name}"))

    def appeal(self, name: str) -> tuple[Event, ...]:
        command = LodgeAppeal(call_id=CALL_ID, application_id=name, ground="the plan was misread")
        return self.give(command, applicant(f"body-{name}"))

    def judge(self, name: str, *, upheld: bool, actor: Actor = JUDGE) -> tuple[Event, ...]:
        command = DecideAppeal(call_id=CALL_ID, application_id=name, upheld=upheld, ground="the plan was misread indeed")
        return self.give(command, actor)

    def withdraw(self, name: str) -> tuple[Event, ...]:
        return self.give(DropApplication(call_id=CALL_ID, application_id=name, applicant=f"body-{name}"))

    def wait(self, days: int) -> tuple[Event, ...]:
        """Let time pass, and reservations run out."""
        self.now += timedelta(days=days)
        self.mail += self.ledger.expire(self.now)
        return () if self.slow else self.deliver()

    def file(self, name: str) -> File:
        file = self.state.get(File, CALL_ID, name)
        assert file is not None
        return file

    def outcomes(self) -> dict[str, str]:
        """The current decision of every file that has one, with its amount: `award 6000000`, `refuse`."""
        decisions = {file.application_id: file.decision for file in self.state.all(File, CALL_ID)}
        return {name: f"{d.outcome.value} {d.amount_cents or ''}".rstrip() for name, d in decisions.items() if d is not None}


def codes(events: tuple[Event, ...]) -> list[str]:
    """What kinds of events these are."""
    return [type(event).__name__ for event in events]


def only(events: tuple[Event, ...], kind: type[Any]) -> Any:
    """The one event of that kind."""
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


def refusal(events: tuple[Event, ...]) -> str:
    """The code of the only event, a refusal."""
    (event,) = events
    assert isinstance(event, Refused), event
    return event.code.value
