"""Commands for the vault: who stands behind an id, how to reach them, and forgetting it. No log ever sees any of this."""

import re
from typing import Annotated

import typer

from services.cli import common, custody
from services.cli.calls import Language
from services.kernel.form import MalformedError, to_json
from services.runtime.vault import Contact, parts

app = typer.Typer(no_args_is_help=True, help="Keep, show and forget contacts in the vault of this machine.")

_MAX_LINE_BYTES = 200
"""Sealed, with ids of usual length, it still fits a line of 500 characters."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Subject = Annotated[str, typer.Argument(metavar="ID", help="The id that logs have, such as an enterprise number.")]


@app.command()
def put(
    subject: Subject,
    name: Annotated[str, typer.Option(help="How they are addressed.")],
    mail: Annotated[str, typer.Option(help="Where mails go.")],
    language: Annotated[Language, typer.Option("--language", "-l", help="In which language they are written to.")] = Language.NL,
    iban: Annotated[str | None, typer.Option(help="Where money goes.")] = None,
) -> None:
    """Keep a contact, in the place of the one before."""
    try:
        custody.vault().put(subject, Contact(name=name, mail=mail, language=language.value, iban=iban))
    except MalformedError as error:
        common.fail(str(error), 2)
    common.console.print(f"{subject}: kept", style="green", markup=False)


@app.command()
def show(subject: Subject, as_json: common.AsJson = False) -> None:
    """Show a contact, once the logs say that it may be. Exit code 1 if there is none."""
    try:
        contact = custody.obeying(subject).get(subject)
    except MalformedError as error:
        common.fail(str(error))
    if contact is None:
        common.fail(f"{subject}: no contact")
    members = to_json(contact)
    if as_json:
        common.print_json(members)
    else:
        common.console.print("\n".join(f"{name:9} {value}" for name, value in members.items()), markup=False)


@app.command()
def forget(subject: Subject) -> None:
    """Delete a contact, if there is one. A restored copy of the vault would bring it back; `oproep erase` is for good."""
    custody.vault().delete(subject)
    common.console.print(f"{subject}: forgotten", markup=False)


@app.command()
def seal(
    subject: Subject,
    group: Annotated[str, typer.Argument(metavar="GROUP", help="APPLICATION.CLASS, to end with the file's term of that class.")],
    as_json: common.AsJson = False,
) -> None:
    """Seal a line from standard input, so that a log may carry it: without the subject's key of that group nobody reads it."""
    text = typer.get_binary_stream("stdin").read().strip()
    if not 0 < len(text) <= _MAX_LINE_BYTES:
        common.fail(f"standard input: {len(text)} bytes; allowed: 1 to {_MAX_LINE_BYTES}", 2)
    if not (_ID.fullmatch(subject) and _ID.fullmatch(group)):
        common.fail(f"SUBJECT, GROUP: {subject!r}, {group!r}; allowed: ids, such as person-1", 2)
    sealed = custody.obeying(subject).seal(subject, group, text)
    common.print_json({"sealed": sealed}) if as_json else typer.echo(sealed)


@app.command()
def unseal(
    sealed: Annotated[str, typer.Argument(metavar="SEALED", help="What `contact seal` has printed.")],
    as_json: common.AsJson = False,
) -> None:
    """Read a sealed line, once the logs say that it may be. Exit code 1 if its key is gone."""
    try:
        subject, _, _ = parts(sealed)
        text = custody.obeying(subject).unseal(sealed)
    except MalformedError as error:
        common.fail(str(error), 2)
    if text is None:
        common.fail("sealed: its key is gone")
    common.print_json({"text": text.decode()}) if as_json else typer.echo(text.decode())
