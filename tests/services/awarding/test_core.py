"""What the awarding service promises, over arbitrary rankings, budgets and histories."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.awarding.core import DECIDER
from services.awarding.events import (
    AwardGranted,
    DecisionApproved,
    DecisionProposed,
    Event,
    ProposalApproved,
    ProposalOpened,
    ReservationRequested,
)
from services.awarding.records import File, Proposal, Stage
from services.kernel.decider import MemoryState
from services.kernel.entry import tagged
from services.kernel.form import from_json, to_json
from services.kernel.people import Actor, Role
from services.kernel.rules import CallRules
from tests.services.awarding.desk import Ask, Desk, call
from tests.strategies import CALL_ID

_FEW = settings(max_examples=150, deadline=None)
_HANDS = tuple(
    Actor(id=f"official:{n}", organisation="agency", roles=(Role.OFFICER, Role.DECISION_MAKER)) for n in ("one", "two", "three")
)
_WAITS = (Stage.RANKED, Stage.REOPENED, Stage.WAITING)


@st.composite
def rankings(draw: st.DrawFn) -> list[Ask]:
    """Up to seven files in rank order; a few share partners, so that the cap bites."""
    return [
        Ask(
            id=f"a{n}",
            cents=draw(st.integers(1, 9)) * 1_000_000,
            partners=draw(st.sampled_from(((), (), ("shared-1",), ("shared-1", "shared-2")))),
            eligible=draw(st.integers(0, 4)) > 0,
        )
        for n in range(draw(st.integers(1, 7)))
    ]


@st.composite
def terms(draw: st.DrawFn) -> CallRules:
    """A budget and a cap of a few files' size, and any mode of awarding."""
    return call(
        budget=draw(st.integers(1, 30)) * 1_000_000,
        cap=draw(st.integers(2, 12)) * 1_000_000,
        least=draw(st.integers(1, 4)) * 1_000_000,
        partial=draw(st.booleans()),
        reserve_list=draw(st.booleans()),
    )


_DEEDS = ("propose", "approve", "decline", "accept", "appeal", "uphold", "dismiss", "withdraw", "wait", "close", "repeat", "all")
deeds = st.lists(
    st.tuples(st.sampled_from((*_DEEDS, "post", "post", "post")), st.integers(0, 6), st.sampled_from(_HANDS)), max_size=30
)
"""What happens, to which file (by number), by whose hand."""


def do(desk: Desk, deed: str, number: int, hand: Actor) -> None:  # noqa: C901, PLR0912 - one case a deed
    """One deed, allowed or not. The ledger's answers are under way until the post comes."""
    name = f"a{number}"
    match deed:
        case "propose":
            desk.propose(hand)
        case "approve":
            latest = desk.state.get(Proposal, CALL_ID)
            desk.approve(latest.number if latest else 1, hand)
        case "decline":
            desk.decline(name)
        case "accept":
            desk.accept(name)
        case "appeal":
            desk.appeal(name)
        case "uphold" | "dismiss":
            desk.judge(name, upheld=deed == "uphold", actor=hand)
        case "withdraw":
            desk.withdraw(name)
        case "wait":
            desk.wait(days=1 + 15 * number)
        case "close":
            desk.ledger.closed = number == 0
        case "repeat":
            before = dict(desk.state.records)
            for note in desk.delivered:
                assert desk.step(note) == (), note
            assert desk.state.records == before
        case "post":
            desk.post()
        case _:
            desk.deliver()


@given(rankings(), terms(), st.integers(0, 4), deeds)
@_FEW
def test_no_history_breaks_a_promise(asks: list[Ask], rules: CallRules, start: int, history: list[tuple[str, int, Actor]]) -> None:
    desk = Desk.open(asks, rules)
    desk.slow = True
    usual = [("propose", 0, _HANDS[0]), ("all", 0, _HANDS[0]), ("approve", 0, _HANDS[1]), ("all", 0, _HANDS[1])]
    for deed, number, hand in (*usual[:start], *history):
        files, seen = tuple(desk.state.all(File, CALL_ID)), len(desk.events)
        do(desk, deed, number, hand)
        check_money(desk)
        if deed != "all":
            check_order(files, desk.events[seen:])
    desk.slow = False
    desk.deliver()
    check_money(desk)
    check_hands(desk.events)
    check_replay(desk)
    check_decisions(desk)


