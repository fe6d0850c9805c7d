"""Planted bugs: each a small change of the product's text, applied in memory under test, and who has to notice it."""

from dataclasses import dataclass

SIMULATION, FILES, EXHAUSTIVE, HASH_SEEDS = "simulation", "files", "exhaustive", "hash seeds"


@dataclass(frozen=True, slots=True)
class Change:
    """`old` stands exactly once in the module's text; `new` takes its place."""

    module: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug by name. `killers`: what is tried, in this order; a path names tests."""

    name: str
    changes: tuple[Change, ...]
    killers: tuple[str, ...] = (SIMULATION,)


_LEDGER = "services.budget_ledger"
_WRITER, _READER, _RELAY = "services.runtime.writer", "services.runtime.reader", "services.runtime.relay"
_COMMIT, _STORE = "services.runtime.batch", "services.runtime.sql_store"


def _one(name: str, module: str, old: str, new: str, *killers: str) -> Mutant:
    return Mutant(name, (Change(module, old, new),), killers or (SIMULATION,))


MONEY = (
    _one(
        "the limit ignores reservations",
        f"{_LEDGER}.records",
        "return self.budget_cents - self.reserved_cents - self.committed_cents",
        "return self.budget_cents - self.committed_cents",
        EXHAUSTIVE,
    ),
    _one(
        "the cap counts own files only",
        f"{_LEDGER}.reserving",
        "(command.partners if terms.cap_counts is CapCounts.LEAD_AND_PARTNERS else ())",
        "()",
    ),
    _one("the cap is not looked at", f"{_LEDGER}.reserving", "if command.amount_cents > left_of_cap:", "if False:"),
    _one("a commitment may exceed its reservation", f"{_LEDGER}.reserving", "if returned < 0:", "if False:"),
    _one(
        "what expired can still be committed",
        f"{_LEDGER}.reserving",
        "if now >= reservation.expires_at:",
        "if False:",
    ),
    _one(
        "expiry by the clock on the wall",
        f"{_LEDGER}.reserving",
        "if now < reservation.expires_at:",
        "if datetime.now(reservation.expires_at.tzinfo) < reservation.expires_at:",
    ),
    _one(
        "a release after the commitment gives the money back twice",
        f"{_LEDGER}.reserving",
        "if reservation.status in (ReservationStatus.COMMITTED, ReservationStatus.EXPIRED):",
        "if reservation.status is ReservationStatus.EXPIRED:",
    ),
    _one(
        "cents as floating euros",
        f"{_LEDGER}.records",
        "return self.budget_cents - self.reserved_cents - self.committed_cents",
        "return round((self.budget_cents / 100 - self.reserved_cents / 100 - self.committed_cents / 100) * 100)",
    ),
    _one(
        "a recovery above what was paid",
        f"{_LEDGER}.paying",
        "return reservation.outstanding_cents if kind is DueKind.RECOVERY",
        "return reservation.committed_cents if kind is DueKind.RECOVERY",
    ),
    _one(
        "what is paid can be decommitted",
        f"{_LEDGER}.paying",
        "if command.amount_cents > reservation.free_cents:",
        "if command.amount_cents > reservation.committed_cents:",
    ),
    _one("a payment is confirmed twice", f"{_LEDGER}.paying", "if due.status is DueStatus.CONFIRMED:", "if False:"),
    _one(
        "what was given back still counts against the cap",
        f"{_LEDGER}.effects",
        "    if reserved + committed:",
        "    if reserved + committed > 0:",
    ),
    _one(
        "a merger counts a joint file twice",
        f"{_LEDGER}.envelopes",
        "use_of(state, envelope_id, into).held_cents - twice",
        "use_of(state, envelope_id, into).held_cents",
    ),
    _one(
        "the order of a set gets into an event",
        f"{_LEDGER}.records",
        "return tuple(dict.fromkeys(present_body(state, envelope_id, body) for body in bodies))",
        "return tuple({present_body(state, envelope_id, body) for body in bodies})",
        HASH_SEEDS,
    ),
)
COMMANDS = (
    _one("a retry with another body is accepted", _COMMIT, "        if same:\n", "        if True:\n"),
    _one(
        "another hand gets the answer of the first",
        "services.kernel.entry",
        'return digest(b\'{"actor":\' + encode(actor.id) + b\',"command":\' + command + b"}")',
        'return digest(b\'{"command":\' + command + b"}")',
    ),
    _one("a command id is not remembered", _COMMIT, "        self._tx.record_command(order.command_id, recorded)\n", ""),
    Mutant(
        "group commit answers before the commit",
        (
            Change(
                _WRITER,
                "                batch.finish()\n",
                "                batch.finish()\n"
                "                for (_, future), answer in zip(jobs, answers, strict=True):\n"
                "                    future.set_result(answer)\n",
            ),
            Change(
                _WRITER,
                "        for (_, future), answer in zip(jobs, answers, strict=True):\n"
                "            future.set_result(answer)\n        batch",
                "        batch",
            ),
        ),
    ),
    _one(
        "a lost COMMIT is said to be unrecorded",
        _WRITER,
        "self._known = _PERHAPS",
        "self._known = _NOTHING",
    ),
    _one(
        "the log's clock goes back",
        _COMMIT,
        "self._now = now if head.last_time is None else max(head.last_time, now)",
        "self._now = now",
    ),
    Mutant(
        "the index comes from a sequence that no rollback turns back",
        (
            Change(
                _WRITER,
                "                batch.finish()\n",
                "                self.store.inner.disk.sequence = batch.length\n                batch.finish()\n",
            ),
            Change(
                _WRITER,
                "                answers = [work(batch) for work, _ in jobs]\n",
                "                batch.length = max(batch.length, getattr(self.store.inner.disk, 'sequence', 0))\n"
                "                answers = [work(batch) for work, _ in jobs]\n",
            ),
        ),
    ),
)
STORE = (
    _one("no look at the epoch", _STORE, "if current != epoch:", "if False:", FILES),
    Mutant(
        "the epoch is looked at, then the transaction begins",
        (
            Change(
                _STORE,
                "        with self._transacting(self._writer, self._dialect.begin):\n            current = ",
                "        if True:\n            current = ",
            ),
            Change(
                _STORE,
                "            tx = _Transaction(self._writer, self._dialect)\n",
                "        with self._transacting(self._writer, self._dialect.begin):\n"
                "            tx = _Transaction(self._writer, self._dialect)\n",
            ),
        ),
        (FILES,),
    ),
    _one("synchronous=NORMAL under lost writes", _STORE, "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL", FILES),
    _one(
        "what was acknowledged goes back",
        _STORE,
        "UPDATE writer SET relayed = ? WHERE relayed < ?",
        "UPDATE writer SET relayed = ? WHERE ? >= 0",
        "tests/contract/test_store.py",
    ),
    _one(
        "the state rows have no checks",
        _STORE,
        'conditions = "".join(f", CHECK ({check})" for check in checks)',
        'conditions = ""',
        "tests/services/budget_ledger/test_checks.py",
    ),
)
DELIVERY = (
    Mutant(
        "the inbox is written after the commit of the effects",
        (
            Change(
                _WRITER,
                "return self._enqueue(lambda batch: batch.receive_all(arrivals))",
                "self._enqueue(lambda batch: batch.execute_all([order for a in arrivals for order in a.orders]))\n"
                "        return self._enqueue(lambda batch: batch.receive_all(arrivals))",
            ),
            Change(
                _COMMIT, "        for order in arrival.orders:\n            self.execute(order)\n\n    def park", "\n    def park"
            ),
            Change(_WRITER, "_BATCH = 256", "_BATCH = 1"),
        ),
    ),
    Mutant(
        "the offset is written in a transaction of its own",
        (
            Change(
                _WRITER,
                "return self._enqueue(lambda batch: batch.receive_all(arrivals))",
                "self._enqueue(lambda batch: batch.receive_all(arrivals))\n"
                "        return self._enqueue(lambda batch: batch.execute_all([order for a in arrivals for order in a.orders]))",
            ),
            Change(
                _COMMIT, "        for order in arrival.orders:\n            self.execute(order)\n\n    def park", "\n    def park"
            ),
            Change(_WRITER, "_BATCH = 256", "_BATCH = 1"),
        ),
    ),
    Mutant(
        "the relay marks before the acknowledgement",
        (
            Change(
                _RELAY,
                "        publisher.publish([",
                "        self._writer.store.mark_relayed(entries[-1].index + 1)\n        publisher.publish([",
            ),
        ),
        (EXHAUSTIVE, SIMULATION),
    ),
    Mutant(
        "the relay marks what is there by then",
        (
            Change(
                _RELAY,
                "        self._writer.store.mark_relayed(entries[-1].index + 1)\n",
                "        with self._writer.store.read() as reads:\n            length = reads.head().length\n"
                "        self._writer.store.mark_relayed(length)\n",
            ),
        ),
        (EXHAUSTIVE, SIMULATION),
    ),
    Mutant(
        "the reader trusts the bus's positions",
        (
            Change(_READER, "            elif stored.index < wanted:\n", "            elif message.position < 0:\n"),
            Change(_READER, "                arrivals += self._gap(wanted, stored, message.position)\n", ""),
        ),
    ),
    _one(
        "a gap is passed over",
        _READER,
        "        if stored.index == wanted:\n            return []\n",
        "        if stored.index >= wanted:\n            return []\n",
    ),
    _one(
        "the leaf is not compared",
        _READER,
        "if before != stored.leaf:",
        "if before is None:",
        "tests/runtime/test_reader.py",
    ),
    _one("a log put back to before what was sent is carried on", _RELAY, "        if self._checked:\n", "        if True:\n"),
    _one(
        "a log that is too short counts as one with nothing different",
        "services.runtime.intact",
        'raise CorruptLogError(f"{found}. {_KEEP}: {_LACKING.format(name=name)}")',
        "return",
    ),
    _one(
        "a foreign record is passed with all before it",
        _READER,
        "                self._receive(arrivals)  # first: the position that is noted with the record is beyond them\n",
        "",
        "tests/runtime/test_reader.py",
    ),
    _one(
        "an agreement before its call ends the process",
        "services.awarding.applicants",
        "    if no := _unbound(command, file):\n        return no\n    rules = rules_of(state, file.call_id).rules\n",
        "    rules = rules_of(state, file.call_id).rules\n    if no := _unbound(command, file):\n        return no\n",
    ),
)
MUTANTS = (*MONEY, *COMMANDS, *STORE, *DELIVERY)
