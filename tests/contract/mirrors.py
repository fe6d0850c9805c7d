"""Whether a protobuf message mirrors a dataclass: the same fields, of the kinds that the JSON mapping of `form` gives them."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any, Union, get_args, get_origin

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from services.kernel.form import camel

_KINDS = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_BOOL: "bool",
}
_TIMESTAMP = "google.protobuf.Timestamp"
_SCALARS: dict[object, str] = {str: "string", int: "int64", bool: "bool", date: "string", Fraction: "string", datetime: _TIMESTAMP}


def faults(kind: type, message: Descriptor) -> list[str]:
    """Where the two differ, in words; a nested dataclass must stand beside, under its own name."""
    wanted = dict(_fields(kind))
    found = {field.name: field for field in message.fields}
    told = [f"{kind.__name__}.{name}: only in the dataclass" for name in wanted.keys() - found.keys()]
    told += [f"{kind.__name__}.{name}: only in the message" for name in found.keys() - wanted.keys()]
    told += [f"message of {kind.__name__} is called {message.name}"] if message.name != kind.__name__ else []
    for name in sorted(wanted.keys() & found.keys()):
        field, hint = found[name], wanted[name]
        if field.json_name != camel(name):
            told.append(f"{kind.__name__}.{name}: is {field.json_name} in JSON")
        if (theirs := _kind_of(field)) != (ours := _kind(hint)):
            told.append(f"{kind.__name__}.{name}: {ours} in the dataclass, {theirs} in the message")
            continue
        nested, inner = _nested(hint), _message_of(field)
        if nested is not None and inner is not None:
            told += faults(nested, inner)
    return sorted(told)


def nested(kind: type) -> Iterator[type]:
    """The dataclass and all those inside it."""
    yield kind
    for _, hint in _fields(kind):
        if (inner := _nested(hint)) is not None:
            yield from nested(inner)


def _fields(kind: type) -> Iterator[tuple[str, Any]]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return ((field.name, hints[field.name]) for field in dataclasses.fields(kind))


def _kind(hint: Any) -> str:
    """What a field must be on the wire, in the words of a proto file."""
    if get_origin(hint) is Annotated:
        return _kind(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        inner = _kind(_inner(hint))
        return inner if inner[0].isupper() or inner == _TIMESTAMP else f"optional {inner}"
    if get_origin(hint) is tuple:
        return f"repeated {_kind(_inner(hint))}"
    if get_origin(hint) is Mapping:
        return f"map<string, {_kind(get_args(hint)[1])}>"
    if hint in _SCALARS:
        return _SCALARS[hint]
    return "string" if issubclass(hint, StrEnum) else str(hint.__name__)


def _kind_of(field: FieldDescriptor) -> str:
    """What a field is, in the same words."""
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        return f"map<{_kind_of(inner.fields_by_name['key'])}, {_kind_of(inner.fields_by_name['value'])}>"
    name = _KINDS.get(field.type, f"type {field.type}") if inner is None else _name(inner)
    if field.is_repeated:
        return f"repeated {name}"
    return f"optional {name}" if inner is None and field.has_presence else name


def _name(message: Descriptor) -> str:
    return message.full_name if message.full_name == _TIMESTAMP else message.name


def _message_of(field: FieldDescriptor) -> Descriptor | None:
    inner = field.message_type
    return inner.fields_by_name["value"].message_type if inner is not None and inner.GetOptions().map_entry else inner


def _nested(hint: Any) -> type | None:
    """The dataclass that a field holds, alone or many of it."""
    if dataclasses.is_dataclass(hint):
        return typing.cast("type", hint)
    if get_origin(hint) is Mapping:
        return _nested(get_args(hint)[1])
    return None if get_origin(hint) is None else _nested(_inner(hint))


def _inner(hint: Any) -> Any:
    return next(arg for arg in get_args(hint) if arg is not type(None))
