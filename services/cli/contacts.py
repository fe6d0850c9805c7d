"""Commands for the vault: who stands behind an id, how to reach them, and forgetting it. No log ever sees any of this."""

from typing import Annotated

import typer

from services.cli import common, custody
from services.cli.calls import Language
from services.kernel.form import MalformedError, to_json
from services.runtime.vault import Contact

app = typer.Typer(no_args_is_help=True, help="Keep, show and forget contacts in the vault of this machine.")

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
