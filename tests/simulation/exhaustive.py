"""Every interleaving of a small case: `python -m tests.simulation.exhaustive [--json]`.

An envelope of 3 cents with a cap of 2, two applicants, two writers of the ledger's log, a relay, and a reader with a log of its own.
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
from dataclasses import dataclass, replace
from typing import Any

from services.runtime.replay import replay, rows, steps
from services.runtime.writer import Answer, Order
from tests.services.budget_ledger.desk import ENVELOPE, HANDS, Role, commit, register, reserve
from tests.simulation.memory import Tables
from tests.simulation.oracle import Shadow, Violation
from tests.simulation.runs import quiet
from tests.simulation.situations import (
    LEDGER,
    MIRROR,
    SPECS,
    Place,
    Places,
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
    Order(command_id="c", command=commit("a.1", 1), actor=SYSTEM),
)
ENDS = 1
"""How many times a process may end."""
STARTS = 1
"""How many times a writer may start while the other one runs; once more for each end. With none running, one may always start."""
REPEATS = 1
"""How many times a command that was answered is given once more. One without an answer is given again until it has one."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A process: what it has in mind (None: it does not run), the step it is in, and the places that its calls met."""

    memory: int | None
    step: tuple[Any, ...] = ()
    past: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """All there is. `answered` has the leaf of each command's answer; the rest says what may still happen how often."""

    place: Place
    actors: tuple[Actor, ...]
    answered: tuple[str, ...] = ("",) * len(ORDERS)
    ends: int = ENDS
    starts: int = STARTS
    repeats: int = REPEATS

    def key(self) -> Any:
        """Equal keys, equal moments."""
        return (
            self.place.id,
            tuple((a.memory, a.step, tuple(p.id for p in a.past)) for a in self.actors),
            *(self.answered, self.ends, self.starts, self.repeats),
        )


A, B, RELAY, READER = range(4)


