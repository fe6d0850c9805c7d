"""Notes facts of the other services, each once, and tells what can be told by them."""

from dataclasses import fields, replace
from typing import Any, cast

from services.kernel.decider import State
from services.publishing import events as e
from services.publishing import model as m
from services.publishing import noted as n
from services.publishing.records import Call, Dossier, EarlyRanking, Enrolled, File, Merger, Refusals, present_body
from services.publishing.saying import holders, links
from services.publishing.telling import Telling
from services.publishing.terms import Move, MoveKind, Published, RefusalCode

_RENAMED = {"deadline": "first_deadline", "occurred_at": "published_at"}
"""Fields of `NoteCall` that have another name in the record."""


def call(command: m.NoteCall, state: State) -> tuple[e.Event, ...]:
    """Tell a call, and then what has waited for it."""
    known = state.get(Call, command.call_id)
    if known is not None:
        same = all(getattr(command, name) == getattr(known, _RENAMED.get(name, name)) for name in _names(command))
        return () if same else (refuse(command, RefusalCode.CALL_EXISTS, "the call was told otherwise"),)
    telling = Telling(state)
    content = {name: getattr(command, name) for name in _names(command)}
    telling.add(e.CallPublished(sequence=telling.place(), links=links(command.call_id), **content))
    for early in telling.state.all(EarlyRanking, command.call_id):
        telling.add(_ranked(early, telling))
    telling.waiting(command.call_id)
    return tuple(telling.events)


def deadline(command: m.NoteDeadline, state: State) -> tuple[e.Event, ...]:
    """Tell that the deadline has moved."""
    known = _known_call(command, state)
    if not isinstance(known, Call):
        return known
    telling = Telling(state)
    telling.add(
        e.DeadlineMoved(
            sequence=telling.place(),
            call_id=command.call_id,
            before=command.before,
            deadline=command.deadline,
            occurred_at=command.occurred_at,
            source=command.source,
            links=links(command.call_id),
        )
    )
    return tuple(telling.events)


def closing(command: m.NoteClosing, state: State) -> tuple[e.Event, ...]:
    """Tell that the intake is over."""
    known = _known_call(command, state)
    if not isinstance(known, Call):
        return known
    telling = Telling(state)
    telling.add(
        e.CallClosed(
            sequence=telling.place(),
            call_id=command.call_id,
            closed_at=command.closed_at,
            applications=command.applications,
            occurred_at=command.occurred_at,
            source=command.source,
            links=links(command.call_id),
        )
    )
    return tuple(telling.events)


def ranking(command: m.NoteRanking, state: State) -> tuple[e.Event, ...]:
    """Tell a ranking; before its call is known, keep it."""
    known = state.get(Call, command.call_id)
    if known is None:
        early = state.get(EarlyRanking, command.call_id, f"{command.version:07d}")
        return () if early is not None else (n.RankingNoted(**{name: getattr(command, name) for name in _names(command)}),)
    if known.ranking is not None and command.version <= known.ranking:
        return ()
    telling = Telling(state)
    telling.add(_ranked(command, telling))
    return tuple(telling.events)


def bodies(command: m.NoteBodies, state: State) -> tuple[e.Event, ...]:
    """Note bodies; what was told of them before stays as it was."""
    known = [state.get(Enrolled, command.call_id, body.kbo) for body in command.bodies]
    if all(enrolled is not None and enrolled.body == body for enrolled, body in zip(known, command.bodies, strict=True)):
        return ()
    return _of_file(n.BodiesNoted(call_id=command.call_id, bodies=command.bodies), state)


def file(command: m.NoteFile, state: State) -> tuple[e.Event, ...]:
    """Note what a file asks money for."""
    known = state.get(File, command.call_id, command.application_id)
    told = (command.partners, command.requested_cents, command.purposes)
    if known is not None and (known.partners, known.requested_cents, known.purposes) == told:
        return ()
    event = n.FileNoted(
        call_id=command.call_id,
        application_id=command.application_id,
        partners=command.partners,
        requested_cents=command.requested_cents,
        purposes=command.purposes,
    )
    return _of_file(event, state)


def score(command: m.NoteScore, state: State) -> tuple[e.Event, ...]:
    """Note a total score."""
    known = state.get(File, command.call_id, command.application_id)
    totals = () if known is None else known.totals
    scored = next((total.total for total in totals if total.version == command.version), None)
    if scored is not None:
        return () if scored == command.total else (refuse(command, RefusalCode.FACT_DIFFERS, f"the total was {scored}"),)
    event = n.ScoreNoted(
        call_id=command.call_id, application_id=command.application_id, version=command.version, total=command.total
    )
    return _of_file(event, state)


def place(command: m.NotePlace, state: State) -> tuple[e.Event, ...]:
    """Note by which version of the ranking a file is decided on."""
    known = state.get(File, command.call_id, command.application_id)
    if known is not None and known.version == command.version:
        return ()
    event = n.PlaceNoted(call_id=command.call_id, application_id=command.application_id, version=command.version)
    return _of_file(event, state)


def decision(command: m.NoteDecision, state: State) -> tuple[e.Event, ...]:
    """Note an approved decision."""
    known = state.get(Dossier, command.call_id, command.award_id)
    if known is not None and known.decision is not None:
        return _again(command, same=known.decision == command.decision)
    return (n.DecisionNoted(call_id=command.call_id, award_id=command.award_id, decision=command.decision),)


