"""How a thread ends that can no longer go on."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import structlog

log = structlog.get_logger()


@contextmanager
def last_words(stopped: Callable[[BaseException], None], event: str, **said: Any) -> Generator[None]:
    """Whatever ends the block is logged as `event`, and then told to the owner, who may end the process at once.

    The owner is told also where nothing can be logged any more, as the disk is full or whoever read the log has gone.
    """
    try:
        yield
    except BaseException as error:  # noqa: BLE001 - whatever it is, nothing goes on, and the owner must know
        try:
            log.exception(event, **said)
        finally:
            stopped(error)
