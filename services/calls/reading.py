"""From the values of a TOML file to `CallRules`, naming every fault on the way instead of the first.

Keys are the fields of the rules, with one difference: a sum of money drops `_cents` and is a decimal text, `cap = "60000.00"`
for `cap_cents = 6_000_000`. A time without offset is one in the zone that the call itself names.
"""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from services.calls.places import join
from services.calls.vocabulary import LANGUAGES
from services.kernel.form import Between, MalformedError

CENTS = "_cents"
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,13})(?:\.([0-9]{2}))?", re.ASCII)
_FRACTION = re.compile(r"(0|[1-9][0-9]{0,8})/([1-9][0-9]{0,8})", re.ASCII)
_SHOWN = 60
"""Enough of a value to recognise it."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A table as far as it could be read: `values` has the fields without a fault, `path` says where it is."""

    kind: type
    path: str
    values: Mapping[str, Any]

    def get(self, *names: str) -> Any:
        """The value of a field, or of a field of a field; None if it is missing or at fault."""
        value: Any = self
        for name in names:
            if not isinstance(value, Partial):
                return None
            value = value.values.get(name)
        return value

    def each(self, *names: str) -> "tuple[Partial, ...]":
        """The tables of a list that could be read."""
        return tuple(item for item in self.get(*names) or () if isinstance(item, Partial))

    def at(self, *names: str) -> str:
        """The path of a field, as written in the file."""
        path = self.path
        for name in names:
            path = join(path, name.removesuffix(CENTS))
        return path

    def build(self) -> Any:
        """The dataclass itself. Only for a table without faults."""
        return self.kind(**{name: _built(value) for name, value in self.values.items()})


@dataclass(frozen=True, slots=True)
class Key:
    """A field of a dataclass as a call file writes it."""

    name: str
    key: str
    hint: Any
    default: Any
    """`dataclasses.MISSING` where the key must be there."""


Report = Callable[[str, str, str], None]
"""Takes a fault: path, what is wrong, what is allowed."""


def read(kind: type, data: dict[str, Any], zone: ZoneInfo, report: Report) -> Partial:
    """Read a table as a dataclass, reporting every fault of form. `zone` is that of times without offset."""
    return _Reader(zone, report).members(kind, data, "")


