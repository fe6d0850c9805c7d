"""Every interleaving of a small case: `python -m tests.simulation.exhaustive [--json]`.

An envelope of 3 cents with a cap of 2, two applicants, two writers of the ledger's log, a relay, a reader with a log of its own.
A step of a process is cut at each of its port calls; before any of them every other process may go on, and this one may end. A
transaction is one call, for nobody sees into it; that its writer ends inside it is the same as that it ends before.

A process cannot be copied in the middle of a step. So a step that goes on is run again from its beginning, over what its earlier
calls were given then, up to its next call (`situations.Run`): the code is the product's own. What a call led to is remembered
by all that it depends on, so the code runs once for each situation, not once for each interleaving.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from services.kernel.people import Role
from services.kernel.ports import Stored
from services.runtime.batch import Answer, Order
from services.runtime.replay import replay, rows, steps
from tests.services.budget_ledger.desk import HANDS, register, reserve
from tests.simulation.memory import Tables
from tests.simulation.oracle import Shadow, Violation
from tests.simulation.runs import quiet
from tests.simulation.sites import SPECS
from tests.simulation.situations import (
    LEDGER,
    MIRROR,
    Contents,
    Ran,
    Run,
    boot,
    memory_of,
    message,
    mirror_site,
    read,
    relay,
    write,
)

SYSTEM = HANDS[Role.SYSTEM]
FIRST = Order(command_id="call", command=register(budget=3, cap=2), actor=SYSTEM)
ORDERS = (
    Order(command_id="a", command=reserve("a.1", 2, applicant="body-1"), actor=SYSTEM),
    Order(command_id="b", command=reserve("b.1", 2, applicant="body-2"), actor=SYSTEM),
)
ENDS = 1
"""How many times a process may end."""
STARTS = 1
"""How many times a writer may start while the other one runs; once more for each end. With none running, one may always start."""
REPEATS = 0
"""How many times a command that was answered is given once more. One without an answer is given again until it has one."""


class Actor(NamedTuple):
    """A process: the number of what it has in mind (None: it does not run), its step, and the tables that its calls have met."""

    memory: int | None
    step: tuple[Any, ...] = ()
    past: tuple[int, ...] = ()


class Moment(NamedTuple):
    """All there is, by numbers. `answered` has the leaf of each command's answer; the rest: what may still happen how often."""

    ledger: int
    mirror: int
    bus: int
    actors: tuple[Actor, ...]
    answered: tuple[str, ...] = ("",) * len(ORDERS)
    ends: int = ENDS
    starts: int = STARTS
    repeats: int = REPEATS


A, B, RELAY, READER = range(4)


