"""Domain values to and from their JSON form: the proto3 JSON mapping of the messages in `protos/`.

The mapping, per type of a dataclass field:

=====================  ==========================================================
`str`, `StrEnum`       string
`int`                  decimal string, as proto3 JSON writes `int64`
`bool`                 true or false
`datetime` (zoned)     RFC 3339 string in UTC, as `google.protobuf.Timestamp`
`date`                 string `YYYY-MM-DD`
`Fraction`             string `numerator/denominator`, in lowest terms
`tuple[T, ...]`        array
`Mapping[str, T]`      object
`T | None`             left out when None
dataclass              object; names in lowerCamelCase
=====================  ==========================================================

No number and no null is ever written, so two implementations cannot disagree about how one is printed.
A limit on a field is stated where the field is: `Annotated[str, Matches(...)]`, `Annotated[int, Between(1, 5)]`.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cache, lru_cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from services.kernel.limits import Between, MalformedError, Matches, fullmatch, shown

__all__ = [
    "MAX_INT64",
    "Between",
    "Digest",
    "Id",
    "Json",
    "Line",
    "MalformedError",
    "Matches",
    "Raw",
    "Text",
    "camel",
    "from_json",
    "instant",
    "parse_instant",
    "to_json",
]

T = TypeVar("T")
Json = str | bool | list["Json"] | dict[str, "Json"]

MAX_INT64 = 2**63 - 1
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}", re.ASCII)
_KEY_WORDS = "1 to 100 of A-Z a-z 0-9 . _ : -, first a letter or digit"
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)
_FRACTION = re.compile(r"(-?(?:0|[1-9][0-9]{0,999}))/([1-9][0-9]{0,999})", re.ASCII)
_MICROSECONDS = len("2021-05-11T16:00:00.123456Z")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


Id = Annotated[str, Matches(_KEY.pattern, _KEY_WORDS)]
Digest = Annotated[str, Matches(r"[0-9a-f]{64}", "a SHA-256 as 64 lower-case hexadecimal digits")]
Raw = Mapping[str, Any]
"""An object passed on as it stands, for another reader to check."""
Text = Annotated[str, Between(0, 20_000)]
Line = Annotated[str, Between(1, 500)]


def to_json(value: Any) -> dict[str, Json]:
    """Write a dataclass instance as a JSON object."""
    return typing.cast("dict[str, Json]", _writer(typing.cast("Any", type(value)))(value))


def from_json(kind: type[T], data: object, path: str = "") -> T:
    """Read a dataclass from a JSON object, refusing what is missing, unknown or out of bounds.

    Raises:
        MalformedError: naming the first field at fault as a path such as `lines[2].amountCents`.
    """
    return typing.cast("T", _reader(typing.cast("Any", kind))(data, path))


def camel(name: str) -> str:
    """`amount_cents` to `amountCents`, as protobuf derives JSON names."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


