"""A look at the end of a log before anybody carries on over it."""

from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.form import MalformedError
from services.kernel.ports import CorruptLogError, Reads

_LAST = 64
"""How many entries are looked at: enough to notice files that do not belong together. Replay looks at all of them."""
_TO_DO = (
    "Nothing was written. Keep these files or this database as they are, restore a copy that has all entries that were published,"
    " and look at the whole log with `oproep replay` before the service is started again"
)


def check_end(reads: Reads, name: str) -> int:
    """The length of a log whose end is as a writer leaves it: gapless, of this name, each entry with its leaf.

    Raises:
        CorruptLogError: with what was found and what is to be done.
    """
    head, relayed = reads.head(), reads.relayed()
    if relayed > head.length:
        raise CorruptLogError(f"{name} has {head.length} entries, and {relayed} were published. {_TO_DO}")
    start = max(0, head.length - _LAST)
    entries = reads.entries(start, _LAST + 1)
    if [stored.index for stored in entries] != list(range(start, head.length)):
        raise CorruptLogError(
            f"{name} should have entries {start} to {head.length - 1}, and has {[stored.index for stored in entries]}. {_TO_DO}"
        )
    time = head.last_time
    for stored in entries:
        here = f"{name}/{stored.index}"
        if leaf(stored.value) != stored.leaf:
            raise CorruptLogError(f"{here}: its bytes do not match leaf {stored.leaf}. {_TO_DO}")
        try:
            entry = Entry.from_bytes(stored.value)
        except MalformedError as error:
            raise CorruptLogError(f"{here} is no entry: {error}. {_TO_DO}") from error
        if (entry.log, entry.index) != (name, stored.index):
            raise CorruptLogError(f"{here}: here stands {entry.log}/{entry.index}. {_TO_DO}")
        time = entry.time
    if time != head.last_time:
        raise CorruptLogError(f"{name} ends at {time}, and its head says {head.last_time}. {_TO_DO}")
    return head.length
