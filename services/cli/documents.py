"""Commands for documents, which logs name by the SHA-256 of their content."""

import re
from pathlib import Path
from typing import Annotated

import typer

from services.cli import common
from services.runtime.documents import Documents

app = typer.Typer(no_args_is_help=True, help="Keep documents and get them back.")
_NAME = re.compile(r"[0-9a-f]{64}")
_DESTROYED = ".destroyed"


@app.command()
def put(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The document.")],
    who: common.As = common.NOBODY,
    as_json: common.AsJson = False,
) -> None:
    """Keep a document and print its name, to be used in a form or a report."""
    with common.calling("intake", who) as client:
        name = client.upload(file.read_bytes())
    common.print_json({"document": name}) if as_json else typer.echo(name)


@app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The document's name: 64 hexadecimal digits.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="Where to write it.")],
    who: common.As = common.NOBODY,
) -> None:
    """Write a document to a file."""
    with common.calling("intake", who) as client:
        file.write_bytes(client.download(name))


@app.command()
def copy(
    to: Annotated[Path, typer.Argument(metavar="DIR", help="A new directory.")],
    as_json: common.AsJson = False,
) -> None:
    """Copy all documents to a new directory, each under a new key, also those that version 0.1 kept as they came.

    To be given where the documents are, while the services stand still. Name the copy as OPROEP_DOCUMENTS, then remove the old one.
    """
    source = common.settings().documents
    if not source.is_dir():
        common.fail(f"OPROEP_DOCUMENTS: {source} is no directory")
    if to.exists():
        common.fail(f"DIR: {to} is there already; allowed: a new directory", 2)
    old, new = Documents(source), Documents(to)
    files = sorted(file for file in source.glob("??/*") if _NAME.fullmatch(file.stem))
    copied = destroyed = 0
    for file in files:
        if file.suffix == _DESTROYED:
            new.destroy(file.stem)  # its name stays taken
            destroyed += 1
        elif not file.suffix and (content := _content(old, file.name)) is not None:
            new.put(content)
            copied += 1
    if as_json:
        common.print_json({"directory": str(to), "copied": copied, "destroyed": destroyed})
        return
    common.console.print(f"{copied} documents in {to}, and the names of {destroyed} that were destroyed", markup=False)


def _content(documents: Documents, name: str) -> bytes | None:
    try:
        return documents.get(name)
    except ValueError as error:
        common.fail(str(error))
