"""Synthetic applications: who asks for what, how good it is, and the content of the form that follows from a call's rules."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.intake import values
from services.kernel.rules import CallRules, FieldKind, FormField, ShareBase

PLAN = b"Plan of action (synthetic, made for a demonstration).\n"
BUDGET = b"code;amount\npersonnel;synthetic\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An application of the demonstration. `level` is what the jury thinks of it, in percent of each criterion's scale."""

    application_id: str
    applicant: str
    requested_cents: int
    level: int
    partners: tuple[str, ...] = ()


def content(rules: CallRules, case: Case, documents: Mapping[str, values.Attachment], *, barred: bool = False) -> values.Content:
    """A complete form for a case: answers, costs and own means that fit the call; with `barred`, one cost that does not."""
    own = _own_means(rules, case.requested_cents)
    total = case.requested_cents + own
    purpose = rules.purposes[sum(case.application_id.encode()) % len(rules.purposes)].code
    kinds = rules.barred_costs if barred else rules.eligible_costs
    first = total // 2 + 1
    costs = (
        values.PlannedCost(code=rules.eligible_costs[0].code, amount_cents=first, purpose=purpose),
        values.PlannedCost(code=kinds[-1].code, amount_cents=total - first, purpose=purpose),
    )
    return values.Content(
        applicant=case.applicant,
        partners=case.partners,
        requested_cents=case.requested_cents,
        total_cost_cents=total,
        own_means_cents=own,
        answers={field.name: _answer(rules, field) for field in rules.form if field.required},
        purposes=(purpose,),
        costs=costs,
        attachments=tuple(documents[rule.kind] for rule in rules.attachments if rule.required),
        project_start=rules.awarding.project_start,
        project_end=rules.awarding.project_end,
    )


def _own_means(rules: CallRules, requested_cents: int) -> int:
    """The own share, rounded up to the cent."""
    percent = rules.co_financing.percent
    if rules.co_financing.base is ShareBase.GRANT:
        return -(-requested_cents * percent // 100)
    return -(-requested_cents * 100 // (100 - percent)) - requested_cents


def _answer(rules: CallRules, field: FormField) -> str:
    match field.kind:
        case FieldKind.TEXT:
            text = f"Synthetic answer to: {field.label['en']}"
            return text[: field.max_length] if field.max_length else text
        case FieldKind.AMOUNT:
            return "1000.00"
        case FieldKind.INTEGER:
            return "3"
        case FieldKind.DATE:
            return rules.awarding.project_start.isoformat()
        case FieldKind.CHOICE:
            return field.choices[0]
        case FieldKind.YES_NO:
            return "yes"
