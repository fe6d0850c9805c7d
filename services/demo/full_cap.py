"""Twenty-six applications at the full cap: twenty-five fill the envelope to the cent, the twenty-sixth is refused by the ledger."""

from datetime import UTC, date, datetime

from services.calls.bodies import bodies_on
from services.demo.cases import Case
from services.demo.stage import Stage, StoryError

START = datetime(2021, 3, 5, 8, 0, tzinfo=UTC)
_APPLICATIONS, _FIT = 26, 25


def run(stage: Stage) -> None:
    """File, judge, rank, decide; nothing is paid."""
    rules = stage.publish("radicalisation-2021", date(2021, 3, 5))
    bodies = [m.kbo for m in bodies_on(date(2021, 3, 5)) if m.kbo][:_APPLICATIONS]
    for body in bodies:
        stage.world.contact(body, f"Municipality {body} (synthetic)")
    cases = [
        Case(application_id=f"{rules.call_id}.{n + 1:02d}", applicant=body, requested_cents=rules.cap.cap_cents, level=98 - n)
        for n, body in enumerate(bodies)
    ]
    stage.file(rules, cases)
    stage.at(datetime(2021, 4, 19, 8, 0, tzinfo=UTC), f"{len(cases)} applications, each for the full cap")
    stage.admit(rules, cases)
    stage.enrol_jury(rules)
    stage.judge(rules, cases)
    stage.rank(rules)
    stage.at(datetime(2021, 6, 14, 8, 0, tzinfo=UTC), "proposal and approval")
    decisions = stage.decide(rules, 1)
    awards = sum(decision["outcome"] == "award" for decision in decisions.values())
    if awards != _FIT:
        raise StoryError(f"{awards} awards, the envelope holds {_FIT}")
    stage.rest(f"{awards} awards fill the envelope; the next waits")