class Search:
    """Goes through all moments, depth first."""

    def __init__(self) -> None:
        self.ledgers, self.mirrors, self._site = Contents(), Contents(), mirror_site()
        self._buses: list[tuple[Stored, ...]] = [()]
        self._bus_numbers: dict[tuple[Stored, ...], int] = {(): 0}
        self._memories: dict[Any, int] = {}
        self._writers: list[Any] = []
        self._known: dict[Any, Ran] = {}
        self._heard: dict[tuple[int, int], Answer] = {}
        """Answers that were looked at, by themselves and by the log that they were given over."""
        self.looked: set[tuple[int, int, int]] = set()
        self.moments = self.transitions = self.rests = 0

    def start(self) -> Moment:
        """The call is registered, one writer runs, nothing is relayed."""
        empty = self.ledgers.number(Tables())
        ledger, a = self._whole(self.ledgers, empty, lambda run: boot(run, LEDGER))
        ledger, a = self._whole(self.ledgers, ledger, lambda run: write(run, self._writers[a], FIRST))
        mirror, m = self._whole(self.mirrors, self.mirrors.number(Tables()), lambda run: boot(run, MIRROR))
        return Moment(ledger, mirror, 0, (Actor(a), Actor(None), Actor(-1), Actor(m)))

    def _whole(self, contents: Contents, tables: int, work: Any) -> tuple[int, int]:
        """A step from its beginning to its end."""
        past: tuple[int, ...] = ()
        while True:
            run = Run(contents, past, tables)
            ran = run.finish(lambda: work(run))  # noqa: B023 - used at once
            past, tables = (*past, tables), ran.tables
            if ran.over:
                return tables, self._memory(ran.process)

    def _memory(self, writer: Any) -> int:
        """The number of what a writer has in mind; the same for equal ones."""
        if writer not in self._memories:
            self._memories[writer] = self._memories.setdefault(memory_of(writer), len(self._writers))
            if self._memories[writer] == len(self._writers):
                self._writers.append(writer)
        return self._memories[writer]

    def _bus(self, records: tuple[Stored, ...]) -> int:
        if records not in self._bus_numbers:
            self._bus_numbers[records] = len(self._buses)
            self._buses.append(records)
        return self._bus_numbers[records]

    def run(self, first: Moment) -> None:
        """All of it.

        Raises:
            Violation: if an invariant does not hold.
        """
        seen, waiting = {first}, [first]
        while waiting:
            moment = waiting.pop()
            self.moments += 1
            self._look(moment)
            following = list(self._following(moment))
            if not following:
                self._look_at_rest(moment)
            self.transitions += len(following)
            new = [later for later in following if later not in seen]
            seen.update(new)
            waiting += new

    def _following(self, moment: Moment) -> Iterator[Moment]:
        for number, actor in enumerate(moment.actors):
            if actor.step:
                yield self._further(moment, number, actor)
            else:
                for step, after in self._may_begin(moment, number, actor):
                    yield self._further(after, number, Actor(actor.memory, step))
            if moment.ends and (actor.step or (number in (A, B) and actor.memory is not None)):
                gone = Actor(-1 if number == RELAY else None)
                starts = moment.starts + (number in (A, B))
                yield moment._replace(actors=_with(moment.actors, number, gone), ends=moment.ends - 1, starts=starts)

    def _may_begin(self, moment: Moment, number: int, actor: Actor) -> Iterator[tuple[tuple[Any, ...], Moment]]:
        """The steps that a process may begin, and the moment with what may then still happen."""
        if actor.memory is None:
            alone = all(a.memory is None and not a.step for a in moment.actors[:RELAY])
            if number == READER:
                yield ("boot", MIRROR), moment
            elif alone or moment.starts:
                yield ("boot", LEDGER), moment._replace(starts=moment.starts - (not alone))
        elif number == RELAY:
            if self.ledgers[moment.ledger].relayed < len(self.ledgers[moment.ledger].entries):
                yield ("relay",), moment
        elif number == READER:
            progress = self.mirrors[moment.mirror].progress.get(LEDGER)
            at = 0 if progress is None else progress.position
            if at < len(self._buses[moment.bus]):
                yield ("read", at, moment.bus), moment
        else:
            for which, leaf in enumerate(moment.answered):
                under_way = any(a.step == ("write", which) for a in moment.actors)
                if not under_way and (not leaf or moment.repeats):
                    yield ("write", which), moment._replace(repeats=moment.repeats - bool(leaf))

    def _further(self, moment: Moment, number: int, actor: Actor) -> Moment:
        """One port call more."""
        live = moment.mirror if number == READER else moment.ledger
        ran = self._ran(number, actor, live)
        if not ran.over:
            new = Actor(actor.memory, actor.step, (*actor.past, live))
        elif ran.error:
            if "FencedError" not in ran.error:
                raise Violation("code", f"{actor.step} ended with {ran.error}")
            new = Actor(None)
        else:
            new = Actor(actor.memory if ran.process is None else self._memory(ran.process))
        answered = moment.answered
        for answer in ran.answers:
            answered = self._answered(actor.step[1], answer, moment, ran.tables)
        return moment._replace(
            ledger=moment.ledger if number == READER else ran.tables,
            mirror=ran.tables if number == READER else moment.mirror,
            bus=self._bus(self._buses[moment.bus] + ran.sent) if ran.sent else moment.bus,
            actors=_with(moment.actors, number, new),
            answered=answered,
        )

    def _ran(self, number: int, actor: Actor, live: int) -> Ran:
        key = (number == READER, actor, live)
        if key not in self._known:
            run = Run(self.mirrors if number == READER else self.ledgers, actor.past, live)
            self._known[key] = run.finish(lambda: self._step(run, actor))
        return self._known[key]

    def _step(self, run: Run, actor: Actor) -> Any:
        match actor.step:
            case ("boot", log):
                return boot(run, log)
            case ("write", which):
                return write(run, self._writers[actor.memory or 0], ORDERS[which])
            case ("relay",):
                return relay(run)
            case (_, start, bus):
                messages = [message(stored, n) for n, stored in enumerate(self._buses[bus]) if n >= start]
                return read(run, self._writers[actor.memory or 0], self._site, messages)
            case _:
                raise AssertionError(actor.step)

    # What must hold

    def _look(self, moment: Moment) -> None:
        at = (moment.ledger, moment.mirror, moment.bus)
        if at in self.looked:
            return
        self.looked.add(at)
        ledger, mirror = self.ledgers[moment.ledger], self.mirrors[moment.mirror]
        shadow = Shadow(LEDGER)
        shadow.follow(ledger.entries)
        shadow.ledger.compare(ledger.state)
        if rows(replay(SPECS[LEDGER].decider, steps(LEDGER, ledger.entries))) != ledger.state:
            raise Violation("I11", "the fold of the log is not the stored state")
        leaves = [stored.leaf for stored in ledger.entries]
        if any(leaves[stored.index : stored.index + 1] != [stored.leaf] for stored in self._buses[moment.bus]):
            raise Violation("I10", "an entry is relayed and not in the log")
        if [mirror.inbox.get((LEDGER, n)) for n in range(len(mirror.inbox))] != leaves[: len(mirror.inbox)]:
            raise Violation("I8", "the reader has taken in what the log does not say")
        other = Shadow(MIRROR)
        other.follow(mirror.entries)
        heard = list(dict.fromkeys(entry.cause.index for entry in other.entries if entry.cause))
        if heard != list(range(len(mirror.inbox))):
            raise Violation("I7", f"{len(mirror.inbox)} entries were taken in, those that had effects are {heard}")

    def _answered(self, which: int, answer: Answer, moment: Moment, ledger: int) -> tuple[str, ...]:
        if (id(answer), ledger) not in self._heard:
            self._heard[id(answer), ledger] = answer
            Shadow(LEDGER).answered(ORDERS[which], answer, self.ledgers[ledger].entries)
        before = moment.answered[which]
        if before not in ("", answer.leaf):
            raise Violation("I5", f"{ORDERS[which].command_id} was answered otherwise before")
        return tuple(answer.leaf if n == which else leaf for n, leaf in enumerate(moment.answered))

    def _look_at_rest(self, moment: Moment) -> None:
        """Nothing is left to do: all is answered, relayed, and taken in."""
        self.rests += 1
        ledger, inbox = self.ledgers[moment.ledger], self.mirrors[moment.mirror].inbox
        if not all(moment.answered):
            raise Violation("I8", "a command is never answered")
        if not len(ledger.entries) == ledger.relayed == len(inbox) == len(moment.answered) + 1:
            raise Violation("I8", f"{len(ledger.entries)} entries, {ledger.relayed} relayed, {len(inbox)} read")


