"""Those who give commands: they know little, try things out of turn, and ask again with the same id until they are answered."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random  # noqa: TID251 - the seed is the run's
from typing import Any

from services.awarding import model as awarding
from services.budget_ledger.core import AUTHORITY
from services.budget_ledger.model import CloseEnvelope, Decommit, Expire, MergeApplicants, OpenEnvelope, Release
from services.kernel.people import Actor
from services.kernel.rules import CapCounts
from services.runtime.batch import Answer, Order
from tests.services.awarding.desk import AGREEMENT, JUDGE, MINISTER, OFFICER, SYSTEM, applicant, call
from tests.services.budget_ledger.desk import ENVELOPE, HANDS, commit, confirm, due, hand, order, register, reserve
from tests.strategies import CALL_ID, ENVELOPE_ID

LEDGER, AWARDING, MIRROR = "budget_ledger/0", "awarding/0", "mirror/0"
SCALES = (1, 1, 1_000_003, 90_071_992_547_409)
"""What one unit of money is, in cents. By the largest, the envelope is just below 2^53."""
_PATH = ("reserve", "commit", "due", "order", "confirm", "claim", "call back", "recovered", "decommit")
_ASIDE = ("release", "expire", "register", "merge", "close", "open", "elsewhere", "nobody", "dollars", *_PATH)


@dataclass(slots=True)
class Asked:
    """A command that somebody wants answered. `answer`: the first one; `tries`: how often it was sent."""

    log: str
    order: Order
    answer: Answer | None = None
    tries: int = 0


class Clients:
    """Makes commands from a source of randomness; `now` is a client's idea of the time, for what it asks for."""

    def __init__(self, rng: Random, *, coupled: bool) -> None:
        self._rng, self._coupled = rng, coupled
        self.asked: list[Asked] = []
        self._scale = self._pick(SCALES)
        self._files = self._pick((1, 2, 3, 5))
        """Over how many reservations a run spreads: few go far, many compete."""
        self._steps: dict[str, int] = {}
        self._script = _decisions(rng) if coupled else []

    def _pick(self, of: Any) -> Any:
        return of[int(self._rng.random() * len(of))]

    def ask(self, now: datetime) -> Asked:
        """A new command."""
        log, command, actor = self._awarding() if self._coupled else self._ledger(now)
        asked = Asked(log, Order(command_id=f"c{len(self.asked)}", command=command, actor=actor))
        self.asked.append(asked)
        return asked

    def again(self, *, twisted: bool) -> Asked | None:
        """An earlier command with the same id; `twisted`: with another body, as a client in disorder would."""
        if not self.asked:
            return None
        earlier: Asked = self._pick(self.asked)
        if not twisted:
            return earlier
        stranger: Actor = replace(earlier.order.actor, id="person:stranger")
        return Asked(earlier.log, replace(earlier.order, actor=stranger))

    def _ledger(self, now: datetime) -> tuple[str, Any, Actor]:
        if len(self.asked) < 2:
            return LEDGER, self._terms(len(self.asked) + 1), HANDS[min(AUTHORITY[type(self._terms(1))])]
        name = f"a-{1 + int(self._rng.random() * self._files)}.1"
        step = self._steps.get(name, 0)
        if self._rng.random() < 0.7 and step < len(_PATH):
            self._steps[name] = step + 1
            word = _PATH[step]
        else:
            word = self._pick(_ASIDE)
        command = self._command(word, name, now)
        actor = HANDS[min(AUTHORITY[type(command)])]
        if word == "nobody" or self._rng.random() < 0.03:
            actor = hand("person-1", *self._pick([a.roles for a in HANDS.values()]))
        return LEDGER, command, actor

    def _terms(self, number: int) -> Any:
        cap, counts = (40, CapCounts.LEAD_AND_PARTNERS) if number == 1 else (30, CapCounts.LEAD_ONLY)
        return register(f"call-{number}", budget=100 * self._scale, cap=cap * self._scale, counts=counts)

    def _command(self, word: str, name: str, now: datetime) -> Any:  # noqa: C901, PLR0911, PLR0912 - one case a word
        units = self._scale
        match word:
            case "reserve" | "nobody":
                return self._reserve(name, now)
            case "commit":
                return commit(name, self._pick((10, 10, 20, 5)) * units, call_id=self._call(name))
            case "due":
                return due("advance", 4 * units, name)
            case "order":
                return order(self._pick(("advance", "advance", "balance")), 4 * units, name)
            case "confirm":
                return confirm("advance", name)
            case "claim":
                return due("recovery", self._pick((2, 3, 5)) * units, name)
            case "call back":
                return order("recovery", self._pick((2, 3, 5)) * units, name)
            case "recovered":
                return confirm("recovery", name)
            case "decommit":
                amount = self._pick((1, 3, 6)) * units
                return Decommit(
                    envelope_id=ENVELOPE, reservation_id=name, decommit_id=f"{name}.d", amount_cents=amount, reason="not spent"
                )
            case "release":
                return Release(envelope_id=ENVELOPE, reservation_id=name, reason="not awarded")
            case "expire":
                return Expire(envelope_id=ENVELOPE, reservation_id=name)
            case "register":
                return replace(self._terms(1), cap_cents=self._pick((40, 100)) * units)
            case "merge":
                gone, into = self._pick((("body-3", "body-2"), ("body-2", "body-3"), ("body-4", "body-4")))
                return MergeApplicants(envelope_id=ENVELOPE, from_body=gone, into_body=into)
            case "close" if self._rng.random() < 0.1:
                return CloseEnvelope(envelope_id=ENVELOPE)
            case "open" | "close":
                return OpenEnvelope(
                    envelope_id=ENVELOPE, budget_year=2021, budget_cents=self._pick((100, 99)) * units, currency="EUR"
                )
            case "elsewhere":
                return Release(envelope_id="envelope-1999", reservation_id=name, reason="not awarded")
            case _:
                return replace(self._reserve(name, now), currency="USD")

    def _reserve(self, name: str, now: datetime) -> Any:
        lead, partners = self._pick((("body-1", ()), ("body-2", ()), ("body-1", ("body-2",)), ("body-3", ("body-2", "body-1"))))
        return reserve(
            name,
            self._pick((10, 20, 20, 31, 35)) * self._scale,
            applicant=lead,
            partners=partners,
            call_id=self._call(name),
            expires_at=now + timedelta(hours=self._pick((1, 2, 400))),
        )

    def _call(self, name: str) -> str:
        return "call-2" if name in ("a-3.1", "a-5.1") else "call-1"

    def _awarding(self) -> tuple[str, Any, Actor]:  # noqa: PLR0911 - one return a word
        if self._script:
            return self._script.pop(0)
        file = f"f-{1 + int(self._rng.random() * 4)}"
        own = applicant(f"body-{file}")
        command: Any
        match self._pick(("propose", "approve", "approve", "accept", "decline", "appeal", "judge", "drop", "release")):
            case "propose":
                return AWARDING, awarding.Propose(call_id=CALL_ID), OFFICER
            case "approve":
                return AWARDING, awarding.Approve(call_id=CALL_ID, proposal=self._pick((1, 1, 2))), MINISTER
            case "accept":
                command = awarding.AcceptAgreement(call_id=CALL_ID, application_id=file, agreement=AGREEMENT)
                return AWARDING, command, own
            case "decline":
                return AWARDING, awarding.Decline(call_id=CALL_ID, application_id=file, reason="no longer wanted"), own
            case "appeal":
                return AWARDING, awarding.LodgeAppeal(call_id=CALL_ID, application_id=file, ground="it was good"), own
            case "judge":
                command = awarding.DecideAppeal(
                    call_id=CALL_ID, application_id=file, upheld=self._pick((True, False)), ground="it is so"
                )
                return AWARDING, command, JUDGE
            case "drop" if self._rng.random() < 0.3:
                command = awarding.DropApplication(call_id=CALL_ID, application_id=file, applicant=own.organisation)
                return AWARDING, command, SYSTEM
            case _:
                release = Release(envelope_id=ENVELOPE_ID, reservation_id=f"{file}.1", reason="by hand")
                return LEDGER, release, HANDS[min(AUTHORITY[Release])]


