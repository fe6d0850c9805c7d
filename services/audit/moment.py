"""As of a moment: where every file stood, what it had been scored, and the balance, from the cores' state alone."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.audit.logs import Cut, Logs, Watch, unwatched
from services.audit.rerun import Rerun, rerun
from services.awarding import records as awarding
from services.budget_ledger.records import Reservation
from services.intake import records as intake
from services.intake import retention
from services.kernel.form import instant
from services.reporting.records import Account
from services.scoring import records as scoring

_File = tuple[str, str]
"""A file by its call and its own id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One file, as five services together knew it. What had not happened yet is None or 0."""

    call_id: str
    application_id: str
    applicant: str
    status: str
    requested_cents: int
    submitted_at: datetime | None
    scores: dict[str, dict[str, int]]
    """Points by assessor and criterion, of assessments that stand."""
    rank: int | None
    total: str | None
    eligible: bool | None
    stage: str | None
    reserved_cents: int
    committed_cents: int
    paid_cents: int
    recovered_cents: int
    settled: bool
    erased: dict[str, datetime]
    """What was kept no longer, and since when: a class of data, or `all` if its applicant was erased."""

    def told(self) -> dict[str, Any]:
        """As JSON; sums as text, as in the entries."""
        return {
            "callId": self.call_id,
            "applicationId": self.application_id,
            "applicant": self.applicant,
            "status": self.status,
            "requestedCents": str(self.requested_cents),
            "submittedAt": None if self.submitted_at is None else instant(self.submitted_at),
            "scores": self.scores,
            "rank": self.rank,
            "total": self.total,
            "eligible": self.eligible,
            "stage": self.stage,
            **{
                name: str(cents)
                for name, cents in (
                    ("reservedCents", self.reserved_cents),
                    ("committedCents", self.committed_cents),
                    ("paidCents", self.paid_cents),
                    ("recoveredCents", self.recovered_cents),
                )
            },
            "settled": self.settled,
            "erased": {what: instant(since) for what, since in self.erased.items()},
        }


@dataclass
class Picture:
    """Everything as of a moment."""

    then: Rerun
    files: list[Standing] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "deployment": self.then.deployment,
            "entries": self.then.lengths,
            "files": [file.told() for file in self.files],
            "balance": self.then.books.told(),
            "faults": [str(fault) for fault in self.then.faults],
        }


def as_of(logs: Logs, moment: Cut | None, watch: Watch = unwatched) -> Picture:
    """The state at a moment, or at the end. It is decided again on the way: what does not follow is a fault."""
    then = rerun(logs, moment, watch)
    held: dict[_File, list[Reservation]] = defaultdict(list)
    for reservation in then.all("budget_ledger", Reservation):
        held[reservation.call_id, reservation.application_id].append(reservation)
    settled = {(account.call_id, account.application_id) for account in then.all("reporting", Account) if account.settled}
    files = [_standing(then, file, held, settled) for file in then.all("intake", intake.File)]
    return Picture(then, sorted(files, key=lambda file: (file.call_id, file.application_id)))


def _standing(then: Rerun, file: intake.File, held: Mapping[_File, list[Reservation]], settled: set[_File]) -> Standing:
    key = (file.call_id, file.application_id)
    ranked = then.one("scoring", scoring.Ranked, *key)
    decided = then.one("awarding", awarding.File, *key)
    money = held.get(key, [])
    assignments = [a for a in then.all("scoring", scoring.Assignment, *key) if a.points and not a.void]
    return Standing(
        call_id=file.call_id,
        application_id=file.application_id,
        applicant=file.applicant,
        status=file.status.value,
        requested_cents=file.requested_cents,
        submitted_at=file.submitted_at,
        scores={assignment.assessor: dict(assignment.points) for assignment in assignments},
        rank=None if ranked is None else ranked.place.rank,
        total=None if ranked is None else f"{ranked.place.total.numerator}/{ranked.place.total.denominator}",
        eligible=None if ranked is None else ranked.place.eligible,
        stage=None if decided is None else decided.stage.value,
        reserved_cents=sum(r.held_cents for r in money) - sum(r.committed_cents for r in money),
        committed_cents=sum(r.committed_cents for r in money),
        paid_cents=sum(r.paid_cents for r in money),
        recovered_cents=sum(r.recovered_cents for r in money),
        settled=key in settled,
        erased=_erased(then, file),
    )


def _erased(then: Rerun, file: intake.File) -> dict[str, datetime]:
    groups = {"*": "all", retention.CONTACT: retention.CONTACT}
    for disposed in then.all("intake", intake.Disposed, file.call_id, file.application_id):
        groups[retention.group(file.application_id, disposed.data_class)] = disposed.data_class
    found = [erasure for erasure in then.all("intake", intake.Erasure, file.applicant) if erasure.group in groups]
    return {groups[erasure.group]: erasure.until for erasure in sorted(found, key=lambda erasure: erasure.until)}
