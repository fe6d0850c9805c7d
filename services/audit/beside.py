"""What lies beside the logs in an export, held against the entries that name it."""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

from services.audit import alone
from services.audit import pack as layout
from services.audit.documents import call_files, documents
from services.audit.faults import Fault
from services.audit.pack import Pack
from services.audit.receipt import SCRIPT
from services.kernel.entry import Entry
from services.kernel.ports import Stored

_VOUCHED_FOR = (layout.SCHEMAS, alone.NAME, SCRIPT.name)
"""Files that no entry names, and whose hashes the export itself says."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LINE = re.compile(r"([0-9a-f]{64})  ([a-z_]+/\d+)/(\d+)", re.ASCII)


class Beside:
    """Call files, the list of documents, keys and contract."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._found: list[Fault] = []
        self._listed: dict[tuple[str, int], set[str]] = {}
        self._read_list()

    def note(self, log: str, stored: Stored, entry: Entry) -> None:
        """Look at an entry: what it publishes must be there, and what is said to be named in it must be."""
        for name in call_files(entry):
            self._call_file(log, stored.index, name)
        listed, named = self._listed.pop((log, stored.index), set[str]()), set(documents(entry))
        for name in sorted(listed - named):
            self._found.append(Fault(log, stored.index, f"{layout.DOCUMENTS} says that it names {name}, and it does not"))
        for name in sorted(named - listed):
            self._found.append(Fault(log, stored.index, f"it names the document {name}, and {layout.DOCUMENTS} does not say so"))

    def faults(self, read: Mapping[str, int]) -> Iterator[Fault]:
        """All that was found; to be asked when all entries were noted. `read`: how far those logs were read that have a fault."""
        yield from self._found
        for log, index in sorted(self._listed):
            if index < read.get(log, index + 1):
                yield Fault(log, index, f"{layout.DOCUMENTS} names this entry, and there is none")
        for name in (layout.KEYS, *_VOUCHED_FOR):
            file, hash_ = self._pack.directory / name, self._pack.hashes_beside.get(name)
            if not file.is_file():
                yield Fault(self._pack.names()[0], 0, f"{name} is missing")
            elif name in _VOUCHED_FOR and sha256(file.read_bytes()).hexdigest() != hash_:
                yield Fault(self._pack.names()[0], 0, f"{name} is not the file whose hash is in {layout.DEPLOYMENT}")

    def _read_list(self) -> None:
        try:
            lines = (self._pack.directory / layout.DOCUMENTS).read_text("ascii").splitlines()
        except (OSError, UnicodeDecodeError):
            self._found.append(Fault(self._pack.names()[0], 0, f"{layout.DOCUMENTS} is missing or no text"))
            return
        for number, line in enumerate(lines, 1):
            match = _LINE.fullmatch(line)
            if match is None:
                self._found.append(Fault(self._pack.names()[0], 0, f"{layout.DOCUMENTS}, line {number}: no hash and entry"))
            else:
                self._listed.setdefault((match[2], int(match[3])), set()).add(match[1])

    def _call_file(self, log: str, index: int, name: str) -> None:
        file = self._pack.directory / layout.CALLS / f"{name}.toml"
        if not _DIGEST.fullmatch(name):
            self._found.append(Fault(log, index, f"{name[:80]!r} is no hash of a call file"))
        elif not file.is_file():
            self._found.append(Fault(log, index, f"the call file {name} is missing"))
        elif sha256(file.read_bytes()).hexdigest() != name:
            self._found.append(Fault(log, index, f"{layout.CALLS}/{file.name} is not the call file that was published"))
