"""A process that is killed in the middle: `python -m tests.contract.crashing URL before|after` waits for it, mid-way."""

import sys
from datetime import UTC, datetime

from services.kernel.ports import Progress, Recorded, Stored, TreeHead
from services.runtime.sql_store import open_store

LOG = "tiny/0"
NOON = datetime(2021, 5, 11, 12, tzinfo=UTC)


def main(url: str, moment: str) -> None:
    """Write one transaction and stand still before or after its commit."""
    store = open_store(url, LOG)
    with store.transaction(store.take_over()) as tx:
        start = tx.head().length
        tx.append([(Stored(start, "s", b"value", "leaf"), NOON)])
        tx.put_rows([("Box", "a", b'{"total":"1"}')])
        tx.record_command("c", Recorded("body", start, 1))
        tx.accept("other/0", 0, "leaf")
        tx.advance("other/0", Progress(1, 5))
        tx.put_tree(TreeHead(b"frontier", "checkpoint"), [(1, 0, b"hash")])
        if moment == "before":
            _stand()
    _stand()


def _stand() -> None:
    print("standing", flush=True)  # noqa: T201 - the test waits for it
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
