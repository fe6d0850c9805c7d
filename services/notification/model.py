"""Commands and events of the notification service; field for field the messages in `protos/grants/notification`.

What the service keeps stands in `records`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from services.kernel.form import Between, Id, Line, Matches
from services.kernel.rules import Currency, Named, Translated

NoticeId = Annotated[
    str, Matches(r"(?=.{1,100}\Z)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", "1 to 100 of A-Z a-z 0-9 _ -, single dots between")
]
"""Names a notice for ever, in every call; also the left half of the mail's Message-ID, hence the form."""
Param = Annotated[
    str, Matches(r"[A-Za-z0-9._:,+-]{0,500}", "ids, codes, cents or instants: at most 500 of A-Z a-z 0-9 . _ : , + -")
]
"""A value for a template. Its form keeps names, addresses and free text out of the log."""
Params = Annotated[Mapping[str, Param], Between(0, 20)]
Turn = Annotated[int, Between(1, 1_000_000)]
SmtpCode = Annotated[int, Between(200, 999)]


class RefusalCode(StrEnum):
    """Why a command was not carried out."""

    NOT_AUTHORISED = "not_authorised"
    ID_REUSED = "id_reused"
    CALL_EXISTS = "call_exists"
    NOTICE_EXISTS = "notice_exists"
    UNKNOWN_CALL = "unknown_call"
    UNKNOWN_NOTICE = "unknown_notice"
    NOT_QUEUED = "not_queued"
    NOT_NEXT = "not_next"
    """Notices of a call go out one after the other, in the order in which they were queued."""
    NOT_ATTEMPTED = "not_attempted"
    NOT_WAITING = "not_waiting"
    NOT_YET_DUE = "not_yet_due"
    ALREADY_SENT = "already_sent"
    NOTHING_TO_RESOLVE = "nothing_to_resolve"


class NoticeKind(StrEnum):
    """What a notice tells; each has its words in `templates.toml`."""

    RECEIPT = "receipt"
    EXTENSION = "extension"
    DEADLINE_MOVED = "deadline_moved"
    REOPENED = "reopened"
    INADMISSIBLE = "inadmissible"
    AWARD = "award"
    REFUSAL = "refusal"
    WAIT_LIST = "wait_list"
    APPEAL = "appeal"
    PAYMENT = "payment"
    RECOVERY = "recovery"
    REPORT_REQUEST = "report_request"
    REMINDER = "reminder"
    REPORT_RETURNED = "report_returned"
    SETTLEMENT = "settlement"


class NoticeStatus(StrEnum):
    """Where a notice stands."""

    QUEUED = "queued"
    ATTEMPTED = "attempted"
    """From here until the server's answer is recorded, nobody but the server knows whether the mail has left."""
    SENT = "sent"
    WAITING = "waiting"
    """Failed, to be tried again at `retry_at`."""
    FAILED = "failed"
    """Failed for good, unless an operator has it sent again."""
    IN_DOUBT = "in_doubt"
    """Perhaps sent: only a person may say."""


class FailReason(StrEnum):
    """Why the server certainly did not take a mail, or was not even asked."""

    UNREACHABLE = "unreachable"
    """No connection, or it broke before the mail was complete."""
    DEFERRED = "deferred"
    """The server answered 4xx: not now."""
    REJECTED = "rejected"
    """The server answered 5xx: never."""
    UNKNOWN_ADDRESSEE = "unknown_addressee"
    """The server answered 5xx to the address."""
    NO_CONTACT = "no_contact"
    """The vault has no address for the addressee."""
    BAD_CONTACT = "bad_contact"
    """What the vault has is no address that a mail can carry."""
    UNWRITABLE = "unwritable"
    """The notice lacks a value that the words of its kind need."""


class Outcome(StrEnum):
    """What an operator found out about a notice."""

    SENT = "sent"
    AGAIN = "again"


# Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterCall:
    """Learn what notices say about a call: its names, the zone its instants are read in, its money and its reports."""

    call_id: Id
    title: Translated
    authority: Translated
    zone: Line
    currency: Currency
    reports: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteApplicant:
    """Note who has a draft or a file in a call: the addressees of what concerns all."""

    call_id: Id
    applicant: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeApplicants:
    """Note that one body has become part of another: what concerns all is told once, to the latter."""

    call_id: Id
    from_body: Id
    into_body: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Tell one addressee something."""

    call_id: Id
    notice_id: NoticeId
    kind: NoticeKind
    addressee: Id
    params: Params


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueForAll:
    """Tell every applicant of a call something; `subject` is what all of it is about, the same in each notice's id."""

    call_id: Id
    subject: Id
    kind: NoticeKind
    params: Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The server has all of the mail but its final dot; that goes out next, once this is durable."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmSent:
    """The server has taken the mail."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """The server has certainly not taken the mail."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn
    reason: FailReason
    smtp_code: SmtpCode | None = None
    permanent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """The final dot may have reached the server, and its answer did not reach us."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Queue a failed notice again whose time has come."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """Settle a notice that is in doubt or failed: it was sent after all, or it is to go out again."""

    call_id: Id
    notice_id: NoticeId
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteErasure:
    """Note that a subject's keys of a group (`*`: of every group) made until an instant are void (system)."""

    call_id: Id
    subject: Id
    group: Line
    until: datetime


Command = (
    RegisterCall
    | NoteApplicant
    | MergeApplicants
    | Queue
    | QueueForAll
    | Attempt
    | ConfirmSent
    | Fail
    | Doubt
    | Retry
    | Resolve
    | NoteErasure
)


# Events


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRegistered:
    """A call about which notices can be written."""

    call_id: Id
    title: Translated
    authority: Translated
    zone: Line
    currency: Currency
    reports: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicantNoted:
    """A body that has a draft or a file in the call."""

    call_id: Id
    applicant: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicantsMerged:
    """An applicant that has become part of another body."""

    call_id: Id
    from_body: Id
    into_body: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeQueued:
    """A notice to be sent; its first turn."""

    call_id: Id
    notice_id: NoticeId
    kind: NoticeKind
    addressee: Id
    params: Params


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeAttempted:
    """A mail about to be completed. Without a later event of the same turn, whether it left is unknown."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSent:
    """A mail that the server has taken."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFailed:
    """A mail that was not taken; without `retry_at` it is given up until an operator has it sent again."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn
    reason: FailReason
    smtp_code: SmtpCode | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeInDoubt:
    """A mail of which nobody here knows whether the server took it. It is not sent again unless an operator says so."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRequeued:
    """A failed notice in the queue again; `turn` is the new one."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeResolved:
    """What an operator found out; after `again` the notice is in the queue with the new `turn`."""

    call_id: Id
    notice_id: NoticeId
    turn: Turn
    outcome: Outcome
    resolved_by: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that was not carried out, and why."""

    call_id: Id
    notice_id: NoticeId | None = None
    command: Id
    code: RefusalCode
    detail: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureNoted:
    """A subject's keys of a group (`*`: of every group) made until an instant are void; the vault obeys before each reading."""

    call_id: Id
    subject: Id
    group: Line
    until: datetime


Event = (
    CallRegistered
    | ApplicantNoted
    | ApplicantsMerged
    | NoticeQueued
    | NoticeAttempted
    | NoticeSent
    | NoticeFailed
    | NoticeInDoubt
    | NoticeRequeued
    | NoticeResolved
    | Refused
    | ErasureNoted
)
