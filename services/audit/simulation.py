"""A ranking and a first proposal played again by the cores, under rules that may differ, from inputs that do not.

Nothing of this happened: the events stay in memory, in no form that a service would take in.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from services.audit.cores import CORES
from services.audit.faults import PackError
from services.awarding import events as awarded
from services.awarding import model as award
from services.awarding import records as awarding
from services.awarding.terms import Asked
from services.budget_ledger import events as ledger
from services.budget_ledger.model import Reserve
from services.budget_ledger.records import CallTerms, Envelope
from services.intake.findings import findings
from services.intake.values import Content, FindingCode
from services.kernel.decider import At, MemoryState
from services.kernel.people import Actor, Role
from services.kernel.rules import CallRules
from services.scoring import model as score
from services.scoring import records as scoring
from services.scoring.ranking import fault as unusable

Records = Mapping[tuple[str, str], Any]
_HAND = Actor(id="what-if", organisation="audit", roles=(Role.CHAIR, Role.OFFICER, Role.SYSTEM))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What stays as it was: the jury's state when it ranked, awarding's and the ledger's just before the first proposal."""

    call_id: str
    rules: CallRules
    now: datetime
    jury: Records
    awarding: Records
    ledger: Records
    contents: Mapping[str, Content]
    """By application: what was submitted last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one file."""

    rank: int | None
    total: Fraction | None
    eligible: bool
    outcome: str
    amount_cents: int
    detail: str


def play(inputs: Inputs, rules: CallRules) -> dict[str, Fate]:
    """Rank and propose under these rules.

    Raises:
        PackError: if by these rules nothing can be ranked or proposed; says why.
    """
    if (fault := unusable(rules.scoring)) is not None:
        raise PackError(f"by these rules nothing can be ranked: {fault}")
    jury, short = _jury(inputs, rules)
    places, established = _ranked(jury, inputs)
    deciding, money = _awarding(inputs, rules), _ledger(inputs, rules)
    at = At(actor=_HAND, now=inputs.now)
    for place in places:
        CORES["awarding"].run(_noted(place), deciding, at)
    CORES["awarding"].run(
        award.NoteRanking(call_id=inputs.call_id, version=established.version, ranked=established.ranked), deciding, at
    )
    _propose(inputs.call_id, deciding, money, at)
    fates = dict.fromkeys(short, Fate(rank=None, total=None, eligible=False, outcome="left_out", amount_cents=0, detail=_SHORT))
    for place in places:
        fates[place.application_id] = _fate(place, deciding)
    return fates


_SHORT = "falls short of the own share, which it did not under the rules of the call, and asked for no waiver"


def _jury(inputs: Inputs, rules: CallRules) -> tuple[MemoryState, list[str]]:
    """The jury's state under other rules, without the files that now fall short of the own share: no officer would admit them."""
    state = _copy(inputs.jury)
    state.put(scoring.Call(call_id=inputs.call_id, rules=rules))
    short: list[str] = []
    for application in tuple(state.all(scoring.Application, inputs.call_id)):
        content = inputs.contents.get(application.application_id)
        if (
            content is not None
            and not application.dropped
            and _falls_short(content, rules)
            and not _falls_short(content, inputs.rules)
        ):
            short.append(application.application_id)
            CORES["scoring"].run(
                score.DropApplication(call_id=inputs.call_id, application_id=application.application_id),
                state,
                At(actor=_HAND, now=inputs.now),
            )
    return state, short


def _falls_short(content: Content, rules: CallRules) -> bool:
    codes = {finding.code for finding in findings(content, rules)}
    return FindingCode.CO_FINANCING_SHORT in codes and FindingCode.WAIVER_ASKED not in codes


def _ranked(jury: MemoryState, inputs: Inputs) -> tuple[list[score.ApplicationRanked], score.RankingEstablished]:
    events = CORES["scoring"].run(score.Rank(call_id=inputs.call_id), jury, At(actor=_HAND, now=inputs.now))
    established = [event for event in events if isinstance(event, score.RankingEstablished)]
    if not established:
        raise PackError(f"by these rules there is no ranking: {events[0].code}, {events[0].detail}")
    return [event for event in events if isinstance(event, score.ApplicationRanked)], established[0]


