"""Structured logging: one line per unit of work, JSON outside a terminal, the libraries' own warnings in the same form."""

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

# Tracebacks never show local variables: a token or an address may be among them.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
_TERMINAL = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def configure(service: str, level: str = "info") -> None:
    """Set up logging for a process. Personal data and tokens must never be given to it."""
    terminal = sys.stderr.isatty()

    def named(_logger: Any, _method: str, event: EventDict) -> EventDict:
        return {**event, "service": service}  # not by context: threads start without one

    shared: list[Processor] = [
        named,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = (
        [structlog.processors.StackInfoRenderer(), _TERMINAL] if terminal else [_TRACEBACKS, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
