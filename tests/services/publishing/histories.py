"""Arbitrary histories: what five logs say of a call and some awards, each log in its order, and any order between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from random import Random  # noqa: TID251 - only its type: the test seeds it
from typing import Any

from hypothesis import strategies as st

from services.kernel.canonical import digest
from services.kernel.decider import At, MemoryState
from services.kernel.rules import Named
from services.publishing import model as m
from services.publishing.core import DECIDER
from services.publishing.terms import Body, Decision, Grant, Move, MoveKind, Published, Refusal, Settlement, Source
from services.runtime.shards import system_actor

CALL_ID = "call-1"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
ACTOR = system_actor("publishing")
START = datetime(2021, 3, 1, 9, tzinfo=UTC)
AMOUNT = 100_000
ADVANCE = 90_000
LOGS = ("intake", "scoring", "awarding", "budget_ledger", "reporting")


class End(StrEnum):
    """How far an application gets."""

    REFUSED = "refused"
    LEFT = "left"
    """Withdrawn while its commitment was awaited: committed, freed, never granted."""
    GRANTED = "granted"
    DECLINED = "declined"
    PAID = "paid"
    BALANCE = "balance"
    UNSPENT = "unspent"
    RECOVERED = "recovered"


@dataclass
class Facts:
    """The facts of each log, in its order."""

    logs: dict[str, list[Any]]

    def add(self, log: str, command: Any, **told: Any) -> None:
        """One more entry of a log; `told` says under which field the command carries what has a place of its own."""
        entries = self.logs[log]
        index = len(entries)
        where = {
            "occurred_at": START + timedelta(hours=index),
            "source": Source(log=f"{log}/0", index=index, leaf=digest(f"{log}/{index}".encode())),
        }
        for name, part in told.items():
            command = replace(command, **{name: replace(part, **where)})
        entries.append(command if told else _placed(command, where))


def _placed(command: Any, where: dict[str, Any]) -> Any:
    return replace(command, **where) if hasattr(command, "occurred_at") else command


NOWHERE = Source(log="none/0", index=0, leaf="0" * 64)


def facts(ends: Sequence[End], published: Sequence[str], *, merges: bool = False) -> Facts:
    """What is heard of a call with an application for each end; with `merges`, the first applicant goes over into the last body."""
    told = Facts({log: [] for log in LOGS})
    told.add("intake", call(published))
    told.add("intake", m.NoteBodies(call_id=CALL_ID, bodies=tuple(body(n) for n in range(len(ends) + 1))))
    for number in range(len(ends)):
        _filed(told, number)
    told.add(
        "scoring",
        m.NoteRanking(
            call_id=CALL_ID, version=1, ranked=len(ends), minimum_total=Fraction(1, 2), occurred_at=START, source=NOWHERE
        ),
    )
    for number, end in enumerate(ends):
        _decided(told, number, end)
    if merges:
        merger = m.NoteMerger(call_id=CALL_ID, from_body=kbo(0), into_body=kbo(len(ends)), occurred_at=START, source=NOWHERE)
        told.add("awarding", merger)
    return told


def _filed(told: Facts, number: int) -> None:
    application_id = application(number)
    told.add(
        "intake",
        m.NoteFile(
            call_id=CALL_ID, application_id=application_id, partners=(kbo(number + 1),), requested_cents=AMOUNT, purposes=("youth",)
        ),
    )
    told.add("scoring", m.NoteScore(call_id=CALL_ID, application_id=application_id, version=1, total=Fraction(9, 10 + number)))
    told.add("awarding", m.NotePlace(call_id=CALL_ID, application_id=application_id, version=1))


def _decided(told: Facts, number: int, end: End) -> None:
    application_id, award_id = application(number), award(number)
    if end is End.REFUSED:
        refusal = Refusal(applicant=kbo(number), ground="below_minimum", rank=number + 1, occurred_at=START, source=NOWHERE)
        told.add("awarding", m.NoteRefusal(call_id=CALL_ID, application_id=application_id, refusal=refusal), refusal=refusal)
        return
    decision = Decision(ground="ranked", decided_at=START + timedelta(days=90))
    told.add("awarding", m.NoteDecision(call_id=CALL_ID, award_id=award_id, decision=decision))
    _moved(told, number, MoveKind.COMMITTED, AMOUNT)
    if end is not End.LEFT:
        grant = Grant(
            application_id=application_id,
            applicant=kbo(number),
            partners=(kbo(number + 1),),
            amount_cents=AMOUNT,
            requested_cents=AMOUNT,
            rank=number + 1,
            project_start=date(2021, 7, 1),
            project_end=date(2022, 6, 30),
            occurred_at=START,
            source=NOWHERE,
        )
        told.add("awarding", m.NoteGrant(call_id=CALL_ID, award_id=award_id, grant=grant), grant=grant)
    match end:
        case End.LEFT | End.DECLINED:
            _moved(told, number, MoveKind.DECOMMITTED, AMOUNT)
        case End.PAID:
            _moved(told, number, MoveKind.ADVANCE, ADVANCE)
        case End.BALANCE:
            _settled(told, number, final=AMOUNT, moves=((MoveKind.BALANCE, AMOUNT - ADVANCE),))
        case End.UNSPENT:
            _settled(told, number, final=ADVANCE, moves=((MoveKind.UNSPENT, AMOUNT - ADVANCE),))
        case End.RECOVERED:
            moves = ((MoveKind.UNSPENT, AMOUNT - ADVANCE), (MoveKind.RECOVERED, 30_000))
            _settled(told, number, final=ADVANCE - 30_000, moves=moves)
        case _:
            pass


def _settled(told: Facts, number: int, *, final: int, moves: Sequence[tuple[MoveKind, int]]) -> None:
    """The advance, the settlement, and what follows from it."""
    _moved(told, number, MoveKind.ADVANCE, ADVANCE)
    settlement = Settlement(
        limit="own_share",
        accepted_cents=125_000,
        final_grant_cents=final,
        paid_cents=ADVANCE,
        balance_cents=max(0, final - ADVANCE),
        recovery_cents=max(0, ADVANCE - final),
        occurred_at=START,
        source=NOWHERE,
    )
    told.add("reporting", m.NoteSettlement(call_id=CALL_ID, award_id=award(number), settlement=settlement), settlement=settlement)
    for kind, amount in moves:
        _moved(told, number, kind, amount)


def _moved(told: Facts, number: int, kind: MoveKind, amount: int) -> None:
    move = Move(move_id=f"{award(number)}.{kind.value}", kind=kind, amount_cents=amount, occurred_at=START, source=NOWHERE)
    told.add("budget_ledger", m.NoteMove(call_id=CALL_ID, award_id=award(number), move=move), move=move)


def call(published: Sequence[str]) -> m.NoteCall:
    """A call that publishes that."""
    return m.NoteCall(
        call_id=CALL_ID,
        title={"nl": "Oproep", "en": "Call"},
        authority={"nl": "Agentschap", "en": "Agency"},
        legal_basis="a decree",
        envelope_id="envelope-1",
        budget_year=2021,
        budget_cents=10_000_000,
        cap_cents=AMOUNT,
        currency="EUR",
        own_share_percent=20,
        applicant_kinds=("municipality",),
        regions=("vlaanderen",),
        opens_at=START,
        deadline=START + timedelta(days=30),
        zone="Europe/Brussels",
        project_start=date(2021, 7, 1),
        project_end=date(2022, 6, 30),
        purposes=(Named(code="youth", label={"nl": "jeugd", "en": "youth"}),),
        published=tuple(published),
        call_file="c" * 64,
        occurred_at=START,
        source=NOWHERE,
    )


def body(number: int) -> Body:
    """The n-th body."""
    return Body(kbo=kbo(number), nis=f"{11000 + number}", name=f"Municipality {number}", kind="municipality", region="vlaanderen")


def kbo(number: int) -> str:
    """The n-th body's number."""
    return f"02075{number:05d}"


def application(number: int) -> str:
    """The n-th application."""
    return f"{CALL_ID}.{number:02d}"


def award(number: int) -> str:
    """The award of the n-th application."""
    return f"{application(number)}.1"


def interleaved(told: Facts, random: Random) -> Iterator[Any]:
    """All facts, each log in its order, the logs between each other at random."""
    left = {log: list(reversed(entries)) for log, entries in told.logs.items()}
    while rest := [log for log in LOGS if left[log]]:
        log = random.choice(rest)
        for _ in range(min(random.choice((1, 2, 10, 100)), len(left[log]))):
            yield left[log].pop()


def hear(commands: Iterator[Any] | Sequence[Any], state: MemoryState | None = None) -> tuple[MemoryState, list[Any]]:
    """Have the core hear of facts; gives the state and all events."""
    state = MemoryState() if state is None else state
    at = At(actor=ACTOR, now=NOW)
    return state, [event for command in commands for event in DECIDER.run(command, state, at)]


ends = st.lists(st.sampled_from(End), min_size=1, max_size=5)
subsets = st.sets(st.sampled_from([name.value for name in Published])).map(lambda names: tuple(sorted(names)))
everything = tuple(name.value for name in Published)
