"""Commands for documents, which logs name by the SHA-256 of their content."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli import common

app = typer.Typer(no_args_is_help=True, help="Keep documents and get them back.")


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
