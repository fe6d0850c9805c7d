"""What must hold, by its number in `docs/reference/invariants.md`: looked at after every step, and once more at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.budget_ledger.core import DECIDER as LEDGER
from services.budget_ledger.events import Committed, Expired, Reserved
from services.budget_ledger.records import Envelope, Use
from services.kernel.canonical import decode, leaf
from services.kernel.entry import Entry, tagged
from services.kernel.form import MalformedError, from_json
from services.kernel.ports import Outgoing, Stored
from services.runtime.batch import Answer, Order
from tests.services.budget_ledger.books import Books

_EVENTS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in LEDGER.events}


class Violation(BaseException):
    """An invariant does not hold. Not an `Exception`: nothing may swallow it."""

    def __init__(self, number: str, what: str) -> None:
        super().__init__(f"{number}: {what}")
        self.number = number


class Ledger:
    """The ledger's books, kept a second time from its events alone, one a log: I1 to I4, and I12 by the times."""

    def __init__(self) -> None:
        self.books: dict[str, Books] = {}
        self.expiry: dict[tuple[str, str], datetime] = {}

    def take(self, entry: Entry) -> None:
        """Enter what an entry says."""
        for body in entry.events:
            try:
                event = from_json(_EVENTS[str(body["type"])], dict(body))
            except MalformedError as error:
                raise Violation("I11", f"{entry.log}/{entry.index}: an event that nobody can read: {error}") from error
            try:
                self.books.setdefault(event.envelope_id, Books()).take([event])
            except (AssertionError, KeyError) as error:
                raise Violation(_number(str(error)), f"{entry.log}/{entry.index}: {error}") from error
            self._time(event, entry)

    def _time(self, event: Any, entry: Entry) -> None:
        at = (event.envelope_id, getattr(event, "reservation_id", ""))
        match event:
            case Reserved():
                self.expiry[at] = event.expires_at
            case Expired() if at in self.expiry and entry.time < self.expiry[at]:
                raise Violation("I12", f"{entry.log}/{entry.index}: expired before its time by the log's own clock")
            case Committed() if entry.time >= self.expiry[at]:
                raise Violation("I12", f"{entry.log}/{entry.index}: committed after its time by the log's own clock")
            case _:
                pass

    def compare(self, state: Mapping[tuple[str, str], bytes]) -> None:
        """The sums of envelopes and bodies as stored, against those of the books."""
        for (kind, key), body in state.items():
            if kind == "Use":
                use = from_json(Use, decode(body))
                if use.held_cents != (
                    0 if use.applicant in self.books[use.envelope_id].gone else self.books[use.envelope_id].use(use.applicant)
                ):
                    raise Violation("I2", f"{key} holds {use.held_cents} as stored, and not by its files")
            if kind == "Envelope":
                envelope = from_json(Envelope, decode(body))
                accounts = self.books[key].accounts.values()
                reserved, committed = sum(a.reserved for a in accounts), sum(a.committed for a in accounts)
                if (envelope.reserved_cents, envelope.committed_cents) != (reserved, committed):
                    raise Violation("I3", f"{key} holds {envelope}, its log {reserved} reserved and {committed} committed")


def _number(said: str) -> str:
    known = {"more is given": "I1", "above the cap": "I2", "available": "I3"}
    return next((number for words, number in known.items() if words in said), "I4")


@dataclass
class Shadow:
    """One log as it was seen to grow. It never forgets, unless the log is put back on purpose."""

    name: str
    stored: list[Stored] = field(default_factory=list[Stored])
    entries: list[Entry] = field(default_factory=list[Entry])
    commands: dict[str, int] = field(default_factory=dict[str, int])
    ledger: Ledger = field(default_factory=Ledger)

    def follow(self, log: Sequence[Stored]) -> int:
        """Compare with what was seen, and take in what is new; gives the number of new entries."""
        known = len(self.stored)
        if len(log) < known or (known and log[known - 1] != self.stored[-1]):
            raise Violation("I10", f"{self.name} has {len(log)} entries, and had {known}, or its last one has changed")
        for index in range(known, len(log)):
            self._take(index, log[index])
        return len(log) - known

    def _take(self, index: int, stored: Stored) -> None:
        entry = Entry.from_bytes(stored.value)
        if (stored.index, entry.index, entry.log, leaf(stored.value)) != (index, index, self.name, stored.leaf):
            raise Violation("I6", f"{self.name}/{index}: here stands {entry.log}/{entry.index}, stored as {stored.index}")
        if self.entries and entry.time < self.entries[-1].time:
            raise Violation("I6", f"{self.name}/{index}: its time is before that of the entry before it")
        if entry.part is None or entry.part.number == 1:
            if entry.command_id in self.commands:
                raise Violation("I5", f"{self.name}/{index}: {entry.command_id} took effect before")
            self.commands[entry.command_id] = index
        if self.name.startswith("budget_ledger"):
            self.ledger.take(entry)
        self.stored.append(stored)
        self.entries.append(entry)

    def answered(self, order: Order, answer: Answer, log: Sequence[Stored]) -> None:
        """An answer that is given now must be durable now, and what is recorded must be what it says."""
        if answer.index >= len(log) or log[answer.index].leaf != answer.leaf:
            raise Violation("I10", f"{order.command_id} is answered as {self.name}/{answer.index}, which is not durable")
        self.follow(log)
        entry = self.entries[answer.index]
        same = (tagged(order.command), order.actor.id) == (dict(entry.command), entry.actor.id)
        told = tuple(event for e in self.entries[answer.index :] if e.command_id == entry.command_id for event in e.events)
        reused = tuple(event.get("code") for event in answer.events) == ("id_reused",) and answer.repeated
        if entry.command_id != order.command_id or (answer.events != told if same else not reused):
            raise Violation("I5", f"{order.command_id} is answered otherwise than {self.name}/{answer.index} says")

    def denied(self, order: Order, said: str, log: Sequence[Stored], wrote: range) -> None:
        """Who is told that nothing was recorded may rely on it; `wrote`: what this try has committed."""
        self.follow(log)
        if "nothing of this was recorded" in said and self.commands.get(order.command_id) in wrote:
            raise Violation("I10", f"{order.command_id} is said not to be recorded, and is")

    def published(self, records: Sequence[Outgoing], log: Sequence[Stored]) -> None:
        """Nothing reaches the bus that is not durable."""
        for record in records:
            headers = dict(record.headers)
            index = int(headers["index"])
            if index >= len(log) or log[index].leaf != headers["leaf"].decode():
                raise Violation("I10", f"{self.name}/{index} is relayed and not durable")

    def put_back(self, log: Sequence[Stored]) -> list[Stored]:
        """Begin anew from a backup; gives the entries that are lost."""
        lost = [stored for stored in self.stored if stored not in log]
        self.stored, self.entries, self.commands, self.ledger = [], [], {}, Ledger()
        self.follow(log)
        return lost
