"""Members of the stream: each event as a version of what it is about, as that stood after it, with the event that made it.

A version of a call follows from the call's events up to it, one of an award from its own event: a member is the same for ever.
"""

from typing import Any

from services.kernel.entry import Cause
from services.kernel.form import instant
from services.publishing.doors.rdf import oslo
from services.publishing.doors.rdf.facts import PAYMENT, RECOVERY, Facts
from services.publishing.doors.rdf.oslo import Naming, euros
from services.publishing.doors.rdf.terms import OURS, Tree
from services.publishing.events import AwardRefused
from services.publishing.feed import PublicEvent

_MONEY = {
    "amountCents": "amount",
    "acceptedCents": "accepted",
    "balanceCents": "balanceDue",
    "recoveryCents": "recoveryDue",
}
_PLAIN = {"currency": "currency", "limit": "limit", "before": "deadlineBefore"}
_GROUND = {"code": "groundCode", "rule": "groundRule", "rank": "rank", "total": "total"}


class Members:
    """Describes events."""

    def __init__(self, facts: Facts, names: oslo.Names) -> None:
        self._facts, self._names = facts, names

    def member(self, address: str, event: PublicEvent) -> Tree:
        """The version that an event made, under that address."""
        return {
            **self._version(event),
            "@id": address,
            "generatedAtTime": instant(event.time),
            "sequence": str(event.sequence),
            "wasGeneratedBy": self._activity(event),
        }

    def _version(self, event: PublicEvent) -> Tree:
        """What the event is about: a refused file, an award or a call."""
        facts, names, naming, data = self._facts, self._names, Naming(event.sequence), event.data
        call = facts.call(event.call_id)
        if event.type == AwardRefused.__name__:
            return oslo.refusal(names, naming, data, call)
        if "awardId" not in data:
            return oslo.call(names, naming, facts.standing(call, event.sequence))
        paid_on = facts.paid_on(event.subject, event.sequence)
        return oslo.award(names, naming, data, call, paid_on) | {"isVersionOf": names.award(event.subject)}

    def _activity(self, event: PublicEvent) -> Tree:
        """The event itself: when it happened, its own amount, its ground, and the entries that a proof starts from."""
        data = event.data
        told: Tree = {"@type": ["Activity", f"{OURS}:{event.type}"], "endedAtTime": data["occurredAt"]}
        told |= {name: euros(str(data[key])) for key, name in _MONEY.items() if key in data}
        told |= {name: data[key] for key, name in _PLAIN.items() if key in data}
        if "ground" in data:
            ground: Any = data["ground"]
            told["ground"] = {name: ground[key] for key, name in _GROUND.items() if key in ground}
        if event.type in {PAYMENT, RECOVERY}:
            told["payment"] = self._move(event)
        return told | {"source": _entry(event.source), "entry": _entry(event.entry)}

    def _move(self, event: PublicEvent) -> Tree:
        described = oslo.payment if event.type == PAYMENT else oslo.recovery
        return described(self._names, Naming(event.sequence), event.data, self._facts.day(event))


def _entry(cause: Cause) -> Tree:
    return {"@type": f"{OURS}:Entry", "log": cause.log, "index": str(cause.index), "leaf": cause.leaf}
