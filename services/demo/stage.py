"""The steps that every scenario is made of: one method a thing that people do, each followed by rest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from services.awarding import model as awarding
from services.budget_ledger import model as ledger
from services.calls.bodies import CALLS, bodies_on
from services.calls.file import load
from services.demo import people
from services.demo.cases import BUDGET, PLAN, Case, content
from services.demo.world import World
from services.intake import model as intake
from services.intake import values
from services.kernel.canonical import digest
from services.kernel.people import Actor
from services.kernel.rules import CallRules
from services.runtime.batch import Answer
from services.scoring import model as scoring

_CHUNK = 100
_FAR_OFF = 20
"""The level, in percent, that an assessor sees who disagrees with all others."""


class StoryError(AssertionError):
    """A step of the scenario did not end as its story says."""


@dataclass
class Stage:
    """A world, and what has been put on it. `tell` gets a sentence for each thing that happens."""

    world: World
    tell: Callable[[str], None]
    rules: dict[str, CallRules] = field(default_factory=dict)
    documents: dict[str, values.Attachment] = field(default_factory=dict)

    # What people do

    def publish(self, name: str, on: date) -> CallRules:
        """Publish a call file, with the municipalities of a day as those who may file."""
        path: Path = CALLS / f"{name}.toml"
        rules = load(path)
        call_file = self.world.upload(people.OFFICER, path.read_bytes())
        self.do("intake", people.OFFICER, intake.PublishCall(call_id=rules.call_id, rules=rules, call_file=call_file))
        bodies = [values.Body(body_id=m.kbo, kind=m.kind, region=m.region, nis=m.nis, name=m.name) for m in bodies_on(on) if m.kbo]
        for start in range(0, len(bodies), _CHUNK):
            chunk = tuple(bodies[start : start + _CHUNK])
            self.do("intake", people.OFFICER, intake.EnrolBodies(call_id=rules.call_id, bodies=chunk))
        self.rules[rules.call_id] = rules
        self.rest(f"{rules.title['en']}: published; {len(bodies)} municipalities may file")
        return rules

    def draft(self, rules: CallRules, case: Case, *, barred: bool = False) -> None:
        """Save a draft."""
        filed = content(rules, case, self._attachments(rules), barred=barred)
        command = intake.SaveDraft(call_id=rules.call_id, application_id=case.application_id, content=filed)
        self.do("intake", people.applicant(case.applicant), command)

    def submit(self, rules: CallRules, case: Case, *, refused: str = "") -> None:
        """Submit a draft; with `refused`, the code by which the call does not take it."""
        command = intake.Submit(call_id=rules.call_id, application_id=case.application_id)
        self.do("intake", people.applicant(case.applicant), command, refused=refused)

    def file(self, rules: CallRules, cases: Iterable[Case]) -> None:
        """Draft and submit, one after the other."""
        for case in cases:
            self.draft(rules, case)
            self.submit(rules, case)
        self.world.settle()

    def admit(self, rules: CallRules, cases: Iterable[Case]) -> None:
        """Declare admissible."""
        for case in cases:
            command = intake.DeclareAdmissible(call_id=rules.call_id, application_id=case.application_id)
            self.do("intake", people.OFFICER, command)
        self.world.settle()

    def enrol_jury(self, rules: CallRules) -> None:
        """Enrol the assessors."""
        for assessor in people.ASSESSORS:
            command = scoring.EnrolAssessor(call_id=rules.call_id, assessor=assessor.id, organisation=assessor.organisation)
            self.do("scoring", people.CHAIR, command)

    def judge(self, rules: CallRules, cases: Sequence[Case], *, apart: str = "") -> None:
        """Assign assessors and let each score what was assigned to them; on `apart` they disagree and the chair moderates."""
        answer = self.do("scoring", people.CHAIR, scoring.Assign(call_id=rules.call_id))
        levels = {case.application_id: case.level for case in cases}
        hands = {assessor.id: assessor for assessor in people.ASSESSORS}
        first: set[str] = set()
        for event in answer.events:
            if event["type"] != "AssessorAssigned":
                continue
            name = str(event["applicationId"])
            level = _FAR_OFF if name == apart and name not in first else levels[name]
            first.add(name)
            points = {c.code: level * c.scale // 100 for c in rules.scoring.criteria}
            command = scoring.Assess(call_id=rules.call_id, application_id=name, points=points)
            assessed = self.do("scoring", hands[str(event["assessor"])], command)
            for demanded in (e for e in assessed.events if e["type"] == "ModerationDemanded"):
                self._moderate(rules, name, str(demanded["criterion"]), levels[name])

    def rank(self, rules: CallRules) -> list[Mapping[str, Any]]:
        """Establish the ranking; gives its rows, best first."""
        answer = self.do("scoring", people.CHAIR, scoring.Rank(call_id=rules.call_id))
        self.world.settle()
        return [event for event in answer.events if event["type"] == "ApplicationRanked"]

    def decide(self, rules: CallRules, proposal: int) -> dict[str, Mapping[str, Any]]:
        """Propose, approve by another hand; gives the approved decisions by application."""
        self.do("awarding", people.OFFICER, awarding.Propose(call_id=rules.call_id))
        self.world.settle()
        answer = self.do("awarding", people.MINISTER, awarding.Approve(call_id=rules.call_id, proposal=proposal))
        self.world.settle()
        return {str(e["applicationId"]): e for e in answer.events if e["type"] == "DecisionApproved"}

    def agree(self, rules: CallRules, decisions: Iterable[Mapping[str, Any]]) -> None:
        """Accept the agreements of awards; the advances are ordered and paid."""
        due: list[tuple[str, int]] = []
        for decision in decisions:
            hand = people.applicant(str(decision["applicant"]))
            agreement = self.world.upload(hand, f"Agreement on {decision['awardId']} (synthetic).\n".encode())
            name = str(decision["applicationId"])
            answer = self.do(
                "awarding", hand, awarding.AcceptAgreement(call_id=rules.call_id, application_id=name, agreement=agreement)
            )
            due += [(str(e["awardId"]), int(e["advanceCents"])) for e in answer.events if e["type"] == "AgreementAccepted"]
        self.world.settle()
        for award_id, cents in due:
            if cents:
                self.pay(rules, award_id, ledger.PaymentKind.ADVANCE, cents)
        self.world.settle()

    def pay(self, rules: CallRules, award_id: str, kind: ledger.PaymentKind, amount_cents: int) -> None:
        """Order a payment and confirm that the bank did it, by two hands."""
        where = {"envelope_id": rules.envelope.envelope_id, "reservation_id": award_id}
        self.do("budget_ledger", people.TREASURER, ledger.OrderPayment(**where, kind=kind, amount_cents=amount_cents))
        command = ledger.ConfirmPayment(**where, kind=kind, bank_reference=_bank_reference(f"{award_id}.{kind}"))
        self.do("budget_ledger", people.ACCOUNTANT, command)

    def recover(self, rules: CallRules, award_id: str, amount_cents: int) -> None:
        """Order a recovery and confirm that the money came back."""
        where = {"envelope_id": rules.envelope.envelope_id, "reservation_id": award_id}
        self.do("budget_ledger", people.TREASURER, ledger.OrderRecovery(**where, amount_cents=amount_cents))
        command = ledger.ConfirmRecovery(**where, bank_reference=_bank_reference(f"{award_id}.recovery"))
        self.do("budget_ledger", people.ACCOUNTANT, command)

    # How the steps are taken

    def do(self, service: str, actor: Actor, command: object, *, refused: str = "") -> Answer:
        """Have a command decided, and hold its outcome against the story."""
        answer = self.world.execute(service, actor, command)
        codes = [str(event["code"]) for event in answer.events if event["type"] == "Refused"]
        if codes != ([refused] if refused else []):
            told = ", ".join(f"{event.get('code')}: {event.get('detail')}" for event in answer.events if event["type"] == "Refused")
            raise StoryError(
                f"{type(command).__name__}: expected {refused or 'no refusal'}, was {told or 'not refused'}; {command}"
            )
        return answer

    def at(self, instant: datetime, words: str = "") -> None:
        """Move the clock."""
        self.world.at(instant)
        if words:
            self.tell(f"{instant:%Y-%m-%d %H:%M}Z  {words}")

    def rest(self, words: str) -> None:
        """Wait for rest and tell."""
        self.world.settle()
        self.tell(f"                   {words}")

    def _moderate(self, rules: CallRules, application: str, criterion: str, level: int) -> None:
        scale = next(c.scale for c in rules.scoring.criteria if c.code == criterion)
        command = scoring.Moderate(
            call_id=rules.call_id,
            application_id=application,
            criterion=criterion,
            points=level * scale // 100,
            ground="the jury agreed after discussion",
        )
        self.do("scoring", people.CHAIR, command)

    def _attachments(self, rules: CallRules) -> dict[str, values.Attachment]:
        found: dict[str, values.Attachment] = {}
        for rule in rules.attachments:
            body = PLAN if "plan" in rule.kind else BUDGET
            key = f"{rules.call_id}/{rule.kind}"
            if key not in self.documents:
                name = self.world.upload(people.OFFICER, body)
                self.documents[key] = values.Attachment(
                    kind=rule.kind, document=name, size_bytes=len(body), media_type=rule.media_types[0]
                )
            found[rule.kind] = self.documents[key]
        return found


def _bank_reference(of: str) -> str:
    """A synthetic number of a bank's transaction."""
    return f"synthetic-{digest(of.encode())[:20]}"