@cache
def keys(kind: type) -> tuple[Key, ...]:
    """The keys of a dataclass, in order."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple(Key(f.name, f.name.removesuffix(CENTS), hints[f.name], f.default) for f in dataclasses.fields(kind))


def bare(hint: Any) -> Any:
    """A type without its limits and without None: `Annotated[int, …] | None` gives `int`."""
    if get_origin(hint) is Annotated:
        return bare(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return bare(next(arg for arg in get_args(hint) if arg is not type(None)))
    return hint


def limits(hint: Any) -> tuple[Any, ...]:
    """The limits that stand with a type."""
    if get_origin(hint) is Annotated:
        return get_args(hint)[1:]
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(limit for arg in get_args(hint) for limit in limits(arg))
    return ()


def euros(cents: int) -> str:
    """A sum as a call file writes it."""
    return f"{cents // 100}.{cents % 100:02d}"


class _Fault(Exception):  # noqa: N818 - it never leaves this module
    """Carries what is wrong and what is allowed from a value to its key."""


class _Reader:
    def __init__(self, zone: ZoneInfo, report: Report) -> None:
        self.zone, self.report = zone, report

    def table(self, kind: type, data: object, path: str) -> Partial | None:
        if not isinstance(data, dict):
            self.report(path, f"{_shown(data)} is no table", "a table")
            return None
        return self.members(kind, typing.cast("dict[str, object]", data), path)

    def members(self, kind: type, members: dict[str, Any], path: str) -> Partial:
        known = {key.key: key for key in keys(kind)}
        for name in members:
            if name not in known:
                self.report(join(path, name), "unknown key", _nearest(name, known))
        values: dict[str, Any] = {}
        for key in known.values():
            if key.key in members:
                value = self.value(key, members[key.key], join(path, key.key))
                if value is not None:
                    values[key.name] = value
            elif key.default is not dataclasses.MISSING:
                values[key.name] = key.default
            else:
                self.report(join(path, key.key), "missing", _meaning(key.hint))
        return Partial(kind, path, values)

    def value(self, key: Key, data: object, path: str) -> Any:
        if key.name.endswith(CENTS):
            return self.scalar(lambda: _money(data, key.hint), path)
        return self.typed(key.hint, data, path)

    def typed(self, hint: Any, data: object, path: str) -> Any:
        """A value of that type, or None after its faults were reported."""
        kind = bare(hint)
        if get_origin(kind) is tuple:
            return self.items(get_args(kind)[0], data, path)
        if get_origin(kind) is Mapping:
            return self.translations(get_args(kind)[1], data, path)
        if dataclasses.is_dataclass(kind):
            return self.table(typing.cast("type", kind), data, path)
        return self.scalar(lambda: self.limited(kind, limits(hint), data, path), path)

    def items(self, hint: Any, data: object, path: str) -> tuple[Any, ...] | None:
        """The items of a list in their places, None for one at fault."""
        if not isinstance(data, list):
            tables = dataclasses.is_dataclass(hint)
            self.report(
                path, f"{_shown(data)} is no list", f"a list of tables, each under [[{path}]]" if tables else "a list in brackets"
            )
            return None
        return tuple(self.typed(hint, item, f"{path}[{i}]") for i, item in enumerate(typing.cast("list[object]", data)))

    def translations(self, hint: Any, data: object, path: str) -> dict[str, Any] | None:
        if not isinstance(data, dict):
            self.report(path, f"{_shown(data)} is no table", "a text for each of: " + ", ".join(LANGUAGES))
            return None
        members = typing.cast("dict[str, object]", data)
        for language in members:
            if language not in LANGUAGES:
                self.report(join(path, language), "unknown language", ", ".join(LANGUAGES))
        for language in LANGUAGES:
            if language not in members:
                self.report(join(path, language), "missing", "a text in this language")
        texts = {
            language: self.typed(hint, members[language], join(path, language)) for language in LANGUAGES if language in members
        }
        return texts if all(text is not None for text in texts.values()) else None

    def scalar(self, make: Callable[[], Any], path: str) -> Any:
        try:
            return make()
        except _Fault as fault:
            self.report(path, *fault.args)
            return None

    def limited(self, kind: Any, checks: tuple[Any, ...], data: object, path: str) -> Any:
        value = self.instant(data) if kind is datetime else _SCALARS[kind](data) if kind in _SCALARS else _choice(kind, data)
        for check in checks:
            try:
                check.check(value, path)
            except MalformedError as error:
                raise _Fault(error.fault, error.allowed) from error
        return value

    def instant(self, data: object) -> datetime:
        if not isinstance(data, datetime):
            raise _Fault(f"{_shown(data)} is no time", "a date and time without quotes, such as 2021-05-11T18:00:00")
        try:
            return data.astimezone(UTC) if data.tzinfo is not None else self.local(data)
        except OverflowError as error:
            raise _Fault(f"{_shown(data)} is out of reach", "a time of our days") from error

    def local(self, data: datetime) -> datetime:
        """The moment at which clocks in the zone show that time: there must be one, and one only."""
        early, late = (data.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if early.utcoffset() != late.utcoffset():
            fault = f"{data.isoformat()} is not one moment in {self.zone.key}"
            raise _Fault(fault, "a time with its offset, such as 2021-10-31T02:30:00+02:00")
        return early.astimezone(UTC)


def _built(value: Any) -> Any:
    if isinstance(value, Partial):
        return value.build()
    if isinstance(value, tuple):
        return tuple(_built(item) for item in value)
    return value


def _text(data: object) -> str:
    if not isinstance(data, str):
        raise _Fault(f"{_shown(data)} is no text", "a text in quotes")
    return data


def _integer(data: object) -> int:
    if not isinstance(data, int) or isinstance(data, bool):
        raise _Fault(f"{_shown(data)} is no whole number", "a whole number without quotes")
    return data


def _boolean(data: object) -> bool:
    if not isinstance(data, bool):
        raise _Fault(f"{_shown(data)} is neither", "true or false")
    return data


def _date(data: object) -> date:
    if not isinstance(data, date) or isinstance(data, datetime):
        raise _Fault(f"{_shown(data)} is no date", "a date without quotes, such as 2021-07-01")
    return data


def _fraction(data: object) -> Fraction:
    match = _FRACTION.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        raise _Fault(f"{_shown(data)} is no fraction", 'a fraction in quotes, such as "1/2"')
    return Fraction(int(match[1]), int(match[2]))


_SCALARS: Mapping[Any, Callable[[object], Any]] = {
    str: _text,
    int: _integer,
    bool: _boolean,
    date: _date,
    Fraction: _fraction,
}


def _choice(kind: type[StrEnum], data: object) -> StrEnum:
    try:
        return kind(typing.cast("str", data))
    except ValueError as error:
        raise _Fault(f"{_shown(data)} is unknown", ", ".join(kind)) from error


def _money(data: object, hint: Any) -> int:
    match = _AMOUNT.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        raise _Fault(f"{_shown(data)} is no sum of money", 'a sum in quotes with a point and two decimals, such as "60000.00"')
    cents = int(match[1]) * 100 + int(match[2] or 0)
    for limit in _between(hint):
        if not limit.low <= cents <= limit.high:
            raise _Fault(_shown(data), f"{euros(limit.low)} to {euros(limit.high)}")
    return cents


def _between(hint: Any) -> Iterator[Between]:
    return (limit for limit in limits(hint) if isinstance(limit, Between))


def _nearest(name: str, known: Mapping[str, Key]) -> str:
    near = difflib.get_close_matches(name.removesuffix(CENTS), known, n=1)
    return f"did you mean {near[0]}?" if near else ", ".join(known)


def _meaning(hint: Any) -> str:
    kind = bare(hint)
    if get_origin(kind) is tuple:
        return "a list, which may be empty"
    return "a table" if dataclasses.is_dataclass(kind) or get_origin(kind) is Mapping else "a value"


def _shown(value: object) -> str:
    text = "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
    if isinstance(value, datetime | date):
        text = value.isoformat()
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
