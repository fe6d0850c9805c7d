"""What an event about an award says: who holds it, its four sums, and why; nothing that the call does not publish."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.kernel.decider import State
from services.publishing import events as e
from services.publishing.grounds import ground, of_decision, of_move
from services.publishing.records import Call, Dossier, Enrolled, File
from services.publishing.terms import (
    Grant,
    Ground,
    GroundCode,
    Links,
    Move,
    MoveKind,
    Organisation,
    Published,
    Refusal,
    Source,
    Step,
)

_NAME_BYTES = 120


class AwardSaid:
    """The next event of an award that is granted and committed."""

    def __init__(self, state: State, call: Call, dossier: Dossier, place: int) -> None:
        assert dossier.grant is not None, "only what was granted is told"  # noqa: S101 - a broken invariant stops the process
        assert dossier.commitment is not None, "only what was committed is told"  # noqa: S101 - likewise
        self._state, self._call, self._dossier, self._place = state, call, dossier, place
        self._grant, self._commitment = dossier.grant, dossier.commitment

    def event(self, step: Step) -> e.AwardEvent | None:
        """The event of that step; None while something that it says is not known."""
        match step:
            case Step.GRANT:
                return self._granted()
            case Step.SETTLEMENT:
                return self._settled()
            case _:
                assert self._dossier.next is not None, "there is a move to tell"  # noqa: S101 - a broken invariant stops the process
                return self._moved(self._dossier.next)

    def hidden(self) -> bool:
        """Whether the next move changes nothing that the call publishes: a partner's merger, where partners are not told."""
        move = self._dossier.next
        if move is None or move.kind is not MoveKind.MERGED or self._call.tells(Published.PARTNERS):
            return False
        past = self._dossier.past
        return holders(self._grant, past)[0] == holders(self._grant, (*past, move))[0]

    def _granted(self) -> e.AwardEvent | None:
        grant, call = self._grant, self._call
        decision = self._dossier.decision
        why = of_decision(decision.ground if decision is not None else GroundCode.RANKED)
        told = _with_place(why, self._state, call, grant.application_id, grant.rank)
        if told is None:
            return None
        return self._make(e.AwardGranted, (), told, grant.occurred_at, grant.source, amount_cents=grant.amount_cents)

    def _settled(self) -> e.AwardEvent | None:
        settlement = self._dossier.settlement
        assert settlement is not None, "there is a settlement to tell"  # noqa: S101 - a broken invariant stops the process
        paid = self._call.tells(Published.PAID)
        return self._make(
            e.AwardSettled,
            self._dossier.past,
            ground(GroundCode.FINAL_REPORT),
            settlement.occurred_at,
            settlement.source,
            amount_cents=settlement.final_grant_cents,
            accepted_cents=settlement.accepted_cents,
            balance_cents=settlement.balance_cents if paid else None,
            recovery_cents=settlement.recovery_cents if paid else None,
            limit=settlement.limit,
        )

    def _moved(self, move: Move) -> e.AwardEvent | None:
        moves, why = (*self._dossier.past, move), of_move(move.kind)
        more: dict[str, Any] = {"amount_cents": move.amount_cents}
        kind: type[e.AwardEvent] = e.AwardAmended
        match move.kind:
            case MoveKind.ADVANCE | MoveKind.BALANCE:
                kind, more["payment_id"] = e.PaymentMade, move.move_id
            case MoveKind.RECOVERED:
                kind, more["recovery_id"] = e.AwardRecovered, move.move_id
            case MoveKind.DECOMMITTED if self._withdrawn(moves):
                kind, why, more["amount_cents"] = e.AwardWithdrawn, ground(GroundCode.DECLINED), -move.amount_cents
            case _:
                more["amount_cents"] = -move.amount_cents
        return self._make(kind, moves, why, move.occurred_at, move.source, **more)

    def _make(
        self, kind: type[e.AwardEvent], moves: Sequence[Move], why: Ground, occurred_at: datetime, source: Source, **more: Any
    ) -> e.AwardEvent | None:
        """An event of that kind, with what stands after those moves; None while a body or the file is not known."""
        call, grant, decision = self._call, self._grant, self._dossier.decision
        about = _about(self._state, call, grant.application_id, holders(self._grant, moves))
        if about is None:
            return None
        paid, period = call.tells(Published.PAID), call.tells(Published.PROJECT_PERIOD)
        decided_on = _day(decision.decided_at, call) if decision is not None and call.tells(Published.DECIDED_ON) else None
        said: dict[str, Any] = {
            "awarded_cents": 0 if self._withdrawn(moves) else grant.amount_cents,
            "committed_cents": self._committed(moves),
            "paid_cents": _sum(moves, MoveKind.ADVANCE, MoveKind.BALANCE) if paid else None,
            "recovered_cents": _sum(moves, MoveKind.RECOVERED) if paid else None,
            "requested_cents": grant.requested_cents if call.tells(Published.REQUESTED) else None,
            "project_start": grant.project_start if period else None,
            "project_end": grant.project_end if period else None,
            **about,
            **more,
        }
        return kind(
            sequence=self._place,
            call_id=call.call_id,
            award_id=self._dossier.award_id,
            application_id=grant.application_id,
            currency=call.currency,
            decided_on=decided_on,
            ground=why,
            occurred_at=occurred_at,
            source=source,
            links=links(call.call_id, self._dossier.award_id),
            **said,
        )

    def _committed(self, moves: Sequence[Move]) -> int:
        freed = _sum(moves, MoveKind.DECOMMITTED, MoveKind.UNSPENT, MoveKind.RECOVERED)
        return self._commitment.amount_cents - freed

    def _withdrawn(self, moves: Sequence[Move]) -> bool:
        """Whether all was given back before anything was paid, and not by a settlement."""
        return _sum(moves, MoveKind.DECOMMITTED) > 0 and self._committed(moves) == 0 and kept(moves) == 0