def _awarding(inputs: Inputs, rules: CallRules) -> MemoryState:
    """Awarding as it was before the ranking came: rules, mergers and what was withdrawn meanwhile."""
    state = MemoryState()
    state.put(awarding.Call(call_id=inputs.call_id, rules=rules))
    for record in inputs.awarding.values():
        if isinstance(record, awarding.Merger | awarding.Withdrawal):
            state.put(record)
    return state


def _ledger(inputs: Inputs, rules: CallRules) -> MemoryState:
    """The ledger as it was, with what other calls and earlier awards hold of the envelope, under other limits."""
    state = _copy(inputs.ledger)
    envelope = state.get(Envelope, inputs.rules.envelope.envelope_id)
    terms = state.get(CallTerms, inputs.rules.envelope.envelope_id, inputs.call_id)
    if envelope is None or terms is None:
        raise PackError(f"the ledger never learned the terms of {inputs.call_id}: nothing was put to it")
    held = envelope.reserved_cents + envelope.committed_cents
    if rules.envelope.budget_cents < held:
        raise PackError(f"the envelope held {held} cents of other calls and awards by then; allowed: an envelope of at least that")
    changed = rules.envelope.budget_cents != inputs.rules.envelope.budget_cents
    state.put(replace(envelope, budget_cents=rules.envelope.budget_cents) if changed else envelope)
    changed = rules.cap != inputs.rules.cap
    state.put(replace(terms, cap_cents=rules.cap.cap_cents, cap_counts=rules.cap.counts) if changed else terms)
    return state


def _propose(call_id: str, deciding: MemoryState, money: MemoryState, at: At) -> None:
    """The walk of the proposal: each question to the ledger, each answer back, until awarding asks no more."""
    waiting: deque[Any] = deque(CORES["awarding"].run(award.Propose(call_id=call_id), deciding, at))
    while waiting:
        event = waiting.popleft()
        if isinstance(event, awarded.Refused | awarded.ProposalHalted):
            raise PackError(f"by these rules there is no proposal: {event.code}")
        if isinstance(event, awarded.ReservationRequested):
            for answer in CORES["budget_ledger"].run(_asked(event), money, at):
                waiting.extend(CORES["awarding"].run(_answered(answer), deciding, at))


def _asked(event: awarded.ReservationRequested) -> Reserve:
    return Reserve(
        envelope_id=event.envelope_id,
        call_id=event.call_id,
        application_id=event.application_id,
        reservation_id=event.award_id,
        applicant=event.applicant,
        partners=event.partners,
        amount_cents=event.amount_cents,
        currency=event.currency,
        expires_at=event.expires_at,
    )


def _answered(answer: Any) -> award.Command:
    match answer:
        case ledger.Reserved():
            return award.NoteReserved(call_id=answer.call_id, award_id=answer.reservation_id, amount_cents=answer.amount_cents)
        case ledger.Refused(call_id=str(call_id), reservation_id=str(award_id)):
            return award.NoteLedgerRefused(
                call_id=call_id,
                award_id=award_id,
                asked=Asked(answer.command),
                code=answer.code.value,
                available_cents=answer.available_cents,
                cap_left_cents=answer.cap_left_cents,
            )
        case _:
            raise PackError(f"the ledger answers {type(answer).__name__}, which no proposal can go on with")


def _noted(place: score.ApplicationRanked) -> award.NoteRanked:
    return award.NoteRanked(
        call_id=place.call_id,
        version=place.version,
        rank=place.rank,
        application_id=place.application_id,
        applicant=place.applicant,
        partners=place.partners,
        requested_cents=place.requested_cents,
        eligible=place.eligible,
        fails=place.fails,
    )


def _fate(place: score.ApplicationRanked, deciding: MemoryState) -> Fate:
    file = deciding.get(awarding.File, place.call_id, place.application_id)
    ruling = None if file is None else file.proposed
    return Fate(
        rank=place.rank,
        total=place.total,
        eligible=place.eligible,
        outcome="left_out" if ruling is None else ruling.outcome.value,
        amount_cents=0 if ruling is None else ruling.amount_cents,
        detail="withdrawn before the proposal" if ruling is None else f"{ruling.ground}: {ruling.detail}",
    )


def _copy(records: Records) -> MemoryState:
    state = MemoryState()
    state.records = dict(records)
    return state
