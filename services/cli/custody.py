"""Commands for what is kept of people: forget a subject for good, and notes that only named partners may open.

The log is told first; vault and documents follow. A command that was cut short is given again.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from services.cli import common, papers
from services.intake import custody as model
from services.intake.custody import MAX_PAPERS
from services.kernel.canonical import decode
from services.kernel.form import MalformedError, from_json, parse_instant
from services.runtime.batch import Answer
from services.runtime.clock import clock
from services.runtime.documents import Documents
from services.runtime.vault import EVERY_GROUP, Vault

sealed = typer.Typer(
    no_args_is_help=True, help="Notes under shared professional secrecy: named organisations only, each opening on record."
)
MAX_NOTE_BYTES = 20_000

Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="The id that logs have of the person or organisation.")]
NoteId = Annotated[str, typer.Argument(metavar="NOTE", help="The note's id within the call: lower case letters, digits, -.")]


def erase(
    subject: Subject, reason: common.Reason, who: common.As, command_id: common.CommandId = "", as_json: common.AsJson = False
) -> None:
    """Destroy all that is kept of a subject outside of the logs: keys, contact, sealed notes and documents.

    To be given where the vault is. The logs stay as they are: they hold ids, hashes and what no key opens any more.
    """
    known = papers.all_papers(who)
    others = {paper.document for paper in known if paper.subject != subject}
    mine = {paper for paper in known if paper.subject == subject}
    destroyed: list[str] = []
    logged: list[dict[str, Any]] = []
    for call_id in _calls(who):
        documents = sorted({paper.document for paper in mine if paper.call_id == call_id} - others)
        for number, start in enumerate(range(0, len(documents) or 1, MAX_PAPERS)):
            body = {
                "callId": call_id,
                "subject": subject,
                "ground": reason,
                "documents": documents[start : start + MAX_PAPERS],
            }
            own_id = f"{command_id}-{call_id}-{number}" if command_id else ""
            answer = order(model.EraseSubject, body, who=who, command_id=own_id, as_json=as_json)
            logged.append({"log": answer.log, "index": answer.index})
        destroyed += documents
    void(subject, EVERY_GROUP)
    destroy(destroyed)
    shared = sorted({paper.document for paper in mine} & others)
    if as_json:
        common.print_json({"subject": subject, "events": logged, "destroyed": destroyed, "kept": shared})
        return
    common.console.print(
        f"{subject}: erased; {len(logged)} events, {len(destroyed)} documents destroyed", style="green", markup=False
    )
    for document in shared:
        common.console.print(f"{document}: kept, others have brought the same document", style="yellow", markup=False)


@sealed.command()
def put(
    call: common.Call,
    note: NoteId,
    subject: Annotated[str, typer.Option(help="The id of whom it is about; erasing that subject destroys the note.")],
    organisation: Annotated[list[str], typer.Option(help="Who may open it, the own organisation among them; repeat for each.")],
    who: common.As,
    as_json: common.AsJson = False,
) -> None:
    """Seal the note on standard input for named organisations, where the vault is. Its text goes there and nowhere else."""
    text = typer.get_binary_stream("stdin").read()
    _check(text)
    body = {"callId": call, "noteId": note, "subject": subject, "organisations": organisation}
    answer = order(model.SealNote, body, who=who, command_id=f"cli-seal-{call}-{note}", as_json=as_json)
    place, group = vault(), _group(call, note)
    if not answer.repeated or place.read(subject, group) is None:  # cut short after the log: now the vault's turn
        place.keep(subject, group, text)
    common.show_answer(answer, as_json=as_json)


@sealed.command("open")
def open_note(call: common.Call, note: NoteId, who: common.As, as_json: common.AsJson = False) -> None:
    """Show a note to a member of one of its organisations, once it is on record that this was asked."""
    answer = order(model.OpenNote, {"callId": call, "noteId": note}, who=who, as_json=as_json)
    if answer.repeated:
        common.fail(f"{note}: this opening was recorded before; nothing is shown for it again")
    text = vault().read(str(answer.events[0]["subject"]), _group(call, note))  # that nothing of it is void, the log has just said
    if text is None:
        common.fail(f"{note}: its text is not in the vault of this machine")
    common.print_json({"noteId": note, "text": text.decode()}) if as_json else typer.echo(text.decode())


@sealed.command("list")
def list_notes(call: common.Call, who: common.As = common.NOBODY, as_json: common.AsJson = False) -> None:
    """List the notes of a call: about whom, for whom, and who has opened them when."""
    notes: dict[str, dict[str, Any]] = {}
    for event in papers.events("intake", who):
        if event["type"] == "NoteSealed" and event["callId"] == call:
            notes[event["noteId"]] = {**{k: event[k] for k in ("noteId", "subject", "organisations", "sealedAt")}, "openings": []}
        elif event["type"] == "NoteOpened" and event["callId"] == call:
            notes[event["noteId"]]["openings"].append({k: event[k] for k in ("openedBy", "organisation", "openedAt")})
    if as_json:
        common.print_json(list(notes.values()))
        return
    rows = [
        (
            name,
            row["subject"],
            " ".join(row["organisations"]),
            " ".join(f"{o['openedBy']}@{o['openedAt']}" for o in row["openings"]),
        )
        for name, row in notes.items()
    ]
    common.print_table(f"Sealed notes of {call}", ("note", "about", "for", "opened"), rows)


# What these commands share with `contact` and `retention`


def order(kind: type, body: dict[str, Any], *, who: str, command_id: str = "", as_json: bool) -> Answer:
    """Have a command of the intake decided; a refusal is printed and ends the program."""
    try:
        command: object = from_json(kind, body)
    except MalformedError as error:
        common.fail(str(error), 2)
    answer = common.decided("intake", command, who=who, command_id=command_id)
    if any(event["type"] == "Refused" for event in answer.events):
        common.show_answer(answer, as_json=as_json)
        raise typer.Exit(1)
    return answer


def vault() -> Vault:
    """The vault of this machine."""
    current = common.settings()
    return Vault(current.vault, clock(current.clock))


def obeying(subject: str) -> Vault:
    """The vault, after it has been told what the logs say is void of a subject: so a restored copy shows nothing."""
    place = vault()
    with common.calling("intake") as client:
        for log in common.logs("intake"):
            for row in client.state(log, "Erasure", f"{subject}/"):
                erasure = decode(row.body.encode())
                place.void(subject, str(erasure["group"]), until=parse_instant(erasure["until"], "until"))
    return place


def void(subject: str, group: str) -> None:
    """Destroy a subject's keys of a group here and now, if the vault is on this machine; who reads it will do so anyhow."""
    if common.settings().vault.exists():
        vault().void(subject, group)


def destroy(documents: Sequence[str]) -> None:
    """Destroy documents here and now, if they are kept on this machine; the intake service does so anyhow."""
    directory = common.settings().documents
    if directory.is_dir():
        for document in documents:
            Documents(directory).destroy(document)


def _calls(who: str) -> list[str]:
    """All calls. Each has the erasure in its log: whichever log is looked at, it says so."""
    with common.calling("intake", who) as client:
        found = [row.key for log in common.logs("intake") for row in client.state(log, "Call")]
    return sorted(found) or common.fail("no call is published here: nothing of a subject can be in a log")


def _group(call: str, note: str) -> str:
    return f"{call}/note/{note}"


def _check(text: bytes) -> None:
    if not 0 < len(text) <= MAX_NOTE_BYTES:
        common.fail(f"standard input: {len(text)} bytes; allowed: 1 to {MAX_NOTE_BYTES}", 2)
    try:
        text.decode()
    except UnicodeDecodeError:
        common.fail("standard input: no text; allowed: text in UTF-8", 2)
