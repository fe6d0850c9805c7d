"""What the notification service keeps: its state, folded from its events."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.kernel.decider import Record
from services.kernel.form import Id, Line
from services.kernel.rules import Code, Currency, Named, Translated
from services.notification.model import NoticeId, NoticeKind, NoticeStatus, Params, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Record):
    """What notices say about a call."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    title: Translated
    authority: Translated
    zone: Line
    currency: Currency
    reports: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant(Record):
    """A body that has a draft or a file in the call, and the body that it has become part of, if it has."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "applicant")
    call_id: Id
    applicant: Id
    merged_into: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Record):
    """A notice. `behind` is the one that follows it in its lane."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "notice_id")
    call_id: Id
    notice_id: NoticeId
    kind: NoticeKind
    addressee: Id
    params: Params
    status: NoticeStatus = NoticeStatus.QUEUED
    turn: Turn = 1
    retry_at: datetime | None = None
    behind: NoticeId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane(Record):
    """A line of notices that wait for the same thing, first come first served: see `lanes`."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id", "lane")
    call_id: Id
    lane: Code
    first: NoticeId | None = None
    last: NoticeId | None = None
    length: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts(Record):
    """The notices of a call that are in doubt, in the order in which they came to be: what operators must look at."""

    KEY: ClassVar[tuple[str, ...]] = ("call_id",)
    call_id: Id
    notices: tuple[NoticeId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased(Record):
    """That a subject's keys of a group (`*`: of every group) made until an instant are void."""

    KEY: ClassVar[tuple[str, ...]] = ("subject", "group")
    subject: Id
    group: Line
    until: datetime
