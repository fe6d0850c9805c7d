"""A look at the end of a log before anybody carries on over it: does it hold together, and has it all that was published?"""

from collections.abc import Sequence

from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.form import MalformedError
from services.kernel.ports import CorruptLogError, Reads, Stored

_LAST = 64
"""How many entries are looked at: enough to notice files that do not belong together. Replay looks at all of them."""
_TO_DO = (
    "Nothing was written. Keep these files or this database as they are, restore a copy that has all entries that were published,"
    " and look at the whole log with `oproep replay` before the service is started again"
)

_KEEP = "Nothing was sent. Keep these files or this database as they are"
_LACKING = "`oproep restore {name} --from bus` adds what is missing and overwrites nothing"
_FORKED = "put a copy without these entries in their place, or none; `oproep restore {name} --from bus` adds the rest"


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


def check_published(reads: Reads, name: str, published: Sequence[Stored]) -> None:
    """Hold a log against entries of it that are known outside: none may be missing, and none may be another here.

    An older copy of a log holds together as well, but would write other entries at numbers that others have read.

    Raises:
        CorruptLogError: with what was found and what is to be done.
    """
    if not published:
        return
    start, end = min(stored.index for stored in published), max(stored.index for stored in published) + 1
    leaves = [hash_.hex() for hash_ in reads.hashes(0, start, end - start)]
    for stored in sorted(published, key=lambda stored: stored.index):
        if stored.index - start >= len(leaves):
            found = f"{name} has {reads.head().length} entries, and {end} were published"
            raise CorruptLogError(f"{found}. {_KEEP}: {_LACKING.format(name=name)}")
        if (here := leaves[stored.index - start]) != stored.leaf:
            found = f"{name}/{stored.index} has leaf {here}, and was published with leaf {stored.leaf}"
            raise CorruptLogError(f"{found}. {_KEEP}; {_FORKED.format(name=name)}")
