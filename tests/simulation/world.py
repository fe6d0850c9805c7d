"""One run: sites, a bus, clients and time, moved by a seed. One thread; the same seed gives the same run, byte for byte.

A process that is paused at a port call waits while others take steps inside that call; then it goes on, or finds that it has
been taken over. So pauses nest: of two paused processes, the one that paused last goes on first.
"""

import hashlib
import math
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from random import Random  # noqa: TID251 - the seed is the run's
from typing import Any

from services.kernel.ports import BusError, CorruptLogError, FencedError, Outgoing, Stored
from services.runtime.batch import Answer
from tests.services.budget_ledger.desk import START
from tests.simulation.bus import MemoryBus
from tests.simulation.cells import STRIKES, Cells
from tests.simulation.clients import AWARDING, LEDGER, MIRROR, Asked, Clients
from tests.simulation.happenings import happen
from tests.simulation.machines import FileMachine
from tests.simulation.oracle import Shadow, Violation
from tests.simulation.sites import SPECS, Machine, Process, Site
from tests.simulation.watched import Crash

_CALM = 12.0
"""Port calls between two faults, on average."""
_DEPTH = 2
_OPTIONAL = tuple(sorted(set(STRIKES) - {"restore"}))


class World:
    """A run of `steps` steps. `coupled`: awarding and ledger work together; else clients use the ledger, and a mirror reads it."""

    def __init__(self, seed: int, steps: int, machine: Callable[[str], Machine], cells: Cells, *, coupled: bool) -> None:
        self.seed, self.cells, self._steps = seed, cells, steps
        self.rng = Random(f"oproep/{seed}")
        self.now = START
        self._trace = hashlib.sha256()
        pairs = {AWARDING: (LEDGER,), LEDGER: (AWARDING,)} if coupled else {LEDGER: (), MIRROR: (LEDGER,)}
        self.sites = {name: Site(name, SPECS[name], sources, machine(name)) for name, sources in pairs.items()}
        self.shadows = {name: Shadow(name) for name in self.sites}
        self.clients = Clients(self.rng, coupled=coupled)
        self.bus = MemoryBus(self)
        self.faults = frozenset(fault for fault in _OPTIONAL if self.chance(0.5))
        if self.chance(0.1) and all(site.machine.server for site in self.sites.values()):
            self.faults |= {"restore"}
        self.violated = self.restored = False
        self.lost: dict[str, list[Stored]] = {}
        """What a backup that was put back no longer had, by log."""
        self.stack: list[Process] = []
        self._made = 0
        self._calm = True
        self._until = self._while()
        for site in self.sites.values():
            if isinstance(site.machine, FileMachine):
                site.machine.beginning = self._beginning

    def _beginning(self) -> None:
        if self.stack:
            self.point(self.stack[-1], "begin")

    # Chance

    def chance(self, probability: float) -> bool:
        """Whether something of that probability happens."""
        return self.rng.random() < probability

    def pick(self, of: Sequence[Any]) -> Any:
        """One of them."""
        return of[int(self.rng.random() * len(of))]

    def _while(self) -> int:
        return 1 + int(-math.log(1 - self.rng.random()) * _CALM)

    def note(self, *words: object) -> None:
        """One line of the trace."""
        self._trace.update(" ".join(map(str, words)).encode() + b"\n")

    def trace(self) -> str:
        """The hash of all that has happened."""
        return self._trace.hexdigest()

    # What the bus does of its own accord

    def sent_twice(self, count: int) -> int:
        """See `Whims`."""
        if self._calm or "sent twice" not in self.faults or not self.chance(0.2):
            return 0
        self.cells.hit("sent twice", "relay: publish", "there twice")
        return int(self.rng.random() * (count + 1))

    def sent(self, records: Sequence[Outgoing]) -> None:
        """See `Whims`: nothing may be sent that is not durable."""
        for record in records:
            name = dict(record.headers).get("log", b"").decode()
            if name in self.sites:
                self.shadows[name].published([record], self.sites[name].machine.tables().entries)

    def handed(self, waiting: int) -> tuple[int, int]:
        """See `Whims`."""
        if self._calm:
            return 0, waiting
        back = 0
        if "handed again" in self.faults and self.chance(0.2):
            back = 1 + int(self.rng.random() * 4)
            self.cells.hit("handed again", "read: poll", "compared and dropped")
        if "delay" in self.faults and self.chance(0.4):
            self.cells.hit("delay", "read: poll", "came later")
            return back, int(self.rng.random() * (waiting + 1))
        return back, waiting

    # Port calls

    def point(self, process: Process, place: str) -> None:
        """A port call begins: the oracle looks, and perhaps a fault strikes."""
        if process.dead:
            raise Crash
        if place == "begin":
            process.wrote = range(0)
        if place == "committed":
            if process.site.owner is not process:
                raise Violation("I9", f"{process.name} commits after {process.site.owner and process.site.owner.name} took over")
            process.wrote = self.look(process.site)
        if self._calm:
            return
        self._until -= 1
        if self._until <= 0:
            self._until = self._while()
            self._strike(process, place)

    def _strike(self, process: Process, place: str) -> None:
        where = f"{process.action}: {place}"
        may: list[str] = [fault for fault in ("crash", "pause", "zombie") if fault in self.faults and where in STRIKES[fault]]
        more = ("disk full", "unknown commit", "bus away", "lost acknowledgement")
        may += [fault for fault in more if fault in self.faults and where in STRIKES[fault]]
        if not may:
            return
        fault = self.pick(may)
        self.note(fault, process.name, where)
        match fault:
            case "crash":
                self.cells.hit("crash", where, "came back")
                process.dead = True
                raise Crash
            case "pause" | "zombie":
                self._pause(process, where, taken_over=fault == "zombie")
            case "disk full":
                process.provoked = True
                self.cells.hit(fault, where, "nothing of it is there; came back")
                raise sqlite3.OperationalError("database or disk is full")
            case "unknown commit":
                process.provoked = True
                self.cells.hit(fault, where, "told unknown; came back")
                raise sqlite3.OperationalError("the connection was lost")
            case _:
                self.cells.hit(fault, where, "tried again")
                raise BusError(f"away at {where}")

    def _pause(self, process: Process, where: str, *, taken_over: bool) -> None:
        if len(self.stack) > _DEPTH:
            return
        if taken_over and process.site.halted is None and (process.site.machine.server or not process.site.machine.locked()):
            self.boot(process.site)
        for _ in range(1 + int(self.rng.random() * 5)):
            self._step()
        self.note("goes on", process.name)
        fault = "zombie" if taken_over else "pause"
        process.paused_at = (fault, where)
        if process.dead:
            self._resolve(process, "died meanwhile")
            raise Crash

    def _resolve(self, process: Process, outcome: str) -> None:
        if process.paused_at is not None:
            self.cells.hit(*process.paused_at, outcome)
            process.paused_at = None

    # Steps

    def run(self) -> None:
        """All steps.

        Raises:
            Violation: if an invariant does not hold.
        """
        self._calm = False
        for _ in range(self._steps):
            self._step()
            self.now += timedelta(seconds=int(self.rng.random() * 40))
        self._calm = True

    def _step(self) -> None:
        """Somebody does something."""
        site = self.pick(tuple(self.sites.values()))
        chance = self.rng.random()
        if chance < 0.12:
            happen(self, site)
            return
        if chance < 0.45:
            self.ask()
            return
        free = [process for process in site.processes if process not in self.stack]
        if not free:
            if site.halted is None and not site.processes:
                self.boot(site)
            return
        if site.machine.locked():
            return  # whoever would write now would have to wait
        process = self.pick(free)
        if chance < 0.65:
            self.act(process, "write", lambda: self.write(process))
        elif chance < 0.8:
            self.act(process, "relay", process.relay)
        elif process.readers:
            source = self.pick(tuple(process.readers))
            self.act(process, "read", lambda: self.read(process, source))

    def act(self, process: Process, action: str, work: Callable[[], object]) -> None:  # noqa: C901, PLR0912 - one branch an end
        """One step of a process, and what comes of it."""
        process.action = action
        self.stack.append(process)
        self.note(action, process.name)
        try:
            work()
            self._resolve(process, "went on")
        except Violation:
            self.violated = True
            raise
        except Crash:
            self.down(process, "crashed")
        except BusError:
            self._resolve(process, "went on")
        except FencedError:
            self._resolve(process, "fenced")
            if process.site.owner is process:
                raise Violation("I9", f"{process.name} is fenced, and nobody has taken over") from None
            self.down(process, "fenced")
        except CorruptLogError as error:
            if process.site.name not in self.lost:  # nobody but the log itself hears of what was put back
                raise Violation("I8", f"{process.name} stopped: {error}") from error
            process.site.halted = str(error)
            self.down(process, "stopped")
        except sqlite3.OperationalError as error:
            if not process.provoked and process.site.owner is process:
                raise Violation("code", f"{process.name}: {error}") from error
            self._resolve(process, "its session had ended")
            self.down(process, "stopped")
        except Exception as error:
            if isinstance(error.__context__, Violation):  # what an oracle said was answered with another fault
                raise error.__context__ from None
            if process.dead:  # its files were closed under it, as the power went
                self.down(process, "crashed")
                return
            raise Violation("code", f"{process.name} in {action}: {error!r}") from error
        finally:
            self.stack.pop()
            if not self.violated:
                self.look(process.site)

    def ask(self) -> None:
        """A client gives a command to a process, a new one or one from before."""
        chance, asked, kind = self.rng.random(), None, ""
        if chance < 0.2 and "retry" in self.faults:
            asked, kind = self.clients.again(twisted=False), "retry"
        elif chance < 0.25 and "other body" in self.faults:
            asked, kind = self.clients.again(twisted=True), "other body"
        asked = asked or self.clients.ask(self.now)
        there = self.sites[asked.log].processes
        if there:
            self.submit(self.pick(there), asked, kind)

    def submit(self, process: Process, asked: Asked, kind: str = "") -> None:
        """Hand a command over; the answer is looked at when it comes."""
        asked.tries += 1
        self.note("asks", process.name, asked.order.command_id)
        process.writer.submit(asked.order).add_done_callback(partial(self._answered, process, asked, kind))

    def _answered(self, process: Process, asked: Asked, kind: str, future: "Future[Answer]") -> None:
        if process.dead or self.violated:
            return  # nobody hears it
        shadow, log = self.shadows[asked.log], process.site.machine.tables().entries
        if (error := future.exception()) is not None:
            shadow.denied(asked.order, str(error), log, process.wrote)
            return
        answer = future.result()
        self.note("answer", asked.order.command_id, answer.index, answer.leaf)
        shadow.answered(asked.order, answer, log)
        if kind:
            refused = [event.get("code") for event in answer.events] == ["id_reused"]
            outcome = "came first" if not answer.repeated else "refused" if refused else "the same answer"
            self.cells.hit(kind, "client", outcome)
        asked.answer = asked.answer or answer

    def write(self, process: Process) -> None:
        """Commit what waits, with what time has made due."""
        if self.chance(0.3):
            process.sweep()
        process.writer.turn()

    def read(self, process: Process, source: str) -> None:
        """Take in what has come."""
        process.read(source)

    def down(self, process: Process, how: str) -> None:
        """A process ends, and with the power all others of its machine."""
        self.note(how, process.name)
        site = process.site
        self._resolve(process, "died")
        gone = [process] if site.machine.server else list(site.processes)
        for other in (*gone, *(p for p in self.stack if p.site is site and not site.machine.server)):
            other.dead = True
            if other in site.processes:
                site.processes.remove(other)
        if not site.machine.server:
            site.machine.power_cut(lambda count: int(self.rng.random() * (count + 1)))

    def boot(self, site: Site) -> None:
        """Start a process, which takes over whatever was there before."""
        self._made += 1
        process = Process(site, self._made, self.point, self.bus.connect, self.log_of, lambda: self.now)

        def join() -> None:
            process.boot()
            site.processes.append(process)

        self.act(process, "boot", join)

    def log_of(self, name: str) -> Sequence[Stored] | None:
        """What the owner of a log gives to who asks."""
        site = self.sites[name]
        if all(process.dead for process in site.processes):
            return None
        self.cells.hit("trimmed", "between steps", "fetched from the owner")
        return site.machine.tables().entries

    def look(self, site: Site) -> range:
        """Compare a log with how it was seen before; gives the entries that are new."""
        tables = site.machine.tables()
        shadow = self.shadows[site.name]
        known = len(shadow.stored)
        try:
            if shadow.follow(tables.entries):
                shadow.ledger.compare(tables.state)
                for source in site.sources:
                    self._inbox(site, source)
        except Violation:
            self.violated = True  # and nothing that follows from it is looked at
            raise
        return range(known, len(tables.entries))

    def _inbox(self, site: Site, source: str) -> None:
        """What was taken in was taken in without a gap, and nothing has had an effect that was not."""
        tables = site.machine.tables()
        wanted = tables.progress[source].next_index if source in tables.progress else 0
        caused = [entry.cause.index for entry in self.shadows[site.name].entries[-1:] if entry.cause and entry.cause.log == source]
        if sum(1 for name, _ in tables.inbox if name == source) != wanted or any(index >= wanted for index in caused):
            raise Violation("I7", f"{site.name} has read {source} up to {wanted}; its inbox or its effects say otherwise")
