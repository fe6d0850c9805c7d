"""The desk with nothing but Python 3.11 or later: out of its one file, which lies in every export. Prints JSON.

    python audit.pyz verify DIR [--keys FILE] [--state DIR] [--witness KEY … --quorum N]
    python audit.pyz replay DIR [--at MOMENT]
    python audit.pyz as-of DIR MOMENT
    python audit.pyz award DIR AWARD

The same words and the same exit codes as `oproep audit`, which has more to offer.
"""

import gc
import json
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfoNotFoundError

from services.audit.chain import chain
from services.audit.faults import FaultError, PackError
from services.audit.logs import cut
from services.audit.memory import OWN_STATE, Memory, MemoryFileError
from services.audit.moment import as_of
from services.audit.pack import Pack, read_keys, read_quorum
from services.audit.rerun import rerun
from services.audit.verifying import verify


class _Told(Protocol):
    def told(self) -> dict[str, Any]: ...


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    given = _parser().parse_args(arguments)
    try:
        told = _found(given, Pack(given.directory)).told()
    except FaultError as error:
        told = {"faults": [error.fault.told()]}
    except PackError as error:
        return _failed(str(error), 2)
    except MemoryFileError as error:
        return _failed(f"what was accepted before is damaged, nothing was changed: {error}", 1)
    except ZoneInfoNotFoundError as error:
        return _failed(
            f"{error}: this Python has no time zones; the package tzdata has them, or PYTHONTZPATH says where they are", 2
        )
    sys.stdout.write(json.dumps(told, indent=2) + "\n")
    return 1 if told.get("faults") else 0


def _found(given: Namespace, pack: Pack) -> _Told:
    match given.command:
        case "verify":
            keys = None if given.keys is None else read_keys(given.keys)
            return verify(pack, Memory(given.state.expanduser()), keys, quorum=read_quorum(given.witness, given.quorum))
        case "replay":
            return rerun(pack, cut(pack, given.at) if given.at else None)
        case "as-of":
            return as_of(pack, cut(pack, given.moment))
        case _:
            return chain(pack, given.award, proof=pack.proof)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("audit.pyz", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("verify", "replay", "as-of", "award"):
        command = commands.add_parser(name)
        command.add_argument("directory", type=Path, metavar="DIR")
        if name == "verify":
            state = Path(os.environ.get("OPROEP_AUDIT_STATE", OWN_STATE))
            command.add_argument("--keys", type=Path, metavar="FILE")
            command.add_argument("--state", type=Path, metavar="DIR", default=state)
            command.add_argument("--witness", action="append", default=[], metavar="KEY")
            command.add_argument("--quorum", type=int, metavar="N")
        elif name == "replay":
            command.add_argument("--at", default="", metavar="MOMENT")
        else:
            command.add_argument("moment" if name == "as-of" else "award")
    return parser


def _failed(words: str, code: int) -> int:
    sys.stderr.write(f"{words}\n")
    return code


if __name__ == "__main__":
    gc.set_threshold(50_000, 20, 50)  # as the command line does
    sys.exit(main())
