"""Follow a feed of awards, of this deployment or any other: print each event, add it to a file, or run a command for it."""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.cli import common
from services.kernel.ports import BusError
from services.runtime.kafka_access import KafkaAccess
from services.subscriber.event import CutError, Event, FeedError
from services.subscriber.following import Course, Door, follow
from services.subscriber.ledger import Ledger, Lines, Nowhere, PlaceFile
from services.subscriber.proving import ForkError, Prover
from services.subscriber.web import Web
from services.tlog.notes import NoteError, VerifierKey


class By(StrEnum):
    """Doors over HTTP."""

    PAGES = "pages"
    STREAM = "stream"
    ATOM = "atom"
    LDES = "ldes"


class _CommandError(RuntimeError):
    """The command for an event failed."""


From = Annotated[
    str, typer.Option("--from", metavar="ADDRESS", help="The feed: http(s)://…, its public address; or kafka://HOST:PORT,HOST:PORT")
]
ByDoor = Annotated[By, typer.Option("--by", help="Over HTTP: by which door. The stream goes on until interrupted.")]
PlacePath = Annotated[
    Path | None,
    typer.Option("--place", dir_okay=False, help="File with the last event dealt with; the next run goes on there."),
]
Into = Annotated[
    Path | None,
    typer.Option("--into", dir_okay=False, help="Add events to this file instead of printing them; its last line is the place."),
]
Run = Annotated[str, typer.Option("--run", metavar="COMMAND", help="Run this for each event, with the event on standard input.")]
Types = Annotated[list[str] | None, typer.Option("--type", metavar="TYPE", help="Pass on events of this type only; repeatable.")]
Calls = Annotated[list[str] | None, typer.Option("--call", metavar="CALL", help="Pass on events of this call only; repeatable.")]
Follow = Annotated[bool, typer.Option("--follow", help="Go on with what is to come, until interrupted.")]
Every = Annotated[float, typer.Option(min=0.1, help="With --follow: seconds between two looks.")]
Count = Annotated[int | None, typer.Option(min=1, help="End after so many events.")]
Key = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="KEY", help="Public key of the feed's log, name+id+base64, or a file of them: prove all."),
]
Proofs = Annotated[str, typer.Option("--proofs", metavar="URL", help="Where proofs are asked for, if not at the feed's address.")]
Entries = Annotated[bool, typer.Option("--entries", help="With --key: end at an event whose entry is not given.")]


def subscribe(
    from_: From,
    by: ByDoor = By.PAGES,
    place: PlacePath = None,
    into: Into = None,
    run: Run = "",
    types: Types = None,
    calls: Calls = None,
    follow_on: Follow = False,
    every: Every = 5.0,
    count: Count = None,
    keys: Key = None,
    proofs: Proofs = "",
    entries: Entries = False,
) -> None:
    """Read a feed of awards, each event once and in order, and print it as a line of JSON (CloudEvents 1.0).

    Cuts are bridged. With --key the log's checkpoint is kept beside the place, and the next run holds the log to it. Exit code 1 if
    an event is missing, of another history, or not proven, if the log has not only grown, or if the feed stays away.
    """
    if into is not None and (place is not None or run or types or calls):
        common.fail("--into: holds every event, and is itself the place; allowed: without --place, --run, --type and --call", 2)
    act = _runner(run) if run else _print
    try:
        with ExitStack() as held:
            door = held.enter_context(closing(_door(from_, by)))
            ledger: Ledger = held.enter_context(closing(Lines(into) if into else PlaceFile(place) if place else Nowhere()))
            prover = _prover(proofs or from_, keys, entries=entries, kept=ledger.checkpoint())
            if prover is not None:
                held.callback(prover.close)
            follow(
                door,
                ledger,
                act if into is None else _leave,
                wanted=_wanted(types or [], calls or []),
                course=_until_interrupted(Course(every_seconds=every if follow_on or door.live else None, count=count)),
                check=prover.check if prover else lambda _event: None,
                look=prover.look if prover else lambda: None,
                cut=lambda error: common.complaints.print(f"again: {error}", style="yellow", markup=False),
            )
    except ForkError as error:
        sys.stderr.write(f"{error.evidence}\n")  # as it is: a line that is broken in two proves nothing
        common.fail(str(error))
    except (FeedError, CutError, BusError, OSError, _CommandError) as error:
        common.fail(str(error))
    except KeyboardInterrupt:
        return
    if prover is not None and prover.leaf_only:
        words = f"{prover.leaf_only} events: proven by their leaf hash; their entries hold more than is published"
        common.complaints.print(words, style="dim", markup=False)


def _door(address: str, by: By) -> Door:
    if address.startswith("kafka://"):
        from services.subscriber.topic import Topic  # noqa: PLC0415 - loads a Kafka client, which the others do not need

        return Topic(address.removeprefix("kafka://"), KafkaAccess.of(common.settings()).client())
    if not address.startswith(("http://", "https://")):
        common.fail(f"--from: {address!r}; allowed: http://…, https://… or kafka://HOST:PORT,HOST:PORT", 2)
    web = Web(address)
    if by is By.PAGES:
        from services.subscriber.pages import Pages  # noqa: PLC0415 - as above

        return Pages(web)
    if by is By.STREAM:
        from services.subscriber.stream import Stream  # noqa: PLC0415 - as above

        return Stream(web)
    if by is By.ATOM:
        from services.subscriber.atom import Atom  # noqa: PLC0415 - as above

        return Atom(web)
    from services.subscriber.ldes import LinkedData  # noqa: PLC0415 - as above

    return LinkedData(web)


def _prover(address: str, keys: list[str] | None, *, entries: bool, kept: str) -> Prover | None:
    if not keys:
        return None
    if not address.startswith(("http://", "https://")):
        common.fail("--proofs: missing; allowed: the public address of the feed, http://… or https://…", 2)
    texts = [line for key in keys for line in (Path(key).read_text("utf-8").split() if Path(key).is_file() else [key])]
    try:
        return Prover(Web(address), [VerifierKey.parse(text) for text in texts], entries=entries, kept=kept)
    except NoteError as error:
        common.fail(f"--key: {error}", 2)


def _wanted(types: list[str], calls: list[str]) -> Callable[[Event], bool]:
    def wanted(event: Event) -> bool:
        return (not types or event.type in types) and (not calls or event.attributes.get("partitionkey") in calls)

    return wanted


def _print(event: Event) -> None:
    sys.stdout.write(f"{event.line()}\n")
    sys.stdout.flush()


def _leave(_event: Event) -> None:
    """The file of events takes it."""


def _runner(command: str) -> Callable[[Event], None]:
    words = shlex.split(command)

    def run(event: Event) -> None:
        about = {"OPROEP_EVENT_ID": str(event.place), "OPROEP_EVENT_TYPE": event.type}
        done = subprocess.run(words, input=event.line().encode() + b"\n", env={**os.environ, **about}, check=False)  # noqa: S603 - the caller's own
        if done.returncode:
            raise _CommandError(f"{event.place}: {words[0]} ended with status {done.returncode}; the event comes again next time")

    return run


def _until_interrupted(course: Course) -> Course:
    """Have a signal end it: at once while it waits, else when the event in hand is noted."""

    def end(_number: int, _frame: object) -> None:
        course.stop.set()
        if not course.busy.is_set():
            raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():  # signals reach no other
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
    return course
