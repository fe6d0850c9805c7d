"""The walk of a proposal: files that wait for a decision, put to the ledger one at a time in the order of their turn.

Reopened files come first, then all others that were never decided on or are on the reserve list, each in rank order. No file
is passed over for being large: where the envelope does not carry a file, nothing behind it is asked for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.awarding.answers import ranked_files
from services.awarding.events import (
    DecisionProposed,
    DecisionReopened,
    Event,
    ProposalCompleted,
    ReservationReleaseRequested,
    ReservationRequested,
    ReservePlaceKept,
)
from services.awarding.records import Call, File, Proposal, Stage, award_id
from services.awarding.terms import Ground, Limit, Outcome
from services.kernel.decider import State

_LINE = 500
"""The longest text of a decision."""
_WAITS = (Stage.RANKED, Stage.REOPENED, Stage.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A proposal under way: `queue` has the files whose turn is still to come, `proposed` counts the decisions so far."""

    call: Call
    proposal: Proposal
    now: datetime
    queue: tuple[File, ...]
    proposed: int

    @classmethod
    def of(cls, state: State, call: Call, proposal: Proposal, now: datetime) -> "Walk":
        """The walk of that proposal as it stands."""
        files = ranked_files(state, call.call_id)
        waiting = [file for file in files if file.stage in _WAITS]
        return cls(
            call=call,
            proposal=proposal,
            now=now,
            queue=tuple(sorted(waiting, key=lambda file: file.stage is not Stage.REOPENED)),  # stable: keeps the rank order
            proposed=sum(1 for file in files if file.proposed is not None),
        )

    def go_on(self, *decisions: Event) -> tuple[Event, ...]:
        """These decisions, then on to the next file that can be put to the ledger, or to the end."""
        events = list(decisions)
        for file in self.queue:
            if file.may_be_awarded:
                return (*events, self.ask(file, file.requested_cents))
            events.append(self._refuse_for_minimum(file))
        return self._completed(events)

    def ask(self, file: File, amount_cents: int, limited_by: Limit | None = None) -> Event:
        """Put a file to the ledger. A second question on a file whose turn it is keeps the name of the reservation."""
        rules = self.call.rules
        attempt = file.attempts + (file.stage is not Stage.ASKED)
        return ReservationRequested(
            call_id=file.call_id,
            application_id=file.application_id,
            applicant=file.applicant,
            partners=file.partners,
            award_id=award_id(file.application_id, attempt),
            envelope_id=rules.envelope.envelope_id,
            amount_cents=amount_cents,
            currency=rules.envelope.currency,
            expires_at=self.now + timedelta(days=rules.awarding.reservation_days),
            limited_by=limited_by,
        )

    def award(self, file: File) -> Event:
        """What the ledger has reserved, as the decision."""
        if file.limited_by is None:
            return self._decide(file, Outcome.AWARD, Ground.RANKED, f"rank {file.rank}, {file.requested_cents} cents requested")
        detail = _shortfall(file, file.asked_cents)
        return self._decide(file, Outcome.PARTIAL_AWARD, Ground(file.limited_by.value), detail)

    def limited(self, file: File, limit: Limit, room_cents: int) -> tuple[Event, ...]:
        """Where the ledger has less than was asked for: a smaller award if the call allows it, else the end of this turn."""
        terms = self.call.rules.awarding
        if terms.partial and room_cents >= terms.minimum_useful_cents:
            return (self.ask(file, room_cents, limit),)
        if limit is Limit.CAP_EXCEEDED:
            return self.go_on(self._decide(file, Outcome.REFUSE, Ground.CAP_EXCEEDED, _shortfall(file, room_cents)))
        return self._used_up(file, room_cents)

    def _used_up(self, cut: File, available_cents: int) -> tuple[Event, ...]:
        """The envelope carries no more: this file and all that wait behind it go on the reserve list, or are refused."""
        outcome = Outcome.WAIT_LIST if self.call.rules.awarding.reserve_list else Outcome.REFUSE
        events: list[Event] = []
        if cut.before is Stage.WAITING:
            events.append(self._keep(cut, available_cents))
        else:
            events.append(self._decide(cut, outcome, Ground.ENVELOPE_EXHAUSTED, _shortfall(cut, available_cents)))
        for file in self.queue:
            if not file.may_be_awarded:
                events.append(self._refuse_for_minimum(file))
            elif file.stage is not Stage.WAITING:
                detail = f"rank {file.rank}, envelope used up at rank {cut.rank}"
                events.append(self._decide(file, outcome, Ground.ENVELOPE_EXHAUSTED, detail))
        return self._completed(events)

    def _completed(self, events: list[Event]) -> tuple[Event, ...]:
        decisions = self.proposed + sum(1 for event in events if isinstance(event, DecisionProposed))
        end = ProposalCompleted(call_id=self.call.call_id, proposal=self.proposal.number, decisions=decisions)
        return (*events, end)

    def _refuse_for_minimum(self, file: File) -> Event:
        return self._decide(file, Outcome.REFUSE, Ground.BELOW_MINIMUM, ", ".join(file.fails)[:_LINE] or "not eligible")

    def _decide(self, file: File, outcome: Outcome, ground: Ground, detail: str) -> Event:
        """A proposed decision. An upheld appeal gives its own ground, except to a new refusal, which needs a new one."""
        given = outcome is not Outcome.REFUSE
        return DecisionProposed(
            call_id=file.call_id,
            application_id=file.application_id,
            applicant=file.applicant,
            proposal=self.proposal.number,
            outcome=outcome,
            amount_cents=file.asked_cents if outcome.is_award else 0,
            rank=file.rank,
            ground=file.upheld if given and file.upheld is not None else ground,
            detail=detail,
            proposed_by=self.proposal.proposers[-1],
        )

    def _keep(self, file: File, available_cents: int) -> Event:
        return ReservePlaceKept(
            call_id=file.call_id,
            application_id=file.application_id,
            applicant=file.applicant,
            proposal=self.proposal.number,
            requested_cents=file.requested_cents,
            available_cents=available_cents,
        )


def reopen(file: File, ground: str) -> Event:
    """The current decision on a file, or the one under way, no longer stands."""
    return DecisionReopened(call_id=file.call_id, application_id=file.application_id, applicant=file.applicant, ground=ground)


def release(file: File, envelope_id: str, reason: str) -> Event:
    """The request to let go of a file's reservation."""
    return ReservationReleaseRequested(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        award_id=file.award_id,
        envelope_id=envelope_id,
        reason=reason,
    )


def _shortfall(file: File, room_cents: int) -> str:
    return f"{file.requested_cents} cents requested, {room_cents} cents available"