@lru_cache(maxsize=4096)  # one commit's time stands in all that it writes, a deadline in thousands of commands
def instant(value: datetime) -> str:
    """An instant as proto3 JSON prints a Timestamp: UTC, `Z`, and 0, 3 or 6 digits of fraction."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    micro = value.microsecond
    digits = "seconds" if not micro else "milliseconds" if micro % 1000 == 0 else "microseconds"
    return value.isoformat(timespec=digits).removesuffix("+00:00") + "Z"


def parse_instant(text: object, path: str) -> datetime:
    """Read an RFC 3339 instant with a zone offset.

    Raises:
        MalformedError: if it is not one.
    """
    allowed = "an RFC 3339 instant with offset, such as 2021-05-11T16:00:00Z"
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise MalformedError(path, f"{shown(text)} is no instant", allowed)
    try:
        return _instant_of(text)
    except (ValueError, OverflowError) as error:
        raise MalformedError(path, f"{shown(text)} is no instant", allowed) from error


@lru_cache(maxsize=4096)
def _instant_of(text: str) -> datetime:
    value = datetime.fromisoformat(text if len(text) <= _MICROSECONDS else re.sub(r"(\.\d{6})\d+", r"\1", text))
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _read_str(data: object, path: str) -> str:
    if not isinstance(data, str):
        raise MalformedError(path, f"{shown(data)} is no text", "a text")
    if "\0" in data:  # PostgreSQL keeps none
        raise MalformedError(path, "a NUL character", "text without it")
    if any("\ud800" <= c <= "\udfff" for c in data) if not data.isascii() else False:
        raise MalformedError(path, "half a surrogate pair", "Unicode text")
    return data


def _read_int(data: object, path: str) -> int:
    if isinstance(data, str) and _INTEGER.fullmatch(data):
        data = int(data)
    if not isinstance(data, int) or isinstance(data, bool) or abs(data) > MAX_INT64:
        raise MalformedError(
            path, f"{shown(str(data) if type(data) is int else data)} is no integer", "a whole number of at most 63 bits"
        )
    return data


def _read_bool(data: object, path: str) -> bool:
    if not isinstance(data, bool):
        raise MalformedError(path, f"{shown(data)} is neither", "true or false")
    return data


def _read_date(data: object, path: str) -> date:
    if isinstance(data, date) and not isinstance(data, datetime):
        return data
    try:
        return datetime.strptime(typing.cast("str", data), "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except (TypeError, ValueError) as error:
        raise MalformedError(path, f"{shown(data)} is no date", "a date YYYY-MM-DD") from error


def _read_fraction(data: object, path: str) -> Fraction:
    match = _FRACTION.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        raise MalformedError(path, f"{shown(data)} is no fraction", "numerator/denominator, such as 17/3")
    return Fraction(int(match[1]), int(match[2]))


_SCALARS: dict[object, tuple[Callable[[Any], Json], Callable[[object, str], Any]]] = {
    str: (lambda v: v, _read_str),
    int: (str, _read_int),
    bool: (lambda v: v, _read_bool),
    datetime: (instant, lambda d, p: d.astimezone(UTC) if isinstance(d, datetime) and d.tzinfo else parse_instant(d, p)),
    date: (lambda v: v.isoformat(), _read_date),
    Fraction: (lambda v: f"{v.numerator}/{v.denominator}", _read_fraction),
}

_IN_PLACE: dict[object, str] = {str: "{}", int: "str({})", bool: "{}"}


@cache
def _fields(kind: type) -> tuple[tuple[str, str, Any, bool], ...]:
    """(attribute, JSON name, type, may be left out) for each field of a dataclass."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple((f.name, camel(f.name), hints[f.name], _is_optional(hints[f.name])) for f in dataclasses.fields(kind))


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def _bare(hint: Any) -> Any:
    """A type without its limits, and without None."""
    if _is_optional(hint):
        return _bare(_inner(hint))
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _inner(hint: Any) -> Any:
    return next(arg for arg in get_args(hint) if arg is not type(None))


@cache
def _writer(hint: Any) -> Callable[[Any], Json]:  # noqa: PLR0911 - one return a kind of type
    if get_origin(hint) is Annotated:
        return _writer(get_args(hint)[0])
    if _is_optional(hint):
        return _writer(_inner(hint))
    if hint in _SCALARS:
        return _SCALARS[hint][0]
    origin = get_origin(hint)
    if origin is tuple:
        item = _writer(get_args(hint)[0])
        return lambda v: [item(x) for x in v]
    if origin is Mapping:
        if get_args(hint)[1] is Any:
            return dict
        item = _writer(get_args(hint)[1])
        return lambda v: {k: item(x) for k, x in v.items()}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return lambda v: v.value
    return _record_writer(hint)


def _record_writer(kind: type) -> Callable[[Any], Json]:
    """Writes records of one kind. Made as a text and compiled once, as `dataclasses` makes `__init__`: it is done most of all."""
    scope: dict[str, Any] = {}
    lines = ["def write(v):", " said = {}"]
    for name, key, hint, optional in _fields(kind):
        scope[f"write_{name}"] = _writer(hint)
        written = _IN_PLACE.get(_bare(hint), f"write_{name}({{}})").format(f"v.{name}")
        lines.append(f" {f'if v.{name} is not None: ' if optional else ''}said[{key!r}] = {written}")
    lines.append(" return said")
    exec("\n".join(lines), scope)  # noqa: S102 - of names of fields only, which are identifiers
    return typing.cast("Callable[[Any], Json]", scope["write"])


