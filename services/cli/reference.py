"""The reference pages that follow from the code: `docs/reference/{events,errors,cli}.md`.

`python -m services.cli.reference` writes them; a test holds the pages in the repository against what it would write.
"""

import ast
import dataclasses
import inspect
import sys
import tomllib
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import typer
from typer.models import ArgumentInfo, OptionInfo

from services.cli.main import app
from services.kernel.form import Between, Digest, Id, Matches, Raw, camel
from services.kernel.rules import CallRules
from services.runtime.relay import topic
from services.runtime.spec import Spec
from services.standalone.registry import SPECS

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = ROOT / "docs" / "reference"
WORDS = Path(__file__).with_name("refusals.toml")
_NAMED: tuple[tuple[Any, str], ...] = ((Id, "id"), (Digest, "SHA-256, hexadecimal"), (Raw, "object"))
_PLAIN: Mapping[Any, str] = {
    bool: "true or false",
    date: "date",
    datetime: "instant",
    Fraction: "fraction",
    int: "whole number",
    str: "text",
}

_VALUES: Mapping[Any, str] = {int: "NUMBER", str: "TEXT", Path: "PATH"}
"""What stands for an option's value where the command names nothing better."""

MARK = "<!-- Below this line: written by `python -m services.cli.reference`. -->\n"
_COMMON = frozenset({"--as", "--command-id", "--json"})
"""Options that the head of the page explains once."""


def pages() -> dict[str, str]:
    """Every page by its file name: its head as it stands in the repository, and below the mark what follows from the code."""
    made = {"events.md": events(), "errors.md": errors(), "cli.md": command_line()}
    return {name: (DIRECTORY / name).read_text("utf-8").partition(MARK)[0] + MARK + "\n" + body for name, body in made.items()}


# Events


def events() -> str:
    """Commands and events of all services."""
    return "\n".join(_service(name, spec) for name, spec in SPECS.items())


def _service(name: str, spec: Spec) -> str:
    decider = spec.decider
    rows = (f"| `{kind.__name__}` | {_roles(decider.authority[kind])} | {_doc(kind)} |" for kind in decider.commands)
    parts: dict[str, type] = {}
    told = [_fields(name, kind, parts) for kind in decider.events]
    shown: set[str] = set()
    while missing := [part for part_name, part in parts.items() if part_name not in shown]:  # a part may have parts
        shown.update(part.__name__ for part in missing)
        told += [_fields(name, part, parts) for part in missing]
    reads = ", ".join(f"`{source}`" for source in spec.sources) or "no other service"
    protos = f"../../protos/grants/{name}/v1/{name}"
    contract = f"[`{name}.proto`]({protos}.proto), [`{name}_events.proto`]({protos}_events.proto)"
    return "\n".join(
        [
            f"## {name}\n",
            f"Topic `{topic(name)}`; reads {reads}. Contract: {contract}.\n",
            "| command | by | meaning |\n| --- | --- | --- |",
            *rows,
            "",
            *told,
        ]
    )


def _roles(roles: frozenset[Any]) -> str:
    return ", ".join(sorted(role.value for role in roles))


def _fields(service: str, kind: type, parts: dict[str, type]) -> str:
    hints = typing.get_type_hints(kind, include_extras=True)
    rows = "\n".join(f"| `{camel(f.name)}` | {_type(service, f.name, hints[f.name], parts)} |" for f in dataclasses.fields(kind))
    return f"### {service}: {kind.__name__}\n\n{_doc(kind)}\n\n| member | is |\n| --- | --- |\n{rows}\n"


def _type(service: str, name: str, hint: Any, parts: dict[str, type]) -> str:
    """A member's type in words; a dataclass among it is put into `parts`, to be shown, too."""
    if get_origin(hint) in (Union, UnionType):
        inner = next(arg for arg in get_args(hint) if arg is not type(None))
        return f"{_type(service, name, inner, parts)}; may be missing"
    for known, words in _NAMED:
        if hint == known:
            return words
    limits = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    bare = get_args(hint)[0] if limits else hint
    if arguments := get_args(bare):
        how = "list" if get_origin(bare) is tuple else "object by name"
        return f"{how}: {_type(service, name, arguments[-1 if how != 'list' else 0], parts)}"
    if isinstance(bare, type) and (dataclasses.is_dataclass(bare) or issubclass(bare, StrEnum)):
        return _own(service, bare, parts)
    words = "cents" if bare is int and name.endswith("cents") else _PLAIN[bare]
    return ", ".join([words, *_limits(bare, limits)])


def _own(service: str, kind: type, parts: dict[str, type]) -> str:
    """A type of the project's own."""
    if kind is CallRules:
        return "[the rules of the call](call-file.md)"
    if dataclasses.is_dataclass(kind):
        parts[kind.__name__] = kind
        return f"[{kind.__name__}](#{service}-{kind.__name__.lower()})"
    if kind.__name__ == "RefusalCode":
        return f"one of [the codes](errors.md#{service})"
    return f"one of {', '.join(f'`{value.value}`' for value in typing.cast('type[StrEnum]', kind))}"


def _limits(kind: type, limits: Sequence[Any]) -> Iterator[str]:
    for limit in limits:
        if isinstance(limit, Matches):
            yield limit.meaning.replace("|", "\\|")
        elif isinstance(limit, Between):
            yield f"{limit.low:,} to {limit.high:,}" + (" characters" if kind is str else "")


