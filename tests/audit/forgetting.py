"""The recorded history as it goes on: a text is sealed into it, files are closed, terms run out, and an applicant is erased."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.audit.cores import CORES
from services.intake import custody as model
from services.intake.model import Reopen
from services.kernel.decider import At, MemoryState
from services.kernel.entry import Entry, tagged
from services.kernel.people import Actor, Role
from services.runtime.replay import replay, steps
from tests.audit import packs

INTAKE = "intake/0"
CALL, CLOSED, ERASED = "radicalisation-2021", "radicalisation-2021.04", "radicalisation-2021.18"
"""A call, a file of which data is destroyed, and a file whose applicant is erased."""
SEALED = f"sealed1:0207501311:{ERASED}.application:Y2lwaGVydGV4dA=="
"""What `oproep contact seal` makes for the applicant of the latter."""
CLOSED_AT, DESTROYED_AT, ERASED_AT = (datetime(year, 12, 1, 12, tzinfo=UTC) for year in (2022, 2032, 2033))
OFFICER = Actor(id="officer-9", organisation="agency", roles=(Role.OFFICER,))
MINISTER = Actor(id="minister-9", organisation="cabinet", roles=(Role.DECISION_MAKER,))


def before() -> dict[str, list[bytes]]:
    """All logs, with a sealed text in one entry, before anything is forgotten."""
    return {**packs.values(packs.history()), INTAKE: _sealed().values}


def after() -> dict[str, list[bytes]]:
    """The same after a file's term was over, and after an erasure."""
    intake = _sealed()
    intake.give(model.CloseFile(call_id=CALL, application_id=CLOSED), OFFICER, CLOSED_AT)
    item = model.Disposal(application_id=CLOSED, data_class="application", documents=documents_of(CLOSED))
    intake.give(model.PlanRetention(call_id=CALL, items=(item,)), OFFICER, DESTROYED_AT)
    intake.give(model.ApproveRetention(call_id=CALL, plan="r1"), MINISTER, DESTROYED_AT + timedelta(hours=1))
    subject, papers = SEALED.split(":")[1], documents_of(ERASED)
    intake.give(model.EraseSubject(call_id=CALL, subject=subject, ground="asked for it", documents=papers), OFFICER, ERASED_AT)
    return {**packs.values(packs.history()), INTAKE: intake.values}


def documents_of(application_id: str) -> tuple[str, ...]:
    """The documents that an application came with."""
    return tuple(sorted(set(_attached(application_id))))


def _sealed() -> "_Intake":
    intake = _Intake()
    now = intake.last.time + timedelta(days=1)
    command = Reopen(call_id=CALL, application_id=ERASED, until=now + timedelta(days=1), reason=SEALED)
    intake.give(command, OFFICER, now)
    return intake


class _Intake:
    """The intake's log, to be gone on with."""

    def __init__(self) -> None:
        stored = packs.history()[INTAKE]
        self.values = [entry.value for entry in stored]
        self.last = Entry.from_bytes(self.values[-1])
        self.state: MemoryState = replay(CORES["intake"], steps(INTAKE, stored))

    def give(self, command: object, actor: Actor, now: datetime) -> None:
        """Have a command decided and recorded. None is refused."""
        events = tuple(tagged(event) for event in CORES["intake"].run(command, self.state, At(actor=actor, now=now)))
        index = len(self.values)
        entry = replace(
            self.last,
            index=index,
            time=now,
            command_id=f"more-{index}",
            command=tagged(command),
            actor=actor,
            cause=None,
            events=events,
            part=None,
        )
        assert [event["type"] for event in events if event["type"] == "Refused"] == [], events
        self.values.append(entry.to_bytes())


def _attached(application_id: str) -> Iterator[str]:
    for stored in packs.history()[INTAKE]:
        for event in Entry.from_bytes(stored.value).events:
            if event["type"] == "ApplicationSubmitted" and event["applicationId"] == application_id:
                content: Any = event["content"]
                yield from (attachment["document"] for attachment in content["attachments"])
