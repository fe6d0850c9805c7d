"""Commands of the awarding service; field for field the messages in `protos/grants/awarding`."""

from dataclasses import dataclass
from typing import Annotated

from services.awarding.terms import Asked, Count, Ending, Number, Partners
from services.kernel.form import Between, Digest, Id, Line
from services.kernel.rules import CallRules, Cents, CentsOrZero, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterCall:
    """Learn the rules of a call."""

    call_id: Id
    rules: CallRules


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRanked:
    """Note an application's place in a version of the ranking; may come before the call itself."""

    call_id: Id
    version: Number
    rank: Number
    application_id: Id
    applicant: Id
    partners: Partners
    requested_cents: Cents
    eligible: bool
    fails: Annotated[tuple[Line, ...], Between(0, 100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRanking:
    """Note that a version of the ranking has `ranked` places."""

    call_id: Id
    version: Number
    ranked: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """Propose decisions on all files that wait for one; carries on with a proposal that was halted."""

    call_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """Approve all decisions of a complete proposal."""

    call_id: Id
    proposal: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Give back an award before its agreement."""

    call_id: Id
    application_id: Id
    reason: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class LodgeAppeal:
    """Contest a refusal or a place on the reserve list."""

    call_id: Id
    application_id: Id
    ground: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideAppeal:
    """Uphold or dismiss an appeal."""

    call_id: Id
    application_id: Id
    upheld: bool
    ground: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptAgreement:
    """Accept the agreement of an award; `agreement` names the document."""

    call_id: Id
    application_id: Id
    agreement: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReserved:
    """Note that the ledger holds the money that was asked for."""

    call_id: Id
    award_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCommitted:
    """Note that the ledger has bound the money to the award."""

    call_id: Id
    award_id: Id
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReleased:
    """Note that a reservation is no more."""

    call_id: Id
    award_id: Id
    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLedgerRefused:
    """Note that the ledger did not do what was asked, and what its limits leave."""

    call_id: Id
    award_id: Id
    asked: Asked
    code: Code
    available_cents: CentsOrZero | None = None
    cap_left_cents: CentsOrZero | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropApplication:
    """Note that the applicant has withdrawn; may come before the ranking."""

    call_id: Id
    application_id: Id
    applicant: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteMerger:
    """Note that a body has gone over into another, which from here on acts for its files."""

    call_id: Id
    from_body: Id
    into_body: Id


Command = (
    RegisterCall
    | NoteRanked
    | NoteRanking
    | Propose
    | Approve
    | Decline
    | LodgeAppeal
    | DecideAppeal
    | AcceptAgreement
    | NoteReserved
    | NoteCommitted
    | NoteReleased
    | NoteLedgerRefused
    | DropApplication
    | NoteMerger
)
