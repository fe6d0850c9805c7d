"""The rules of a call in plain language: Markdown in Dutch or English, for those who apply and those who decide.

What is said follows from `CallRules` alone. How it is said stands in `phrases`.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from services.calls.phrases import MONTHS, TABLES
from services.kernel.rules import (
    AttachmentRule,
    CallRules,
    Criterion,
    FieldKind,
    FormField,
    Kpi,
    Named,
    ReportRule,
    TieStep,
    Translated,
)

_MEGABYTE = 1_000_000
_ALL = 100


def show(rules: CallRules, language: str) -> str:
    """The rules in words; `language` is `nl` or `en`.

    Raises:
        KeyError: for another language.
    """
    told = _Teller(rules, language)
    blocks = [
        f"# {rules.title[language]}",
        told.say("head", call_id=rules.call_id, authority=rules.authority[language], legal_basis=rules.legal_basis),
    ]
    for heading, lines in _SECTIONS:
        said = list(lines(told, rules))
        if said:
            blocks += [f"## {told.say(heading)}", "\n".join(said)]
    return "\n\n".join(blocks) + "\n"


class _Teller:
    """Says things in one language, with the zone and the currency of one call."""

    def __init__(self, rules: CallRules, language: str) -> None:
        self.language = language
        self.phrases = TABLES[language]
        self.zone = ZoneInfo(rules.window.zone)
        self.currency = rules.envelope.currency

    def say(self, key: str, **places: object) -> str:
        return self.phrases[key].format(**places)

    def either(self, key: str, *, holds: bool) -> str:
        return self.say(f"{key}.{'yes' if holds else 'no'}")

    def count(self, number: int, noun: str) -> str:
        return self.say(f"{'one' if number == 1 else 'many'}.{noun}", number=self.number(number))

    def name(self, kind: str, code: str) -> str:
        """The word for a code of the trade, or the code."""
        return self.phrases.get(f"{kind}.{code}", code)

    def label(self, words: Translated) -> str:
        return words[self.language]

    def number(self, number: int) -> str:
        return f"{number:,}" if self.language == "en" else f"{number:,}".replace(",", ".")

    def money(self, cents: int) -> str:
        """`€ 60.000` in Dutch, `€60,000` in English; cents only where there are some."""
        whole, rest = divmod(cents, 100)
        point = "." if self.language == "en" else ","
        sum_ = self.number(whole) + (f"{point}{rest:02d}" if rest else "")
        if self.currency != "EUR":
            return f"{self.currency} {sum_}"
        return f"€{sum_}" if self.language == "en" else f"€ {sum_}"

    def day(self, day: date) -> str:
        return f"{day.day} {MONTHS[self.language][day.month - 1]} {day.year}"

    def time(self, instant: datetime) -> str:
        local = instant.astimezone(self.zone)
        clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
        return f"{self.day(local.date())}, {clock}"

    def share(self, share: Fraction) -> str:
        percent = share * 100
        return f"{percent.numerator} %" if percent.denominator == 1 else f"{share.numerator}/{share.denominator}"

    def size(self, size_bytes: int) -> str:
        return f"{size_bytes // _MEGABYTE} MB" if size_bytes % _MEGABYTE == 0 else f"{self.number(size_bytes)} bytes"


def _bullets(lines: Iterable[str]) -> Iterator[str]:
    return (f"- {line}" for line in lines)


def _labelled(label: str, *details: str) -> str:
    return f"- **{label}** ({'; '.join(details)})" if details else f"- {label}"


def _money(told: _Teller, rules: CallRules) -> Iterator[str]:
    envelope, own = rules.envelope, rules.co_financing
    lines = [
        told.say("budget", budget=told.money(envelope.budget_cents), year=envelope.budget_year, envelope=envelope.envelope_id),
        *([told.say("article", article=envelope.budget_article)] if envelope.budget_article else []),
        told.say("cap", cap=told.money(rules.cap.cap_cents)),
        told.say(f"counts.{rules.cap.counts}"),
    ]
    if own.percent:
        lines += [told.say("own", percent=own.percent, base=told.say(f"base.{own.base}")), told.either("waiver", holds=own.waiver)]
    else:
        lines.append(told.say("own.none"))
    return _bullets(lines)


def _who(told: _Teller, rules: CallRules) -> Iterator[str]:
    who = rules.applicants
    kinds = ", ".join(told.name("body", kind) for kind in who.kinds)
    regions = ", ".join(told.name("region", region) for region in who.regions)
    lines = [
        told.say("kinds", kinds=kinds, regions=regions),
        told.say("groups.yes", partners=told.count(who.max_partners, "partner")) if who.groups else told.say("groups.no"),
        told.either("one_live_file", holds=who.one_live_file),
        *(told.say("excludes", call=call) for call in who.excludes_beneficiaries_of),
    ]
    return _bullets(lines)


def _when(told: _Teller, rules: CallRules) -> Iterator[str]:
    window = rules.window
    lines = [
        told.say("opens", time=told.time(window.opens_at)),
        told.say("deadline", time=told.time(window.deadline)),
        told.either("included", holds=window.deadline_included),
        told.say("zone", zone=window.zone),
        told.say("words", words=told.label(window.words)),
    ]
    return _bullets(lines)


def _form(told: _Teller, rules: CallRules) -> Iterator[str]:
    return (_question(told, field) for field in rules.form)


def _question(told: _Teller, field: FormField) -> str:
    details = [_need(told, required=field.required), told.say(f"kind.{field.kind}", choices=", ".join(field.choices))]
    if field.kind is FieldKind.TEXT and field.max_length:
        details.append(told.say("max_length", number=told.number(field.max_length)))
    return _labelled(told.label(field.label), *details)


def _attachments(told: _Teller, rules: CallRules) -> Iterator[str]:
    return (_document(told, rule) for rule in rules.attachments)


def _document(told: _Teller, rule: AttachmentRule) -> str:
    size = told.say("max_bytes", size=told.size(rule.max_bytes))
    return _labelled(told.label(rule.label), _need(told, required=rule.required), size, ", ".join(rule.media_types))


def _need(told: _Teller, *, required: bool) -> str:
    return told.say("required" if required else "optional")


def _named(told: _Teller, things: Iterable[Named]) -> Iterator[str]:
    return _bullets(told.label(thing.label) for thing in things)


def _purposes(told: _Teller, rules: CallRules) -> Iterator[str]:
    return _named(told, rules.purposes)


def _eligible(told: _Teller, rules: CallRules) -> Iterator[str]:
    return _named(told, rules.eligible_costs)


def _barred(told: _Teller, rules: CallRules) -> Iterator[str]:
    return _named(told, rules.barred_costs)


def _scoring(told: _Teller, rules: CallRules) -> Iterator[str]:
    scoring = rules.scoring
    weights = sum(criterion.weight for criterion in scoring.criteria)
    yield "- " + told.say("assessors", assessors=told.count(scoring.assessors_per_application, "assessor"))
    for criterion in scoring.criteria:
        yield _criterion(told, criterion, weights)
    yield "- " + told.say("spread", spread=told.count(scoring.spread_limit, "point"))
    total = scoring.minimum_total
    yield "- " + (told.say("total", total=told.share(total)) if total else told.say("total.none"))
    yield "- " + told.say("tie")
    labels = {criterion.code: told.label(criterion.label) for criterion in scoring.criteria}
    for number, step in enumerate(scoring.tie_break, start=1):
        yield f"  {number}. {_tie(told, step, labels)}"


def _criterion(told: _Teller, criterion: Criterion, weights: int) -> str:
    scale = told.say("criterion", scale=told.count(criterion.scale, "point"), weight=criterion.weight, weights=weights)
    minimum = [told.say("minimum", points=told.count(criterion.minimum, "point"))] if criterion.minimum else []
    return _labelled(told.label(criterion.label), scale, *minimum)


def _tie(told: _Teller, step: TieStep, labels: dict[str, str]) -> str:
    return told.say(f"tie.{step.by}", criterion=labels.get(step.criterion or "", ""))


def _award(told: _Teller, rules: CallRules) -> Iterator[str]:
    award = rules.awarding
    lines = [
        told.say("decides", decision_maker=told.label(award.decision_maker)),
        told.say("partial.yes", minimum=told.money(award.minimum_useful_cents)) if award.partial else told.say("partial.no"),
        told.either("reserve", holds=award.reserve_list),
        told.say("reservation", days=told.count(award.reservation_days, "day")),
        told.say("appeal", days=told.count(award.appeal_days, "day")) if award.appeal_days else told.say("appeal.none"),
        told.say("period", start=told.day(award.project_start), end=told.day(award.project_end)),
        told.say("renewals", times=told.count(award.renewals, "time")) if award.renewals else told.say("renewals.none"),
    ]
    return _bullets(lines)


def _paying(told: _Teller, rules: CallRules) -> Iterator[str]:
    percent = rules.paying.advance_percent
    key = "advance.none" if percent == 0 else "advance.all" if percent == _ALL else "advance"
    yield "- " + told.say(key, percent=percent)
    for report in rules.reports:
        yield _report(told, report)


def _report(told: _Teller, report: ReportRule) -> str:
    details = [told.say("report", due=told.day(report.due))]
    if report.final:
        details.append(told.say("report.final"))
    if report.kpis:
        details.append(told.say("report.kpis"))
    return _labelled(told.label(report.label), *details)


def _kpis(told: _Teller, rules: CallRules) -> Iterator[str]:
    return (_kpi(told, kpi) for kpi in rules.kpis)


def _kpi(told: _Teller, kpi: Kpi) -> str:
    return _labelled(
        told.label(kpi.label), told.say("kpi", unit=told.money(kpi.unit_cents)) if kpi.unit_cents else told.say("kpi.told")
    )


def _data(told: _Teller, rules: CallRules) -> Iterator[str]:
    for rule in rules.retention:
        kept = told.say("retention", years=told.count(rule.years, "year"), ground=rule.ground)
        yield f"- **{told.name('data', rule.data_class)}**: {kept}"
    published = [told.name("public", name) for name in rules.published]
    yield f"- {told.say('published')} {', '.join(published) or told.say('none')}"


def _synthetic(_told: _Teller, rules: CallRules) -> Iterator[str]:
    return _bullets(rules.synthetic)


_SECTIONS: tuple[tuple[str, Callable[[_Teller, CallRules], Iterator[str]]], ...] = (
    ("money", _money),
    ("who", _who),
    ("when", _when),
    ("form", _form),
    ("attachments", _attachments),
    ("purposes", _purposes),
    ("eligible", _eligible),
    ("barred", _barred),
    ("scoring", _scoring),
    ("award", _award),
    ("paying", _paying),
    ("kpis", _kpis),
    ("data", _data),
    ("synthetic", _synthetic),
)
"""The headings in their order; one with nothing to say is left out."""