@cache
def _reader(hint: Any) -> Callable[[object, str], Any]:  # noqa: C901, PLR0911 - one branch a kind of type; split it would read worse
    origin = get_origin(hint)
    if origin is Annotated:
        base, *checks = get_args(hint)
        read_base, held = _reader(base), [check.check for check in checks]
        if base is str:
            return _text_reader(checks, read_base)

        def read_checked(data: object, path: str) -> Any:
            value = read_base(data, path)
            for check in held:
                check(value, path)
            return value

        return read_checked
    if _is_optional(hint):
        return _reader(_inner(hint))
    if hint in _SCALARS:
        return _SCALARS[hint][1]
    if origin is tuple:
        read_item = _reader(get_args(hint)[0])

        def read_list(data: object, path: str) -> Any:
            if not isinstance(data, list | tuple):
                raise MalformedError(path, f"{shown(data)} is no list", "a list")
            items = typing.cast("Sequence[object]", data)
            try:
                return tuple([read_item(x, "") for x in items])
            except MalformedError:  # once more, for the name of the item at fault
                return tuple(read_item(x, f"{path}[{i}]") for i, x in enumerate(items))

        return read_list
    if origin is Mapping:
        if get_args(hint)[1] is Any:
            return _members
        read_value = _reader(get_args(hint)[1])

        def read_map(data: object, path: str) -> Any:
            members = _members(data, path)
            for name in members:
                if not _KEY.fullmatch(name):
                    raise MalformedError(path, f"the name {shown(name)} does not fit", _KEY_WORDS)
            return {k: read_value(v, f"{path}.{k}" if path else k) for k, v in members.items()}

        return read_map
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        choices = {choice.value: choice for choice in hint}

        def read_choice(data: object, path: str) -> Any:
            if isinstance(data, str) and data in choices:
                return choices[data]
            raise MalformedError(path, f"{shown(data)} is unknown", ", ".join(choices))

        return read_choice
    return _record_reader(hint)


def _text_reader(checks: Sequence[Any], read_str: Callable[[object, str], str]) -> Callable[[object, str], str]:
    """Most fields are texts: a plain one that fits is read in one step, any other takes the long way to its fault."""
    pattern = next((check.pattern for check in checks if isinstance(check, Matches)), "(?s:.*)")
    low, high = next(((check.low, check.high) for check in checks if isinstance(check, Between)), (0, MAX_INT64))
    fits = fullmatch(pattern)

    def read_any(data: object, path: str) -> str:
        value = read_str(data, path)
        for check in checks:
            check.check(value, path)
        return value

    def read_matching(data: object, path: str) -> str:
        if isinstance(data, str) and fits(data) and data.isascii() and "\0" not in data:
            return data
        return read_any(data, path)

    def read_short(data: object, path: str) -> str:
        if isinstance(data, str) and low <= len(data) <= high and data.isascii() and "\0" not in data:
            return data
        return read_any(data, path)

    match [type(check) for check in checks]:
        case [kind] if kind is Matches:
            return read_matching
        case [kind] if kind is Between:
            return read_short
        case _:
            return read_any


def _members(data: Any, path: str) -> dict[str, object]:
    if not isinstance(data, dict):
        raise MalformedError(path, f"{shown(data)} is no object", "an object")
    return data  # pyright: ignore[reportUnknownVariableType]  # of texts and what else JSON has


def _record_reader(kind: type) -> Callable[[object, str], Any]:
    """Reads records of one kind. What is in order is read straight through; anything else goes the long way to its fault."""
    plan = [(name, key, _reader(t), optional) for name, key, t, optional in _fields(kind)]
    known = frozenset([*(key for _, key, _, _ in plan), "type"])
    defaults = {
        f.name: f.default if f.default is not dataclasses.MISSING else typing.cast("Callable[[], Any]", f.default_factory)()
        for f in dataclasses.fields(kind)
        if f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING
    }
    defaults = {name: None for name, _, _, optional in plan if optional} | defaults

    def read_slowly(data: object, path: str) -> Any:
        members = _members(data, path)
        here = f"{path}." if path else ""
        if not known.issuperset(members):
            name = next(name for name in members if name not in known)
            raise MalformedError(here + name, "unknown field", ", ".join(sorted(known - {"type"})))
        values: dict[str, Any] = {}
        for name, key, reader, _ in plan:
            if key in members:
                values[name] = reader(members[key], here + key)
            elif name in defaults:
                values[name] = defaults[name]
            else:
                raise MalformedError(here + key, "missing", "a value")
        return kind(**values)

    scope: dict[str, Any] = {"kind": kind, "known": known, "defaults": defaults}
    arguments: list[str] = []
    for name, key, reader, _ in plan:
        scope[f"read_{name}"] = reader
        value = f"read_{name}(data[{key!r}], '')"
        arguments.append(f"{name}={value} if {key!r} in data else defaults[{name!r}]" if name in defaults else f"{name}={value}")
    lines = [
        "def read(data):",
        " if type(data) is not dict or not known.issuperset(data): raise TypeError",
        f" return kind({', '.join(arguments)})",
    ]
    exec("\n".join(lines), scope)  # noqa: S102 - of names of fields only, which are identifiers
    read_straight: Callable[[object], Any] = scope["read"]

    def read(data: object, path: str) -> Any:
        try:
            return read_straight(data)
        except (MalformedError, KeyError, TypeError):
            return read_slowly(data, path)

    return read
