"""`oproep subscribe` at a real feed: what it prints, where it goes on, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from services.publishing.cloudevent import structured_bytes
from services.tlog.notes import VerifierKey
from tests.services.publishing.http.serving import Open

RUNNER = CliRunner()


def run(*arguments: object) -> Any:
    return RUNNER.invoke(app, ["subscribe", *map(str, arguments)])


@pytest.fixture(scope="module")
def lines(signed: Open) -> Sequence[str]:
    return [structured_bytes(event, source=signed.feed.source).decode() for event in signed.feed.events(None, 1_000)]


@pytest.mark.parametrize("by", ["pages", "stream"])
def test_it_prints_each_event_as_the_feed_has_it(signed: Open, lines: Sequence[str], by: str) -> None:
    done = run("--from", signed.url, "--by", by, "--count", len(lines))
    assert (done.exit_code, done.stdout.splitlines()) == (0, lines), done.stderr


def test_it_goes_on_where_it_was(signed: Open, lines: Sequence[str], tmp_path: Path) -> None:
    said: list[str] = []
    for count in (1, 40, 1_000):
        said += run("--from", signed.url, "--place", tmp_path / "place", "--count", count).stdout.splitlines()
    assert said == lines
    assert run("--from", signed.url, "--place", tmp_path / "place").stdout == ""


def test_a_file_of_events_is_its_own_place(signed: Open, lines: Sequence[str], tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    assert run("--from", signed.url, "--into", file, "--count", 3).exit_code == 0
    with file.open("a", encoding="utf-8") as broken:
        broken.write(lines[3][:100])
    assert run("--from", signed.url, "--into", file).exit_code == 0
    assert file.read_text("utf-8").splitlines() == lines
    assert run("--from", signed.url, "--into", file, "--place", "p").exit_code == 2


def test_a_command_for_each_event(signed: Open, lines: Sequence[str], tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(
        "import json, os, sys\n"
        "event = json.load(sys.stdin)\n"
        "assert event['id'] == os.environ['OPROEP_EVENT_ID']\n"
        f"open({str(tmp_path / 'done')!r}, 'a').write(event['id'] + ' ' + os.environ['OPROEP_EVENT_TYPE'] + '\\n')\n"
        "sys.exit(event['sequence'].endswith('09') and not os.environ.get('GO_ON'))\n",
        "utf-8",
    )
    arguments = ("--from", signed.url, "--place", tmp_path / "place", "--run", f"{sys.executable} {script}", "--count", 12)
    done = run(*arguments)
    assert done.exit_code == 1
    assert "ended with status 1; the event comes again next time" in " ".join(done.stderr.split())
    os.environ["GO_ON"] = "1"
    try:
        assert run(*arguments).exit_code == 0
    finally:
        del os.environ["GO_ON"]
    worked = [line.split()[0].rpartition("/")[2] for line in (tmp_path / "done").read_text("utf-8").splitlines()]
    assert worked[:11] == [str(n) for n in [*range(10), 9]]


def test_it_passes_on_what_was_asked_for(signed: Open, lines: Sequence[str]) -> None:
    done = run("--from", signed.url, "--type", "AwardWithdrawn", "--type", "CallClosed", "--call", "radicalisation-2021-round2")
    wanted = [json.loads(line) for line in lines]
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [
        event["id"]
        for event in wanted
        if event["type"].rpartition(".")[2] in ("AwardWithdrawn", "CallClosed")
        and event["partitionkey"] == "radicalisation-2021-round2"
    ]


def test_what_is_not_passed_on_is_not_counted(signed: Open, lines: Sequence[str], tmp_path: Path) -> None:
    granted = [line for line in lines if line.count('"type":"grants.awards.v1.AwardGranted"')]
    arguments = ("--from", signed.url, "--place", tmp_path / "place", "--type", "AwardGranted", "--count", 2)
    said = [line for _ in range(2) for line in run(*arguments).stdout.splitlines()]
    assert said == granted[:4]


def test_it_proves_what_it_prints(signed: Open, key: VerifierKey, lines: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text(f"{key}\n", "utf-8")
    done = run("--from", signed.url, "--key", tmp_path / "keys.txt", "--count", 20)
    assert (done.exit_code, done.stdout.splitlines()) == (0, list(lines[:20])), done.stderr
    other = str(VerifierKey(key.name, bytes(32)))
    done = run("--from", signed.url, "--key", other)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "not signed by a known key" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "ftp://feed"), "allowed: http://"),
        (("--from", "kafka://b:1", "--key", "nonsense"), "--proofs: missing"),
        (("--from", "http://feed", "--key", "nonsense"), "no Ed25519 key"),
    ],
)
def test_a_wrong_call_is_told(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.fixture
def following(signed: Open) -> Iterator[subprocess.Popen[str]]:
    oproep = Path(sys.executable).with_name("oproep")
    with subprocess.Popen(
        [oproep, "subscribe", "--from", signed.url, "--by", "stream"], stdout=subprocess.PIPE, text=True
    ) as child:
        yield child
        child.kill()


def test_an_interrupt_ends_it_in_order(following: subprocess.Popen[str], lines: Sequence[str]) -> None:
    assert following.stdout is not None
    assert [following.stdout.readline().strip() for _ in lines] == lines
    following.send_signal(signal.SIGINT)
    assert following.wait(20) == 0
