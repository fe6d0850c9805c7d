"""Tells the outside of awards, in one order that is recorded.

What the publishing service promises:

- Each public event has its place in the feed: 0, 1, 2 … without a gap, in the order in which they were told, for ever.
- No fact is too early: what cannot be told yet is kept, and told as soon as all that it says is known.
- The events of one award come in the order in which things happened to it, with the same content, however the logs of the other
  services lay between each other. The four sums in its last event are the ledger's.
- Nothing is told that the call does not publish, and nothing of persons: bodies, codes, cents and days, no one's own words.

Why the feed has a log of its own: `docs/decisions/0015-the-feed-has-its-own-log.md`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, assert_never, get_args

from services.kernel.decider import At, Decider, Record, State
from services.kernel.people import Role
from services.publishing import noting
from services.publishing.effects import evolve
from services.publishing.events import Event
from services.publishing.model import (
    Command,
    NoteBodies,
    NoteCall,
    NoteClosing,
    NoteDeadline,
    NoteDecision,
    NoteFile,
    NoteGrant,
    NoteMerger,
    NoteMove,
    NotePlace,
    NoteRanking,
    NoteRefusal,
    NoteScore,
    NoteSettlement,
)
from services.publishing.noted import Refused
from services.publishing.records import (
    FEED,
    Award,
    Call,
    Dossier,
    EarlyRanking,
    Enrolled,
    Feed,
    File,
    Merger,
    Refusals,
    Waiting,
)
from services.publishing.terms import RefusalCode

AUTHORITY: Mapping[type, frozenset[Role]] = dict.fromkeys(get_args(Command), frozenset({Role.SYSTEM}))


def decide(command: Command, state: State, _at: At) -> tuple[Event, ...]:  # noqa: C901, PLR0911, PLR0912 - one case a command
    """What is told by a fact; nothing if it was noted before."""
    match command:
        case NoteCall():
            return noting.call(command, state)
        case NoteDeadline():
            return noting.deadline(command, state)
        case NoteClosing():
            return noting.closing(command, state)
        case NoteBodies():
            return noting.bodies(command, state)
        case NoteFile():
            return noting.file(command, state)
        case NoteScore():
            return noting.score(command, state)
        case NoteRanking():
            return noting.ranking(command, state)
        case NotePlace():
            return noting.place(command, state)
        case NoteDecision():
            return noting.decision(command, state)
        case NoteGrant():
            return noting.grant(command, state)
        case NoteRefusal():
            return noting.refusal(command, state)
        case NoteMerger():
            return noting.merger(command, state)
        case NoteMove():
            return noting.move(command, state)
        case NoteSettlement():
            return noting.settlement(command, state)
        case _:
            assert_never(command)


def reads(command: Command) -> Iterable[tuple[type[Record], tuple[str, ...]]]:
    """What a command about an award is likely to ask for."""
    call_id = command.call_id
    yield Feed, (FEED,)
    yield Call, (call_id,)
    match command:
        case NoteGrant() | NoteMove() | NoteSettlement() | NoteDecision():
            yield Dossier, (call_id, command.award_id)
            yield Award, (command.award_id,)
        case NoteFile() | NoteScore() | NotePlace():
            yield File, (call_id, command.application_id)
        case _:
            return
    if isinstance(command, NoteGrant):
        yield File, (call_id, command.grant.application_id)
        for kbo in (command.grant.applicant, *command.grant.partners):
            yield Merger, (call_id, kbo)
            yield Enrolled, (call_id, kbo)


def _stream(command: Any) -> str:
    """One award, one application, or the call where neither is meant."""
    subject: str = getattr(command, "award_id", None) or getattr(command, "application_id", None) or command.call_id
    return subject


def _refused(command: Command, code: str, detail: str) -> Refused:
    return noting.refuse(command, RefusalCode(code), detail)


DECIDER = Decider(
    service="publishing",
    commands=get_args(Command),
    events=get_args(Event),
    records=(Feed, Call, Award, Dossier, Refusals, Waiting, Enrolled, File, EarlyRanking, Merger),
    decide=decide,
    evolve=evolve,
    stream=_stream,
    shard=lambda _command: FEED,
    authority=AUTHORITY,
    refused=_refused,
    reads=reads,
)
