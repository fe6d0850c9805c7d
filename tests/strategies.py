"""What the tests of all services share: the rules of a call, complete and synthetic, in the likeness of the call of 2021."""

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from services.kernel.rules import (
    Applicants,
    AttachmentRule,
    Awarding,
    CallRules,
    Cap,
    CapCounts,
    CoFinancing,
    Criterion,
    Envelope,
    FieldKind,
    FormField,
    Named,
    Paying,
    ReportRule,
    Retention,
    Scoring,
    ShareBase,
    TieBreak,
    TieStep,
    Window,
)

CALL_ID = "call-2021-1"
ENVELOPE_ID = "envelope-2021"
OPENS_AT = datetime(2021, 3, 5, 8, 0, tzinfo=UTC)
DEADLINE = datetime(2021, 4, 16, 10, 0, tzinfo=UTC)
"""16 April 2021 at 12:00 in Brussels."""


def rules(**changes: Any) -> CallRules:
    """The rules of the call, with some of their fields replaced: `rules(cap=Cap(...))`.

    One envelope of 1,500,000 euro, a cap of 60,000, a share of 20 percent of the total cost with a waiver; groups of up to
    five partners; two criteria of 10 points (weights 60 and 40, two assessors); advance of 80 percent; an interim and a final
    report.
    """
    return replace(_RULES, **changes)


def body_number(serial: int) -> str:
    """A synthetic enterprise number with check digits that fit; another one for every serial below 10,000,000."""
    return f"{serial:08d}{97 - serial % 97:02d}"


def _words(nl: str, en: str) -> dict[str, str]:
    return {"nl": nl, "en": en}


def _field(name: str, kind: FieldKind, *, required: bool = True, max_length: int = 0, choices: tuple[str, ...] = ()) -> FormField:
    return FormField(name=name, label=_words(name, name), kind=kind, required=required, max_length=max_length, choices=choices)


_RULES = CallRules(
    call_id=CALL_ID,
    title=_words("Lokale aanpak, eerste ronde", "Local approach, first round"),
    authority=_words("Agentschap Binnenlands Bestuur", "Agency for Home Affairs"),
    legal_basis="synthetic: decree of the call",
    envelope=Envelope(envelope_id=ENVELOPE_ID, budget_year=2021, budget_cents=150_000_000, currency="EUR"),
    cap=Cap(cap_cents=6_000_000, counts=CapCounts.LEAD_AND_PARTNERS),
    co_financing=CoFinancing(percent=20, base=ShareBase.TOTAL_COST, waiver=True),
    window=Window(
        opens_at=OPENS_AT,
        deadline=DEADLINE,
        zone="Europe/Brussels",
        words=_words("16 april 2021 om 12 uur", "16 April 2021 at noon"),
        deadline_included=True,
    ),
    applicants=Applicants(
        kinds=("municipality",),
        regions=("vlaanderen",),
        groups=True,
        max_partners=5,
        one_live_file=True,
        excludes_beneficiaries_of=(),
    ),
    form=(
        _field("title", FieldKind.TEXT, max_length=200),
        _field("summary", FieldKind.TEXT, max_length=3000),
        _field("integrity", FieldKind.YES_NO),
        _field("livc", FieldKind.CHOICE, choices=("none", "own", "shared")),
        _field("participants", FieldKind.INTEGER, required=False),
        _field("fee", FieldKind.AMOUNT, required=False),
        _field("council_date", FieldKind.DATE, required=False),
    ),
    attachments=(
        AttachmentRule(
            kind="financial_template",
            label=_words("Financieel sjabloon", "Financial template"),
            required=True,
            max_bytes=10_000_000,
            media_types=("application/vnd.oasis.opendocument.spreadsheet", "text/csv"),
        ),
        AttachmentRule(
            kind="plan",
            label=_words("Plan van aanpak", "Plan of action"),
            required=False,
            max_bytes=20_000_000,
            media_types=("application/pdf",),
        ),
    ),
    purposes=(
        Named(code="officer", label=_words("Deradicaliseringsambtenaar", "Deradicalisation officer")),
        Named(code="associations", label=_words("Verenigingen", "Associations")),
        Named(code="livc", label=_words("LIVC", "Local integral security cell")),
    ),
    eligible_costs=(
        Named(code="staff", label=_words("Loon", "Pay")),
        Named(code="working", label=_words("Werking", "Working costs")),
    ),
    barred_costs=(Named(code="overhead", label=_words("Overhead", "Overhead")),),
    scoring=Scoring(
        criteria=(
            Criterion(code="quality", label=_words("Kwaliteit", "Quality"), weight=60, scale=10, minimum=5),
            Criterion(code="impact", label=_words("Impact", "Impact"), weight=40, scale=10, minimum=0),
        ),
        assessors_per_application=2,
        spread_limit=4,
        minimum_total=Fraction(1, 2),
        tie_break=(
            TieStep(by=TieBreak.CRITERION, criterion="quality"),
            TieStep(by=TieBreak.SMALLER_REQUEST),
            TieStep(by=TieBreak.EARLIER_SUBMISSION),
            TieStep(by=TieBreak.APPLICATION_ID),
        ),
    ),
    awarding=Awarding(
        partial=True,
        minimum_useful_cents=1_000_000,
        reserve_list=True,
        decision_maker=_words("de minister", "the minister"),
        reservation_days=90,
        appeal_days=30,
        renewals=3,
        project_start=date(2021, 7, 1),
        project_end=date(2022, 6, 30),
    ),
    paying=Paying(advance_percent=80),
    reports=(
        ReportRule(code="interim", label=_words("Tussentijds", "Interim"), final=False, due=date(2022, 1, 31), kpis=False),
        ReportRule(code="final", label=_words("Eindverslag", "Final"), final=True, due=date(2022, 9, 30), kpis=False),
    ),
    kpis=(),
    retention=(Retention(data_class="application", years=10, ground="synthetic: ten years after the last payment"),),
    published=("applicant", "amount", "purpose"),
    synthetic=("everything but the sums, the cap, the share and the deadline",),
)
