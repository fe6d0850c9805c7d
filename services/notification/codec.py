"""The notification service on the wire, and what it tells of other services' events: who hears what, under which name.

What can happen twice to the same thing (a deadline moved there and back, a file reopened) carries the instant in its name.
"""

from collections.abc import Iterable
from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp
from grants.awarding.v1 import awarding_events_pb2
from grants.budget_ledger.v1 import budget_ledger_events_pb2
from grants.intake.v1 import intake_events_pb2
from grants.notification.v1 import notification_events_pb2, notification_pb2, notification_pb2_grpc
from grants.reporting.v1 import reporting_events_pb2

from services.kernel.form import instant
from services.kernel.rules import CallRules, Named
from services.notification import templates
from services.notification.core import DECIDER, pending
from services.notification.model import (
    Command,
    MergeApplicants,
    NoteApplicant,
    NoteErasure,
    NoticeKind,
    Queue,
    QueueForAll,
    RegisterCall,
)
from services.notification.naming import compact, notice_id
from services.notification.sender import sender
from services.runtime.facts import Fact, domain
from services.runtime.spec import Spec, Wire
from services.runtime.vault import EVERY_GROUP


def reactions(fact: Fact) -> Iterable[Command]:
    """The commands that follow from an event of another service."""
    match fact.source.partition("/")[0]:
        case "intake":
            yield from _intake(fact)
        case "awarding":
            yield from _awarding(fact)
        case "budget_ledger":
            yield from _ledger(fact)
        case _:
            yield from _reporting(fact)


def _intake(fact: Fact) -> Iterable[Command]:  # noqa: C901 - one branch an event
    at = compact(fact.time)
    match m := fact.message:
        case intake_events_pb2.CallPublished():
            yield _register(domain(CallRules, m.rules))
        case intake_events_pb2.DraftSaved():
            yield NoteApplicant(call_id=m.call_id, applicant=m.applicant)
        case intake_events_pb2.BodiesMerged():
            yield MergeApplicants(call_id=m.call_id, from_body=m.from_body, into_body=m.into_body)
        case intake_events_pb2.SubjectErased():
            yield _erasure(m.call_id, m.subject, EVERY_GROUP, m.erased_at)
        case intake_events_pb2.DataDestroyed():
            yield _erasure(m.call_id, m.applicant, m.group, m.destroyed_at)
        case intake_events_pb2.ApplicationSubmitted():
            yield NoteApplicant(call_id=m.call_id, applicant=m.applicant)
            yield _queue(
                NoticeKind.RECEIPT,
                m.call_id,
                m.applicant,
                (m.application_id, str(m.version)),
                application_id=m.application_id,
                version=str(m.version),
                received_at=_instant(m.received_at),
                requested_cents=str(m.content.requested_cents),
                receipt=m.receipt,
            )
        case intake_events_pb2.ExtensionGranted():
            yield _queue(NoticeKind.EXTENSION, m.call_id, m.applicant, (m.call_id, at), deadline_at=_instant(m.deadline))
        case intake_events_pb2.DeadlineMoved():
            yield QueueForAll(
                call_id=m.call_id,
                subject=notice_id(NoticeKind.DEADLINE_MOVED, m.call_id, at),
                kind=NoticeKind.DEADLINE_MOVED,
                params={"before_at": _instant(m.before), "deadline_at": _instant(m.deadline)},
            )
        case intake_events_pb2.ApplicationReopened():
            yield _about(NoticeKind.REOPENED, m, at, until_at=_instant(m.until))
        case intake_events_pb2.ApplicationDeclaredInadmissible():
            yield _about(NoticeKind.INADMISSIBLE, m, at, reason_codes=",".join(m.reasons))
        case _:
            return


def _awarding(fact: Fact) -> Iterable[Command]:
    at = compact(fact.time)
    match m := fact.message:
        case awarding_events_pb2.AwardGranted():
            yield _queue(
                NoticeKind.AWARD,
                m.call_id,
                m.applicant,
                (m.award_id,),
                application_id=m.application_id,
                award_id=m.award_id,
                amount_cents=str(m.amount_cents),
                requested_cents=str(m.requested_cents),
                start_on=m.project_start,
                end_on=m.project_end,
            )
        case awarding_events_pb2.AwardRefused():
            # After an upheld appeal the ground is an officer's words: those stay in the file.
            ground = m.ground if templates.known(m.ground) else "stated_in_file"
            yield _about(NoticeKind.REFUSAL, m, at, ground_code=ground, appeal_until_at=_instant(m.appeal_until))
        case awarding_events_pb2.WaitListed():
            yield _about(NoticeKind.WAIT_LIST, m, at, position=str(m.position), appeal_until_at=_instant(m.appeal_until))
        case awarding_events_pb2.AppealDecided():
            yield _about(NoticeKind.APPEAL, m, at, outcome_code="upheld" if m.upheld else "dismissed")
        case _:
            return


