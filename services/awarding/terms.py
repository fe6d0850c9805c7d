"""The words of the awarding service: limits, outcomes, grounds and refusal codes."""

from enum import StrEnum
from typing import Annotated

from services.kernel.form import Between, Id

Count = Annotated[int, Between(0, 1_000_000)]
Number = Annotated[int, Between(1, 1_000_000)]
Partners = Annotated[tuple[Id, ...], Between(0, 300)]


class RefusalCode(StrEnum):
    """Why a command was not carried out."""

    NOT_AUTHORISED = "not_authorised"
    ID_REUSED = "id_reused"
    CALL_EXISTS = "call_exists"
    PLACE_EXISTS = "place_exists"
    RANKING_EXISTS = "ranking_exists"
    RANKING_CLOSED = "ranking_closed"
    """The first proposal has fixed the order; a later ranking changes nothing."""
    UNKNOWN_CALL = "unknown_call"
    RANKING_MISSING = "ranking_missing"
    PROPOSAL_OPEN = "proposal_open"
    NOTHING_TO_PROPOSE = "nothing_to_propose"
    UNKNOWN_PROPOSAL = "unknown_proposal"
    ALREADY_APPROVED = "already_approved"
    NOT_COMPLETE = "not_complete"
    SAME_HAND = "same_hand"
    UNKNOWN_APPLICATION = "unknown_application"
    NOT_OWNER = "not_owner"
    NOT_GRANTED = "not_granted"
    AGREEMENT_ACCEPTED = "agreement_accepted"
    NOT_APPEALABLE = "not_appealable"
    APPEAL_OPEN = "appeal_open"
    ALREADY_APPEALED = "already_appealed"
    APPEAL_TOO_LATE = "appeal_too_late"
    NO_OPEN_APPEAL = "no_open_appeal"
    FILE_IN_PROPOSAL = "file_in_proposal"
    """The next approval, or the ledger's answer to it, decides what there is to appeal against."""
    MERGER_DIFFERS = "merger_differs"


class Outcome(StrEnum):
    """What a decision gives."""

    AWARD = "award"
    PARTIAL_AWARD = "partial_award"
    WAIT_LIST = "wait_list"
    REFUSE = "refuse"

    @property
    def is_award(self) -> bool:
        """Whether it gives money."""
        return self in (Outcome.AWARD, Outcome.PARTIAL_AWARD)


class Limit(StrEnum):
    """Which of the ledger's limits stands in the way of the full amount; named as the ledger's refusals are."""

    ENVELOPE_EXCEEDED = "envelope_exceeded"
    CAP_EXCEEDED = "cap_exceeded"


class Ground(StrEnum):
    """Why a decision is what it is, or why it is open again. After an upheld appeal its own words stand in this place."""

    RANKED = "ranked"
    BELOW_MINIMUM = "below_minimum"
    ENVELOPE_EXCEEDED = "envelope_exceeded"
    CAP_EXCEEDED = "cap_exceeded"
    ENVELOPE_EXHAUSTED = "envelope_exhausted"
    RESERVATION_EXPIRED = "reservation_expired"
    RESERVATION_RELEASED = "reservation_released"
    COMMITMENT_REFUSED = "commitment_refused"


class Ending(StrEnum):
    """How a reservation ended without a commitment."""

    RELEASED = "released"
    EXPIRED = "expired"


class Asked(StrEnum):
    """Which of this service's requests the ledger refused; named as the ledger's commands are."""

    RESERVE = "Reserve"
    COMMIT = "Commit"
