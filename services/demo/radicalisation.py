"""The call of 2021: the facts of the call are real, every application, score and amount of an award is synthetic.

Round 1: the deadline is moved, one applicant gets an extension, one withdraws, one is late, one is inadmissible; a conflict of
interest, a disagreement that the chair moderates, and a tie; 14 awards, and money is left. Round 2: winners of round 1 are
refused; the last award before the money ends is partial; one award is declined and the next on the list served; an appeal is
won. Then advances, reports, a rejected cost, a recovery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from services.awarding import model as awarding
from services.calls.bodies import bodies_on
from services.demo import people
from services.demo.accounts import Account, check, report
from services.demo.cases import Case
from services.demo.stage import Stage, StoryError
from services.intake import model as intake
from services.intake import values
from services.kernel.rules import CallRules
from services.scoring import model as scoring

START = datetime(2021, 3, 5, 8, 0, tzinfo=UTC)
_CALL_1, _CALL_2 = "radicalisation-2021", "radicalisation-2021-round2"
_FULL = 6_000_000
_ROUND_1, _ROUND_2 = 14, 11
_PER_ROUND = 25

Decision = Mapping[str, Any]


def run(stage: Stage) -> None:
    """Play the whole call."""
    bodies = [m.kbo for m in bodies_on(date(2021, 1, 1)) if m.kbo]
    for body in bodies[: 2 * _PER_ROUND]:
        stage.world.contact(body, f"Municipality {body} (synthetic)", language="nl" if body[-1] in "02468" else "en")
    first = _first_round(stage, bodies[:_PER_ROUND])
    second = _second_round(stage, bodies[_PER_ROUND : 2 * _PER_ROUND], first)
    _accounts(stage, first, second)


@dataclass(frozen=True, slots=True)
class Round:
    """A round when all is decided."""

    rules: CallRules
    awards: list[Decision]


def _first_round(stage: Stage, bodies: Sequence[str]) -> Round:
    rules = stage.publish(_CALL_1, date(2021, 3, 5))
    cases = _first_cases(bodies)
    late, withdrawn, extended, inadmissible = (
        cases["late"][0],
        cases["withdrawn"][0],
        cases["extended"][0],
        cases["inadmissible"][0],
    )

    stage.at(datetime(2021, 3, 22, 9, 0, tzinfo=UTC), "drafts are saved; the first files come in")
    everyone = [case for group in cases.values() for case in group]
    for case in everyone:
        stage.draft(rules, case, barred=case is inadmissible)
    stage.submit(rules, withdrawn)
    for case in cases["good"][:6]:
        stage.submit(rules, case)

    stage.at(datetime(2021, 3, 31, 12, 0, tzinfo=UTC), "the deadline moves from 16 April noon to 11 May 18:00 (Brussels)")
    deadline = datetime(2021, 5, 11, 16, 0, tzinfo=UTC)
    why = "local authorities asked for more time"
    stage.do("intake", people.OFFICER, intake.MoveDeadline(call_id=rules.call_id, deadline=deadline, reason=why))

    stage.at(datetime(2021, 4, 20, 9, 0, tzinfo=UTC), "after the first deadline files still come in; one is withdrawn")
    for case in cases["good"][6:]:
        stage.submit(rules, case)
    gone = intake.Withdraw(call_id=rules.call_id, application_id=withdrawn.application_id, reason="the plan is not ready")
    stage.do("intake", people.applicant(withdrawn.applicant), gone)

    stage.at(datetime(2021, 5, 10, 9, 0, tzinfo=UTC), "one applicant gets two more days")
    more = datetime(2021, 5, 13, 16, 0, tzinfo=UTC)
    allowed = intake.GrantExtension(
        call_id=rules.call_id, applicant=extended.applicant, deadline=more, reason="flood in the town hall (synthetic)"
    )
    stage.do("intake", people.OFFICER, allowed)

    stage.at(datetime(2021, 5, 11, 15, 59, tzinfo=UTC), "one minute before the deadline the last files come in")
    for case in [*cases["weak"], inadmissible]:
        stage.submit(rules, case)
    stage.at(datetime(2021, 5, 11, 16, 1, tzinfo=UTC), "one minute after it a file is refused: deadline_passed")
    stage.submit(rules, late, refused="deadline_passed")
    stage.at(datetime(2021, 5, 12, 9, 0, tzinfo=UTC), "the one with the extension files")
    stage.submit(rules, extended)

    stage.at(datetime(2021, 5, 17, 8, 0, tzinfo=UTC), "the call is closed; the officer looks at each file")
    no = intake.DeclareInadmissible(
        call_id=rules.call_id,
        application_id=inadmissible.application_id,
        reasons=(values.InadmissibleReason.BARRED_COST,),
        note="usual structural staff is not eligible",
    )
    stage.do("intake", people.OFFICER, no)
    judged = [*cases["good"], extended, *cases["weak"]]
    stage.admit(rules, judged)
    ranked = _jury(stage, rules, judged, conflicted=cases["good"][0], apart=cases["good"][1])
    if not any(row["tiePath"] for row in ranked):
        raise StoryError("two applications were to have the same total")

    stage.at(datetime(2021, 6, 14, 8, 0, tzinfo=UTC), "proposal by the officer, approval by the minister")
    decisions = stage.decide(rules, 1)
    awards = [d for d in decisions.values() if d["outcome"] == "award"]
    if len(awards) != _ROUND_1:
        raise StoryError(f"{len(awards)} awards, the story has {_ROUND_1}")
    stage.at(datetime(2021, 6, 21, 8, 0, tzinfo=UTC), f"{len(awards)} awards; agreements are accepted and advances paid")
    stage.agree(rules, awards)
    return Round(rules, awards)


def _first_cases(bodies: Sequence[str]) -> dict[str, list[Case]]:
    """Thirteen good files and the extended one win; two of them tie, one is a joint file; three are too weak."""
    levels = (90, 80, 88, 86, 84, 84, 80, 78, 76, 74, 72, 70, 68)
    good = [_case(_CALL_1, n, bodies[n], level) for n, level in enumerate(levels)]
    joint = good[4]
    good[4] = Case(
        application_id=joint.application_id,
        applicant=joint.applicant,
        requested_cents=_FULL,
        level=joint.level,
        partners=(bodies[20], bodies[21]),
    )
    return {
        "good": good,
        "extended": [_case(_CALL_1, 13, bodies[13], 66)],
        "weak": [_case(_CALL_1, n, bodies[n], 30) for n in (14, 15, 16)],
        "inadmissible": [_case(_CALL_1, 17, bodies[17], 80)],
        "withdrawn": [_case(_CALL_1, 18, bodies[18], 80)],
        "late": [_case(_CALL_1, 19, bodies[19], 80)],
    }


def _second_round(stage: Stage, bodies: Sequence[str], first: Round) -> Round:
    stage.at(datetime(2021, 7, 20, 8, 0, tzinfo=UTC), "money is left: a second round opens")
    rules = stage.publish(_CALL_2, date(2021, 7, 20))
    winner = Case(
        application_id=f"{rules.call_id}.winner", applicant=str(first.awards[0]["applicant"]), requested_cents=_FULL, level=90
    )
    cases = _second_cases(bodies)
    stage.at(datetime(2021, 9, 30, 9, 0, tzinfo=UTC), "files come in; a winner of round 1 is refused: excluded_beneficiary")
    stage.draft(rules, winner)
    stage.submit(rules, winner, refused="excluded_beneficiary")
    stage.file(rules, cases)

    stage.at(datetime(2021, 10, 4, 8, 0, tzinfo=UTC), "the second round is closed, judged and ranked")
    stage.admit(rules, cases)
    _jury(stage, rules, cases)
    stage.at(datetime(2021, 11, 8, 8, 0, tzinfo=UTC), "awards as far as the money goes, the last one in part; the rest waits")
    decisions = stage.decide(rules, 1)
    _expect(decisions, {"award": _ROUND_2, "partial_award": 1, "wait_list": 1, "refuse": 1})

    declined, contested = cases[2], cases[-1]
    stage.at(datetime(2021, 11, 15, 8, 0, tzinfo=UTC), "one award is declined; one refusal is contested")
    no = awarding.Decline(call_id=rules.call_id, application_id=declined.application_id, reason="no staff to carry it out")
    stage.do("awarding", people.applicant(declined.applicant), no)
    ground = "the jury overlooked the second annex"
    appeal = awarding.LodgeAppeal(call_id=rules.call_id, application_id=contested.application_id, ground=ground)
    stage.do("awarding", people.applicant(contested.applicant), appeal)

    stage.at(datetime(2021, 11, 22, 8, 0, tzinfo=UTC), "the next on the list is served")
    served = stage.decide(rules, 2)
    _expect(served, {"award": 1})
    stage.at(datetime(2021, 11, 29, 8, 0, tzinfo=UTC), "the appeal is won: the decision is taken again, with what money is left")
    upheld = awarding.DecideAppeal(
        call_id=rules.call_id, application_id=contested.application_id, upheld=True, ground="the second annex answers the criterion"
    )
    stage.do("awarding", people.SECOND_MINISTER, upheld)
    won = stage.decide(rules, 3)
    _expect(won, {"partial_award": 1})

    decided = {**decisions, **served, **won}
    awards = [d for name, d in decided.items() if d["outcome"] in ("award", "partial_award") and name != declined.application_id]
    stage.at(datetime(2021, 12, 6, 8, 0, tzinfo=UTC), f"{len(awards)} awards in round 2; agreements and advances")
    stage.agree(rules, awards)
    return Round(rules, awards)


def _second_cases(bodies: Sequence[str]) -> list[Case]:
    """660,000 euro is left: eleven at 58,000 leave 22,000; the next gets that in part, one waits, one is too weak."""
    asked = [5_800_000] * _ROUND_2 + [_FULL, 4_000_000]
    cases = [_case(_CALL_2, n, bodies[n], 95 - 3 * n, asked=cents) for n, cents in enumerate(asked)]
    return [*cases, _case(_CALL_2, len(cases), bodies[len(cases)], 30)]


def _jury(
    stage: Stage, rules: CallRules, cases: Sequence[Case], *, conflicted: Case | None = None, apart: Case | None = None
) -> list[Mapping[str, Any]]:
    stage.enrol_jury(rules)
    if conflicted is not None:
        declared = scoring.DeclareConflict(
            call_id=rules.call_id, application_id=conflicted.application_id, ground=scoring.ConflictGround.FAMILY
        )
        stage.do("scoring", people.ASSESSORS[0], declared)
        stage.tell("                   an assessor declares a conflict of interest and scores others instead")
    stage.judge(rules, cases, apart=apart.application_id if apart else "")
    ranked = stage.rank(rules)
    stage.tell(
        f"                   {len(ranked)} applications ranked, {sum(row['eligible'] for row in ranked)} of them good enough"
    )
    return ranked


def _accounts(stage: Stage, first: Round, second: Round) -> None:
    """Both rounds report; in the first, one spent too little and one charged a cost without proof."""
    todo: list[tuple[Round, list[Account]]] = []
    for number, around in enumerate((first, second)):
        accounts = [_account(d) for d in around.awards]
        if number == 0:
            accounts[2] = _account(around.awards[2], spent=60)
            accounts[3] = _account(around.awards[3], doubtful=250_000)
        todo.append((around, accounts))
    dated = [(rule.due, n, rule) for n, (around, _) in enumerate(todo) for rule in around.rules.reports]
    for due, n, rule in sorted(dated, key=lambda entry: (entry[0], entry[1])):
        around, accounts = todo[n]
        asked = datetime(due.year, due.month, due.day, 9, 0, tzinfo=UTC)
        stage.at(asked, f"{around.rules.title['en']}: {rule.label['en'].lower()}s are due")
        slow = accounts[0]
        for account in accounts[1:]:
            report(stage, around.rules, rule, account)
            check(stage, around.rules, rule, account)
        stage.at(datetime.fromtimestamp(asked.timestamp() + 5 * 86_400, UTC), "one had to be reminded")
        report(stage, around.rules, rule, slow)
        check(stage, around.rules, rule, slow)


def _account(decision: Decision, *, spent: int = 100, doubtful: int = 0) -> Account:
    return Account(
        award_id=str(decision["awardId"]),
        applicant=str(decision["applicant"]),
        amount_cents=int(decision["amountCents"]),
        spent=spent,
        doubtful_cents=doubtful,
    )


def _case(call_id: str, number: int, body: str, level: int, *, asked: int = _FULL) -> Case:
    return Case(application_id=f"{call_id}.{number + 1:02d}", applicant=body, requested_cents=asked, level=level)


def _expect(decisions: Mapping[str, Decision], counts: Mapping[str, int]) -> None:
    found = {outcome: sum(d["outcome"] == outcome for d in decisions.values()) for outcome in counts}
    if found != counts:
        raise StoryError(f"decided {found}, the story has {dict(counts)}")
