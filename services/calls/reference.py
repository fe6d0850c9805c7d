"""The reference page of the call file, made from the dataclasses of the rules: `docs/reference/call-file.md`.

`python -m services.calls.reference` prints it; a test holds the page in the repository against it.
"""

import ast
import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any, get_args, get_origin

from services.calls.explained import EXPLAINED
from services.calls.file import MAX_RULES_BYTES
from services.calls.places import join
from services.calls.reading import CENTS, Key, bare, euros, keys, limits
from services.calls.sense import CHECKS
from services.calls.vocabulary import DATA_CLASSES, LANGUAGES, PUBLISHED
from services.kernel import rules
from services.kernel.form import Between, Matches
from services.kernel.rules import CallRules

_INTRODUCTION = f"""# The call file

A call file states all rules of one call, in [TOML 1.0](https://toml.io/en/v1.0.0) and UTF-8. Examples are in `calls/`.
Every key must be there unless the tables below give a value that holds without it; no other key may be.
A file with a fault is not taken, and every fault is named with its line.

- A sum of money is a text in quotes with a point and two decimals, `cap = "60000.00"`. It is read without rounding.
- A time is written without quotes. With an offset (`2021-04-16T12:00:00+02:00`) it is that moment; without one it is a time in the
  zone of the call, and must then be one moment: not in an hour that the clock skips or shows twice.
- A text for people is written in {" and ".join(LANGUAGES)}: `title.nl = "…"` and `title.en = "…"`.
- A fraction is a text such as `"1/2"`.
- The rules as JSON take at most {MAX_RULES_BYTES:,} bytes.
"""

_WORDS: Mapping[Any, str] = {
    bool: "true or false",
    date: "date, such as 2021-07-01",
    datetime: "time",
    Fraction: "fraction",
}

_GROUPED_FROM = 10_000
"""Below it a number may be a year."""


def reference() -> str:
    """The page in Markdown."""
    sections = [_INTRODUCTION, *(_section(kind, path, is_list=is_list) for kind, path, is_list in tables(CallRules, ""))]
    fits = "\n".join(f"- {inspect.getdoc(check)}" for check in CHECKS)
    sections.append(f"## What must fit together\n\n{fits}\n")
    sections.append(
        f"## Known names\n\n- Classes of data: {_codes(DATA_CLASSES)}.\n- What may be published: {_codes(PUBLISHED)}.\n"
    )
    return "\n".join(sections)


def tables(kind: type, path: str, *, is_list: bool = False) -> Iterator[tuple[type, str, bool]]:
    """Every table of the file: its dataclass, its path, and whether it is one of a list."""
    yield kind, path, is_list
    for key in keys(kind):
        inner = bare(key.hint)
        element = bare(get_args(inner)[0]) if get_origin(inner) is tuple else inner
        if dataclasses.is_dataclass(element) and isinstance(element, type):
            yield from tables(element, join(path, key.key), is_list=element is not inner)


def _section(kind: type, path: str, *, is_list: bool) -> str:
    title = f"`[[{path}]]`" if is_list else f"`[{path}]`" if path else "The top of the file"
    rows = "\n".join(_row(kind, key, path) for key in keys(kind))
    return f"## {title}\n\n{_summary(kind)}\n\n| key | what it is | meaning |\n| --- | --- | --- |\n{rows}\n"


def _summary(kind: type) -> str:
    """The docstring of a dataclass, with names as a call file writes them."""
    text = _oneline(inspect.getdoc(kind))
    for key in keys(kind):
        text = text.replace(f"`{key.name}`", f"`{key.key}`")
    return re.sub(r"`[A-Za-z]+\.([A-Z_]+)`", lambda match: f"`{match[1].lower()}`", text)


def _row(kind: type, key: Key, path: str) -> str:
    default = "" if key.default is dataclasses.MISSING else f"; without it {_default(key.default)}"
    return f"| `{key.key}` | {_what(key, path)}{default} | {explanation(kind, key.name)} |"


def _default(value: object) -> str:
    return "none" if value in (None, ()) else str(value)


def _what(key: Key, path: str) -> str:
    if key.name.endswith(CENTS):
        low, high = next((limit.low, limit.high) for limit in limits(key.hint) if isinstance(limit, Between))
        return f"sum of money, {euros(low)} to {euros(high)}"
    return _type(key.hint, join(path, key.key))


def _type(hint: Any, path: str) -> str:
    kind = bare(hint)
    if get_origin(kind) is tuple:
        element = get_args(kind)[0]
        return f"list of tables `[[{path}]]`" if dataclasses.is_dataclass(bare(element)) else f"list, each a {_type(element, path)}"
    if get_origin(kind) is Mapping or get_origin(kind) is dict:
        return f"{_type(get_args(kind)[1], path)}, in {' and '.join(LANGUAGES)}"
    if dataclasses.is_dataclass(kind):
        return f"table `[{path}]`"
    if issubclass(kind, StrEnum):
        return f"one of {_codes(kind)}"
    return ", ".join([_WORDS.get(kind, "text" if kind is str else "whole number"), *_limits(kind, limits(hint))])


def _limits(kind: type, found: tuple[Any, ...]) -> Iterator[str]:
    for limit in found:
        if isinstance(limit, Matches):
            yield limit.meaning
        elif isinstance(limit, Between):
            yield f"{_number(limit.low)} to {_number(limit.high)}" + (" characters" if kind is str else "")


def _number(number: int) -> str:
    return f"{number:,}" if number >= _GROUPED_FROM else str(number)


def _codes(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def explanation(kind: type, name: str) -> str:
    """What a field means: its docstring, else the words of `explained`, with the values of a choice that explain themselves.

    Raises:
        KeyError: if neither says anything.
    """
    own = docstrings().get((kind.__name__, name)) or EXPLAINED[kind.__name__, name]
    hint = bare(next(key.hint for key in keys(kind) if key.name == name))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        said = [f"`{value}`: {doc}" for value in hint if (doc := docstrings().get((hint.__name__, value.name)))]
        return " ".join([own, *said])
    return own


@cache
def docstrings() -> Mapping[tuple[str, str], str]:
    """The strings that stand below fields and values in the source of the rules."""
    found: dict[tuple[str, str], str] = {}
    for node in ast.parse(inspect.getsource(rules)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, below in zip(node.body, node.body[1:], strict=False):
            name = _target(field)
            if name and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                found[node.name, name] = _oneline(str(below.value.value))
    return found


def _target(node: ast.stmt) -> str | None:
    """The name that a statement of a class body gives a value or a type."""
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else None


def _oneline(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    sys.stdout.write(reference())
