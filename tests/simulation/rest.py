"""The end of a run: faults are over, all that is left is done, and everything is looked at once more."""

from collections.abc import Sequence
from functools import partial

from services.kernel.ports import Stored
from services.runtime.relay import incoming, topic
from services.runtime.replay import DivergedError, replay, rows, steps
from tests.simulation.oracle import Violation
from tests.simulation.sites import Site
from tests.simulation.world import World

_ROUNDS = 80


def come_to_rest(world: World) -> None:
    """Go on until nothing is left to do, then look.

    Raises:
        Violation: if an invariant does not hold.
    """
    _end_zombies(world)
    before, rounds = None, 0
    while (now := _done(world)) != before:
        before, rounds = now, rounds + 1
        if rounds > _ROUNDS:
            raise Violation("I8", f"still not at rest after {_ROUNDS} rounds")
        for site in world.sites.values():
            _go_on(world, site)
    for site in world.sites.values():
        world.look(site)
        if site.halted is None:
            _look_at_log(world, site)
            _look_at_bus(world, site)
            for source in site.sources:
                _look_at_reader(world, site, source)
        for _ in site.machine.tables().parked:
            world.cells.hit("foreign record", "between steps", "set aside; what followed was taken in")
        if site.name in world.lost:
            world.cells.hit("restore", "between steps", _what_came_of_it(world, site))


def _end_zombies(world: World) -> None:
    """Put clocks right; who was taken over tries to write, and finds out."""
    for site in world.sites.values():
        for process in tuple(site.processes):
            process.clock.wrong *= 0
            if process is not site.owner:
                process.sweep()
                world.act(process, "write", process.writer.turn)


def _done(world: World) -> Sequence[object]:
    tables = [site.machine.tables() for site in world.sites.values()]
    return [(len(t.entries), len(t.inbox), len(t.parked), t.relayed) for t in tables] + [
        sum(asked.answer is None for asked in world.clients.asked)
    ]


def _go_on(world: World, site: Site) -> None:
    """One round of all that a healthy process does."""
    if site.halted is None and not site.processes:
        world.boot(site)
    for process in tuple(site.processes):
        for asked in world.clients.asked:
            if asked.answer is None and asked.log == site.name:
                world.submit(process, asked)
        process.sweep()
        world.act(process, "write", process.writer.turn)
        world.act(process, "relay", process.relay)
        for source in process.readers:
            if not process.dead:
                world.act(process, "read", partial(process.read, source))


def _look_at_log(world: World, site: Site) -> None:
    tables, shadow = site.machine.tables(), world.shadows[site.name]
    if tables.relayed != len(tables.entries):
        raise Violation("I8", f"{site.name} has {len(tables.entries)} entries, {tables.relayed} are relayed")
    for asked in world.clients.asked:
        if asked.log != site.name:
            continue
        at = shadow.commands.get(asked.order.command_id)
        if asked.answer is None:
            raise Violation("I8", f"{asked.order.command_id} is never answered")
        if at is None and not world.restored:
            raise Violation("I10", f"{asked.order.command_id} was answered and is not in the log")
    for stored, entry in zip(tables.entries, shadow.entries, strict=True):
        if entry.to_bytes() != stored.value:
            raise Violation("I11", f"{site.name}/{stored.index} is written otherwise now")
    try:
        state = rows(replay(site.spec.decider, steps(site.name, tables.entries)))
    except DivergedError as error:
        raise Violation("I11", str(error)) from error
    if state != tables.state:
        other = sorted(at for at in state.keys() | tables.state.keys() if state.get(at) != tables.state.get(at))
        raise Violation("I11", f"{site.name}: the fold of the log is not the stored state: {other[:3]}")


def _look_at_bus(world: World, site: Site) -> None:
    service, _, shard = site.name.partition("/")
    log = site.machine.tables().entries
    for message in world.bus.records(topic(service), int(shard)):
        stored = incoming(site.name, message)
        if stored is not None and stored not in log[stored.index : stored.index + 1]:
            raise Violation("I8", f"{site.name} goes on, and {stored.index} was published otherwise")


def _look_at_reader(world: World, site: Site, source: str) -> None:
    if world.sites[source].halted is not None:
        return  # it was put back to before what others have read, and says so itself
    tables = site.machine.tables()
    log: Sequence[Stored] = world.sites[source].machine.tables().entries
    taken = {index: leaf for (name, index), leaf in tables.inbox.items() if name == source}
    if taken != {stored.index: stored.leaf for stored in log}:
        raise Violation("I8", f"{site.name} has taken in {len(taken)} entries of {source}, which has {len(log)}")
    due = [order.command_id for stored in log for order in site.interpreter.arrival(source, stored, 0).orders]
    entries = world.shadows[site.name].entries
    done = [e.command_id for e in entries if e.cause and e.cause.log == source and (e.part is None or e.part.number == 1)]
    if done != due:
        raise Violation("I8", f"{source} had other effects at {site.name} than one of each, in its order")


def _what_came_of_it(world: World, site: Site) -> str:
    """What a restored backup led to."""
    if not world.lost[site.name]:
        return "nothing was lost"
    return "refused to go on" if site.halted is not None else "nothing of what was lost had been sent"
