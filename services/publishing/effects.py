"""What each event changes."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from services.kernel.decider import Record, State, replace
from services.publishing import events as e
from services.publishing import noted as n
from services.publishing.records import (
    Award,
    Call,
    Dossier,
    EarlyRanking,
    Enrolled,
    Feed,
    File,
    Merger,
    Refusals,
    Total,
    Waiting,
)
from services.publishing.terms import MoveKind, Step


def evolve(event: e.Event, state: State) -> tuple[Record, ...]:
    """The records that an event changes, all worked out before the first is stored."""
    return tuple(_changes(event, state))


def _changes(event: e.Event, state: State) -> Iterable[Record]:  # noqa: C901, PLR0911 - one case a kind of event
    match event:
        case e.CallPublished() | e.DeadlineMoved() | e.CallClosed() | e.RankingPublished():
            return _call(event, state)
        case e.AwardRefused():
            return (Feed(next=event.sequence + 1), *_refusals(event, state))
        case e.AwardGranted() | e.AwardAmended() | e.AwardWithdrawn() | e.PaymentMade() | e.AwardSettled() | e.AwardRecovered():
            return (Feed(next=event.sequence + 1), _award(event, state), *_dossier(event, state))
        case n.BodiesNoted():
            return tuple(Enrolled(call_id=event.call_id, body=body) for body in event.bodies)
        case n.FileNoted() | n.ScoreNoted() | n.PlaceNoted():
            return (_file(event, state),)
        case n.RankingNoted():
            return (_early(event),)
        case n.DecisionNoted() | n.GrantNoted() | n.MoveNoted() | n.SettlementNoted():
            return _dossier(event, state)
        case n.RefusalNoted():
            return _refusals(event, state)
        case n.Passed():
            return _refusals(event, state) if event.step is Step.REFUSAL else _dossier(event, state)
        case n.MergerNoted():
            return (Merger(call_id=event.call_id, from_body=event.from_body, into_body=event.into_body),)
        case n.Refused():
            return ()
        case _:
            assert_never(event)


def _call(event: e.CallEvent, state: State) -> Iterator[Record]:
    yield Feed(next=event.sequence + 1)
    if isinstance(event, e.CallPublished):
        yield _published(event)
        return
    call = state.get(Call, event.call_id)
    assert call is not None, f"call {event.call_id} was never told"  # noqa: S101 - a broken log stops the process
    told = (*call.events, event.sequence)
    match event:
        case e.DeadlineMoved():
            yield replace(call, deadline=event.deadline, latest=event.source, events=told)
        case e.CallClosed():
            yield replace(call, closed_at=event.closed_at, applications=event.applications, latest=event.source, events=told)
        case e.RankingPublished():
            yield replace(call, ranking=event.version, ranked=event.ranked, minimum_total=event.minimum_total, events=told)
            early = state.get(EarlyRanking, event.call_id, f"{event.version:07d}")
            if early is not None:
                yield replace(early, over=True)
        case _:
            assert_never(event)


def _published(event: e.CallPublished) -> Call:
    return Call(
        call_id=event.call_id,
        title=event.title,
        authority=event.authority,
        authority_id=event.authority_id,
        legal_basis=event.legal_basis,
        envelope_id=event.envelope_id,
        budget_article=event.budget_article,
        budget_year=event.budget_year,
        budget_cents=event.budget_cents,
        cap_cents=event.cap_cents,
        currency=event.currency,
        own_share_percent=event.own_share_percent,
        applicant_kinds=event.applicant_kinds,
        regions=event.regions,
        opens_at=event.opens_at,
        first_deadline=event.deadline,
        deadline=event.deadline,
        zone=event.zone,
        project_start=event.project_start,
        project_end=event.project_end,
        purposes=event.purposes,
        published=event.published,
        call_file=event.call_file,
        published_at=event.occurred_at,
        source=event.source,
        latest=event.source,
        events=(event.sequence,),
    )


def _award(event: e.AwardEvent, state: State) -> Award:
    if isinstance(event, e.AwardGranted):
        return _granted(event)
    award = state.get(Award, event.award_id)
    assert award is not None, f"award {event.award_id} was never told"  # noqa: S101 - a broken log stops the process
    award = replace(
        award,
        organisation=event.organisation,
        partners=event.partners,
        awarded_cents=event.awarded_cents,
        committed_cents=event.committed_cents,
        paid_cents=event.paid_cents,
        recovered_cents=event.recovered_cents,
        changed_at=event.occurred_at,
        events=(*award.events, event.sequence),
    )
    match event:
        case e.AwardWithdrawn():
            return replace(award, state="withdrawn")
        case e.AwardSettled():
            return replace(award, state="settled", final_grant_cents=event.amount_cents)
        case _:
            return award


def _granted(event: e.AwardGranted) -> Award:
    return Award(
        award_id=event.award_id,
        call_id=event.call_id,
        application_id=event.application_id,
        organisation=event.organisation,
        partners=event.partners,
        purposes=event.purposes,
        currency=event.currency,
        awarded_cents=event.awarded_cents,
        committed_cents=event.committed_cents,
        paid_cents=event.paid_cents,
        recovered_cents=event.recovered_cents,
        requested_cents=event.requested_cents,
        decided_on=event.decided_on,
        project_start=event.project_start,
        project_end=event.project_end,
        ground=event.ground,
        granted_at=event.occurred_at,
        changed_at=event.occurred_at,
        state="granted",
        source=event.source,
        events=(event.sequence,),
    )


_OfDossier = e.AwardEvent | n.DecisionNoted | n.GrantNoted | n.MoveNoted | n.SettlementNoted | n.Passed


def _dossier(event: _OfDossier, state: State) -> Iterator[Record]:
    """The dossier, and whether it waits from now on."""
    award_id = event.award_id
    assert award_id is not None, "a step of an award names it"  # noqa: S101 - a broken log stops the process
    known = state.get(Dossier, event.call_id, award_id)
    dossier = _filed(event, known or Dossier(call_id=event.call_id, award_id=award_id))
    yield dossier
    if dossier.waits != (known is not None and known.waits):
        yield Waiting(call_id=event.call_id, what=Step.GRANT, about=award_id, over=not dossier.waits)


def _filed(event: _OfDossier, dossier: Dossier) -> Dossier:  # noqa: PLR0911 - one return a kind of event
    match event:
        case n.DecisionNoted():
            return replace(dossier, decision=event.decision)
        case n.GrantNoted():
            return replace(dossier, grant=event.grant)
        case n.MoveNoted(move=move) if move.kind is MoveKind.COMMITTED:
            return replace(dossier, commitment=move)
        case n.MoveNoted(move=move):
            return replace(dossier, moves=(*dossier.moves, move))
        case n.SettlementNoted():
            return replace(dossier, settlement=event.settlement)
        case e.AwardGranted() | n.Passed(step=Step.GRANT):
            return replace(dossier, granted=True)
        case e.AwardSettled() | n.Passed(step=Step.SETTLEMENT):
            return replace(dossier, settled=True)
        case _:
            return replace(dossier, told=dossier.told + 1)


def _refusals(event: n.RefusalNoted | e.AwardRefused | n.Passed, state: State) -> Iterator[Record]:
    """The refusals of an application, and whether one of them waits from now on."""
    application_id = event.application_id
    assert application_id is not None, "a refusal names its application"  # noqa: S101 - a broken log stops the process
    known = state.get(Refusals, event.call_id, application_id) or Refusals(call_id=event.call_id, application_id=application_id)
    if isinstance(event, n.RefusalNoted):
        changed = replace(known, refusals=(*known.refusals, event.refusal))
    else:
        changed = replace(known, told=known.told + 1)
    yield changed
    waits, waited = (r.told < len(r.refusals) for r in (changed, known))
    if waits != waited:
        yield Waiting(call_id=event.call_id, what=Step.REFUSAL, about=application_id, over=not waits)


def _file(event: n.FileNoted | n.ScoreNoted | n.PlaceNoted, state: State) -> File:
    file = state.get(File, event.call_id, event.application_id) or File(call_id=event.call_id, application_id=event.application_id)
    match event:
        case n.FileNoted():
            return replace(file, partners=event.partners, requested_cents=event.requested_cents, purposes=event.purposes)
        case n.ScoreNoted():
            return replace(file, totals=(*file.totals, Total(version=event.version, total=event.total)))
        case n.PlaceNoted():
            return replace(file, version=event.version)
        case _:
            assert_never(event)


def _early(event: n.RankingNoted) -> EarlyRanking:
    return EarlyRanking(
        call_id=event.call_id,
        version=event.version,
        ranked=event.ranked,
        minimum_total=event.minimum_total,
        occurred_at=event.occurred_at,
        source=event.source,
    )
