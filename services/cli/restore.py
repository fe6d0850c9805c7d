"""Making logs whole again from what was published of them."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from services.audit.faults import FaultError, PackError
from services.audit.pack import Pack
from services.cli import common
from services.kernel.ports import BusError, CorruptLogError, Stored
from services.runtime.host import open_bus
from services.runtime.log_keys import seeds
from services.runtime.replay import DivergedError
from services.runtime.restore import Restored, from_bus, restore
from services.runtime.settings import Settings
from services.runtime.sql_store import open_store
from services.standalone.registry import SPECS
from services.tlog.notes import SigningKey, origin

_BUS = "bus"


def restore_logs(
    name: Annotated[str, typer.Argument(metavar="SERVICE[/SHARD]", help="The logs of a service, or one of them.")],
    source: Annotated[
        str, typer.Option("--from", metavar="WHERE", help="`bus`: that of the settings; else the folder of an export.")
    ],
    as_json: common.AsJson = False,
) -> None:
    """Add to a service's own logs what they lack of their published entries. Nothing is overwritten. Its service must not run."""
    current = common.settings()
    results = [_restored(current, log, source) for log in _logs(current, name)]
    if as_json:
        common.print_json([{"log": r.log, "before": r.before, "published": r.published, "length": r.length} for r in results])
        return
    for r in results:
        common.console.print(f"{r.log}: {r.before} entries were there, {r.length - r.before} of {r.published} were added")


def _restored(current: Settings, log: str, source: str) -> Restored:
    spec = SPECS[log.partition("/")[0]]
    keys = [SigningKey(origin(current.deployment, log), seed) for seed in _seeds(current.log_key)]
    try:
        published = _published(current, log, source)
        with closing(open_store(current.store, log, spec.decider.checks)) as store:
            result = restore(store, spec.decider, published, deployment=current.deployment, name=log, keys=keys)
            if source == _BUS:
                store.mark_relayed(result.published)  # it need not be sent to where it came from
            return result
    except PackError as error:
        common.fail(f"--from: {error}", 2)
    except (DivergedError, FaultError, CorruptLogError, BusError) as error:
        common.fail(str(error))


def _published(current: Settings, log: str, source: str) -> Iterable[Stored]:
    return from_bus(open_bus(current), log) if source == _BUS else Pack(Path(source)).entries(log)


def _seeds(setting: str) -> list[bytes]:
    """The keys that are there. None is made here: the service signs as soon as it starts."""
    there = all(Path(name.removeprefix("file:")).is_file() for name in setting.split(","))
    return seeds(setting) if there else []


def _logs(current: Settings, name: str) -> list[str]:
    """The logs that a name means, among those that this process owns."""
    own = [f"{service}/{shard}" for service in SPECS for shard in current.owned_shards]
    found = [log for log in own if name in (log, log.partition("/")[0])]
    if not found:
        common.fail(f"SERVICE: {name!r} has no log here; allowed: a service or a log, such as intake or intake/0", 2)
    return found