def grant(command: m.NoteGrant, state: State) -> tuple[e.Event, ...]:
    """Note an award under the bodies that hold it by now, and tell it."""
    known = state.get(Dossier, command.call_id, command.award_id)
    if known is not None and known.grant is not None:
        return _again(command, same=known.grant.source == command.grant.source)
    present = [present_body(state, command.call_id, body) for body in (command.grant.applicant, *command.grant.partners)]
    granted = replace(command.grant, applicant=present[0], partners=tuple(present[1:]))
    return _of_award(n.GrantNoted(call_id=command.call_id, award_id=command.award_id, grant=granted), state)


def move(command: m.NoteMove, state: State) -> tuple[e.Event, ...]:
    """Note what happened to the money of an award, and tell it in its turn."""
    known = state.get(Dossier, command.call_id, command.award_id)
    earlier = () if known is None else (*known.moves, *((known.commitment,) if known.commitment else ()))
    for other in earlier:
        if other.move_id == command.move.move_id:
            return _again(command, same=(other.kind, other.amount_cents) == (command.move.kind, command.move.amount_cents))
    return _of_award(n.MoveNoted(call_id=command.call_id, award_id=command.award_id, move=command.move), state)


def settlement(command: m.NoteSettlement, state: State) -> tuple[e.Event, ...]:
    """Note what the final report makes of an award, and tell it in its turn."""
    known = state.get(Dossier, command.call_id, command.award_id)
    if known is not None and known.settlement is not None:
        return _again(command, same=known.settlement.source == command.settlement.source)
    event = n.SettlementNoted(call_id=command.call_id, award_id=command.award_id, settlement=command.settlement)
    return _of_award(event, state)


def refusal(command: m.NoteRefusal, state: State) -> tuple[e.Event, ...]:
    """Note a refused application, and tell it if the call says so; of a call that does not, nothing is kept."""
    known = state.get(Refusals, command.call_id, command.application_id)
    published = state.get(Call, command.call_id)
    heard = known is not None and any(other.source == command.refusal.source for other in known.refusals)
    if heard or (published is not None and not published.tells(Published.REFUSALS)):
        return ()
    telling = Telling(state)
    telling.add(n.RefusalNoted(call_id=command.call_id, application_id=command.application_id, refusal=command.refusal))
    telling.application(command.call_id, command.application_id)
    return tuple(telling.events)


def merger(command: m.NoteMerger, state: State) -> tuple[e.Event, ...]:
    """Note that a body has gone over into another one, and tell it of each award that it holds or has a part in."""
    known = state.get(Merger, command.call_id, command.from_body)
    if known is not None:
        return _again(command, same=known.into_body == command.into_body)
    telling = Telling(state)
    telling.add(n.MergerNoted(call_id=command.call_id, from_body=command.from_body, into_body=command.into_body))
    for dossier in state.all(Dossier, command.call_id):
        if command.from_body in holders(dossier.grant, dossier.moves):
            telling.add(n.MoveNoted(call_id=command.call_id, award_id=dossier.award_id, move=_merged(command)))
            telling.award(command.call_id, dossier.award_id)
    return tuple(telling.events)


def refuse(command: Any, code: RefusalCode, detail: str) -> n.Refused:
    """The refusal of a command."""
    return n.Refused(
        call_id=command.call_id,
        award_id=getattr(command, "award_id", None),
        application_id=getattr(command, "application_id", None),
        command=type(command).__name__,
        code=code,
        detail=detail,
    )


_Once = m.NoteDecision | m.NoteGrant | m.NoteMove | m.NoteSettlement | m.NoteMerger
_OfFile = n.BodiesNoted | n.FileNoted | n.ScoreNoted | n.PlaceNoted


def _of_file(event: _OfFile, state: State) -> tuple[e.Event, ...]:
    """What more is known of a body or a file, and all that has waited for it."""
    telling = Telling(state)
    telling.add(event)
    telling.waiting(event.call_id)
    return tuple(telling.events)


def _of_award(event: n.GrantNoted | n.MoveNoted | n.SettlementNoted, state: State) -> tuple[e.Event, ...]:
    """What more is known of an award, and all that can be told of it now."""
    telling = Telling(state)
    telling.add(event)
    telling.award(event.call_id, event.award_id)
    return tuple(telling.events)


def _again(command: _Once, *, same: bool) -> tuple[e.Event, ...]:
    """The answer to a fact that was noted before."""
    return () if same else (refuse(command, RefusalCode.FACT_DIFFERS, "it was told otherwise before"),)


def _known_call(command: m.NoteDeadline | m.NoteClosing, state: State) -> Call | tuple[e.Event, ...]:
    """The call of a fact of the intake; nothing if it was told before. The call itself stands earlier in the same log."""
    known = state.get(Call, command.call_id)
    if known is None:
        return (refuse(command, RefusalCode.UNKNOWN_CALL, "the log of the call does not begin with it"),)
    told = known.latest.log == command.source.log and known.latest.index >= command.source.index
    return () if told else known


def _ranked(known: m.NoteRanking | EarlyRanking, telling: Telling) -> e.RankingPublished:
    return e.RankingPublished(
        sequence=telling.place(),
        call_id=known.call_id,
        version=known.version,
        ranked=known.ranked,
        minimum_total=known.minimum_total,
        occurred_at=known.occurred_at,
        source=known.source,
        links=links(known.call_id),
    )


def _merged(command: m.NoteMerger) -> Move:
    return Move(
        move_id=f"merger.{command.from_body}",
        kind=MoveKind.MERGED,
        amount_cents=0,
        from_body=command.from_body,
        into_body=command.into_body,
        occurred_at=command.occurred_at,
        source=command.source,
    )


def _names(command: object) -> tuple[str, ...]:
    """The names of a command's fields."""
    return tuple(field.name for field in fields(cast("Any", command)))
