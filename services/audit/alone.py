"""The desk as one file that any Python runs: the modules that it needs of this program, and nothing that was installed.

They are stored as they stand, in the order of their names and without a date: one version of the program, one file.
"""

import ast
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import services

NAME = "audit.pyz"
_MAIN = "services.audit.__main__"
_START = f"import sys\nfrom {_MAIN} import main\nsys.exit(main())\n"
_ROOT = Path(services.__file__).parents[1]


@cache
def build() -> bytes:
    """The file's content."""
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        archive.writestr(ZipInfo("__main__.py"), _START)
        for file in sorted(_needed()):
            archive.writestr(ZipInfo(file.relative_to(_ROOT).as_posix()), file.read_bytes())
    return content.getvalue()


def _needed() -> set[Path]:
    """The files of all modules of this program that the desk imports, and of the packages that they lie in."""
    found, waiting = set[Path](), [_MAIN]
    while waiting:
        name = waiting.pop()
        file = _file(name)
        if file is not None and file not in found:
            found.add(file)
            waiting += [name.rpartition(".")[0], *_imported(ast.parse(file.read_bytes()))]
    return found


def _imported(module: ast.Module) -> Iterator[str]:
    """What it imports; of `from a import b` both `a` and `a.b`, as `b` may be a module."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _file(name: str) -> Path | None:
    """The file of a module of this program."""
    if not name.startswith("services"):
        return None
    place = _ROOT.joinpath(*name.split("."))
    return next((file for file in (place / "__init__.py", place.with_name(f"{place.name}.py")) if file.is_file()), None)
