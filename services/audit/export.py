"""Take an export from the running services: the one part of the desk that talks to anybody.

Checkpoints come from the writers, entries from the writers or from Kafka, from its first record on. Services act on each other's
entries while this goes on, so each log is taken until every cause that the others name is there.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Protocol

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from services.audit import writing
from services.audit.documents import call_files, documents
from services.audit.faults import FaultError, PackError
from services.audit.logs import Watch, names, unwatched
from services.kernel.canonical import leaf
from services.kernel.entry import Entry
from services.kernel.form import MalformedError
from services.kernel.ports import Bus, BusError, Stored
from services.runtime.client import Client
from services.runtime.relay import topic
from services.runtime.spec import Spec
from services.tlog import notes
from services.tlog.tree import Frontier

_ROUNDS = 50
"""How often a log may be taken further because another one named a later entry of it."""
_POLL_SECONDS = 1.0
_PATIENCE_POLLS = 60


class Source(Protocol):
    """Where entries are had."""

    def entries(self, log: str, start: int, end: int) -> Iterable[Stored]:
        """Entries `start` to `end` (not included), in order.

        Raises:
            BusError: if they cannot be had.
        """
        ...


class FromServices:
    """From the service that wrote them."""

    def __init__(self, client: Callable[[str], Client]) -> None:
        self._client = client

    def entries(self, log: str, start: int, end: int) -> Iterable[Stored]:
        """See `Source.entries`."""
        return self._client(log.partition("/")[0]).entries(log, start, end - start) if end > start else ()


class FromBus:
    """From the bus, from the first record of a partition on, by index and never by position: a record may be there twice."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def entries(self, log: str, start: int, end: int) -> Iterator[Stored]:
        """See `Source.entries`.

        Raises:
            FaultError: if two records with one index differ.
        """
        service, _, shard = log.partition("/")
        subscription = self._bus.subscribe(topic(service), int(shard), 0)
        wanted, quiet = start, 0
        seen: dict[int, str] = {}
        try:
            while wanted < end:
                messages = subscription.poll(_POLL_SECONDS)
                quiet = 0 if messages else quiet + 1
                if quiet > _PATIENCE_POLLS:
                    raise BusError(f"{log}: the bus has brought {wanted} of {end} entries and is quiet")
                for message in messages:
                    index = message.header("index") or ""
                    if message.header("log") != log or not (index.isascii() and index.isdecimal()):
                        continue
                    number, found = int(index), leaf(message.value)
                    if seen.setdefault(number, found) != found:
                        raise FaultError(log, number, f"the bus has two entries with this index, the other at {message.position}")
                    if number == wanted and wanted < end:
                        yield Stored(wanted, "", message.value, found)
                        wanted += 1
        finally:
            subscription.close()


class _Taken:
    """One log on its way into the folder: its entries so far, in a file without a name, and its checkpoint."""

    def __init__(self, log: str, spool: IO[bytes]) -> None:
        self.log, self._spool = log, spool
        self._frontier = Frontier()
        self.note, self.keys = "", list[str]()

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self._frontier.size

    def extend(self, client: Client, source: Source, watch: Watch) -> Iterator[Stored]:
        """Take it up to the writer's present checkpoint.

        Raises:
            FaultError: if the entries are not those of the checkpoint.
        """
        answer = client.checkpoint(self.log)
        self.note, self.keys = answer.checkpoint, list(answer.keys)
        checkpoint = notes.unverified(self.note)
        start = self.size
        for stored in watch(self.log, source.entries(self.log, start, checkpoint.size), checkpoint.size - start):
            self._frontier.append(bytes.fromhex(leaf(stored.value)))
            self._spool.write(len(stored.value).to_bytes(4, "big") + stored.value)
            yield stored
        if (self.size, self._frontier.root()) != (checkpoint.size, checkpoint.root):
            words = f"{self.size} entries came, and they are not the {checkpoint.size} that were signed"
            raise FaultError(self.log, min(self.size, checkpoint.size), words)

    def values(self) -> Iterator[bytes]:
        """All entries, from the first."""
        self._spool.seek(0)
        while size := self._spool.read(4):
            yield self._spool.read(int.from_bytes(size, "big"))


class _Named:
    """What the entries name: causes in other logs, documents, call files."""

    def __init__(self) -> None:
        self.needed: dict[str, int] = {}
        self.documents: list[tuple[str, str]] = []
        self.call_files: set[str] = set()

    def note(self, log: str, stored: Stored) -> None:
        """Look at an entry.

        Raises:
            FaultError: if it is none.
        """
        try:
            entry = Entry.from_bytes(stored.value)
        except MalformedError as error:
            raise FaultError(log, stored.index, f"no entry of this version: {error}") from error
        if entry.cause is not None:
            self.needed[entry.cause.log] = max(self.needed.get(entry.cause.log, 0), entry.cause.index + 1)
        self.documents += [(name, f"{log}/{stored.index}") for name in documents(entry)]
        self.call_files |= set(call_files(entry))


def export(
    directory: Path,
    *,
    deployment: str,
    shards: int,
    specs: Mapping[str, Spec],
    client: Callable[[str], Client],
    source: Source | None = None,
    watch: Watch = unwatched,
) -> dict[str, int]:
    """Write an export into a new folder; gives the number of entries by log.

    Raises:
        PackError: if the folder is not empty, or the logs move too fast to be taken together.
        FaultError: if entries are not those of the writer's checkpoint.
        BusError, UnreachableError, RejectedError: if they cannot be had.
    """
    writing.begin(directory, deployment=deployment, shards=shards, version=version("oproep"))
    source = source or FromServices(client)
    named = _Named()
    with ExitStack() as stack:
        logs = [_Taken(log, stack.enter_context(tempfile.TemporaryFile())) for log in names(shards)]
        _take_all(logs, named, client, source, watch)
        for taken in logs:
            writing.write_log(directory, taken.log, taken.values())
            writing.write_note(directory, taken.log, taken.note)
    writing.end(
        directory,
        keys=[key for taken in logs for key in taken.keys],
        calls={name: client("intake").download(name) for name in sorted(named.call_files)},
        documents=named.documents,
        schemas=schemas(specs.values()),
    )
    return {taken.log: taken.size for taken in logs}


def _take_all(logs: Sequence[_Taken], named: _Named, client: Callable[[str], Client], source: Source, watch: Watch) -> None:
    """Take every log, and those further of which another has named a later entry, until all causes are there."""
    waiting = list(logs)
    for _ in range(_ROUNDS):
        for taken in waiting:
            for stored in taken.extend(client(taken.log.partition("/")[0]), source, watch):
                named.note(taken.log, stored)
        waiting = [taken for taken in logs if named.needed.get(taken.log, 0) > taken.size]
        if not waiting:
            return
    raise PackError(f"{waiting[0].log} goes on too fast to be taken together with the others; try again in a quieter moment")


def schemas(specs: Iterable[Spec]) -> bytes:
    """The contract of all services as a FileDescriptorSet: each file after those that it imports."""
    found: dict[str, FileDescriptor] = {}

    def add(file: Any) -> None:
        if file.name not in found:
            for needed in file.dependencies:
                add(needed)
            found[file.name] = file

    for spec in specs:
        add(spec.wire.service.DESCRIPTOR)
        add(spec.wire.events.DESCRIPTOR)
    result = FileDescriptorSet()
    for file in found.values():
        file.CopyToProto(result.file.add())
    return result.SerializeToString(deterministic=True)