def _with(actors: tuple[Actor, ...], number: int, new: Actor) -> tuple[Actor, ...]:
    return (*actors[:number], new, *actors[number + 1 :])


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to. `durable_states`: how many different contents of logs and bus."""

    states: int
    transitions: int
    at_rest: int
    durable_states: int
    violation: str


def search(*, ends: int = ENDS, starts: int = STARTS, repeats: int = REPEATS) -> Found:
    """Search with other bounds."""
    searching, violation = Search(), ""
    try:
        searching.run(searching.start()._replace(ends=ends, starts=starts, repeats=repeats))
    except Violation as found:
        violation = str(found)
    return Found(searching.moments, searching.transitions, searching.rests, len(searching.looked), violation)


def main() -> int:
    """Search; 1 if an invariant does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.exhaustive", description=__doc__)
    parser.add_argument("--ends", type=int, default=ENDS, help="how many times a process may end")
    parser.add_argument("--starts", type=int, default=STARTS, help="how many times a writer may start while the other one runs")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="how many times an answered command is given once more")
    parser.add_argument("--json", action="store_true", help="the result as one line of JSON")
    chosen = parser.parse_args()
    quiet()
    began = time.monotonic()
    found = search(ends=chosen.ends, starts=chosen.starts, repeats=chosen.repeats)
    result = {**asdict(found), "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(result) if chosen.json else f"{result}")  # noqa: T201 - it is what the command says
    return int(bool(found.violation))


if __name__ == "__main__":
    sys.exit(main())
