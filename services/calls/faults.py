"""A fault in a call file: where it is, what it is, and what would be right."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault. Line and column count from 1; something missing is shown at the table that lacks it."""

    line: int
    column: int
    field: str
    """The path of the key, such as `scoring.criteria[2].weight`; empty for the file as a whole."""
    fault: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column} {self.field or 'file'}: {self.fault}; allowed: {self.allowed}"


class CallFileError(ValueError):
    """A call file with faults; `faults` has every one, in the order of the file."""

    def __init__(self, name: str, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(f"{name}:{fault}" for fault in faults))
        self.faults = faults
