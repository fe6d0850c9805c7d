"""A service as data: its core, its wire contract, what it makes of other services' events, and what works beside it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

from services.kernel.decider import Decider, State
from services.runtime.facts import Fact
from services.runtime.settings import Settings
from services.runtime.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The generated modules of a service's contract."""

    service: ModuleType
    grpc: ModuleType
    events: ModuleType


class Worker(Protocol):
    """Work that a service does beside its log, such as sending mail; it records what it did by commands of its own."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End after the piece of work in hand."""
        ...


@runtime_checkable
class Serving(Protocol):
    """A worker that also answers over gRPC, beside the services of its process."""

    def serve(self, server: Any) -> list[str]:
        """Put its services on a server, which starts before the worker does; gives their full names."""
        ...


WorkerFactory = Callable[[Writer, Settings, Callable[[BaseException], None]], Worker]
"""Makes the worker of one log; the last argument is to be called with the reason if it can never go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What the shared shell needs to run a service. `sources` are the services whose logs it reads."""

    decider: Decider
    wire: Wire
    sources: tuple[str, ...] = ()
    reactions: Callable[[Fact], Iterable[Any]] = lambda _fact: ()
    documents: Callable[[Any], Iterable[str]] = lambda _command: ()
    """The documents that a command names; each must have been uploaded before."""
    worker: WorkerFactory | None = None
    pending: Callable[[State], int] = lambda _state: 0
    """How much work is in hand that no log shows as done yet."""
    derived: bool = False
    """Derived and rebuildable: on Kafka its logs are read by a stream-processing worker."""
