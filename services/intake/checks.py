"""Why content cannot be taken in: who files, the call's form, the money, the attachments. The first fault is the answer."""

import re
from collections.abc import Iterator
from datetime import date

from services.intake.beneficiaries import awards_of
from services.intake.records import Call, Enrolled, Taking
from services.intake.values import MAX_CONTENT_BYTES, Content, Fault, RefusalCode
from services.kernel.canonical import encode
from services.kernel.decider import State
from services.kernel.form import to_json
from services.kernel.rules import CallRules, FieldKind, FormField

_INTEGER = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,13}([.,][0-9]{1,2})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SHOWN = 60


def size_fault(content: Content) -> Fault | None:
    """Content that an entry of the log could not hold together with its command."""
    size = len(encode(to_json(content)))
    if size <= MAX_CONTENT_BYTES:
        return None
    return Fault(RefusalCode.CONTENT_TOO_LARGE, f"{size} bytes as canonical JSON, at most {MAX_CONTENT_BYTES}")


def content_fault(content: Content, application_id: str, call: Call, state: State) -> Fault | None:
    """The first reason why this content cannot be submitted; None if it can."""
    return next(_faults(content, application_id, call, state), None)


def _faults(content: Content, application_id: str, call: Call, state: State) -> Iterator[Fault]:
    if (fault := size_fault(content)) is not None:
        yield fault
    yield from _who(content, application_id, call, state)
    yield from _form(content, call.rules)
    yield from _project(content, call.rules)
    yield from _attachments(content, call.rules)


def _who(content: Content, application_id: str, call: Call, state: State) -> Iterator[Fault]:
    rules = call.rules.applicants
    if content.partners and not rules.groups:
        yield Fault(RefusalCode.GROUPS_NOT_ALLOWED, f"{len(content.partners)} partners")
    if len(content.partners) > rules.max_partners:
        yield Fault(RefusalCode.TOO_MANY_PARTNERS, f"{len(content.partners)} partners, at most {rules.max_partners}")
    seen: set[str] = set()
    for number in (content.applicant, *content.partners):
        if number in seen:
            yield Fault(RefusalCode.DUPLICATE_PARTNER, number)
        body = state.get(Enrolled, call.call_id, number)
        if body is None:
            yield Fault(RefusalCode.UNKNOWN_PARTNER if seen else RefusalCode.UNKNOWN_APPLICANT, number)
        else:
            yield from _body(body, application_id, call, state)
        seen.add(number)


def _body(body: Enrolled, application_id: str, call: Call, state: State) -> Iterator[Fault]:
    rules, number = call.rules.applicants, body.body_id
    if body.merged_into is not None:
        yield Fault(RefusalCode.MERGED_BODY, f"{number} went over into {body.merged_into}")
    if body.body.kind not in rules.kinds:
        yield Fault(RefusalCode.WRONG_KIND, f"{number} is a {body.body.kind}")
    if body.body.region not in rules.regions:
        yield Fault(RefusalCode.WRONG_REGION, f"{number} is in {body.body.region}")
    if rules.one_live_file:
        yield from _elsewhere(number, application_id, call, state)
    for award in awards_of(body, state):
        if award.of_call in rules.excludes_beneficiaries_of:
            yield Fault(RefusalCode.EXCLUDED_BENEFICIARY, f"{number} holds an award of {award.of_call}")


def _elsewhere(number: str, application_id: str, call: Call, state: State) -> Iterator[Fault]:
    """Another live file of the body. Where a merger left it with several, each may still be amended."""
    live = [taking.application_id for taking in tuple(state.all(Taking, call.call_id, number)) if taking.live]
    if live and application_id not in live:
        yield Fault(RefusalCode.ALREADY_FILED, f"{number} takes part in {live[0]}")


def _form(content: Content, rules: CallRules) -> Iterator[Fault]:
    names = {field.name for field in rules.form}
    for name in sorted(content.answers):
        if name not in names:
            yield Fault(RefusalCode.UNKNOWN_FIELD, f"answers.{name[:_SHOWN]}")
    for field in rules.form:
        answer = content.answers.get(field.name, "")
        if answer.strip():
            yield from _answer(field, answer)
        elif field.required:
            yield Fault(RefusalCode.MISSING_FIELD, f"answers.{field.name}")


def _answer(field: FormField, answer: str) -> Iterator[Fault]:
    where = f"answers.{field.name}"
    if field.max_length and len(answer) > field.max_length:
        yield Fault(RefusalCode.TOO_LONG, f"{where}: {len(answer)} characters, at most {field.max_length}")
    match field.kind:
        case FieldKind.TEXT:
            pass
        case FieldKind.INTEGER if not _INTEGER.fullmatch(answer):
            yield Fault(RefusalCode.NOT_A_NUMBER, f"{where}: a whole number")
        case FieldKind.AMOUNT if not _AMOUNT.fullmatch(answer):
            yield Fault(RefusalCode.NOT_A_NUMBER, f"{where}: an amount with at most two decimals")
        case FieldKind.DATE if not _is_date(answer):
            yield Fault(RefusalCode.NOT_A_DATE, f"{where}: a date YYYY-MM-DD")
        case FieldKind.CHOICE if answer not in field.choices:
            yield Fault(RefusalCode.UNKNOWN_CHOICE, f"{where}: none of the choices")
        case FieldKind.YES_NO if answer not in ("yes", "no"):
            yield Fault(RefusalCode.NOT_YES_OR_NO, f"{where}: yes or no")
        case _:
            pass


def _project(content: Content, rules: CallRules) -> Iterator[Fault]:
    known = {purpose.code for purpose in rules.purposes}
    if not content.purposes:
        yield Fault(RefusalCode.MISSING_FIELD, "purposes")
    for purpose in (*content.purposes, *(cost.purpose for cost in content.costs)):
        if purpose not in known:
            yield Fault(RefusalCode.UNKNOWN_PURPOSE, purpose)
    if content.requested_cents == 0:
        yield Fault(RefusalCode.MISSING_FIELD, "requestedCents")
    if content.requested_cents > rules.cap.cap_cents:
        yield Fault(RefusalCode.EXCEEDS_CAP, f"requested {content.requested_cents} cents, at most {rules.cap.cap_cents}")
    if content.requested_cents > content.total_cost_cents:
        yield Fault(RefusalCode.EXCEEDS_TOTAL_COST, f"requested {content.requested_cents} cents of {content.total_cost_cents}")
    if content.project_end < content.project_start:
        yield Fault(RefusalCode.ENDS_BEFORE_START, "projectEnd")


def _attachments(content: Content, rules: CallRules) -> Iterator[Fault]:
    known = {rule.kind: rule for rule in rules.attachments}
    for number, attachment in enumerate(content.attachments):
        where, rule = f"attachments[{number}]", known.get(attachment.kind)
        if rule is None:
            yield Fault(RefusalCode.UNKNOWN_ATTACHMENT, f"{where}: {attachment.kind}")
            continue
        if attachment.size_bytes > rule.max_bytes:
            yield Fault(RefusalCode.ATTACHMENT_TOO_LARGE, f"{where}: {attachment.size_bytes} bytes, at most {rule.max_bytes}")
        if attachment.media_type not in rule.media_types:
            yield Fault(RefusalCode.WRONG_MEDIA_TYPE, f"{where}: {attachment.media_type}")
    given = {attachment.kind for attachment in content.attachments}
    for rule in rules.attachments:
        if rule.required and rule.kind not in given:
            yield Fault(RefusalCode.MISSING_ATTACHMENT, rule.kind)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
