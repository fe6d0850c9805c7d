"""What happens between steps: to processes, to clocks, to the bus, to backups."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.kernel.canonical import leaf
from services.kernel.ports import Message
from services.runtime.relay import incoming, topic

if TYPE_CHECKING:
    from tests.simulation.sites import Site
    from tests.simulation.world import World

_BETWEEN = "between steps"
_JUMPS = (timedelta(minutes=5), timedelta(hours=3), timedelta(days=40))


def happen(world: World, site: Site) -> None:
    """One thing, if it is among the run's faults; else time goes on."""
    kinds = ("crash", "take-over", "trimmed", "trimmed", "foreign record", "clock jump", "clock jump", "restore", "restore")
    kind = world.pick(kinds)
    free = [process for process in site.processes if process not in world.stack]
    match kind if kind in world.faults else "":
        case "crash" if free and not site.machine.locked():
            world.cells.hit(kind, _BETWEEN, "came back")
            world.down(world.pick(free), "crashed")
        case "take-over" if site.halted is None and (site.machine.server or not site.machine.locked()):
            world.cells.hit(kind, _BETWEEN, "a second process took over")
            world.boot(site)
        case "trimmed":
            _trim(world, site)
        case "foreign record":
            _intrude(world, site)
        case "clock jump" if site.processes:
            clock, jump = world.pick(site.processes).clock, world.pick(_JUMPS)
            forward = world.chance(0.5)
            clock.wrong += jump if forward else -jump
            world.cells.hit(kind, "forward" if forward else "back", "I1 to I3 hold")
        case "restore" if not any(process.site is site for process in world.stack):
            _restore(world, site)
        case _:
            world.now += timedelta(minutes=30)


def _trim(world: World, site: Site) -> None:
    """The bus forgets records, as retention does; never the last entry, by which a reader notices what it lacks."""
    service, _, shard = site.name.partition("/")
    records = world.bus.records(topic(service), int(shard))
    last = next((n for n in reversed(range(len(records))) if incoming(site.name, records[n])), 0)
    if last:
        at = max(0, last - 1 - int(world.rng.random() * 3))
        world.note("trimmed", site.name, records[at].position)
        del records[at:last]


def _intrude(world: World, site: Site) -> None:
    """Somebody else writes to the topic."""
    service, _, shard = site.name.partition("/")
    at = (topic(service), int(shard))
    records = world.bus.records(*at)
    value = b'{"id":"something else"}' if world.chance(0.5) or not records else records[-1].value[:-1] + b" }"
    headers = (("log", site.name.encode()), ("index", b"0"), ("leaf", leaf(b"other").encode()))
    records.append(Message(*at, world.bus.end(*at), b"k", value, headers))
    world.note("intruded", site.name)


def _restore(world: World, site: Site) -> None:
    """Make a backup; or, having one, put it in the place of what is there."""
    if site.backup is None:
        site.backup = site.machine.tables().copy()
        return
    for process in tuple(site.processes):
        process.dead = True
    site.processes.clear()
    site.owner = None
    site.machine.put_back(site.backup)
    lost = world.shadows[site.name].put_back(site.backup.entries)
    world.restored = True
    world.note("restored", site.name, len(lost))
    world.lost.setdefault(site.name, []).extend(lost)
