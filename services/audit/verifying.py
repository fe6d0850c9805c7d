"""Is every entry the one that was signed, is nothing missing, and do the logs bear each other out?

Each log is read once. In memory are kept, for each entry, its leaf hash (32 bytes) and its cause (50 bytes): about 82 MB for a
million entries, and besides that one bundle of 256.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.audit import pack as layout
from services.audit.beside import Beside
from services.audit.causes import CHANGED, Causes
from services.audit.cores import CORES
from services.audit.faults import Fault, FaultError
from services.audit.logs import Watch, unwatched
from services.audit.memory import Before, Memory
from services.audit.pack import Hashes, Pack
from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.form import MalformedError
from services.kernel.ports import Stored
from services.tlog import notes
from services.tlog.notes import Checkpoint, NoteError, VerifierKey
from services.tlog.tree import TILE_HEIGHT, Frontier
from services.tlog.witnesses import Cosigned, Quorum, cosigned

NOBODY = Quorum()
"""No witness is asked for."""


@dataclass
class Verified:
    """What was found. Without faults, every entry stands in a signed log, as it was before."""

    deployment: str
    sizes: dict[str, int] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    """The size at which each log was accepted last; missing for one that is new here."""
    cosigned: dict[str, Cosigned] = field(default_factory=dict)
    """Which witnesses have signed each log's checkpoint."""
    causes: int = 0
    keys_from_export: bool = False
    """The keys were taken from the export itself: it proves that it is whole, not who signed it."""
    faults: list[Fault] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "deployment": self.deployment,
            "logs": [self._log(log, size) for log, size in self.sizes.items()],
            "causes": self.causes,
            "keysFromExport": self.keys_from_export,
            "faults": [fault.told() for fault in self.faults],
        }

    def _log(self, log: str, size: int) -> dict[str, Any]:
        found = self.cosigned.get(log, Cosigned())
        return {
            "log": log,
            "size": size,
            "root": self.roots.get(log, ""),
            "acceptedBefore": self.since.get(log),
            "cosignedBy": list(found.good),
            "otherLines": list(found.foreign),
        }


def verify(
    pack: Pack, memory: Memory, keys: Sequence[VerifierKey] | None = None, watch: Watch = unwatched, quorum: Quorum = NOBODY
) -> Verified:
    """Check an export. The memory advances at the end, if there is no fault at all.

    `keys`: who may sign; those of the memory if none are given, at first sight those of the export. `quorum`: which witnesses
    must have signed each checkpoint as well.

    Raises:
        MemoryFileError: if the memory is damaged.
    """
    known = list(keys) if keys is not None else memory.keys(pack.deployment)
    result = Verified(pack.deployment, keys_from_export=known is None)
    trusted = pack.keys if known is None else known
    causes, beside = Causes(pack.names()), Beside(pack)
    leaves: dict[str, bytearray] = {}
    for log in pack.names():
        check = _Check(pack, log, (trusted, quorum), memory.before(pack.deployment, log), (causes, beside))
        try:
            check.run(result, watch)
        except FaultError as error:
            result.faults.append(error.fault)
        if check.whole:
            leaves[log] = check.leaves
    result.faults += [
        Fault(log, 0, "it was accepted before, and is not in this export")
        for log in memory.logs(pack.deployment)
        if log not in pack.names()
    ]
    result.causes = len(causes)
    read = {fault.log: fault.index for fault in result.faults}
    result.faults = [*causes.narrowed(result.faults, leaves), *beside.faults(read)]
    if not result.faults:
        accepted = {log: (pack.note(log), found) for log, found in leaves.items()}
        memory.advance(pack.deployment, accepted, trusted)
    return result


