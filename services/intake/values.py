"""What commands, events and records of the intake service are made of: codes, bodies, the content of an application."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from services.kernel.canonical import encode
from services.kernel.form import Between, Digest, Line, MalformedError, Matches, Text, to_json
from services.kernel.rules import Cents, CentsOrZero, Code

MAX_CONTENT_BYTES = 24_000
"""The longest content of an application, as canonical JSON. An amendment's entry holds it twice (command and event), and up
to 17,000 bytes are left for findings and what stands around them."""
MAX_APPLICATION_ID = 80
"""The longest id of an application: the ids of its awards, payments and notices are longer by up to 20 characters."""
MAX_BODIES = 100
"""The most bodies that one command enrols."""


@dataclass(frozen=True, slots=True)
class Fits:
    """A message, or a list of them, that takes at most `max_bytes` as canonical JSON, so that an entry can hold it."""

    max_bytes: int

    def check(self, value: Any, path: str) -> None:
        """Raise `MalformedError` if it does not fit."""
        items: tuple[Any, ...] = value if isinstance(value, tuple) else (value,)
        size = sum(len(encode(to_json(item))) + 1 for item in items)
        if size > self.max_bytes:
            raise MalformedError(path, f"{size} bytes as canonical JSON", f"at most {self.max_bytes}")


BodyId = Annotated[str, Matches(r"[01][0-9]{9}", "an enterprise number: 10 digits, the first 0 or 1")]
NisCode = Annotated[str, Matches(r"[0-9]{5}", "a NIS code: 5 digits")]
MediaType = Annotated[str, Matches(r"[a-z0-9][a-z0-9.+-]{0,62}/[a-z0-9][a-z0-9.+-]{0,126}", "a media type such as text/csv")]
Name = Annotated[str, Between(1, 100)]


class RefusalCode(StrEnum):
    """Why a command was not carried out. What is at fault (a field, a body, an instant) stands in the refusal's detail."""

    NOT_AUTHORISED = "not_authorised"
    ID_REUSED = "id_reused"
    # the call
    CALL_EXISTS = "call_exists"
    UNKNOWN_CALL = "unknown_call"
    INCONSISTENT_RULES = "inconsistent_rules"
    CALL_CLOSED = "call_closed"
    STILL_OPEN = "still_open"
    SAME_DEADLINE = "same_deadline"
    DEADLINE_IN_PAST = "deadline_in_past"
    NOT_LATER = "not_later"
    # bodies
    WRONG_BODY_NUMBER = "wrong_body_number"
    DUPLICATE_BODY = "duplicate_body"
    UNKNOWN_BODY = "unknown_body"
    SAME_BODY = "same_body"
    MERGED_BODY = "merged_body"
    ALREADY_NOTED = "already_noted"
    # the file: whose it is, and where it stands
    WRONG_APPLICATION_ID = "wrong_application_id"
    UNKNOWN_APPLICATION = "unknown_application"
    NOT_OWNER = "not_owner"
    NOT_OPEN_YET = "not_open_yet"
    DEADLINE_PASSED = "deadline_passed"
    ALREADY_SUBMITTED = "already_submitted"
    NOT_SUBMITTED = "not_submitted"
    ALREADY_WITHDRAWN = "already_withdrawn"
    ALREADY_DECIDED = "already_decided"
    NOTE_MISSING = "note_missing"
    # who files
    UNKNOWN_APPLICANT = "unknown_applicant"
    UNKNOWN_PARTNER = "unknown_partner"
    WRONG_KIND = "wrong_kind"
    WRONG_REGION = "wrong_region"
    GROUPS_NOT_ALLOWED = "groups_not_allowed"
    TOO_MANY_PARTNERS = "too_many_partners"
    DUPLICATE_PARTNER = "duplicate_partner"
    ALREADY_FILED = "already_filed"
    EXCLUDED_BENEFICIARY = "excluded_beneficiary"
    # what is filed
    CONTENT_TOO_LARGE = "content_too_large"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    TOO_LONG = "too_long"
    NOT_A_NUMBER = "not_a_number"
    NOT_A_DATE = "not_a_date"
    UNKNOWN_CHOICE = "unknown_choice"
    NOT_YES_OR_NO = "not_yes_or_no"
    UNKNOWN_PURPOSE = "unknown_purpose"
    EXCEEDS_CAP = "exceeds_cap"
    EXCEEDS_TOTAL_COST = "exceeds_total_cost"
    ENDS_BEFORE_START = "ends_before_start"
    UNKNOWN_ATTACHMENT = "unknown_attachment"
    MISSING_ATTACHMENT = "missing_attachment"
    ATTACHMENT_TOO_LARGE = "attachment_too_large"
    WRONG_MEDIA_TYPE = "wrong_media_type"
    # what is kept of people
    FILE_CLOSED = "file_closed"
    NOT_CLOSED = "not_closed"
    UNKNOWN_RULE = "unknown_rule"
    NOT_DUE = "not_due"
    STILL_NEEDED = "still_needed"
    ALREADY_DESTROYED = "already_destroyed"
    UNKNOWN_PLAN = "unknown_plan"
    ALREADY_APPROVED = "already_approved"
    SAME_HAND = "same_hand"
    NOTE_EXISTS = "note_exists"
    UNKNOWN_NOTE = "unknown_note"
    NOT_A_PARTY = "not_a_party"
    ERASED = "erased"


