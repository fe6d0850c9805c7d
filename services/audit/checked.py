"""What a printed report says about its own ground: are the entries the signed ones, and do they follow from the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.audit.faults import Fault, FaultError
from services.audit.pack import Pack
from services.audit.rerun import rerun
from services.audit.story import Story
from services.tlog import notes
from services.tlog.notes import NoteError, VerifierKey
from services.tlog.tree import EMPTY_ROOT


@dataclass
class Checked:
    """`signed` are the logs whose checkpoint has a good signature over just the entries that were read."""

    keys_from_export: bool
    """The keys came with the export: it is whole, but who signed it is not shown."""
    signed: set[str] = field(default_factory=set)
    decided: int = 0
    """Entries that were decided again and came to the recorded events."""
    faults: list[Fault] = field(default_factory=list)


def check(pack: Pack, story: Story, keys: Sequence[VerifierKey] | None = None) -> Checked:
    """Compare the checkpoints with what `story` was told from, and decide every command again.

    Raises:
        PackError: if the export has no readable keys and none are given.
    """
    result = Checked(keys is None)
    known = pack.keys if keys is None else keys
    for log in pack.names():
        try:
            checkpoint = notes.verify(pack.note(log), known)
        except FaultError as error:
            result.faults.append(error.fault)
            continue
        except NoteError as error:
            result.faults.append(Fault(log, 0, f"its checkpoint: {error}"))
            continue
        read = story.logs.get(log)
        size, root = (read.frontier.size, read.frontier.root()) if read else (0, EMPTY_ROOT)
        if (checkpoint.size, checkpoint.root) == (size, root):
            result.signed.add(log)
        else:
            result.faults.append(Fault(log, 0, "the signed root is not that of the entries"))
    again = rerun(pack)
    result.decided = sum(again.lengths.values())
    result.faults += again.faults
    return result