class _Check:
    """One log. `leaves` has the leaf hashes that were read; `whole` says that those are all."""

    def __init__(
        self,
        pack: Pack,
        log: str,
        signers: tuple[Sequence[VerifierKey], Quorum],
        before: Before | None,
        notebooks: tuple[Causes, Beside],
    ) -> None:
        self._pack, self._log, self._before = pack, log, before
        self._keys, self._quorum = signers
        self._causes, self._beside = notebooks
        self._frontier = Frontier()
        self._missing: FaultError | None = None
        self.leaves = bytearray()
        self.whole = False

    def run(self, result: Verified, watch: Watch) -> None:
        """Read all of it.

        Raises:
            FaultError: naming the first entry that cannot be relied on.
        """
        if self._pack.form != layout.FORM:
            words = f"the export has form {self._pack.form!r}, known is {layout.FORM!r}: a newer version wrote it"
            raise FaultError(self._log, 0, words)
        checkpoint = self._pack.checkpoint(self._log)
        if checkpoint.origin != notes.origin(self._pack.deployment, self._log):
            raise FaultError(self._log, 0, f"here stands the checkpoint of {checkpoint.origin}")
        result.sizes[self._log] = checkpoint.size
        self._read(checkpoint.size, watch)
        self.whole = True
        self._compare(checkpoint)
        result.cosigned[self._log] = self._cosigned()
        result.roots[self._log] = checkpoint.root.hex()
        if self._before is not None:
            result.since[self._log] = self._before.checkpoint.size

    def _read(self, size: int, watch: Watch) -> None:
        hashes = self._pack.hashes(self._log)
        for stored in watch(self._log, self._pack.entries(self._log), size):
            self._take(stored)
            for completed in self._frontier.append(bytes.fromhex(stored.leaf)):
                self._above(hashes, *completed)
            before = self._before
            if before is not None and self._frontier.size == before.checkpoint.size and not self._same_as(before):
                words = "it was accepted before with other bytes: the log was rewritten or forked"
                raise FaultError(self._log, self._known(), words)
        if self._missing is not None:
            raise self._missing
        stray = self._pack.stray(self._log, size)
        if stray is not None:
            raise FaultError(self._log, size, f"{stray} goes beyond the {size} entries that are signed")

    def _above(self, hashes: Hashes, level: int, index: int, hash_: bytes) -> None:
        """A complete subtree, which the tiles above must know. That one is missing is said after what entries are."""
        try:
            same = hashes.node(level * TILE_HEIGHT, index) == hash_
        except FaultError as error:
            self._missing = self._missing or error
            return
        if not same:
            words = "the tiles above these entries say otherwise: one of them was changed"
            raise FaultError(self._log, index << level * TILE_HEIGHT, words)

    def _take(self, stored: Stored) -> None:
        """An entry, which must be the one that belongs here and be in the words of this version."""
        index = stored.index
        try:
            entry = Entry.from_bytes(stored.value)
        except MalformedError as error:
            raise FaultError(self._log, index, f"no entry of this version: {error}") from error
        if (entry.log, entry.index, entry.deployment) != (self._log, index, self._pack.deployment):
            raise FaultError(self._log, index, f"here stands {entry.log}/{entry.index} of {entry.deployment}")
        if leaf(stored.value) != stored.leaf:
            raise FaultError(self._log, index, "its bytes are not those of its leaf in the tree")
        known = _WORDS[self._log.partition("/")[0]]
        unknown = [str(body["type"]) for body in (entry.command, *entry.events) if body["type"] not in known]
        if unknown:
            raise FaultError(self._log, index, f"{unknown[0]} is not known here: a newer version wrote it")
        self.leaves += bytes.fromhex(stored.leaf)
        self._causes.note(self._log, index, entry)
        self._beside.note(self._log, stored, entry)

    def _compare(self, checkpoint: Checkpoint) -> None:
        """Hold the whole log against what was accepted before, who signed it, and the root that was signed."""
        before = 0 if self._before is None else self._before.checkpoint.size
        if checkpoint.size < before:
            words = f"it was accepted before with {before} entries, now it has {checkpoint.size}: it was rolled back"
            raise FaultError(self._log, self._known(), words)
        try:
            notes.verify(self._pack.note(self._log), self._keys)
        except NoteError as error:
            raise FaultError(self._log, self._known(), f"its checkpoint is {error}") from error
        if self._frontier.root() != checkpoint.root:
            raise FaultError(self._log, self._known(), f"{CHANGED}: its root is not the signed one")

    def _cosigned(self) -> Cosigned:
        """Who else has signed; the log itself has."""
        found = cosigned(self._pack.note(self._log), self._quorum.witnesses)
        if words := self._quorum.fault(found):
            raise FaultError(self._log, self._known(), f"its checkpoint is {words}")
        return found

    def _same_as(self, before: Before) -> bool:
        return self._frontier.root() == before.checkpoint.root and self._known() == before.checkpoint.size

    def _known(self) -> int:
        """How many entries are vouched for by what was accepted before."""
        return 0 if self._before is None else self._before.agrees_until(self.leaves)


_WORDS = {name: {kind.__name__ for kind in (*core.commands, *core.events)} for name, core in CORES.items()}
