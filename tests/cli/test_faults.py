"""What goes wrong on the command line ends with a sentence and the right exit code: 1 refused or failed, 2 a wrong call."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.line import CALL_FILE, CALLS, OFFICER, Line, commands


@pytest.mark.parametrize(
    ("name", "value"),
    [("listen", "here"), ("bus", "rabbit://host"), ("shards", "0"), ("owned", "3"), ("issuer", "ftp://x"), ("log_level", "loud")],
)
@pytest.mark.parametrize("command", [["status"], ["up"], ["service", "intake"], ["migrate"], ["health"]])
def test_a_wrong_setting_is_named(alone: Line, command: list[str], name: str, value: str) -> None:
    result = alone(*command, **{name: value})
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"OPROEP_{name.upper()}: ")


def test_every_wrong_setting_is_named_at_once(alone: Line) -> None:
    result = alone("status", bus="rabbit", shards="0", clock="sundial")
    assert [line.split(":")[0] for line in result.stderr.splitlines() if line.startswith("OPROEP_")] == [
        "OPROEP_BUS",
        "OPROEP_SHARDS",
        "OPROEP_CLOCK",
    ]


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("anna", "--as: 'anna' has 1 parts; allowed: ID:ORGANISATION:ROLE[,ROLE]"),
        ("anna:agency:officer:chair", "--as: 'anna:agency:officer:chair' has 4 parts"),
        ("anna:agency:king", "--as: roles[0]: 'king' is unknown; allowed: applicant, officer"),
        ("anna:agency:", "--as: roles[0]: '' is unknown"),
        ("an na:agency:officer", "--as: id: 'an na' does not fit"),
        (":agency:officer", "--as: id: '' does not fit"),
    ],
)
def test_somebody_who_is_nobody_is_told_so(alone: Line, who: str, words: str) -> None:
    result = alone("rank", "call-1", "--as", who)
    assert (result.exit_code, result.stdout) == (2, "")
    assert " ".join(result.stderr.split()).startswith(words)


def test_without_saying_who_one_is_nothing_is_sent(alone: Line) -> None:
    result = alone("rank", "call-1")
    assert result.exit_code == 2
    assert "--as" in result.stderr


def test_with_another_issuer_a_token_is_needed(alone: Line, tmp_path: Path) -> None:
    result = alone("status", issuer="https://login.example/oproep")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("OPROEP_TOKEN_FILE: missing")
    missing = alone("status", issuer="https://login.example/oproep", token_file=str(tmp_path / "token"))
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert missing.stderr.startswith("OPROEP_TOKEN_FILE: ")


def test_a_refusal_ends_with_one(oproep: Line) -> None:
    result = oproep("score", "assign", "call-1", "--as", "chair-1:jury:chair")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.startswith("Refused callId=call-1, command=Assign, code=unknown_call")
    forbidden = oproep("call", "publish", str(CALL_FILE), "--as", "clerk:0123456749:applicant")
    assert forbidden.exit_code == 1
    assert "not_authorised" in forbidden.stdout


def test_a_fault_in_the_form_of_a_command_ends_with_two(oproep: Line) -> None:
    result = oproep("rank", "call 1", "--as", OFFICER)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("callId: 'call 1' does not fit")
    assert oproep("apply", "submit", "nocall", "--as", OFFICER).exit_code == 2
    assert oproep("apply", "extend", "call-1", "0123456749", "tomorrow", "--reason", "x", "--as", OFFICER).exit_code == 2
    assert oproep("pay", "order", "envelope", "award", "advance", "0", "--as", OFFICER).exit_code == 2
    assert oproep("report", "approve", "nothing", "final", "--as", OFFICER).exit_code == 2
    assert oproep("events", "tail", "other/0").exit_code == 2
    assert oproep("events", "dead-letters", "--replay", "one two").exit_code == 2
    assert oproep("service", "other").exit_code == 2
    assert oproep("topics", "plan").exit_code == 2
    assert oproep("nonsense").exit_code == 2


def test_a_log_that_is_not_written_there_ends_with_one(oproep: Line) -> None:
    result = oproep("events", "tail", "intake/7")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "INVALID_ARGUMENT: log: 'intake/7' is not written here" in " ".join(result.stderr.split())


@pytest.mark.parametrize("command", [["events", "tail"], ["health"]])
def test_a_service_that_does_not_answer_ends_with_one(alone: Line, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.runtime.client.CALL_SECONDS", 1.0)
    result = alone(*command)
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert alone.settings["OPROEP_LISTEN"] in result.stderr or "UNAVAILABLE" in result.stdout


@pytest.mark.parametrize("file", sorted(CALLS.glob("*.toml")), ids=lambda file: file.stem)
def test_the_call_files_that_come_along_have_no_fault(oproep: Line, file: Path) -> None:
    result = oproep("call", "check", str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "no fault" in result.stdout


def test_a_spoiled_call_file_is_told_by_line(oproep: Line, tmp_path: Path) -> None:
    spoiled = tmp_path / "call.toml"
    lines = CALL_FILE.read_text("utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip().startswith("cap ="))
    lines[at] = lines[at].split("=")[0] + '= "much"'
    spoiled.write_text("\n".join(lines), "utf-8")
    for command in ("check", "show"):
        result = oproep("call", command, str(spoiled))
        assert result.exit_code == 1
        assert f"{at + 1}" in result.stdout + result.stderr
    assert oproep("call", "publish", str(spoiled), "--as", OFFICER).exit_code == 1
    assert oproep("call", "check", str(tmp_path / "missing.toml")).exit_code == 2


def test_what_cannot_be_restored_is_told(alone: Line, tmp_path: Path) -> None:
    unknown = alone("restore", "other", "--from", "bus")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("SERVICE: 'other' has no log here")
    nowhere = alone("restore", "intake", "--from", str(tmp_path / "nowhere"))
    assert (nowhere.exit_code, nowhere.stdout) == (2, "")
    assert "nowhere is no export" in " ".join(nowhere.stderr.split())
    nothing = alone("restore", "intake", "--from", "bus")
    assert (nothing.exit_code, nothing.stdout) == (0, "intake/0: 0 entries were there, 0 of 0 were added\n")


def test_help_lists_every_command_and_says_what_it_does(alone: Line) -> None:
    for name, command in commands():
        parent = alone(*name.split()[:-1], "--help")
        assert parent.exit_code == 0
        assert name.split()[-1] in parent.stdout
        assert command.help, name
        assert alone(*name.split(), "--help").exit_code == 0


def test_no_colour_is_honoured(tmp_path: Path) -> None:
    def said(**environment: str) -> str:
        bare = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
        command = [sys.executable, "-m", "services.cli", "call", "check", str(CALL_FILE)]
        return subprocess.run(
            command, env={**bare, "TERM": "xterm", **environment}, capture_output=True, text=True, check=True, cwd=CALLS.parent
        ).stdout

    assert "\x1b[" in said(FORCE_COLOR="1")
    assert "\x1b[" not in said(FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b[" not in said()
