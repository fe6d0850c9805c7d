"""Named places in the product at which a process can be made to kill itself, and what dying there proves.

Nothing in the product knows of them: the launcher wraps these functions from outside before it starts the usual entry point. A name
that no longer stands in the product stops the launcher.
"""

import functools
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import psycopg

from services.kernel.decider import Decider
from services.runtime.local_bus import _Publisher  # pyright: ignore[reportPrivateUsage] - a place inside
from services.runtime.reader import Reader
from services.runtime.sql_store import SqlStore, _Transaction  # pyright: ignore[reportPrivateUsage] - a place inside
from services.runtime.state import RowState
from services.runtime.wire import Codec


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Before or after a call of a function, after its context was left, or a COMMIT sent; survived less than `passes` times."""

    owner: Any
    function: str
    when: Literal["before", "after", "left", "sent"]
    proves: str
    passes: int = 60


WRITER = {
    "before BEGIN": Point(
        owner=SqlStore, function="transaction", when="before", proves="nothing was begun: asked again, decided once"
    ),
    "begun": Point(
        owner=RowState, function="enter", when="before", proves="the lock and the fence of a dead writer hold up nobody"
    ),
    "decided": Point(
        owner=Decider, function="run", when="after", proves="a decision that was not written has no effect", passes=200
    ),
    "appended": Point(owner=_Transaction, function="append", when="after", proves="an entry without its state is not there"),
    "signed": Point(
        owner=_Transaction, function="put_tree", when="after", proves="a head that was signed but not committed is shown to nobody"
    ),
    "before COMMIT": Point(owner=_Transaction, function="finish", when="after", proves="all was written, and none of it is there"),
    "committed": Point(
        owner=SqlStore, function="transaction", when="left", proves="durable, and nobody told: asked again, the same answer"
    ),
}
"""In every process that writes a log; here in the ledger and in its reader."""

LEDGER_ONLY = {
    "state written": Point(
        owner=_Transaction, function="put_rows", when="after", proves="state without its checkpoint is not there"
    ),
    "taken over": Point(
        owner=SqlStore,
        function="take_over",
        when="after",
        proves="an epoch that was begun and never used is in nobody's way",
        passes=1,
    ),
    "answer made": Point(
        owner=Codec, function="response", when="after", proves="a lost answer is given again under the same id", passes=200
    ),
    "before the bus": Point(
        owner=_Publisher, function="publish", when="before", proves="what is committed is sent by the next process"
    ),
    "acknowledged by the bus": Point(owner=_Publisher, function="publish", when="after", proves="sent twice, taken in once"),
    "marked as sent": Point(owner=SqlStore, function="mark_relayed", when="after", proves="what follows is sent from there"),
}

READER_ONLY = {
    "before taking in": Point(owner=Reader, function="take", when="before", proves="delivered and not taken in: delivered again"),
    "noted in the inbox": Point(
        owner=_Transaction, function="accept", when="after", proves="an inbox row without its effects is not there"
    ),
    "place moved on": Point(
        owner=_Transaction, function="advance", when="after", proves="a place beyond effects that were lost is not there"
    ),
}

ON_POSTGRES = {
    "COMMIT sent": Point(
        owner=psycopg.Connection,
        function="execute",
        when="sent",
        proves="whether it happened is learnt by asking again with the same id",
    ),
}

ALL = {**WRITER, **LEDGER_ONLY, **READER_ONLY, **ON_POSTGRES}


def wrap(point: Point, passed: Callable[..., None]) -> None:
    """Have `passed` called whenever this process comes by, with what is still to be done if it is the last time.

    Raises:
        AttributeError: if the product no longer has this function.
    """
    inner = getattr(point.owner, point.function)

    @functools.wraps(inner)
    def called(*args: Any, **keywords: Any) -> Any:
        if point.when == "before":
            passed()
        result = inner(*args, **keywords)
        if point.when == "after":
            passed()
        return result

    @contextmanager
    def entered(*args: Any, **keywords: Any) -> Generator[Any]:
        with inner(*args, **keywords) as inside:
            yield inside
        passed()

    @functools.wraps(inner)
    def sent(connection: Any, query: Any, *args: Any, **keywords: Any) -> Any:
        if query != "COMMIT" or not threading.current_thread().name.startswith("writer"):
            return inner(connection, query, *args, **keywords)

        def send() -> None:
            connection.pgconn.send_query(b"COMMIT")
            while connection.pgconn.flush():
                pass

        passed(send)  # and nobody waits for what the server says to it
        return inner(connection, query, *args, **keywords)

    setattr(point.owner, point.function, {"left": entered, "sent": sent}.get(point.when, called))
