"""Limits on values, and what is said of one that does not keep them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any


class MalformedError(ValueError):
    """Input that has not the form it must have. Names the field, what is wrong with it and what is allowed."""

    def __init__(self, field: str, fault: str, allowed: str) -> None:
        super().__init__(f"{field or 'value'}: {fault}; allowed: {allowed}")
        self.field, self.fault, self.allowed = field, fault, allowed


@cache
def fullmatch(pattern: str) -> Callable[[str], object]:
    """Matches whole texts with a pattern."""
    return re.compile(pattern).fullmatch


@dataclass(frozen=True, slots=True)
class Matches:
    """The whole string matches `pattern`; `meaning` says so in words."""

    pattern: str
    meaning: str

    def check(self, value: Any, path: str) -> None:
        """Raise `MalformedError` if `value` does not match."""
        if not fullmatch(self.pattern)(value):
            raise MalformedError(path, f"{shown(value)} does not fit", self.meaning)


@dataclass(frozen=True, slots=True)
class Between:
    """A number in [low, high], or a text or list of that many items."""

    low: int
    high: int

    def check(self, value: Any, path: str) -> None:
        """Raise `MalformedError` if `value` is too small or too large."""
        size, what = (value, "") if isinstance(value, int) else (len(value), " characters" if isinstance(value, str) else " items")
        if not self.low <= size <= self.high:
            raise MalformedError(path, f"{size}{what}", f"{self.low} to {self.high}{what}")


def shown(value: object) -> str:
    """A value in a message: enough to recognise it."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - enough to recognise it, too little to flood a log