class FindingCode(StrEnum):
    """What the officer should look at in a file that was taken in."""

    BARRED_COST = "barred_cost"
    UNKNOWN_COST = "unknown_cost"
    COST_OUTSIDE_PURPOSES = "cost_outside_purposes"
    """A cost for a purpose that the application does not name."""
    COSTS_DIFFER_FROM_TOTAL = "costs_differ_from_total"
    FINANCING_DIFFERS_FROM_TOTAL = "financing_differs_from_total"
    """Grant, own means and other subsidies together are not the total cost."""
    CO_FINANCING_SHORT = "co_financing_short"
    WAIVER_ASKED = "waiver_asked"
    WAIVER_NOT_OFFERED = "waiver_not_offered"
    """A waiver of the own share is asked for, but the call knows none."""
    OTHER_SUBSIDIES = "other_subsidies"
    PROJECT_OUTSIDE_PERIOD = "project_outside_period"
    """The project starts before or ends after the period of the call."""


class InadmissibleReason(StrEnum):
    """Why an officer declares a file inadmissible: a finding upheld, or what only a person can see."""

    BARRED_COST = "barred_cost"
    UNKNOWN_COST = "unknown_cost"
    COST_OUTSIDE_PURPOSES = "cost_outside_purposes"
    COSTS_DIFFER_FROM_TOTAL = "costs_differ_from_total"
    FINANCING_DIFFERS_FROM_TOTAL = "financing_differs_from_total"
    CO_FINANCING_SHORT = "co_financing_short"
    WAIVER_ASKED = "waiver_asked"
    WAIVER_NOT_OFFERED = "waiver_not_offered"
    OTHER_SUBSIDIES = "other_subsidies"
    PROJECT_OUTSIDE_PERIOD = "project_outside_period"
    DOUBLE_FUNDING = "double_funding"
    INCOMPLETE = "incomplete"
    OUTSIDE_CALL = "outside_call"
    """The project is not what the call is for."""
    NOT_ENTITLED = "not_entitled"
    """Whoever filed could not bind the applicant or a partner."""
    UNREADABLE_ATTACHMENT = "unreadable_attachment"
    FALSE_STATEMENT = "false_statement"


class FileStatus(StrEnum):
    """Where a file stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ADMISSIBLE = "admissible"
    INADMISSIBLE = "inadmissible"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A public body that may file; its number is that of the Crossroads Bank for Enterprises."""

    body_id: BodyId
    kind: Code
    region: Name
    nis: NisCode
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCost:
    """A cost in the applicant's budget."""

    code: Code
    amount_cents: Cents
    purpose: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherSubsidy:
    """Money from another source for the same project, granted or asked for."""

    source: Name
    amount_cents: Cents
    purpose: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A document in the document store, named by its SHA-256."""

    kind: Code
    document: Digest
    size_bytes: Annotated[int, Between(1, 2**53 - 1)]
    media_type: MediaType


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an applicant asks for. `answers` maps a field of the call's form to its answer as text.

    An amount is decimal text with at most two decimals, an integer is digits, a date `YYYY-MM-DD`, a choice its code, and a
    yes-or-no question is answered `yes` or `no`.
    """

    applicant: BodyId
    partners: Annotated[tuple[BodyId, ...], Between(0, 300)] = ()
    requested_cents: CentsOrZero
    total_cost_cents: CentsOrZero
    own_means_cents: CentsOrZero
    waiver_ground: Text | None = None
    answers: Annotated[Mapping[str, Text], Between(0, 100)]
    purposes: Annotated[tuple[Code, ...], Between(0, 50)]
    costs: Annotated[tuple[PlannedCost, ...], Between(0, 100)]
    other_subsidies: Annotated[tuple[OtherSubsidy, ...], Between(0, 50)] = ()
    attachments: Annotated[tuple[Attachment, ...], Between(0, 50)] = ()
    project_start: date
    project_end: date


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a command is not carried out; becomes its `Refused`. `detail` is one line of at most 500 characters."""

    code: RefusalCode
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something for the officer to look at; `detail` names the cost, sum or date concerned."""

    code: FindingCode
    detail: Line


FiledContent = Annotated[Content, Fits(56_000)]
"""Content as it comes in: small enough for a refusal to be recorded. What is kept is bounded by `MAX_CONTENT_BYTES`."""