def check_money(desk: Desk) -> None:
    """What is granted is committed in the ledger, sum by sum, so it keeps to the envelope and the cap."""
    granted = [file for file in desk.state.all(File, CALL_ID) if file.stage in (Stage.GRANTED, Stage.ACCEPTED)]
    assert sum(file.asked_cents for file in granted) <= desk.rules.envelope.budget_cents
    for file in granted:
        held = desk.ledger.held[file.award_id]
        assert (held.cents, held.committed) == (file.asked_cents, True)
        assert file.decision is not None
        assert file.decision.amount_cents == held.cents <= file.requested_cents


def check_order(files: tuple[File, ...], events: list[Event]) -> None:
    """Nobody is asked for while a better-ranked file waits that could be: reopened ones before all, then the others."""
    decided = {event.application_id for event in events if isinstance(event, DecisionProposed)}
    gone = {getattr(event, "application_id", "") for event in events if type(event).__name__ == "ApplicationDropped"}
    ranks = {file.application_id: file for file in files}
    for event in events:
        if isinstance(event, ReservationRequested):
            turn = ranks[event.application_id]
            before = turn.before if turn.stage is Stage.ASKED else turn.stage
            ahead = [
                file.application_id
                for file in files
                if file.stage in _WAITS
                and file.may_be_awarded
                and (file.stage is not Stage.REOPENED, file.rank) < (before is not Stage.REOPENED, turn.rank)
            ]
            assert set(ahead) <= decided | gone, (event, ahead)


def check_hands(events: list[Event]) -> None:
    """Every award was approved, by a hand that had no part in the proposal."""
    approved = {event.award_id: event for event in events if isinstance(event, DecisionApproved)}
    for granted in events:
        if isinstance(granted, AwardGranted):
            decision = approved[granted.award_id]
            proposers = {e.proposed_by for e in events if isinstance(e, ProposalOpened) and e.proposal == decision.proposal}
            assert granted.approved_by == decision.approved_by
            assert granted.approved_by not in proposers
            assert granted.amount_cents == decision.amount_cents


def check_replay(desk: Desk) -> None:
    """The events alone, read back from their bytes, give the state; and the state itself reads back from its own."""
    kinds = {kind.__name__: kind for kind in DECIDER.events}
    again = MemoryState()
    for event in desk.events:
        body = tagged(event)
        DECIDER.apply(from_json(kinds[str(body["type"])], body), again)
    assert again.records == desk.state.records
    for record in again.records.values():
        assert from_json(type(record), to_json(record)) == record


def check_decisions(desk: Desk) -> None:
    """Approved or not at all: after an approval no file is half decided, and each has a decision or waits for a new one."""
    proposal = desk.state.get(Proposal, CALL_ID)
    if proposal is None or proposal.number > 1 or not any(isinstance(event, ProposalApproved) for event in desk.events):
        return
    for file in desk.state.all(File, CALL_ID):
        assert file.proposed is None
        assert file.stage not in (Stage.RANKED, Stage.ASKED, Stage.PROPOSED)
        assert file.decision is not None or file.stage in (Stage.REOPENED, Stage.DROPPED)


@given(rankings(), terms())
@_FEW
def test_the_first_proposal_is_the_ranking_cut_by_the_limits(asks: list[Ask], rules: CallRules) -> None:
    desk = Desk.open(asks, rules)
    desk.propose()
    desk.approve()
    assert desk.outcomes() == by_hand(asks, rules)
    decisions = [event.application_id for event in desk.events if isinstance(event, DecisionApproved)]
    assert decisions == [ask.id for ask in asks]


def by_hand(asks: list[Ask], rules: CallRules) -> dict[str, str]:
    """What an official would write down, going through the ranking with a pencil."""
    left, held, found, cut = rules.envelope.budget_cents, dict[str, int](), dict[str, str](), False
    for ask in asks:
        bodies = (ask.applicant, *ask.partners)
        under_cap = min(ask.cents, *(rules.cap.cap_cents - held.get(body, 0) for body in bodies))
        if not ask.eligible or (not cut and under_cap < ask.cents and not useful(under_cap, rules)):
            found[ask.id] = "refuse"
        elif cut or (left < under_cap and not useful(left, rules)):
            cut = True
            found[ask.id] = "wait_list" if rules.awarding.reserve_list else "refuse"
        else:
            amount = min(under_cap, left)
            found[ask.id] = f"{'award' if amount == ask.cents else 'partial_award'} {amount}"
            left -= amount
            held |= {body: held.get(body, 0) + amount for body in bodies}
    return found


def useful(cents: int, rules: CallRules) -> bool:
    return rules.awarding.partial and cents >= rules.awarding.minimum_useful_cents
