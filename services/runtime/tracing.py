"""W3C Trace Context: a caller names a trace, and finds its id in what is logged, here and in the services that act on it.

No trace is ever part of an entry (`docs/decisions/0017-traces-beside-the-log.md`). Version 00 is understood; what is malformed
counts as not there.
"""

import os
import re
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from secrets import token_hex
from typing import Any

import structlog

HEADER = "traceparent"
_FORM = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")
_MOST = 10_000
"""Entries that wait for the bus and whose trace is known; of more, it is forgotten."""
_current: ContextVar[str] = ContextVar("traceparent", default="")

log = structlog.get_logger()


def enter(metadata: Iterable[tuple[str, Any]] | None) -> None:
    """Take over the trace that a call brought: its id stands in each line that is logged while it is answered."""
    brought = [value for name, value in metadata or () if name == HEADER]
    trace = brought[0] if len(brought) == 1 and _FORM.fullmatch(brought[0]) else ""
    _current.set(trace)
    if trace:
        structlog.contextvars.bind_contextvars(trace_id=trace_id(trace))


def onward() -> tuple[str, str]:
    """What to send with a call: the current trace as it came, or that in the variable `TRACEPARENT`, or a new one."""
    before = _current.get() or os.environ.get("TRACEPARENT", "")
    ids = token_hex(24)
    return HEADER, before if _FORM.fullmatch(before) else f"00-{ids[:32]}-{ids[32:]}-00"


def followed(trace: str | None = None) -> str:
    """The trace given, or else the current one, if whoever began it records it (flag `sampled`); otherwise nothing."""
    found = _FORM.fullmatch(_current.get() if trace is None else trace)
    return found[0] if found is not None and int(found[2], 16) & 1 else ""


def trace_id(trace: str) -> str:
    """The id in a well-formed `traceparent`."""
    return trace.split("-")[1]


class Followed:
    """The traces of one log's entries until they are sent. Kept in memory alone: a process that ends forgets them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._traces: dict[int, str] = {}

    def keep(self, index: int, trace: str) -> None:
        """Remember the trace of an entry, if it has one."""
        if trace and len(self._traces) < _MOST:
            self._traces[index] = trace

    def of(self, index: int) -> str:
        """The trace of an entry, or nothing."""
        return self._traces.get(index, "")

    def sent(self, end: int) -> None:
        """Forget the traces of all entries before `end`."""
        for index in [index for index in tuple(self._traces) if index < end]:
            del self._traces[index]

    def tell(self, trace: str, index: int, command: str, events: Sequence[Any], *, repeated: bool) -> None:
        """Log what became of a command, once it is durable."""
        outcome = "refused" if any(event["type"] == "Refused" for event in events) else "accepted"
        log.info(
            "command.decided",
            log=self._name,
            index=index,
            command=command,
            outcome=outcome,
            repeated=repeated,
            trace_id=trace_id(trace),
        )