def refused(state: State, call: Call, application_id: str, refusal: Refusal, place: int) -> e.AwardRefused | None:
    """The event of a refusal; None while something that it says is not known."""
    file = state.get(File, call.call_id, application_id)
    why = _with_place(of_decision(refusal.ground), state, call, application_id, refusal.rank)
    partners = () if file is None else file.partners
    about = _about(state, call, application_id, (refusal.applicant, *partners))
    if why is None or about is None or file is None or not file.requested_cents:
        return None
    return e.AwardRefused(
        sequence=place,
        call_id=call.call_id,
        application_id=application_id,
        **about,
        requested_cents=file.requested_cents if call.tells(Published.REQUESTED) else None,
        currency=call.currency,
        decided_on=_day(refusal.occurred_at, call) if call.tells(Published.DECIDED_ON) else None,
        ground=why,
        occurred_at=refusal.occurred_at,
        source=refusal.source,
        links=links(call.call_id),
    )


def holders(grant: Grant | None, moves: Sequence[Move]) -> tuple[str, ...]:
    """The beneficiary and its partners after those moves, each once."""
    bodies = [] if grant is None else [grant.applicant, *grant.partners]
    for move in moves:
        if move.into_body is not None:
            bodies = [move.into_body if body == move.from_body else body for body in bodies]
    return tuple(dict.fromkeys(bodies))


def kept(moves: Sequence[Move]) -> int:
    """What the beneficiary was paid by those moves and kept."""
    return _sum(moves, MoveKind.ADVANCE, MoveKind.BALANCE) - _sum(moves, MoveKind.RECOVERED)


def _about(state: State, call: Call, application_id: str, holders: Sequence[str]) -> dict[str, Any] | None:
    """Who and what for; None while a body or the file is not known."""
    lead, *others = holders
    file = state.get(File, call.call_id, application_id)
    bodies = [state.get(Enrolled, call.call_id, kbo) for kbo in (lead, *(others if call.tells(Published.PARTNERS) else ()))]
    told = [_organisation(body) for body in bodies if body is not None]
    if len(told) < len(bodies) or file is None or not file.requested_cents:
        return None
    return {
        "organisation": told[0],
        "partners": tuple(told[1:]),
        "purposes": file.purposes if call.tells(Published.PURPOSE) else (),
    }


def _with_place(why: Ground, state: State, call: Call, application_id: str, rank: int) -> Ground | None:
    """The ground with place and total score, if the call publishes them; None while the score is not known."""
    file = state.get(File, call.call_id, application_id)
    total = None if file is None else file.total
    if total is None and call.tells(Published.TOTAL):
        return None
    return replace(why, rank=rank if call.tells(Published.RANK) else None, total=total if call.tells(Published.TOTAL) else None)


def _organisation(enrolled: Enrolled) -> Organisation:
    body = enrolled.body
    name = body.name.encode()[:_NAME_BYTES].decode(errors="ignore")
    return Organisation(kbo=body.kbo, nis=body.nis, name=name)


def _sum(moves: Sequence[Move], *kinds: MoveKind) -> int:
    return sum(move.amount_cents for move in moves if move.kind in kinds)


def _day(instant: datetime, call: Call) -> date:
    return instant.astimezone(ZoneInfo(call.zone)).date()


def links(call_id: str, award_id: str | None = None) -> Links:
    """Where to read more of a call, and of an award."""
    return Links(call=f"calls/{call_id}", award=None if award_id is None else f"awards/{award_id}")
