"""Events of the awarding service; field for field the messages in `protos/grants/awarding`."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from services.awarding.terms import Count, Limit, Number, Outcome, Partners, RefusalCode
from services.kernel.form import Between, Digest, Id, Line
from services.kernel.rules import CallRules, Cents, CentsOrZero, Code, Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRegistered:
    """A call whose ranking will be decided on by these rules."""

    call_id: Id
    rules: CallRules


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceNoted:
    """An application's place in a version of the ranking. `fails` says why it is not eligible."""

    call_id: Id
    application_id: Id
    applicant: Id
    version: Number
    rank: Number
    partners: Partners
    requested_cents: Cents
    eligible: bool
    fails: Annotated[tuple[Line, ...], Between(0, 100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingNoted:
    """How many places that version of the ranking has."""

    call_id: Id
    version: Number
    ranked: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalOpened:
    """From here files are put to the ledger one by one. The same number again: the walk goes on after a halt."""

    call_id: Id
    proposal: Number
    proposed_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationRequested:
    """The ledger is asked for money; `limited_by` says what forbade the full amount. `award_id` names the reservation."""

    call_id: Id
    application_id: Id
    applicant: Id
    partners: Partners
    award_id: Id
    envelope_id: Id
    amount_cents: Cents
    currency: Currency
    expires_at: datetime
    limited_by: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationReleaseRequested:
    """The ledger is asked to let go of a reservation that will not be used."""

    call_id: Id
    application_id: Id
    applicant: Id
    award_id: Id
    envelope_id: Id
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionProposed:
    """A decision as the officer proposes it. `detail` gives the sums or the rank behind the ground, in words."""

    call_id: Id
    application_id: Id
    applicant: Id
    proposal: Number
    outcome: Outcome
    amount_cents: CentsOrZero
    rank: Number
    ground: Line
    detail: Line
    proposed_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservePlaceKept:
    """The file's turn came, but not enough money is left: it stays on the reserve list by the decision that put it there."""

    call_id: Id
    application_id: Id
    applicant: Id
    proposal: Number
    requested_cents: Cents
    available_cents: CentsOrZero


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalHalted:
    """The ledger refused for a reason that says nothing about the file, such as a closed envelope; `Propose` carries on."""

    call_id: Id
    application_id: Id
    applicant: Id
    proposal: Number
    code: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalCompleted:
    """Every waiting file has been looked at. Without any decision the proposal is closed at once."""

    call_id: Id
    proposal: Number
    decisions: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalApproved:
    """The second hand has approved what still stands of a proposal."""

    call_id: Id
    proposal: Number
    approved_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionApproved:
    """A decision taken. An award spends nothing yet: it is granted when the ledger has committed."""

    call_id: Id
    application_id: Id
    applicant: Id
    proposal: Number
    outcome: Outcome
    amount_cents: CentsOrZero
    ground: Line
    detail: Line
    approved_by: Id
    decided_at: datetime
    award_id: Id | None = None
    envelope_id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentRequested:
    """The ledger is asked to bind the reserved money."""

    call_id: Id
    application_id: Id
    applicant: Id
    award_id: Id
    envelope_id: Id
    amount_cents: Cents
    approved_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardGranted:
    """The award: approved, and committed by the ledger."""

    call_id: Id
    application_id: Id
    applicant: Id
    partners: Partners
    award_id: Id
    envelope_id: Id
    amount_cents: Cents
    requested_cents: Cents
    rank: Number
    project_start: date
    project_end: date
    approved_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardRefused:
    """No award; the applicant may appeal until `appeal_until`, that instant included."""

    call_id: Id
    application_id: Id
    applicant: Id
    ground: Line
    detail: Line
    rank: Number
    appeal_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitListed:
    """On the reserve list, `position` counted from 1 at this instant; an appeal is open as on a refusal."""

    call_id: Id
    application_id: Id
    applicant: Id
    position: Number
    rank: Number
    appeal_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardDeclined:
    """An award given back before its agreement."""

    call_id: Id
    application_id: Id
    applicant: Id
    award_id: Id
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class DecommitRequested:
    """The ledger is asked to free what it has committed."""

    call_id: Id
    application_id: Id
    applicant: Id
    award_id: Id
    envelope_id: Id
    amount_cents: Cents
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealLodged:
    """An appeal against the decision of that proposal."""

    call_id: Id
    application_id: Id
    applicant: Id
    proposal: Number
    ground: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealDecided:
    """The answer to an appeal."""

    call_id: Id
    application_id: Id
    applicant: Id
    upheld: bool
    ground: Line
    decided_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionReopened:
    """The file waits for a new decision and is the first to be taken up by the next proposal."""

    call_id: Id
    application_id: Id
    applicant: Id
    ground: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementAccepted:
    """The beneficiary is bound; the advance falls due."""

    call_id: Id
    application_id: Id
    applicant: Id
    partners: Partners
    award_id: Id
    envelope_id: Id
    amount_cents: Cents
    advance_cents: CentsOrZero
    agreement: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationDropped:
    """Withdrawn by the applicant: no longer proposed, approved or granted."""

    call_id: Id
    application_id: Id
    applicant: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class MergerNoted:
    """From here on `into_body` acts for the files of `from_body`."""

    call_id: Id
    from_body: Id
    into_body: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that was not carried out, and why."""

    call_id: Id
    application_id: Id | None = None
    award_id: Id | None = None
    proposal: Number | None = None
    command: Id
    code: RefusalCode
    detail: Line


Event = (
    CallRegistered
    | PlaceNoted
    | RankingNoted
    | ProposalOpened
    | ReservationRequested
    | ReservationReleaseRequested
    | DecisionProposed
    | ProposalHalted
    | ProposalCompleted
    | ProposalApproved
    | DecisionApproved
    | CommitmentRequested
    | AwardGranted
    | AwardRefused
    | WaitListed
    | AwardDeclined
    | DecommitRequested
    | AppealLodged
    | AppealDecided
    | DecisionReopened
    | AgreementAccepted
    | ApplicationDropped
    | MergerNoted
    | ReservePlaceKept
    | Refused
)
