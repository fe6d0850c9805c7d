"""What is wrong with an export, and where it starts."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """`index` is the first entry of `log` that cannot be relied on; the log's length where what follows is missing."""

    log: str
    index: int
    words: str

    def __str__(self) -> str:
        return f"{self.log}/{self.index}: {self.words}"

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {"log": self.log, "index": self.index, "fault": self.words}


class FaultError(RuntimeError):
    """Reading cannot go on in this log."""

    def __init__(self, log: str, index: int, words: str) -> None:
        self.fault = Fault(log, index, words)
        super().__init__(str(self.fault))


class PackError(ValueError):
    """What was given is no export, or names something that it does not have: a wrong call, not a finding."""
