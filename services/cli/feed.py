"""Commands for a feed of awards, of this deployment or any other."""

import json
import re
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.progress import track

from services.cli import common
from services.subscriber.event import CutError, FeedError
from services.subscriber.web import Web

app = typer.Typer(no_args_is_help=True, help="Take whole files from a feed of awards; `oproep subscribe` reads its events.")

_ROUNDS = 5
_NAME = re.compile(r"(register/)?[A-Za-z0-9][A-Za-z0-9.-]{0,99}", re.ASCII)
"""What a file may be called; a feed does not say where on this machine it goes."""


@app.command()
def files(
    directory: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False, help="Where they go; made if it is not there.")],
    from_: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="The feed: http(s)://…, its public address.")],
    as_json: common.AsJson = False,
) -> None:
    """Write all files of a feed, byte for byte as it serves them: 360Giving, quarters for the register of subsidies, tables.

    They are of one length of the feed, and take the place of older ones at the end. Exit code 1 if not all could be had.
    """
    if not from_.startswith(("http://", "https://")):
        common.fail(f"--from: {from_!r}; allowed: http://… or https://…", 2)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with closing(Web(from_)) as web, TemporaryDirectory(prefix=".part-", dir=directory) as place:
            index = _fetched(web, Path(place))
            for name in _names(index):
                target = directory / name
                target.parent.mkdir(exist_ok=True)
                Path(place, name).replace(target)
    except (CutError, FeedError, OSError) as error:
        common.fail(str(error))
    if as_json:
        common.print_json(index)
    else:
        common.console.print(f"{len(index['files'])} files of {index['length']} events in {directory}", markup=False)


def _fetched(web: Web, place: Path) -> Any:
    """Fetch all files; again as long as the feed grows while that goes on, though not for ever. Gives the list of them."""
    tags: dict[str, str] = {}
    index = _index(web)
    for _ in range(_ROUNDS):
        for name in track(_names(index), "Fetching", console=common.complaints, transient=True):
            known = {"If-None-Match": tags[name]} if name in tags else {}
            answer = web.get(f"/v1/files/{name}", "*/*", known)
            if answer.status_code == 200:  # noqa: PLR2004 - else it is as it was
                file = place / name
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(answer.content)
                tags[name] = answer.headers["etag"]
        before, index = index, _index(web)
        if (index["feed"], index["length"]) == (before["feed"], before["length"]):
            return index
    raise FeedError(f"the feed grew each of the {_ROUNDS} times that its files were fetched; try again when it is quieter")


def _index(web: Web) -> Any:
    """The list of files.

    Raises:
        FeedError: if it is none.
    """
    answer = web.get("/v1/files", "application/json")
    try:
        index: Any = json.loads(answer.content)
        _names(index)
    except (ValueError, KeyError, TypeError) as error:
        raise FeedError(f"{answer.url}: is no list of files") from error
    return index


def _names(index: Any) -> list[str]:
    """The names of the files.

    Raises:
        FeedError: if one of them might lead elsewhere.
    """
    names = [str(file["name"]) for file in index["files"]]
    for name in names:
        if not _NAME.fullmatch(name):
            raise FeedError(f"{name[:80]!r} is no name of a file")
    return names
