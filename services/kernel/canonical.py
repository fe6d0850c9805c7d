"""One value, one set of bytes: canonical JSON after RFC 8785, and its leaf hash after RFC 6962.

Entries hold strings, booleans, arrays and objects only (see `form`), and member names are ASCII. For that subset the
compact, key-sorted output of the standard library and of `orjson` is byte-equal to RFC 8785; a property test holds both
against an independent implementation. `orjson` is five times faster, and an auditor can do without it.
"""

import hashlib
import json
from types import ModuleType
from typing import Any, NoReturn, cast

from services.kernel.form import Json, MalformedError

orjson: ModuleType | None
try:
    import orjson
except ImportError:  # an auditor's machine may have Python only
    orjson = None

MAX_ENTRY_BYTES = 65_535
"""The longest entry: the largest length that a uint16 prefix of a C2SP tlog-tiles entry bundle can state."""
MAX_COMMAND_BYTES = 56_000
"""The longest command: an entry must hold it, together with at least its refusal."""

_SORTED = 0 if orjson is None else orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_written = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def encode(value: Json) -> bytes:
    """Write `value` canonically."""
    if orjson is not None:
        try:
            return cast("bytes", orjson.dumps(value, option=_SORTED))
        except TypeError:  # half a surrogate pair, or too deep for it: the standard library says which, or can
            pass
    return _written(value).encode()


def decode(data: bytes) -> dict[str, Any]:
    """Read a canonical JSON object.

    Raises:
        MalformedError: if it is not UTF-8 JSON, has a duplicate name, one outside ASCII, a number, a null, or is not
            in canonical form.
    """
    value = _plainly(data)
    return _closely(data) if value is None else value


def _plainly(data: bytes) -> dict[str, Any] | None:
    """The object, if it is plain that it is in order; None if that takes a closer look."""
    if orjson is None or not _of_texts(data):
        return None
    try:
        value = orjson.loads(data)
        if not isinstance(value, dict) or orjson.dumps(value, option=_SORTED) != data:
            return None
    except (ValueError, TypeError):
        return None
    if not data.isascii():
        _check(value)
    return cast("dict[str, Any]", value)


def _of_texts(data: bytes) -> bool:
    """Whether JSON has no number and no null: outside its texts stand only brackets, commas, colons, true and false."""
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    words = b"".join(data.split(b'"')[::2]).translate(None, b"{}[]:,")
    return not words or not words.replace(b"true", b"").replace(b"false", b"")


def _closely(data: bytes) -> dict[str, Any]:
    try:
        value = _read(data.decode())
        if b"null" in data or not data.isascii():
            _check(value)
        same = _written(value).encode() == data
        if not same:
            _read_unique(data.decode())  # a name that occurs twice is why, if there is one
    except UnicodeEncodeError as error:
        raise MalformedError("", "half a surrogate pair", "Unicode text") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise MalformedError("", f"no JSON ({error.__class__.__name__})", "canonical JSON in UTF-8") from error
    if not isinstance(value, dict):
        raise MalformedError("", "no object", "a JSON object")
    if not same:
        raise MalformedError("", "not in canonical form", "RFC 8785 canonical JSON")
    return cast("dict[str, Any]", value)


def leaf(data: bytes) -> str:
    """The RFC 6962 leaf hash, SHA-256 of 0x00 and the data, in lower-case hexadecimal."""
    return hashlib.sha256(b"\x00" + data).hexdigest()


def digest(data: bytes) -> str:
    """SHA-256 of the data in lower-case hexadecimal: how a document is named."""
    return hashlib.sha256(data).hexdigest()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedError("", "a name occurs twice in one object", "each name once")
    return members


def _check(value: Any) -> None:
    """Refuse null, and names whose order by code point is not that of RFC 8785."""
    if value is None:
        raise MalformedError("", "a null", "a member left out")
    if isinstance(value, dict):
        for name, member in cast("dict[str, Any]", value).items():
            if not name.isascii():
                raise MalformedError("", "a name outside ASCII", "names in ASCII")
            _check(member)
    elif isinstance(value, list):
        for item in value:
            _check(item)


def _no_number(text: str) -> NoReturn:
    raise MalformedError("", f"a bare number {text[:20]}", "numbers are written as strings")


_read = json.JSONDecoder(parse_int=_no_number, parse_float=_no_number, parse_constant=_no_number).decode
_read_unique = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_no_number, parse_float=_no_number, parse_constant=_no_number
).decode
