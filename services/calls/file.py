"""Loads a call file, or tells everything that is wrong with it.

A call file is TOML; `docs/reference/call-file.md` explains every key.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.calls.faults import CallFileError, Fault
from services.calls.places import Place, places
from services.calls.reading import read
from services.calls.sense import findings
from services.kernel.canonical import encode
from services.kernel.form import to_json
from services.kernel.rules import CallRules

__all__ = ["MAX_RULES_BYTES", "CallFileError", "Fault", "check", "check_text", "load"]

MAX_RULES_BYTES = 30_000
"""The most that the rules may take as JSON: an entry of a log holds them twice, in the command and in the event."""

_UNKNOWN_ZONE = ZoneInfo("UTC")
"""Stands in for a zone at fault, so that the rest of the file is still read."""
_SYNTAX = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def load(path: Path) -> CallRules:
    """The rules that a call file states.

    Raises:
        CallFileError: with every fault, if there is one.
        OSError: if the file cannot be read.
    """
    rules, faults = _read(path.read_bytes())
    if rules is None:
        raise CallFileError(path.name, faults)
    return rules


def check(path: Path) -> list[Fault]:
    """Every fault of a call file, in the order of the file; an empty list if `load` would take it.

    Raises:
        OSError: if the file cannot be read.
    """
    return list(_read(path.read_bytes())[1])


def check_text(text: str) -> list[Fault]:
    """As `check`, for a text that is no file yet."""
    return list(_read(text.encode())[1])


def _read(data: bytes) -> tuple[CallRules | None, tuple[Fault, ...]]:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        place = Place(before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        return None, (Fault(place.line, place.column, "", "no UTF-8 text", "a text file in UTF-8"),)
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, lists in thousands of lists
        return None, (_syntax(str(error), text),)
    found: list[tuple[str, str, str]] = []
    partial = read(CallRules, values, _zone(values, found), lambda path, fault, allowed: found.append((path, fault, allowed)))
    found.extend(findings(partial))
    if not found:
        rules: CallRules = partial.build()
        size = len(encode(to_json(rules)))
        if size <= MAX_RULES_BYTES:
            return rules, ()
        found.append(("", f"the rules take {size} bytes", f"at most {MAX_RULES_BYTES}"))
    where = places(text)
    return None, tuple(sorted({Fault(*_place(path, where), path, fault, allowed) for path, fault, allowed in found}))


def _zone(values: Mapping[str, Any], found: list[tuple[str, str, str]]) -> ZoneInfo:
    window = values.get("window")
    name = window.get("zone") if isinstance(window, dict) else None
    if not isinstance(name, str):
        return _UNKNOWN_ZONE  # said by the reading of the field
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):  # the last two for names that are no path, or a folder's
        found.append(("window.zone", f"{name!r} is no time zone", "a zone of the IANA list, such as Europe/Brussels"))
        return _UNKNOWN_ZONE


def _place(path: str, where: Mapping[str, Place]) -> tuple[int, int]:
    """The place of the nearest thing that is there: a missing key stands at its table, and at the top of the file without one."""
    while path and path not in where:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    place = where.get(path, Place(1, 1))
    return place.line, place.column


def _syntax(message: str, text: str) -> Fault:
    match = _SYNTAX.fullmatch(message)
    fault, line, column = match.groups() if match else (message, "1", "1")
    if line is None:
        lines = text.split("\n")
        line, column = str(len(lines)), str(len(lines[-1]) + 1)
    return Fault(int(line), int(column), "", f"no TOML: {fault}", "TOML 1.0")
