"""Arbitrary values of any dataclass that the services write or send, within the limits that its fields state."""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from hypothesis import strategies as st

from services.kernel.form import MAX_INT64, Between, Id, Json, Matches

_MOST = 3
"""Items of a list beyond its least: enough to be in a wrong order, few enough to be drawn quickly."""
_LONGEST = 12

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=_LONGEST)
"""Unicode text, without halves of surrogate pairs."""
NAME = st.text(st.characters(max_codepoint=127), min_size=1, max_size=_LONGEST)
"""A member name of any JSON object that an entry may hold."""
JSON: st.SearchStrategy[Json] = st.recursive(
    TEXT | st.booleans(), lambda inner: st.lists(inner, max_size=_MOST) | st.dictionaries(NAME, inner, max_size=_MOST)
)
"""All of JSON that an entry may hold."""
OBJECTS: st.SearchStrategy[dict[str, Json]] = st.dictionaries(NAME, JSON, max_size=_MOST)
INSTANTS = st.datetimes(timezones=st.just(UTC))

_SCALARS: dict[object, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(-MAX_INT64, MAX_INT64),
    bool: st.booleans(),
    datetime: INSTANTS,
    date: st.dates(),
    Fraction: st.fractions(),
}


@cache
def arbitrary(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type as a field states it: a scalar, `Annotated`, a tuple, a mapping, an optional, a dataclass."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin = get_origin(hint)
    if origin is Annotated:
        base, *checks = get_args(hint)
        return _within(base, checks)
    if origin in (Union, types.UnionType):
        inner = next(arg for arg in get_args(hint) if arg is not type(None))
        return st.none() | arbitrary(inner)
    if origin is tuple or origin is Mapping:
        return _many(hint, 0, _MOST)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    hints = typing.get_type_hints(hint, include_extras=True)
    return st.builds(hint, **{field.name: arbitrary(hints[field.name]) for field in dataclasses.fields(hint)})


def _within(base: Any, checks: list[Any]) -> st.SearchStrategy[Any]:
    """Drawn by the limits that are known here, and held to all of them."""
    pattern = next((check.pattern for check in checks if isinstance(check, Matches)), None)
    limit = next((check for check in checks if isinstance(check, Between)), None)
    if pattern is not None:
        found: st.SearchStrategy[Any] = st.from_regex(_simpler(pattern), fullmatch=True)
    elif limit is None:
        found = arbitrary(base)
    elif base is int:
        found = st.integers(limit.low, limit.high)
    elif base is str:
        found = st.text(
            st.characters(codec="utf-8", exclude_characters="\0"),
            min_size=limit.low,
            max_size=min(limit.high, limit.low + _LONGEST),
        )
    else:
        found = _many(base, limit.low, limit.high)
    return found.filter(lambda value: all(_fits(check, value) for check in checks))


def _simpler(pattern: str) -> str:
    """A pattern that is drawn quickly: few repetitions, and nothing that looks ahead."""

    def fewer(repeat: re.Match[str]) -> str:
        low, high = int(repeat[1]), int(repeat[2])
        return f"{{{low},{min(high, low + _MOST)}}}"

    return re.sub(r"\{(\d+),(\d+)\}", fewer, re.sub(r"\(\?=[^)]*\)", "", pattern))


def _fits(check: Any, value: Any) -> bool:
    try:
        check.check(value, "")
    except ValueError:
        return False
    return True


def _many(hint: Any, low: int, high: int) -> st.SearchStrategy[Any]:
    most = min(high, low + _MOST)
    if get_origin(hint) is tuple:
        return st.lists(arbitrary(get_args(hint)[0]), min_size=low, max_size=most).map(tuple)
    item = get_args(hint)[1]
    return OBJECTS if item is Any else st.dictionaries(arbitrary(Id), arbitrary(item), min_size=low, max_size=most)
