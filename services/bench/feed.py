"""A long feed in a short time: synthetic awards, told by real commands through a real writer."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from services.kernel.canonical import digest
from services.kernel.rules import Named
from services.publishing import model as m
from services.publishing.core import DECIDER
from services.publishing.feed import Feed
from services.publishing.terms import Body, Decision, Grant, Move, MoveKind, Published, Settlement, Source
from services.runtime.batch import Order
from services.runtime.clock import SystemClock
from services.runtime.shards import system_actor
from services.runtime.sql_store import open_store
from services.runtime.writer import Writer

LOG = "publishing/0"
EVENTS_AN_AWARD = 4
"""Granted, advance paid, settled, balance paid."""
_EVENTS_A_CALL = 2
_PER_CALL = 250
_BODIES = 300
_BATCH = 2_000
_START = datetime(2020, 1, 6, 9, tzinfo=UTC)
_NIS = ("11002", "23027", "31005", "44021", "71016")
_PURPOSES = ("housing", "youth", "integration", "safety", "culture")
_AMOUNT = 1_000_000


def events_of(awards: int) -> int:
    """The number of public events of that many awards."""
    return awards * EVENTS_AN_AWARD + -(-awards // _PER_CALL) * _EVENTS_A_CALL


def commands(awards: int, *, first: int = 0) -> Iterator[Any]:
    """What the service hears of that many awards, from the `first` on, as if from one log: calls of 250, one after the other."""
    for number in range(first, first + awards):
        call, place = divmod(number, _PER_CALL)
        if place == 0 or number == first:
            yield from _call(call)
        yield from _award(call, place, number)


def fill(writer: Writer, awards: int, *, first: int = 0, told: Callable[[int], None] = lambda _done: None) -> None:
    """Have a running writer hear of that many awards; `told` gets the number of commands done. All is marked as relayed."""
    actor, done = system_actor("publishing"), 0
    heard = commands(awards, first=first)
    while batch := list(islice(heard, _BATCH)):
        orders = [Order(command_id=f"fill/{first}/{done + n}", command=command, actor=actor) for n, command in enumerate(batch)]
        writer.submit_all(orders).result()
        done += len(batch)
        told(done)
    writer.store.mark_relayed(writer.length)


@contextmanager
def long_feed(directory: Path, awards: int, *, deployment: str = "bench") -> Generator[Feed]:
    """The feed of that many awards, in a store of its own under `directory`."""
    failures: list[BaseException] = []
    store = open_store(f"sqlite:///{directory}", LOG, DECIDER.checks)
    writer = Writer(deployment=deployment, name=LOG, decider=DECIDER, store=store, clock=SystemClock(), stopped=failures.append)
    writer.start()
    try:
        fill(writer, awards)
        yield Feed(store, deployment=deployment)
    finally:
        writer.stop()
        store.close()
    if failures:
        raise failures[0]


def _call(number: int) -> Iterator[Any]:
    call_id, opens = f"bench-{number:05d}", _START + timedelta(days=number % 365)
    source, words = _source(call_id), {"nl": f"Synthetische oproep {number}", "en": f"Synthetic call {number}"}
    yield m.NoteCall(
        call_id=call_id,
        title=words,
        authority={"nl": "Synthetisch agentschap", "en": "Synthetic agency"},
        legal_basis="none: made up",
        envelope_id=f"envelope-{number:05d}",
        budget_year=opens.year,
        budget_cents=_AMOUNT * _PER_CALL,
        cap_cents=_AMOUNT,
        currency="EUR",
        own_share_percent=20,
        applicant_kinds=("municipality",),
        regions=("vlaanderen",),
        opens_at=opens,
        deadline=opens + timedelta(days=60),
        zone="Europe/Brussels",
        project_start=date(opens.year + 1, 1, 1),
        project_end=date(opens.year + 1, 12, 31),
        purposes=tuple(Named(code=code, label={"nl": code, "en": code}) for code in _PURPOSES),
        published=tuple(name.value for name in Published),
        call_file=digest(call_id.encode()),
        occurred_at=opens,
        source=source,
    )
    for start in range(0, _BODIES, 100):
        yield m.NoteBodies(call_id=call_id, bodies=tuple(_body(n) for n in range(start, start + 100)))
    closed = opens + timedelta(days=61)
    yield m.NoteClosing(call_id=call_id, closed_at=closed, applications=_PER_CALL, occurred_at=closed, source=_source(call_id, 1))


def _award(call: int, place: int, number: int) -> Iterator[Any]:
    call_id, decided = f"bench-{call:05d}", _START + timedelta(days=call % 365 + 120)
    application_id = f"{call_id}.{place:03d}"
    award_id, requested = f"{application_id}.1", _AMOUNT + number % 1000
    yield m.NoteFile(
        call_id=call_id,
        application_id=application_id,
        partners=(),
        requested_cents=requested,
        purposes=(_PURPOSES[number % len(_PURPOSES)],),
    )
    total = Fraction(_PER_CALL - place, _PER_CALL)
    yield m.NoteScore(call_id=call_id, application_id=application_id, version=1, total=total)
    yield m.NotePlace(call_id=call_id, application_id=application_id, version=1)
    yield m.NoteDecision(call_id=call_id, award_id=award_id, decision=Decision(ground="ranked", decided_at=decided))
    grant = Grant(
        application_id=application_id,
        applicant=_kbo(number % _BODIES),
        partners=(),
        amount_cents=requested,
        requested_cents=requested,
        rank=place + 1,
        project_start=date(decided.year + 1, 1, 1),
        project_end=date(decided.year + 1, 12, 31),
        occurred_at=decided,
        source=_source(award_id),
    )
    yield _move(call_id, award_id, MoveKind.COMMITTED, requested, decided)
    yield m.NoteGrant(call_id=call_id, award_id=award_id, grant=grant)
    advance = requested * 9 // 10
    yield _move(call_id, award_id, MoveKind.ADVANCE, advance, decided + timedelta(days=14))
    settlement = Settlement(
        limit="award",
        accepted_cents=requested * 5 // 4,
        final_grant_cents=requested,
        paid_cents=advance,
        balance_cents=requested - advance,
        recovery_cents=0,
        occurred_at=decided + timedelta(days=700),
        source=_source(award_id, 1),
    )
    yield m.NoteSettlement(call_id=call_id, award_id=award_id, settlement=settlement)
    yield _move(call_id, award_id, MoveKind.BALANCE, requested - advance, decided + timedelta(days=720))


def _move(call_id: str, award_id: str, kind: MoveKind, amount_cents: int, at: datetime) -> m.NoteMove:
    name = f"{award_id}.{kind.value}"
    move = Move(move_id=name, kind=kind, amount_cents=amount_cents, occurred_at=at, source=_source(name))
    return m.NoteMove(call_id=call_id, award_id=award_id, move=move)


def _body(number: int) -> Body:
    nis = _NIS[number % len(_NIS)]
    return Body(kbo=_kbo(number), nis=nis, name=f"Synthetic municipality {number}", kind="municipality", region="vlaanderen")


def _kbo(number: int) -> str:
    return f"09{number:08d}"


def _source(name: str, index: int = 0) -> Source:
    """An entry that is not there: a made-up history has none."""
    return Source(log="bench/0", index=index, leaf=digest(name.encode()))