# Errors


def errors() -> str:
    """All refusal codes with their words."""
    return "\n".join(_codes(name, code_of(spec)) for name, spec in SPECS.items())


def code_of(spec: Spec) -> type[StrEnum]:
    """The refusal codes of a service: the type of `code` in its refusal event."""
    refused = next(kind for kind in spec.decider.events if kind.__name__ == "Refused")
    found: type[StrEnum] = typing.get_type_hints(refused)["code"]
    return found


def _codes(name: str, codes: type[StrEnum]) -> str:
    rows = "\n".join(f"| `{code}` | {explanation(name, code)} |" for code in codes)
    return f"## {name}\n\n| code | meaning |\n| --- | --- |\n{rows}\n"


def explanation(service: str, code: StrEnum) -> str:
    """What a code means to whoever gets it.

    Raises:
        KeyError: if `refusals.toml` has no words for it.
    """
    words = refusal_words()
    said = words.get(service, {}).get(code.value) or words["every"][code.value]
    return f"{said} {below}" if (below := _strings_below(type(code)).get(code.name)) else said


@cache
def refusal_words() -> Mapping[str, Mapping[str, str]]:
    """`refusals.toml`: words by service and code; under `every` those that mean the same everywhere."""
    return tomllib.loads(WORDS.read_text("utf-8"))


@cache
def _strings_below(kind: type) -> Mapping[str, str]:
    """The strings that stand below the values of an enumeration in its source."""
    (body,) = (node.body for node in ast.parse(inspect.getsource(kind)).body if isinstance(node, ast.ClassDef))
    found: dict[str, str] = {}
    for value, below in pairwise(body):
        if isinstance(value, ast.Assign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found |= {target.id: _oneline(str(below.value.value)) for target in value.targets if isinstance(target, ast.Name)}
    return found


# The command line


def command_line() -> str:
    """Every command with its arguments and options."""
    return "\n".join(_command(name, function) for name, function in _commands("oproep", app))


@dataclasses.dataclass(frozen=True, slots=True)
class _Parameter:
    """A parameter of a command as a user types it: `words` is the option with its value, or the argument's name."""

    words: str
    is_argument: bool
    required: bool
    notes: str


def _commands(name: str, group: typer.Typer) -> Iterator[tuple[str, Callable[..., Any]]]:
    for info in group.registered_groups:
        if info.name and info.typer_instance:
            yield from _commands(f"{name} {info.name}", info.typer_instance)
    for command in group.registered_commands:
        function = command.callback
        assert function is not None, name  # noqa: S101 - a command without a function cannot be registered
        yield f"{name} {command.name or function.__name__.replace('_', '-')}", function


def _command(name: str, function: Callable[..., Any]) -> str:
    hints = typing.get_type_hints(function, include_extras=True)
    found = [_parameter(p, hints[p.name]) for p in inspect.signature(function).parameters.values()]
    arguments = (p.words if p.required else f"[{p.words}]" for p in found if p.is_argument)
    options = (p.words if p.required else f"[{p.words}]" for p in found if not p.is_argument)
    rows = "\n".join(f"| `{p.words}` | {p.notes} |" for p in found if p.notes and p.words.split(" ")[0] not in _COMMON)
    table = f"\n| | |\n| --- | --- |\n{rows}\n" if rows else ""
    return f"## `{name}`\n\n    {' '.join([name, *arguments, *options])}\n\n{_oneline(inspect.getdoc(function))}\n{table}"


def _parameter(parameter: inspect.Parameter, hint: Any) -> _Parameter:
    required = parameter.default is inspect.Parameter.empty
    info = next((extra for extra in get_args(hint)[1:] if isinstance(extra, ArgumentInfo | OptionInfo)), None)
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    kinds = [arg for arg in (get_args(bare) or (bare,)) if arg is not type(None)]
    is_argument = isinstance(info, ArgumentInfo) or (info is None and required)
    metavar = str(info.metavar) if info and info.metavar else None
    if is_argument:
        words = metavar or parameter.name.upper()
    else:
        # In an annotation, the first name of an option stands in the place of its default.
        first = [info.default] if info and isinstance(info.default, str) else []
        names = [*first, *(info.param_decls or () if info else ())] or [f"--{parameter.name.replace('_', '-')}"]
        words = ", ".join(names) + ("" if bare is bool else f" {metavar or _VALUES.get(kinds[0], parameter.name.upper())}")
    notes = [_oneline(info.help) if info else ""]
    notes += [f"One of {', '.join(f'`{value}`' for value in kind)}." for kind in kinds if issubclass(kind, StrEnum)]
    notes += [f"Without it `{parameter.default}`."] if _telling(parameter.default) else []
    return _Parameter(words, is_argument, required, " ".join(note for note in notes if note))


def _telling(default: object) -> bool:
    """Whether a default says something to a reader: a word or a number, not the absence of one."""
    return isinstance(default, str | int) and not isinstance(default, bool) and default != ""


def _doc(kind: type) -> str:
    return _oneline(inspect.getdoc(kind))


def _oneline(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    for page, content in pages().items():
        (DIRECTORY / page).write_text(content, "utf-8")
        sys.stdout.write(f"docs/reference/{page}\n")
