"""Messages from and to the JSON form of `form`, which is that of proto3; compiled once a type, as it is done for each command.

A message has strings, `int64`, booleans, instants, messages, lists and maps of them, and nothing else.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from services.kernel.form import Json, MalformedError, instant, parse_instant

_TIMESTAMP = "google.protobuf.Timestamp"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def body(message: Message) -> dict[str, Json]:
    """A message as a JSON object; what has presence is left out when it is not there, all else is written.

    Raises:
        MalformedError: if an instant in it has no JSON form, such as one after the year 9999.
    """
    return _ways_of(message.DESCRIPTOR)[0](message)


def members(kind: Descriptor, value: Mapping[str, Any]) -> dict[str, Any]:
    """What to construct a message of that kind from, given its JSON object; names unknown to the message are passed over."""
    return _ways_of(kind)[1](value)


_Way = Callable[[Any], Any]


@cache
def _ways_of(kind: Descriptor) -> tuple[Callable[[Message], dict[str, Json]], Callable[[Mapping[str, Any]], dict[str, Any]]]:
    """To JSON and from it. Both are made as a text and compiled once, as `dataclasses` makes `__init__`."""
    scope: dict[str, Any] = {}
    write, read = ["def write(message):", " said = {}"], ["def read(value):", " said = {}"]
    for name, key, field in ((field.name, field.json_name, field) for field in kind.fields):
        scope[f"write_{name}"], scope[f"read_{name}"] = _ways(field)
        plain = scope[f"write_{name}"] is _as_it_is
        written = f"message.{name}" if plain else f"write_{name}(message.{name})"
        taken = f"value[{key!r}]" if plain else f"read_{name}(value[{key!r}])"
        write.append(f" {f'if message.HasField({name!r}): ' if field.has_presence else ''}said[{key!r}] = {written}")
        read.append(f" if {key!r} in value: said[{name!r}] = {taken}")
    lines = [*write, " return said", *read, " return said"]
    exec("\n".join(lines), scope)  # noqa: S102 - of names of fields only, which are identifiers
    return scope["write"], scope["read"]


def _ways(field: FieldDescriptor) -> tuple[_Way, _Way]:
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        write, read = _single(inner.fields_by_name["value"])
        return lambda v: {k: write(x) for k, x in v.items()}, lambda v: {k: read(x) for k, x in v.items()}
    write, read = _single(field)
    if field.is_repeated:
        return lambda v: [write(x) for x in v], lambda v: [read(x) for x in v]
    return write, read


def _single(field: FieldDescriptor) -> tuple[_Way, _Way]:
    inner = field.message_type
    if inner is not None and inner.full_name == _TIMESTAMP:
        return lambda v: _instant(v, field.json_name), lambda v: timestamp(parse_instant(v, field.json_name))
    if inner is not None:
        return body, lambda v: members(inner, v)
    if field.type == FieldDescriptor.TYPE_INT64:
        return str, int
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BOOL):
        return _as_it_is, _as_it_is
    raise TypeError(f"{field.full_name}: no field of a contract has type {field.type}")


def _as_it_is(value: Any) -> Any:
    return value


def _instant(value: Any, field: str) -> str:
    try:
        return instant(datetime.fromtimestamp(value.seconds, UTC).replace(microsecond=value.nanos // 1000))
    except (ValueError, OverflowError) as error:
        raise MalformedError(field, str(error), "an instant of the years 1 to 9999") from error


def timestamp(value: datetime) -> dict[str, int]:
    """What to construct a Timestamp from: the class itself is slow at it."""
    seconds, rest = divmod(value - _EPOCH, _SECOND)
    return {"seconds": seconds, "nanos": rest.microseconds * 1000}
