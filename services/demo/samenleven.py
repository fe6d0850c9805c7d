"""Plan Samenleven 2022 on the same engine: another call file, no other code. Consortia, half own money, a fixed sum a result.

The facts of the call are real as far as its file says so; every application and amount is synthetic.
"""

from datetime import UTC, date, datetime

from services.calls.bodies import bodies_on
from services.demo.accounts import Account, check, report
from services.demo.cases import Case
from services.demo.stage import Stage

START = datetime(2022, 3, 1, 8, 0, tzinfo=UTC)
_CONSORTIA, _PARTNERS = 8, 2


def run(stage: Stage) -> None:
    """From publication to settlement; one consortium reaches too few results and pays back."""
    rules = stage.publish("plan-samenleven-2022", date(2022, 3, 1))
    bodies = [m.kbo for m in bodies_on(date(2022, 3, 1)) if m.kbo]
    cases: list[Case] = []
    for n in range(_CONSORTIA):
        lead, *partners = bodies[n * (_PARTNERS + 1) : (n + 1) * (_PARTNERS + 1)]
        stage.world.contact(lead, f"Municipality {lead} (synthetic)")
        asked = rules.cap.cap_cents // (n + 1)
        cases.append(
            Case(
                application_id=f"{rules.call_id}.{n + 1:02d}",
                applicant=lead,
                requested_cents=asked,
                level=95 - 3 * n,
                partners=tuple(partners),
            )
        )
    deadline = rules.window.deadline
    stage.at(datetime(2022, 6, 20, 8, 0, tzinfo=UTC), "consortia file, one municipality for each")
    stage.file(rules, cases)
    stage.at(datetime(deadline.year, deadline.month, deadline.day + 1, 9, 0, tzinfo=UTC), "the call is closed and judged")
    stage.admit(rules, cases)
    stage.enrol_jury(rules)
    stage.judge(rules, cases)
    stage.rank(rules)
    stage.at(datetime(2022, 9, 23, 8, 0, tzinfo=UTC), "the government decides")
    decisions = stage.decide(rules, 1)
    awards = [d for d in decisions.values() if d["outcome"] in ("award", "partial_award")]
    stage.agree(rules, awards)
    stage.tell(f"                   {len(awards)} consortia are awarded")
    accounts = [
        Account(
            award_id=str(d["awardId"]),
            applicant=str(d["applicant"]),
            amount_cents=int(d["amountCents"]),
            spent=70 if n == 1 else 100,
        )
        for n, d in enumerate(awards)
    ]
    for rule in rules.reports:
        stage.at(datetime(rule.due.year, rule.due.month, rule.due.day, 9, 0, tzinfo=UTC), f"{rule.label['en']}: due")
        for account in accounts:
            report(stage, rules, rule, account)
            check(stage, rules, rule, account)