def _decisions(rng: Random) -> list[tuple[str, Any, Actor]]:
    """What comes before a proposal: the call at both services, its ranking, and the proposal itself; nearly in order."""
    terms = call(budget=10_000_000, cap=6_000_000, reservation_days=1)
    ledger = register(CALL_ID, budget=10_000_000, cap=6_000_000)
    script: list[tuple[str, Any, Actor]] = [
        (AWARDING, awarding.RegisterCall(call_id=CALL_ID, rules=terms), SYSTEM),
        (LEDGER, replace(ledger, envelope_id=ENVELOPE_ID), HANDS[min(AUTHORITY[type(ledger)])]),
    ]
    for rank, cents in enumerate((4_000_000, 5_000_000, 3_000_000, 2_000_000), 1):
        place = awarding.NoteRanked(
            call_id=CALL_ID,
            version=1,
            rank=rank,
            application_id=f"f-{rank}",
            applicant=f"body-f-{rank}",
            partners=(),
            requested_cents=cents,
            eligible=rank != 3,
            fails=() if rank != 3 else ("below_minimum_total",),
        )
        script.append((AWARDING, place, SYSTEM))
    script.append((AWARDING, awarding.NoteRanking(call_id=CALL_ID, version=1, ranked=4), SYSTEM))
    at = int(rng.random() * len(script))
    script.append(script.pop(at))  # one of them comes late
    return [*script, (AWARDING, awarding.Propose(call_id=CALL_ID), OFFICER)]
