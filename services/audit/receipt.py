"""A receipt for one award: the entry that grants it, and a C2SP tlog-proof that it is in the signed log.

Whoever has the log's public key can check it for ever, with a script that needs nothing but Python.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from services.audit.faults import FaultError, PackError
from services.audit.logs import logs_of, stored_at, until
from services.audit.pack import Pack
from services.tlog import verify_receipt
from services.tlog.proofs import tlog_proof

SCRIPT = Path(verify_receipt.__file__)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_ABOUT = """\
Receipt of award {award}

The entry that grants it is in {entry}, the proof that it stands in the log {origin} in {proof}.
To check it, with nothing but Python:

    python {script} --key 'KEY' {entry} {proof}

KEY is the public key of the log, which you should have from its owner. keys.txt has what the export says it is; without --key it is
taken from there, and then the check shows only that these files belong together.
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An award, the bytes of the entry that grants it, its proof as text, and the log: its name for life and its public keys."""

    award_id: str
    entry: bytes
    proof: str
    origin: str
    keys: tuple[str, ...]


def receipt(pack: Pack, name: str) -> Receipt:
    """The receipt of an award, named by its id or by that of its application; of several, the last.

    Raises:
        PackError: if it was never granted.
        FaultError: if the log or its tiles cannot be read, or the proof does not hold.
    """
    granted: tuple[str, int, str] | None = None
    for log in logs_of(pack, "awarding"):
        for step in until(pack, log, None):
            for event in step.events:
                if event["type"] == "AwardGranted" and name in (event["awardId"], event["applicationId"]):
                    granted = (log, step.first.index, str(event["awardId"]))
    if granted is None:
        raise PackError(f"{name!r}: no such award was granted in this export; allowed: an award or an application")
    log, index, award_id = granted
    if not _NAME.fullmatch(award_id):  # it names files
        raise FaultError(log, index, f"{award_id[:100]!r} is no id of an award")
    origin = pack.checkpoint(log).origin
    keys = tuple(str(key) for key in pack.keys if key.name == origin)
    value = stored_at(pack, log, index).value
    proof = tlog_proof(index, pack.proof(log, index).hashes, pack.note(log))
    found = Receipt(award_id, value, proof, origin, keys)
    try:
        verify_receipt.check(found.entry, found.proof, keys[0] if keys else "")
    except ValueError as error:
        raise FaultError(log, index, f"its proof does not hold: {error}") from error
    return found


def write(found: Receipt, directory: Path) -> None:
    """Put a receipt into a new folder, with the script that checks it.

    Raises:
        PackError: if something is there already.
    """
    if directory.exists() and any(directory.iterdir()):
        raise PackError(f"{directory} is not empty; allowed: a new folder")
    directory.mkdir(parents=True, exist_ok=True)
    entry, proof = f"{found.award_id}.json", f"{found.award_id}.tlog-proof"
    (directory / entry).write_bytes(found.entry)
    (directory / proof).write_text(found.proof, "utf-8")
    (directory / "keys.txt").write_text("".join(f"{key}\n" for key in found.keys), "utf-8")
    (directory / SCRIPT.name).write_bytes(SCRIPT.read_bytes())
    about = _ABOUT.format(award=found.award_id, entry=entry, proof=proof, origin=found.origin, script=SCRIPT.name)
    (directory / "README.txt").write_text(about, "utf-8")
