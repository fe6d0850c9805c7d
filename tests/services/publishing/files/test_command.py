"""`oproep feed files`: the files of a feed, byte for byte."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from services.cli import feed as command
from services.cli.main import app
from services.subscriber.web import Web
from tests.services.publishing.http.serving import Open

RUNNER = CliRunner()


def run(*arguments: object) -> Any:
    return RUNNER.invoke(app, ["feed", "files", *map(str, arguments)])


def on_disk(directory: Path) -> dict[str, bytes]:
    return {file.relative_to(directory).as_posix(): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


def test_it_writes_what_the_feed_serves(door: Open, tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    target.mkdir(parents=True)
    (target / "awards.csv").write_bytes(b"what was there before")
    done = run(target, "--from", door.url)
    assert done.exit_code == 0, done.stderr
    names = [file["name"] for file in door.get("/v1/files").json()["files"]]
    assert on_disk(target) == {name: door.get(f"/v1/files/{name}").content for name in names}
    assert "34 files of 122 events" in done.stdout


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[httpx.Request], httpx.Response]], None]:
    """Have the command ask such a server."""

    def serve(answer: Callable[[httpx.Request], httpx.Response]) -> None:
        monkeypatch.setattr(command, "Web", lambda base: Web(base, transport=httpx.MockTransport(answer)))

    return serve


def index(length: int, *names: str) -> httpx.Response:
    return httpx.Response(200, json={"feed": "f", "length": str(length), "files": [{"name": name} for name in names]})


def test_all_files_are_of_one_length(served: Any, tmp_path: Path) -> None:
    asked: list[str] = []

    def growing(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        length = min(asked.count("/v1/files"), 3)  # it grows twice while they are fetched
        if request.url.path == "/v1/files":
            return index(length, "awards.csv", "register/2021-Q1.csv")
        tag = '"old"' if "register" in request.url.path else f'"{length}"'
        if request.headers.get("if-none-match") == tag:
            return httpx.Response(304)
        return httpx.Response(200, content=tag.encode(), headers={"ETag": tag})

    served(growing)
    assert run(tmp_path, "--from", "http://feed").exit_code == 0
    assert on_disk(tmp_path) == {"awards.csv": b'"3"', "register/2021-Q1.csv": b'"old"'}


def test_a_feed_that_never_rests_is_given_up_and_nothing_is_changed(served: Any, tmp_path: Path) -> None:
    asked: list[str] = []

    def restless(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return index(len(asked), "awards.csv") if request.url.path == "/v1/files" else httpx.Response(200, headers={"ETag": '"e"'})

    served(restless)
    done = run(tmp_path, "--from", "http://feed")
    assert done.exit_code == 1
    assert "grew" in done.stderr
    assert on_disk(tmp_path) == {}


@pytest.mark.parametrize("name", ["../awards.csv", "/etc/passwd", "register/../../x", ".hidden", "a/b", "", "C:\\x"])
def test_a_feed_does_not_say_where_files_go(served: Any, tmp_path: Path, name: str) -> None:
    served(lambda _request: index(1, name))
    done = run(tmp_path / "in", "--from", "http://feed")
    assert done.exit_code == 1
    assert "is no name of a file" in done.stderr
    assert on_disk(tmp_path) == {}


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json=[1]), httpx.Response(404)])
def test_what_is_no_feed_is_said(served: Any, tmp_path: Path, answer: httpx.Response) -> None:
    served(lambda _request: answer)
    done = run(tmp_path, "--from", "http://feed")
    assert done.exit_code == 1
    assert "/v1/files" in done.stderr


def test_nobody_there(tmp_path: Path) -> None:
    assert run(tmp_path, "--from", "http://127.0.0.1:1").exit_code == 1
    assert run(tmp_path, "--from", "ftp://feed").exit_code == 2
