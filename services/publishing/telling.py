"""Tells what can be told: one event after the other, each in its turn and as soon as all that it says is known.

Of an award the grant is told first, once the awarding service has granted and the ledger has committed it; then what happened to
it, in the order of the ledger's log. What follows from the final report (the rest freed, the balance, a recovery) is told after
the settlement, and the settlement after the payments that it was worked out from. So the events of one award come in the same
order, with the same content, however the logs of the other services lay between each other.

What the call does not publish is passed over in its turn.
"""

from services.kernel.decider import State
from services.publishing import events as e
from services.publishing import noted as n
from services.publishing.ahead import Ahead
from services.publishing.effects import evolve
from services.publishing.records import FEED, Call, Dossier, Feed, Refusals, Waiting
from services.publishing.saying import AwardSaid, kept, refused
from services.publishing.terms import MoveKind, Published, Step

_AFTER_SETTLEMENT = (MoveKind.UNSPENT, MoveKind.BALANCE, MoveKind.RECOVERED)
_PAYING = (MoveKind.ADVANCE, MoveKind.BALANCE, MoveKind.RECOVERED)


class Telling:
    """The events of one answer, and the state with them applied."""

    def __init__(self, state: State) -> None:
        self.state = Ahead(state)
        self.events: list[e.Event] = []

    def add(self, event: e.Event) -> None:
        """One more event."""
        self.events.append(event)
        for record in evolve(event, self.state):
            self.state.put(record)

    def place(self) -> int:
        """The place in the feed that the next public event gets."""
        feed = self.state.get(Feed, FEED)
        return 0 if feed is None else feed.next

    def award(self, call_id: str, award_id: str) -> None:
        """Tell all that can be told of an award."""
        while (event := self._next_of_award(call_id, award_id)) is not None:
            self.add(event)

    def application(self, call_id: str, application_id: str) -> None:
        """Tell all that can be told of an application's refusals."""
        while (event := self._next_of_application(call_id, application_id)) is not None:
            self.add(event)

    def waiting(self, call_id: str) -> None:
        """Tell what has waited for something about the call, a body or a file."""
        for waiting in self.state.all(Waiting, call_id):
            if waiting.what is Step.REFUSAL:
                self.application(call_id, waiting.about)
            else:
                self.award(call_id, waiting.about)

    def _next_of_award(self, call_id: str, award_id: str) -> e.AwardEvent | n.Passed | None:
        dossier, call = self.state.get(Dossier, call_id, award_id), self.state.get(Call, call_id)
        if dossier is None or call is None or dossier.grant is None or dossier.commitment is None:
            return None
        step = _next_step(dossier)
        if step is None:
            return None
        said = AwardSaid(self.state, call, dossier, self.place())
        if not call.tells(*_needed(step, dossier)) or (step is Step.MOVE and said.hidden()):
            return n.Passed(call_id=call_id, award_id=award_id, step=step)
        return said.event(step)

    def _next_of_application(self, call_id: str, application_id: str) -> e.AwardRefused | n.Passed | None:
        known, call = self.state.get(Refusals, call_id, application_id), self.state.get(Call, call_id)
        if known is None or call is None or known.told == len(known.refusals):
            return None
        if not call.tells(Published.REFUSALS):
            return n.Passed(call_id=call_id, application_id=application_id, step=Step.REFUSAL)
        return refused(self.state, call, application_id, known.refusals[known.told], self.place())


def _next_step(dossier: Dossier) -> Step | None:
    """What of an award comes next, if its turn has come."""
    move, settlement = dossier.next, dossier.settlement
    if not dossier.granted:
        return Step.GRANT
    if move is not None and (dossier.settled or move.kind not in _AFTER_SETTLEMENT):
        return Step.MOVE
    if settlement is not None and not dossier.settled and kept(dossier.past) >= settlement.paid_cents:
        return Step.SETTLEMENT
    return None


def _needed(step: Step, dossier: Dossier) -> tuple[Published, ...]:
    """What a call must publish for a step to be told."""
    if step is Step.SETTLEMENT:
        return (Published.FINAL_GRANT,)
    if step is Step.MOVE and dossier.next is not None and dossier.next.kind in _PAYING:
        return (Published.PAID,)
    return ()
