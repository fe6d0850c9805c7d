"""The auditor's desk. All commands but `export` work on a folder alone: no service, no network.

Exit codes: 0 nothing found, 1 a fault, named with the entry where it starts, 2 a wrong call.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.audit import receipt as receipts
from services.audit.chain import chain
from services.audit.differing import difference
from services.audit.export import FromBus, export
from services.audit.faults import Fault, FaultError, PackError
from services.audit.logs import Cut, Watch, cut
from services.audit.memory import OWN_STATE, Memory, MemoryFileError
from services.audit.moment import as_of
from services.audit.pack import Pack, read_keys, read_quorum
from services.audit.rerun import rerun
from services.audit.verifying import verify
from services.audit.whatif import Other, what_if
from services.cli import audit_told as told
from services.cli import common
from services.kernel.form import MalformedError, from_json
from services.kernel.ports import BusError, CorruptLogError, Stored
from services.kernel.rules import Cents, TieBreak, TieStep
from services.runtime.client import Client, RejectedError, UnreachableError
from services.runtime.kafka_access import KafkaAccess
from services.standalone.registry import SPECS

app = typer.Typer(no_args_is_help=True, help="The auditor's desk: prove, decide again, look back, ask what if.")
Directory = Annotated[Path, typer.Argument(metavar="DIR", help="An export.")]
At = Annotated[str, typer.Option("--at", metavar="MOMENT", help="An instant with offset, or an entry such as budget_ledger/0/17.")]
State = Annotated[
    Path,
    typer.Option("--state", envvar="OPROEP_AUDIT_STATE", help="Where the auditor keeps what was accepted before."),
]
_EVERY = 256
"""Entries between two steps of a progress bar."""


@app.command("export")
def export_logs(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    kafka: Annotated[
        str, typer.Option(metavar="HOST:PORT,…", help="Take the entries from these brokers, from the first record on.")
    ] = "",
    who: common.As = common.NOBODY,
    as_json: common.AsJson = False,
) -> None:
    """Take everything from the running services: entries, checkpoints, contract, call files, hashes of documents."""
    settings = common.settings()
    tls = common.tls(settings)
    clients: dict[str, Client] = {}

    def client(service: str) -> Client:
        if service not in clients:
            clients[service] = Client(settings.peer(service), common.token(settings, who), tls=tls, patience_seconds=10)
        return clients[service]

    source = FromBus(_kafka(kafka)) if kafka else None
    try:
        with _working(as_json=as_json) as watch:
            sizes = export(
                directory,
                deployment=settings.deployment,
                shards=settings.shards,
                specs=SPECS,
                client=client,
                source=source,
                watch=watch,
            )
    except (BusError, CorruptLogError, RejectedError, UnreachableError) as error:
        common.fail(str(error))
    finally:
        for connected in clients.values():
            connected.close()
    told.exported(directory, sizes, as_json=as_json)


@app.command("verify")
def verify_pack(
    directory: Directory,
    keys: Annotated[
        Path | None, typer.Option(help="File with the public keys of the logs, had from somewhere else than the export.")
    ] = None,
    state: State = OWN_STATE,
    witness: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Public key of a witness that must have signed as well; repeat for each."),
    ] = None,
    quorum: Annotated[int | None, typer.Option(metavar="N", help="How many of these witnesses are enough; all by default.")] = None,
    as_json: common.AsJson = False,
) -> None:
    """Is every entry the one that was signed, is none missing, and do the logs fit each other and what was accepted before?"""
    with _working(as_json=as_json) as watch:
        known, cosigners = None if keys is None else read_keys(keys), read_quorum(witness or (), quorum)
        found = verify(Pack(directory), Memory(state.expanduser()), known, watch, cosigners)
    told.verified(found, as_json=as_json)
    _end(found.faults)


@app.command("replay")
def replay_pack(directory: Directory, at: At = "", as_json: common.AsJson = False) -> None:
    """Decide every command again, demand the same bytes, and keep the books a second time; with --at until a moment."""
    with _working(as_json=as_json) as watch:
        pack = Pack(directory)
        found = rerun(pack, _moment(pack, at), watch)
    told.replayed(found, as_json=as_json)
    _end(found.faults)


@app.command("as-of")
def show_moment(
    directory: Directory,
    moment: Annotated[str, typer.Argument(metavar="TIME|LOG/INDEX", help="An instant with offset, or an entry.")],
    as_json: common.AsJson = False,
) -> None:
    """Where every file stood at a moment, how it had been scored, and the balance then."""
    with _working(as_json=as_json) as watch:
        pack = Pack(directory)
        found = as_of(pack, cut(pack, moment), watch)
    told.pictured(found, as_json=as_json)
    _end(found.then.faults)


@app.command("award")
def show_award(
    directory: Directory,
    name: Annotated[str, typer.Argument(metavar="AWARD", help="An award or an application.")],
    language: Annotated[str, typer.Option("--language", help="nl or en")] = "en",
    as_json: common.AsJson = False,
) -> None:
    """One award from end to end: rules, scores, conflicts, ranking, decision, hands, money, reports; each entry with its proof."""
    with _working(as_json=as_json) as watch:
        pack = Pack(directory)
        found = chain(pack, name, language=language, proof=pack.proof, watch=watch)
    told.chained(found, as_json=as_json)


@app.command("diff")
def show_difference(
    first: Annotated[str, typer.Argument(metavar="A", help="An export, or DIR@MOMENT.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one, or the same at another moment.")],
    as_json: common.AsJson = False,
) -> None:
    """Where two exports part, which records differ, and what that means in money; exit code 1 only if one does not follow."""
    with _working(as_json=as_json) as watch:
        (a, from_), (b, to) = _place(first), _place(second)
        found = difference(a, b, (from_, to), watch)
    told.differing(found, as_json=as_json)
    _end(found.faults)


@app.command("what-if")
def show_what_if(
    directory: Directory,
    call: common.Call,
    weight: Annotated[list[str] | None, typer.Option(metavar="CRITERION=N", help="Another weight; repeat.")] = None,
    cap: Annotated[str, typer.Option(metavar="CENTS", help="Another cap for an applicant.")] = "",
    envelope: Annotated[str, typer.Option(metavar="CENTS", help="Another envelope.")] = "",
    tie_break: Annotated[
        str, typer.Option(metavar="STEP,…", help="Other steps: smaller_request, earlier_submission, criterion:CODE.")
    ] = "",
    own_percent: Annotated[int | None, typer.Option(min=0, max=100, help="Another own share, in percent.")] = None,
    as_json: common.AsJson = False,
) -> None:
    """Rank and propose again from the same files, points and money, under other rules. A SIMULATION: nothing of it happened."""
    with _working(as_json=as_json):
        other = Other(
            weights={code: _whole(number, "--weight") for code, number in (common.pair(text, "--weight") for text in weight or ())},
            cap_cents=_whole(cap, "--cap") if cap else None,
            envelope_cents=_whole(envelope, "--envelope") if envelope else None,
            tie_break=tuple(_step(text) for text in tie_break.split(",")) if tie_break else None,
            own_percent=own_percent,
        )
        found = what_if(Pack(directory), call, other)
    told.simulated(found, as_json=as_json)


@app.command("receipt")
def make_receipt(
    directory: Directory,
    name: Annotated[str, typer.Argument(metavar="AWARD", help="An award or an application.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder for the receipt.")],
    as_json: common.AsJson = False,
) -> None:
    """The proof of one award, for ever: its entry, a C2SP tlog-proof, and a script that checks them with nothing but Python."""
    with _working(as_json=as_json):
        pack = Pack(directory)
        found = receipts.receipt(pack, name)
        receipts.write(found, out)
    told.received(found, out, as_json=as_json)


@contextmanager
def _working(*, as_json: bool) -> Generator[Watch]:
    """Progress on standard error; what goes wrong ends the program with a sentence and the right exit code."""
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*bars, console=common.complaints, transient=True) as progress:
        try:
            yield lambda log, entries, length: _watched(progress, log, entries, length)
        except FaultError as error:
            progress.stop()
            _one(error.fault, as_json=as_json)
        except (PackError, MalformedError) as error:
            progress.stop()
            common.fail(str(error), 2)
        except MemoryFileError as error:
            progress.stop()
            common.fail(f"what was accepted before is damaged, nothing was changed: {error}")


def _watched(progress: Progress, log: str, entries: Iterable[Stored], length: int) -> Generator[Stored]:
    task = progress.add_task(log, total=length)
    done = 0
    for done, stored in enumerate(entries, 1):
        yield stored
        if done % _EVERY == 0:
            progress.update(task, completed=done)
    progress.update(task, completed=done)


def _one(fault: Fault, *, as_json: bool) -> NoReturn:
    if as_json:
        common.print_json({"faults": [fault.told()]})
    common.fail(str(fault))


def _end(faults: list[Fault]) -> None:
    if faults:
        raise typer.Exit(1)


def _moment(pack: Pack, text: str) -> Cut | None:
    return cut(pack, text) if text else None


def _place(text: str) -> tuple[Pack, Cut | None]:
    """`DIR` or `DIR@MOMENT`."""
    name, at, moment = text.rpartition("@")
    if not at or Path(text).is_dir():
        return Pack(Path(text)), None
    pack = Pack(Path(name))
    return pack, cut(pack, moment)


def _whole(text: str, option: str) -> int:
    kind: Any = Cents
    try:
        number: int = from_json(kind, text, option)
    except MalformedError as error:
        raise PackError(str(error)) from error
    return number


def _step(text: str) -> TieStep:
    by, _, criterion = text.strip().partition(":")
    if by not in tuple(TieBreak) or (by == TieBreak.CRITERION) != bool(criterion):
        allowed = "smaller_request, earlier_submission, application_id, criterion:CODE"
        raise PackError(f"--tie-break: {text!r}; allowed: {allowed}")
    return TieStep(by=TieBreak(by), criterion=criterion or None)


def _kafka(brokers: str) -> Any:
    from services.runtime.kafka_bus import KafkaBus  # noqa: PLC0415 - loads a Kafka client, which little here needs

    return KafkaBus(brokers, KafkaAccess.of(common.settings()))
