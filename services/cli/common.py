"""What all commands share: settings, who one is, calls to the services, and how results are printed."""

import json
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.kernel.form import MalformedError, from_json
from services.kernel.people import Actor
from services.kernel.ports import BusError
from services.runtime.batch import Answer
from services.runtime.client import Client, RejectedError, UnreachableError
from services.runtime.settings import Settings
from services.runtime.tls import Tls, TlsError
from services.runtime.tokens import LocalIssuer
from services.standalone.registry import SPECS

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
As = Annotated[
    str,
    typer.Option("--as", envvar="OPROEP_AS", metavar="ID:ORGANISATION:ROLE[,ROLE]", help="Who you are, with a local issuer."),
]
CommandId = Annotated[
    str, typer.Option("--command-id", help="Id of the command; give the same one to repeat a call whose answer was lost.")
]
Call = Annotated[str, typer.Argument(metavar="CALL", help="Id of the call.")]
Application = Annotated[str, typer.Argument(metavar="APPLICATION", help="Id of the application: CALL.NAME")]
Instant = Annotated[str, typer.Argument(metavar="INSTANT", help="An instant with offset, such as 2021-05-11T18:00:00+02:00")]
Reason = Annotated[str, typer.Option("--reason", help="Why; recorded as it stands. No names of persons.")]
NOBODY = "operator:local:operator,auditor,officer"
"""Who reads when nobody is named: with a local issuer only, whose key lies in a directory of this machine."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)  # a pipe has no width to cut ids and sums to
complaints = Console(stderr=True, highlight=False)


def fail(message: str, code: int = 1) -> NoReturn:
    """End with a message on standard error. Exit code 1: it was refused or failed; 2: the call itself was wrong."""
    complaints.print(message, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(code)


def settings() -> Settings:
    """The settings from the environment; ends the program with every fault named if they are not sound."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"OPROEP_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}" for fault in error.errors()]
        fail("\n".join(lines), 2)


def actor(text: str) -> Actor:
    """Read `ID:ORGANISATION:ROLE[,ROLE]`."""
    parts = text.split(":")
    if len(parts) != 3:  # noqa: PLR2004 - the three parts named
        fail(f"--as: {text!r} has {len(parts)} parts; allowed: ID:ORGANISATION:ROLE[,ROLE]", 2)
    try:
        return from_json(Actor, {"id": parts[0], "organisation": parts[1], "roles": parts[2].split(",")})
    except MalformedError as error:
        fail(f"--as: {error}", 2)


def token(current: Settings, who: str) -> Callable[[], str]:
    """How a token is had: from the token file, or by the local issuer."""
    if (file := current.token_file) is not None:
        if not file.is_file():
            fail(f"OPROEP_TOKEN_FILE: {file} is no file; allowed: a file with an access token of the issuer", 2)
        return lambda: file.read_text("ascii").strip()
    if not current.issuer.startswith("file:"):
        fail("OPROEP_TOKEN_FILE: missing; allowed: a file with an access token of the issuer", 2)
    issuer, speaker = LocalIssuer(Path(current.issuer.removeprefix("file:"))), actor(who)
    return lambda: issuer.token(speaker, audience=current.audience)


def tls(current: Settings) -> Tls:
    """How services are called; ends the program if a certificate is missing or is not what it must be."""
    try:
        return Tls.of(current)
    except TlsError as error:
        fail(str(error), 2)


def logs(service: str) -> list[str]:
    """The logs of a service, all shards."""
    return [f"{service}/{shard}" for shard in range(settings().shards)]


@contextmanager
def calling(service: str, who: str = NOBODY) -> Generator[Client]:
    """A client of a service; what goes wrong ends the program with a sentence."""
    current = settings()
    client = Client(current.peer(service), token(current, who), tls=tls(current), patience_seconds=10)
    try:
        yield client
    except (RejectedError, UnreachableError, BusError, MalformedError) as error:
        fail(str(error))
    finally:
        client.close()


def decided(service: str, command: object, *, who: str, command_id: str) -> Answer:
    """Have a command decided."""
    with calling(service, who) as client:
        return client.execute(SPECS[service], command_id or f"cli-{token_hex(8)}", command)


def execute(service: str, command: object, *, who: str, command_id: str, as_json: bool) -> Answer:
    """Have a command decided, print the answer; exit code 1 if it was refused."""
    answer = decided(service, command, who=who, command_id=command_id)
    show_answer(answer, as_json=as_json)
    if any(event["type"] == "Refused" for event in answer.events):
        raise typer.Exit(1)
    return answer


def send(service: str, kind: type, body: Mapping[str, object], *, who: str, command_id: str, as_json: bool) -> Answer:
    """As `execute`, for a command given as JSON members; None leaves a member out. A fault in the form ends with exit code 2."""
    try:
        command: object = from_json(kind, {name: value for name, value in body.items() if value is not None})
    except MalformedError as error:
        fail(str(error), 2)
    return execute(service, command, who=who, command_id=command_id, as_json=as_json)


def call_of(application: str) -> str:
    """The call of an application, by its id `CALL.NAME`."""
    call, point, name = application.rpartition(".")
    if not (point and call and name):
        fail(f"APPLICATION: {application!r}; allowed: CALL.NAME, such as radicalisation-2021.01", 2)
    return call


def pair(text: str, option: str) -> tuple[str, str]:
    """Read `NAME=VALUE`."""
    name, equals, value = text.partition("=")
    if not (equals and name and value):
        fail(f"{option}: {text!r}; allowed: NAME=VALUE", 2)
    return name, value


def show_answer(answer: Answer, *, as_json: bool) -> None:
    """Print what was recorded, and where."""
    if as_json:
        print_json(
            {
                "log": answer.log,
                "index": answer.index,
                "leaf": answer.leaf,
                "time": answer.time.isoformat(),
                "repeated": answer.repeated,
                "events": [dict(event) for event in answer.events],
            }
        )
        return
    for event in answer.events:
        style = "red" if event["type"] == "Refused" else "green"
        console.print(f"{event['type']}", style=style, end=" ")
        console.print(", ".join(f"{k}={_short(v)}" for k, v in event.items() if k != "type"), markup=False, soft_wrap=True)
    again = " (recorded before)" if answer.repeated else ""
    console.print(f"{answer.log}/{answer.index} at {answer.time.isoformat()}{again}", style="dim", markup=False)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=None if not sys.stdout.isatty() else 2) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; columns whose name ends in `€` or `#` stand right.

    Where the terminal is narrow, a cell goes on in the next line: an id or a sum that is cut off tells another one.
    """
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column.endswith(("€", "#")) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console.print(table)


def euro(cents: int) -> str:
    """A sum for reading: `60,000.00`."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100:,}.{cents % 100:02d}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004 - one line; --json shows all