def _ledger(fact: Fact) -> Iterable[Command]:
    match m := fact.message:
        case budget_ledger_events_pb2.Paid():
            yield _queue(
                NoticeKind.PAYMENT,
                m.call_id,
                m.applicant,
                (m.payment_id,),
                award_id=m.reservation_id,
                payment_id=m.payment_id,
                kind_code=m.kind,
                amount_cents=str(m.amount_cents),
            )
        case budget_ledger_events_pb2.RecoveryOrdered():
            yield _queue(
                NoticeKind.RECOVERY,
                m.call_id,
                m.applicant,
                (m.recovery_id,),
                award_id=m.reservation_id,
                recovery_id=m.recovery_id,
                amount_cents=str(m.amount_cents),
            )
        case _:
            return


def _reporting(fact: Fact) -> Iterable[Command]:
    match m := fact.message:
        case reporting_events_pb2.ReportRequested():
            yield _report(NoticeKind.REPORT_REQUEST, m, due_on=m.due)
        case reporting_events_pb2.ReportReminded():
            yield _report(NoticeKind.REMINDER, m, due_on=m.due)
        case reporting_events_pb2.ReportReturned():
            yield _report(NoticeKind.REPORT_RETURNED, m, compact(fact.time))
        case reporting_events_pb2.SettlementComputed():
            yield _queue(
                NoticeKind.SETTLEMENT,
                m.call_id,
                m.applicant,
                (m.award_id,),
                award_id=m.award_id,
                amount_cents=str(m.amount_cents),
                accepted_cents=str(m.accepted_cents),
                final_grant_cents=str(m.final_grant_cents),
                paid_cents=str(m.paid_cents),
                balance_cents=str(m.balance_cents),
                recovery_cents=str(m.recovery_cents),
            )
        case _:
            return


_AboutApplication = (
    intake_events_pb2.ApplicationReopened
    | intake_events_pb2.ApplicationDeclaredInadmissible
    | awarding_events_pb2.AwardRefused
    | awarding_events_pb2.WaitListed
    | awarding_events_pb2.AppealDecided
)
_AboutReport = reporting_events_pb2.ReportRequested | reporting_events_pb2.ReportReminded | reporting_events_pb2.ReportReturned


def _about(kind: NoticeKind, m: _AboutApplication, at: str, **params: str) -> Queue:
    """A notice of something that may happen to one application more than once."""
    return _queue(kind, m.call_id, m.applicant, (m.application_id, at), application_id=m.application_id, **params)


def _report(kind: NoticeKind, m: _AboutReport, *more: str, **params: str) -> Queue:
    return _queue(kind, m.call_id, m.applicant, (m.award_id, m.report, *more), award_id=m.award_id, report_code=m.report, **params)


def _queue(kind: NoticeKind, call_id: str, addressee: str, about: tuple[str, ...], **params: str) -> Queue:
    return Queue(call_id=call_id, notice_id=notice_id(kind, *about, addressee), kind=kind, addressee=addressee, params=params)


def _register(rules: CallRules) -> RegisterCall:
    return RegisterCall(
        call_id=rules.call_id,
        title=rules.title,
        authority=rules.authority,
        zone=rules.window.zone,
        currency=rules.envelope.currency,
        reports=tuple(Named(code=report.code, label=report.label) for report in rules.reports),
    )


def _erasure(call_id: str, subject: str, group: str, until: Timestamp) -> NoteErasure:
    return NoteErasure(call_id=call_id, subject=subject, group=group, until=until.ToDatetime(UTC))


def _instant(value: Timestamp) -> str:
    return instant(value.ToDatetime(UTC))


SPEC = Spec(
    decider=DECIDER,
    wire=Wire(service=notification_pb2, grpc=notification_pb2_grpc, events=notification_events_pb2),
    sources=("intake", "awarding", "budget_ledger", "reporting"),
    reactions=reactions,
    worker=sender,
    pending=pending,
    derived=True,
)
