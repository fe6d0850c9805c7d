"""What the fields of a call file must make of each other: faults that no field has by itself.

Every function takes the file as far as it could be read and says nothing of values that were at fault already.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from services.calls.reading import Partial, euros
from services.calls.vocabulary import DATA_CLASSES, PUBLISHED
from services.kernel.rules import FieldKind, TieBreak

Finding = tuple[str, str, str]
"""Path, what is wrong, what is allowed."""

_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*", re.ASCII)


def findings(rules: Partial) -> Iterator[Finding]:
    """Everything in which the fields do not fit each other."""
    for check in CHECKS:
        yield from check(rules)


def _money(rules: Partial) -> Iterator[Finding]:
    """The cap fits into the envelope, and the least partial award into the cap."""
    budget, cap = rules.get("envelope", "budget_cents"), rules.get("cap", "cap_cents")
    useful = rules.get("awarding", "minimum_useful_cents")
    if budget is not None and cap is not None and cap > budget:
        yield "cap.cap", f"{euros(cap)} is more than the envelope", f"at most {euros(budget)}"
    if cap is not None and useful is not None and useful > cap:
        yield "awarding.minimum_useful", f"{euros(useful)} is more than the cap", f"at most {euros(cap)}"


def _dates(rules: Partial) -> Iterator[Finding]:
    """The call opens before its deadline; projects start on a day after it and end after they start."""
    opens, deadline = rules.get("window", "opens_at"), rules.get("window", "deadline")
    start, end = rules.get("awarding", "project_start"), rules.get("awarding", "project_end")
    if opens and deadline and deadline <= opens:
        yield "window.deadline", "not after opens_at", "a later time"
    if deadline and start and start <= deadline.date():
        yield "awarding.project_start", "not after the deadline", "a later date"
    if start and end and end <= start:
        yield "awarding.project_end", "not after project_start", "a later date"


def _applicants(rules: Partial) -> Iterator[Finding]:
    """There are kinds and regions; a call with groups allows partners, and only then; no call excludes its own beneficiaries."""
    for name in ("kinds", "regions"):
        yield from _filled(rules, "applicants", name)
        yield from _once(rules.get("applicants", name) or (), f"applicants.{name}")
    groups, partners = rules.get("applicants", "groups"), rules.get("applicants", "max_partners")
    if groups is True and partners == 0:
        yield "applicants.max_partners", "0 partners make no group", "1 or more, or groups = false"
    if groups is False and partners:
        yield "applicants.max_partners", f"{partners} partners without groups", "0, or groups = true"
    excluded = rules.get("applicants", "excludes_beneficiaries_of") or ()
    for number, call in enumerate(excluded):
        if call == rules.get("call_id"):
            yield f"applicants.excludes_beneficiaries_of[{number}]", "the call itself", "the id of another call"


def _form(rules: Partial) -> Iterator[Finding]:
    """Names of fields differ; choices stand with kind choice and only there, a length only with kind text."""
    yield from _unique(rules, "form", "name")
    for field in rules.each("form"):
        kind, choices = field.get("kind"), field.get("choices")
        if kind is FieldKind.CHOICE and choices == ():
            yield field.at("choices"), "a choice without choices", "a list of codes"
        if kind not in (None, FieldKind.CHOICE) and choices:
            yield field.at("choices"), f"choices for a field of kind {kind}", "choices only for kind choice"
        if kind not in (None, FieldKind.TEXT) and field.get("max_length"):
            yield field.at("max_length"), f"a length for a field of kind {kind}", "max_length only for kind text"
        yield from _once(choices or (), field.at("choices"))


def _attachments(rules: Partial) -> Iterator[Finding]:
    """Kinds of document differ, and each has a media type such as application/pdf."""
    yield from _unique(rules, "attachments", "kind")
    for rule in rules.each("attachments"):
        if rule.get("media_types") == ():
            yield rule.at("media_types"), "no media type", "at least one, such as application/pdf"
        for number, media_type in enumerate(rule.get("media_types") or ()):
            if media_type is not None and not _MEDIA_TYPE.fullmatch(media_type):
                yield f"{rule.at('media_types')}[{number}]", f"{media_type!r} is no media type", "such as application/pdf"


def _costs(rules: Partial) -> Iterator[Finding]:
    """There are purposes and eligible costs; codes differ, and no cost is both eligible and barred."""
    for name in ("purposes", "eligible_costs"):
        yield from _filled(rules, name)
    for name in ("purposes", "eligible_costs", "barred_costs"):
        yield from _unique(rules, name, "code")
    eligible = {cost.get("code") for cost in rules.each("eligible_costs")} - {None}
    for cost in rules.each("barred_costs"):
        if cost.get("code") in eligible:
            yield cost.at("code"), f"{cost.get('code')} is eligible too", "a cost is eligible or barred"


def _scoring(rules: Partial) -> Iterator[Finding]:
    """There are criteria with different codes; no minimum is above its scale, nor the lowest total above 1/1."""
    yield from _filled(rules, "scoring", "criteria")
    yield from _unique(rules, "scoring", "criteria", "code")
    for criterion in rules.each("scoring", "criteria"):
        scale, minimum = criterion.get("scale"), criterion.get("minimum")
        if scale is not None and minimum is not None and minimum > scale:
            yield criterion.at("minimum"), f"{minimum} of {scale} points", f"at most {scale}"
    total = rules.get("scoring", "minimum_total")
    if total is not None and total > 1:
        yield "scoring.minimum_total", f"{total} is more than the highest total", '"0/1" to "1/1"'


def _tie_break(rules: Partial) -> Iterator[Finding]:
    """Steps differ, those by criterion name one of the call, and the last is application_id, which no two share."""
    codes = {criterion.get("code") for criterion in rules.each("scoring", "criteria")} - {None}
    steps = rules.each("scoring", "tie_break")
    seen: set[tuple[object, object]] = set()
    for step in steps:
        by, criterion = step.get("by"), step.get("criterion")
        if by is TieBreak.CRITERION and "criterion" in step.values and criterion is None:
            yield step.at("criterion"), "missing", "the code of a criterion"
        if by not in (None, TieBreak.CRITERION) and criterion is not None:
            yield step.at("criterion"), f"a criterion in a step by {by}", "criterion only for by = criterion"
        if criterion is not None and codes and criterion not in codes:
            yield step.at("criterion"), f"{criterion} is no criterion of this call", ", ".join(sorted(codes))
        if by is not None and (by, criterion) in seen:
            yield step.at("by"), "a step that was taken before", "each once"
        seen.add((by, criterion))
    if rules.get("scoring", "tie_break") is not None and (not steps or steps[-1].get("by") is not TieBreak.APPLICATION_ID):
        yield "scoring.tie_break", "two applications may still be equal at the end", "a last step by = application_id"


def _reports(rules: Partial) -> Iterator[Finding]:
    """Exactly one report is final, the last of them and not before the project ends; results are counted and asked, or neither."""
    reports = rules.each("reports")
    yield from _unique(rules, "reports", "code")
    yield from _unique(rules, "kpis", "code")
    finals = [report for report in reports if report.get("final") is True]
    if rules.get("reports") is not None and not finals and all(report.get("final") is not None for report in reports):
        yield "reports", "no final report", "exactly one report with final = true"
    for report in finals[1:]:
        yield report.at("final"), "a second final report", "exactly one report with final = true"
    start, end = rules.get("awarding", "project_start"), rules.get("awarding", "project_end")
    last = max((report.get("due") for report in reports if report.get("due")), default=None)
    for report in reports:
        due, final = report.get("due"), report.get("final")
        if due and start and due <= start:
            yield report.at("due"), "due before the project has begun", f"a date after {start}"
        elif final and due and end and due < end:
            yield report.at("due"), "a final report before the end of the project", f"{end} or later"
        elif final and due and last and due < last:
            yield report.at("due"), "a final report that is not the last", f"{last} or later"
        if report.get("kpis") and rules.get("kpis") == ():
            yield report.at("kpis"), "results are asked, but the call counts none", "kpis = false, or a [[kpis]]"
    if rules.each("kpis") and reports and all(report.get("kpis") is False for report in reports):
        yield "kpis", "no report asks for them", "a report with kpis = true"


def _data(rules: Partial) -> Iterator[Finding]:
    """Classes of data and published names are known ones, each once."""
    yield from _filled(rules, "retention")
    yield from _unique(rules, "retention", "data_class")
    for rule in rules.each("retention"):
        name = rule.get("data_class")
        if name is not None and name not in DATA_CLASSES:
            yield rule.at("data_class"), f"{name} is no class of data", ", ".join(DATA_CLASSES)
    published = rules.get("published") or ()
    yield from _once(published, "published")
    for number, name in enumerate(published):
        if name is not None and name not in PUBLISHED:
            yield f"published[{number}]", f"{name} is unknown", ", ".join(PUBLISHED)


CHECKS: tuple[Callable[[Partial], Iterator[Finding]], ...] = (
    _money,
    _dates,
    _applicants,
    _form,
    _attachments,
    _costs,
    _scoring,
    _tie_break,
    _reports,
    _data,
)
"""All of them; their docstrings are what the reference page says."""


def _filled(rules: Partial, *names: str) -> Iterator[Finding]:
    """A list that was read and has nothing in it."""
    if rules.get(*names) == ():
        yield ".".join(names), "an empty list", "at least one"


def _unique(rules: Partial, *names: str) -> Iterator[Finding]:
    """Codes of a list of tables that stand twice; the last name is the field of the code."""
    *above, code = names
    seen: set[str] = set()
    for item in rules.each(*above):
        value = item.get(code)
        if value in seen:
            yield item.at(code), f"{value} stands twice", "each once"
        elif value is not None:
            seen.add(value)


def _once(items: Sequence[object], path: str) -> Iterator[Finding]:
    """Items of a list that stand twice; None stands for one that was at fault."""
    for number, item in enumerate(items):
        if item is not None and item in items[:number]:
            yield f"{path}[{number}]", "stands twice", "each once"
