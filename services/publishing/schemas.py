"""The public events as JSON Schema (draft 7), made from their dataclasses: for AsyncAPI, OpenAPI and whoever checks what arrives.

A schema says what a reader may rely on within v1. It is open: members are added, so none is forbidden; a code may be one that is
not known yet, so codes are told by form and the known ones as examples.
"""

import dataclasses
import inspect
import re
import typing
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from services.kernel.form import Between, Matches, camel
from services.publishing import events

Schema = dict[str, Any]
PREFIX = "#/components/schemas/"
_CODE = "^[a-z][a-z0-9_]{0,59}$"
_WHOLE = "^-?(0|[1-9][0-9]{0,18})$"
_PLAIN: Mapping[type, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time", "pattern": "Z$", "description": "An instant in UTC."},
    date: {"type": "string", "format": "date"},
    Fraction: {"type": "string", "pattern": "^(0|[1-9][0-9]*)/[1-9][0-9]*$", "description": "A fraction in lowest terms."},
}


def schemas() -> dict[str, Schema]:
    """The schema of each public event and of what they are made of, by name; they refer to each other under `PREFIX`."""
    found: dict[str, Schema] = {}
    for name in events.PUBLIC:
        _object(getattr(events, name), found)
    return dict(sorted(found.items()))


def _object(kind: Any, found: dict[str, Schema]) -> Schema:
    """A reference to the schema of a dataclass, which is put into `found`."""
    if kind.__name__ not in found:
        found[kind.__name__] = {}
        hints = typing.get_type_hints(kind, include_extras=True)
        fields = dataclasses.fields(kind)
        found[kind.__name__] = {
            "type": "object",
            "description": _words(kind),
            "required": [camel(field.name) for field in fields if not _may_be_missing(hints[field.name])],
            "properties": {camel(field.name): _schema(hints[field.name], field.name, found) for field in fields},
        }
    return {"$ref": PREFIX + kind.__name__}


def _words(kind: Any) -> str:
    """What the dataclass says of itself, with members named as JSON has them."""
    return re.sub("`([a-z_]+)`", lambda match: f"`{camel(match[1])}`", " ".join((inspect.getdoc(kind) or "").split()))


def _may_be_missing(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType)


def _schema(hint: Any, name: str, found: dict[str, Schema]) -> Schema:
    if _may_be_missing(hint):
        return _schema(next(arg for arg in get_args(hint) if arg is not type(None)), name, found)
    limits = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    bare = get_args(hint)[0] if limits else hint
    if arguments := get_args(bare):
        inner = _schema(arguments[0] if get_origin(bare) is tuple else arguments[-1], name, found)
        shape: Schema = {"type": "array", "items": inner}
        if get_origin(bare) is not tuple:
            shape = {"type": "object", "additionalProperties": inner, "description": "Words by language, such as nl and en."}
        return shape
    if dataclasses.is_dataclass(bare):
        return _object(bare, found)
    if bare is int:
        return _whole(name, limits)
    if issubclass(bare, StrEnum):
        return {"type": "string", "pattern": _CODE, "examples": [value.value for value in bare]}
    return _limited(dict(_PLAIN[bare]), limits)


def _whole(name: str, limits: tuple[Any, ...]) -> Schema:
    """A whole number, written as decimal text so that no reader rounds it."""
    low = next((limit.low for limit in limits if isinstance(limit, Between)), -1)
    words = "Cents, as decimal text." if name.endswith("_cents") else "A whole number, as decimal text."
    return {"type": "string", "pattern": _WHOLE if low < 0 else _WHOLE.replace("-?", ""), "description": words}


def _limited(schema: Schema, limits: tuple[Any, ...]) -> Schema:
    for limit in limits:
        if isinstance(limit, Matches):
            schema |= {"pattern": f"^(?:{limit.pattern})$", "description": f"{limit.meaning[:1].upper()}{limit.meaning[1:]}."}
        elif isinstance(limit, Between):
            schema |= {"minLength": limit.low, "maxLength": limit.high}
    return schema
