"""What a run may meet: which fault can strike where, and what came of it. A cell that is never hit must say why."""

from collections import Counter
from collections.abc import Mapping

_WRITING = ("begin", "command", "append", "state", "commit", "committed")
PLACES: Mapping[str, tuple[str, ...]] = {
    "boot": ("read", "take over", "last"),
    "write": _WRITING,
    "relay": ("last", "read", "publish", "published", "mark", "marked"),
    "read": ("read", "subscribe", "poll", "fetch", "publish", "published", "inbox", "offset", "park", *_WRITING),
}
"""The calls of each step of a process, in which something can happen."""

_EVERYWHERE = tuple(f"{action}: {place}" for action, places in PLACES.items() for place in places)


def _at(*places: str) -> tuple[str, ...]:
    return tuple(where for where in _EVERYWHERE if where.partition(": ")[2] in places)


STRIKES: Mapping[str, tuple[str, ...]] = {
    "crash": (*_EVERYWHERE, "between steps"),
    "pause": _EVERYWHERE,
    "zombie": _at("read", "begin", "command", "append", "state", "commit", "committed", "publish", "published", "mark", "inbox"),
    "disk full": _at("command", "append", "state", "inbox", "offset", "park", "commit", "mark", "take over"),
    "unknown commit": _at("committed", "marked"),
    "bus away": _at("last", "publish", "subscribe", "poll", "fetch"),
    "lost acknowledgement": _at("published"),
    "sent twice": ("relay: publish",),
    "handed again": ("read: poll",),
    "delay": ("read: poll",),
    "trimmed": ("between steps",),
    "foreign record": ("between steps",),
    "clock jump": ("forward", "back"),
    "take-over": ("between steps",),
    "retry": ("client",),
    "other body": ("client",),
    "restore": ("between steps",),
}
"""Where each fault may strike."""
NOWHERE_ELSE: Mapping[str, str] = {
    "crash": "these are all places",
    "pause": "these are all port calls; between two steps a process always waits",
    "zombie": "elsewhere it is a pause: the take-over is only told apart where the older one could still do harm",
    "disk full": "only what writes needs room",
    "unknown commit": "only of a commit one can be told nothing",
    "bus away": "only calls of the bus, and of the owner of a log",
    "lost acknowledgement": "only publishing is acknowledged",
    "sent twice": "readers publish dead letters only, which nobody reads by index",
    "handed again": "only a poll brings records",
    "delay": "only a poll brings records",
    "trimmed": "retention is nobody's step",
    "foreign record": "a stranger is no process of ours",
    "clock jump": "a clock is read at one place, the beginning of a batch: only the direction matters",
    "take-over": "at a port call it is a zombie",
    "retry": "clients know nothing of steps",
    "other body": "clients know nothing of steps",
    "restore": "a backup is put back while no process runs",
}
"""Why a fault has no other places."""


class Cells:
    """Counts (fault, step, outcome)."""

    def __init__(self) -> None:
        self.hits: Counter[tuple[str, str, str]] = Counter()

    def hit(self, fault: str, where: str, outcome: str) -> None:
        """Something came of a fault."""
        self.hits[fault, where, outcome] += 1

    def unhit(self, *, files: bool = False) -> list[str]:
        """Cells (fault, step) that can be hit and were not."""
        hit = {(fault, where) for fault, where, _ in self.hits}
        cells = [(fault, where) for fault, places in STRIKES.items() for where in places]
        return [
            f"{fault} / {where}"
            for fault, where in cells
            if (fault, where) not in hit and not (files and _by_a_server(fault, where))
        ]

    def table(self) -> str:
        """All cells as text."""
        width = max((len(where) for _, where, _ in self.hits), default=0)
        reasons = "\n".join(f"{fault:22}nowhere else: {reason}" for fault, reason in NOWHERE_ELSE.items())
        return (
            reasons
            + "\n"
            + "\n".join(
                f"{fault:22}{where:{width + 2}}{outcome:34}{n:>9,}" for (fault, where, outcome), n in sorted(self.hits.items())
            )
        )


def _by_a_server(fault: str, where: str) -> bool:
    """Cells that need a database server: without one a take-over waits for the transaction, and backups are of memory only."""
    return fault == "restore" or (fault == "zombie" and where.rpartition(": ")[2] in ("inbox", *_WRITING[1:-1]))
