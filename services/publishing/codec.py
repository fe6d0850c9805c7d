"""The publishing service on the wire, and which facts of the other services it notes.

What the intake says of bodies that merge is taken from the awarding service, which hears of it in its turn: so a merger and the
awards that it concerns come in one order.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from grants.awarding.v1 import awarding_events_pb2 as awarding
from grants.budget_ledger.v1 import budget_ledger_events_pb2 as ledger
from grants.intake.v1 import intake_events_pb2 as intake
from grants.publishing.v1 import publishing_events_pb2, publishing_pb2, publishing_pb2_grpc
from grants.reporting.v1 import reporting_events_pb2 as reporting
from grants.scoring.v1 import scoring_events_pb2 as scoring

from services.kernel.form import Json, from_json, instant
from services.publishing import model as m
from services.publishing.core import DECIDER
from services.publishing.doors import doors
from services.publishing.terms import MoveKind
from services.runtime.convert import body
from services.runtime.facts import Fact
from services.runtime.spec import Spec, Wire

_UNSPENT = ".settled"
"""How the ledger names what a settlement frees; see its reactions."""


def reactions(fact: Fact) -> Iterable[m.Command]:
    """The facts to note of an event of another service.

    Raises:
        MalformedError: if the event breaks a limit of the command.
    """
    match fact.source.partition("/")[0]:
        case "intake":
            yield from _intake(fact)
        case "scoring":
            yield from _scoring(fact)
        case "awarding":
            yield from _awarding(fact)
        case "budget_ledger":
            yield from _ledger(fact)
        case _:
            yield from _reporting(fact)


def _intake(fact: Fact) -> Iterable[m.Command]:
    told = body(fact.message)
    match fact.message:
        case intake.CallPublished():
            yield from_json(m.NoteCall, {**_call(told), **_where(fact)})
        case intake.DeadlineMoved():
            yield from_json(m.NoteDeadline, {**_some(told, "callId", "before", "deadline"), **_where(fact)})
        case intake.CallClosed():
            yield from_json(m.NoteClosing, {**_some(told, "callId", "closedAt", "applications"), **_where(fact)})
        case intake.BodiesEnrolled() as enrolled:
            bodies = [{"kbo": b.body_id, "nis": b.nis, "name": b.name, "kind": b.kind, "region": b.region} for b in enrolled.bodies]
            yield from_json(m.NoteBodies, {"callId": enrolled.call_id, "bodies": bodies})
        case intake.ApplicationDeclaredAdmissible():
            yield from_json(m.NoteFile, _some(told, "callId", "applicationId", "partners", "requestedCents", "purposes"))
        case _:
            return


def _scoring(fact: Fact) -> Iterable[m.Command]:
    told = body(fact.message)
    match fact.message:
        case scoring.ApplicationRanked():
            yield from_json(m.NoteScore, _some(told, "callId", "applicationId", "version", "total"))
        case scoring.RankingEstablished():
            yield from_json(m.NoteRanking, {**_some(told, "callId", "version", "ranked", "minimumTotal"), **_where(fact)})
        case _:
            return


def _awarding(fact: Fact) -> Iterable[m.Command]:
    told = body(fact.message)
    match fact.message:
        case awarding.PlaceNoted():
            yield from_json(m.NotePlace, _some(told, "callId", "applicationId", "version"))
        case awarding.DecisionApproved() as approved if approved.HasField("award_id"):
            decision = _some(told, "ground", "decidedAt")
            yield from_json(m.NoteDecision, {**_some(told, "callId", "awardId"), "decision": decision})
        case awarding.AwardGranted():
            amounts = _some(told, "amountCents", "requestedCents", "rank", "projectStart", "projectEnd")
            grant = {**_some(told, "applicationId", "applicant", "partners"), **amounts, **_where(fact)}
            yield from_json(m.NoteGrant, {**_some(told, "callId", "awardId"), "grant": grant})
        case awarding.AwardRefused():
            refusal = {**_some(told, "applicant", "ground", "rank"), **_where(fact)}
            yield from_json(m.NoteRefusal, {**_some(told, "callId", "applicationId"), "refusal": refusal})
        case awarding.MergerNoted():
            yield from_json(m.NoteMerger, {**_some(told, "callId", "fromBody", "intoBody"), **_where(fact)})
        case _:
            return


def _ledger(fact: Fact) -> Iterable[m.Command]:
    match moved := fact.message:
        case ledger.Committed():
            yield _move(fact, f"{moved.reservation_id}.committed", MoveKind.COMMITTED)
        case ledger.Decommitted():
            kind = MoveKind.UNSPENT if moved.decommit_id.endswith(_UNSPENT) else MoveKind.DECOMMITTED
            yield _move(fact, moved.decommit_id, kind)
        case ledger.Paid():
            yield _move(fact, moved.payment_id, MoveKind(moved.kind))
        case ledger.Recovered():
            yield _move(fact, moved.recovery_id, MoveKind.RECOVERED)
        case _:
            return


def _move(fact: Fact, move_id: str, kind: MoveKind) -> m.NoteMove:
    told: Any = fact.message
    move = {"moveId": move_id, "kind": kind.value, "amountCents": str(told.amount_cents), **_where(fact)}
    return from_json(m.NoteMove, {"callId": told.call_id, "awardId": told.reservation_id, "move": move})


def _reporting(fact: Fact) -> Iterable[m.Command]:
    if isinstance(fact.message, reporting.SettlementComputed):
        told = body(fact.message)
        sums = _some(told, "limit", "acceptedCents", "finalGrantCents", "paidCents", "balanceCents", "recoveryCents")
        yield from_json(m.NoteSettlement, {**_some(told, "callId", "awardId"), "settlement": {**sums, **_where(fact)}})


def _call(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a call, out of its rules."""
    rules = told["rules"]
    envelope, window, awarding_rules = rules["envelope"], rules["window"], rules["awarding"]
    return {
        **_some(rules, "callId", "title", "authority", "legalBasis", "purposes", "published"),
        **_if_there(rules, "authorityId"),
        **_some(envelope, "envelopeId", "budgetYear", "budgetCents", "currency"),
        **_if_there(envelope, "budgetArticle"),
        **_some(window, "opensAt", "deadline", "zone"),
        **_some(awarding_rules, "projectStart", "projectEnd"),
        "capCents": rules["cap"]["capCents"],
        "ownSharePercent": rules["coFinancing"]["percent"],
        "applicantKinds": rules["applicants"]["kinds"],
        "regions": rules["applicants"]["regions"],
        "callFile": told["callFile"],
    }


def _some(told: Mapping[str, Any], *names: str) -> dict[str, Json]:
    """Some members of an event."""
    return {name: told[name] for name in names}


def _if_there(told: Mapping[str, Any], *names: str) -> dict[str, Json]:
    """Those of some members that an event has."""
    return _some(told, *(name for name in names if name in told))


def _where(fact: Fact) -> dict[str, Json]:
    """When a fact happened, and where it stands."""
    source: dict[str, Json] = {"log": fact.source, "index": str(fact.index), "leaf": fact.leaf}
    return {"occurredAt": instant(fact.time), "source": source}


SPEC = Spec(
    decider=DECIDER,
    wire=Wire(service=publishing_pb2, grpc=publishing_pb2_grpc, events=publishing_events_pb2),
    sources=("intake", "scoring", "awarding", "budget_ledger", "reporting"),
    reactions=reactions,
    worker=doors,
    derived=True,
)
