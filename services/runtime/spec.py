"""A service as data: its core, its wire contract, and what it makes of other services' events."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from services.kernel.decider import Decider
from services.runtime.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The generated modules of a service's contract."""

    service: ModuleType
    grpc: ModuleType
    events: ModuleType


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What the shared shell needs to run a service. `sources` are the services whose logs it reads."""

    decider: Decider
    wire: Wire
    sources: tuple[str, ...] = ()
    reactions: Callable[[Fact], Iterable[Any]] = lambda _fact: ()