class Search:
    """Goes through all moments, depth first."""

    def __init__(self) -> None:
        self.places, self._site = Places(), mirror_site()
        self._memories: dict[str, int] = {}
        self._writers: list[Any] = []
        self._known: dict[Any, Ran] = {}
        self._looked: set[int] = set()
        self.moments = self.transitions = self.rests = 0

    def start(self) -> Moment:
        """The call is registered, one writer runs, nothing is relayed."""
        place = self.places.get(Tables(), Tables(), ())
        place, a = self._whole(place, lambda run: boot(run, LEDGER))
        place, a = self._whole(place, lambda run: write(run, self._writers[a], FIRST))
        place, m = self._whole(place, lambda run: boot(run, MIRROR))
        actors = (Actor(a), Actor(None), Actor(-1), Actor(m))
        return Moment(place, actors)

    def _whole(self, place: Place, work: Any) -> tuple[Place, int]:
        past: tuple[Place, ...] = ()
        while True:
            run = Run(self.places, past, place)
            ran = run.finish(lambda: work(run))  # noqa: B023 - used at once
            past, place = (*past, place), ran.after
            if ran.over:
                return place, self._memory(ran.process)

    def _memory(self, writer: Any) -> int:
        text = memory_of(writer) + writer.name
        if text not in self._memories:
            self._memories[text] = len(self._writers)
            self._writers.append(writer)
        return self._memories[text]

    def run(self) -> None:
        """All of it.

        Raises:
            Violation: if an invariant does not hold.
        """
        first = self.start()
        seen, open_ = {first.key()}, [first]
        while open_:
            moment = open_.pop()
            self.moments += 1
            self._look(moment.place)
            following = list(self._following(moment))
            if not moment.ends and not moment.repeats and not moment.starts and not following:
                self._look_at_rest(moment)
            for later in following:
                self.transitions += 1
                key = later.key()
                if key not in seen:
                    seen.add(key)
                    open_.append(later)

    def _following(self, moment: Moment) -> Iterator[Moment]:
        for number, actor in enumerate(moment.actors):
            if actor.step:
                yield self._further(moment, number, actor)
            else:
                for step, budget in self._may_begin(moment, number, actor):
                    yield self._further(replace(moment, **budget), number, replace(actor, step=step))
            if moment.ends and (actor.step or number in (A, B)) and (actor.step or actor.memory is not None):
                gone = Actor(-1 if number == RELAY else None)
                budget = {"ends": moment.ends - 1, "starts": moment.starts + (number in (A, B))}
                yield replace(moment, actors=_with(moment.actors, number, gone), **budget)

    def _may_begin(self, moment: Moment, number: int, actor: Actor) -> Iterator[tuple[tuple[Any, ...], dict[str, int]]]:
        """The steps that a process may begin, and what that takes from what may still happen."""
        if actor.memory is None:
            alone = all(a.memory is None and not a.step for a in moment.actors[:RELAY])
            if number == READER:
                yield ("boot", MIRROR), {}
            elif alone or moment.starts:
                yield ("boot", LEDGER), {"starts": moment.starts - (not alone)}
        elif number == RELAY and moment.place.ledger.relayed < len(moment.place.ledger.entries):
            yield ("relay",), {}
        elif number == READER:
            progress = moment.place.mirror.progress.get(LEDGER)
            at = 0 if progress is None else progress.position
            if at < len(moment.place.bus):
                yield ("read", at, len(moment.place.bus)), {}
        elif number in (A, B):
            for which, leaf in enumerate(moment.answered):
                under_way = any(a.step == ("write", which) for a in moment.actors)
                if not under_way and (not leaf or moment.repeats):
                    yield ("write", which), {"repeats": moment.repeats - bool(leaf)}

    def _further(self, moment: Moment, number: int, actor: Actor) -> Moment:
        """One port call more."""
        ran = self._ran(number, actor, moment.place)
        if not ran.over:
            new = replace(actor, past=(*actor.past, moment.place))
        elif ran.error:
            if "FencedError" not in ran.error:
                raise Violation("code", f"{actor.step} ended with {ran.error}")
            new = Actor(None)
        else:
            new = Actor(actor.memory if ran.process is None else self._memory(ran.process))
        answered = moment.answered
        for answer in ran.answers:
            answered = self._answered(actor.step[1], answer, moment, ran.after)
        return replace(moment, place=ran.after, actors=_with(moment.actors, number, new), answered=answered)

    def _ran(self, number: int, actor: Actor, place: Place) -> Ran:
        key = (number == READER, actor.memory, actor.step, tuple(p.id for p in actor.past), place.id)
        if key not in self._known:
            run = Run(self.places, actor.past, place)
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
            case (_, start, end):
                messages = [message(stored, n) for n, stored in enumerate(run.place.bus[:end]) if n >= start]
                return read(run, self._writers[actor.memory or 0], self._site, messages)
            case _:
                raise AssertionError(actor.step)

    # What must hold

    def _look(self, place: Place) -> None:
        if place.id in self._looked:
            return
        self._looked.add(place.id)
        shadow = Shadow(LEDGER)
        shadow.follow(place.ledger.entries)
        shadow.ledger.compare(place.ledger.state)
        if rows(replay(SPECS[LEDGER].decider, steps(LEDGER, place.ledger.entries))) != place.ledger.state:
            raise Violation("I11", "the fold of the log is not the stored state")
        leaves = [stored.leaf for stored in place.ledger.entries]
        if any(leaves[stored.index : stored.index + 1] != [stored.leaf] for stored in place.bus):
            raise Violation("I10", "an entry is relayed and not in the log")
        if [place.mirror.inbox.get((LEDGER, n)) for n in range(len(place.mirror.inbox))] != leaves[: len(place.mirror.inbox)]:
            raise Violation("I8", "the reader has taken in what the log does not say")
        heard = list(dict.fromkeys(entry.cause.index for entry in _entries(place) if entry.cause))
        if heard != list(range(len(place.mirror.inbox))):
            raise Violation("I7", f"{len(place.mirror.inbox)} entries were taken in, those that had effects are {heard}")

    def _answered(self, which: int, answer: Answer, moment: Moment, place: Place) -> tuple[str, ...]:
        shadow = Shadow(LEDGER)
        shadow.answered(ORDERS[which], answer, place.ledger.entries)
        before = moment.answered[which]
        if before not in ("", answer.leaf):
            raise Violation("I5", f"{ORDERS[which].command_id} was answered otherwise before")
        return tuple(answer.leaf if n == which else leaf for n, leaf in enumerate(moment.answered))

    def _look_at_rest(self, moment: Moment) -> None:
        """Nothing is left to do: all is answered, relayed, and taken in."""
        self.rests += 1
        place = moment.place
        if not all(moment.answered):
            raise Violation("I8", "a command is never answered")
        if not len(place.ledger.entries) == place.ledger.relayed == len(place.mirror.inbox) == len(ORDERS) + 1:
            raise Violation("I8", f"{len(place.ledger.entries)} entries, {place.ledger.relayed} relayed, {len(place.mirror.inbox)} read")


def _with(actors: tuple[Actor, ...], number: int, new: Actor) -> tuple[Actor, ...]:
    return (*actors[:number], new, *actors[number + 1 :])


def _entries(place: Place) -> Any:
    shadow = Shadow(MIRROR)
    shadow.follow(place.mirror.entries)
    return shadow.entries


def main() -> int:
    """Search; 1 if an invariant does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.exhaustive", description=__doc__)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    quiet()
    began, search, found = time.monotonic(), Search(), ""
    try:
        search.run()
    except Violation as violation:
        found = str(violation)
    result = {
        "states": search.moments,
        "transitions": search.transitions,
        "at_rest": search.rests,
        "durable_states": len(search._looked),
        "violation": found,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(result) if chosen.json else f"{ENVELOPE}: {result}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
