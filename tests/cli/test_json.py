"""Every command that offers `--json` prints one document that parses, whatever becomes of the command."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.calls.bodies import bodies_on
from services.calls.file import load
from services.standalone.registry import SPECS
from tests.cli.line import CALL_FILE, OFFICER, Line, commands

CALL = "radicalisation-2021"
FILE, AWARD, ENVELOPE = f"{CALL}.01", f"{CALL}.01.1", "envelope-1"
RULES = load(CALL_FILE)
BODY = next(m.kbo for m in bodies_on(RULES.window.opens_at.date()) if m.kbo)
CLERK = f"clerk-1:{BODY}:applicant"
CHAIR, ASSESSOR = "chair-1:jury:chair", "assessor-1:institute:assessor"
MINISTER, TREASURER, ACCOUNTANT = "m-1:cabinet:decision_maker", "t-1:agency:treasurer", "a-1:agency:accountant"
WHY = ("--reason", "words")
GROUND = ("--ground", "words")

ELSEWHERE = {
    "contact seal": "tests/privacy feed it",
    "contact unseal": "tests/privacy feed it",
    "sealed put": "tests/privacy feed it",
    "demo": "system tests play it",
    "feed files": "tests/services/publishing/files/test_command.py runs it against a feed",
    "webhooks resend": "tests/services/publishing/webhooks send something first",
    "topics plan": "needs Kafka",
    "topics apply": "needs Kafka",
}
"""Commands that are tried where they can run."""

LINES: list[tuple[str, tuple[str, ...], int]] = [
    ("call check", (str(CALL_FILE),), 0),
    ("call show", (str(CALL_FILE), "--language", "en"), 0),
    ("call publish", (str(CALL_FILE), "--as", OFFICER), 0),
    ("call move-deadline", (CALL, "2021-05-11T18:00:00+02:00", *WHY, "--as", OFFICER), 0),
    ("call close", (CALL, "--as", OFFICER), 1),
    ("call merge", (CALL, BODY, BODY, *WHY, "--as", OFFICER), 1),
    ("apply draft", (FILE, "FORM", "--attach", "plan=FORM", "--as", CLERK), 0),
    ("apply submit", (FILE, "--as", CLERK), 1),
    ("apply amend", (FILE, "FORM", "--as", CLERK), 1),
    ("apply extend", (CALL, BODY, "2021-06-01T00:00:00Z", *WHY, "--as", OFFICER), 0),
    ("apply reopen", (FILE, "2021-06-01T00:00:00Z", *WHY, "--as", OFFICER), 0),
    ("apply admit", (FILE, "--note", "words", "--as", OFFICER), 1),
    ("apply bar", (FILE, "--ground", "barred_cost", "--as", OFFICER), 1),
    ("apply withdraw", (FILE, *WHY, "--as", CLERK), 1),
    ("score enrol", (CALL, "assessor-1", "institute", "--as", CHAIR), 0),
    ("score conflict", (FILE, "--ground", "family", "--as", ASSESSOR), 1),
    ("score assign", (CALL, "--as", CHAIR), 1),
    ("score assess", (FILE, "--points", "quality=5", "--as", ASSESSOR), 1),
    ("score moderate", (FILE, "quality", "5", *WHY, "--as", CHAIR), 1),
    ("rank", (CALL, "--as", CHAIR), 1),
    ("explain", (FILE, "--language", "en"), 0),
    ("decide propose", (CALL, "--as", OFFICER), 1),
    ("decide approve", (CALL, "1", "--as", MINISTER), 1),
    ("decide decline", (FILE, *WHY, "--as", CLERK), 1),
    ("decide appeal", (FILE, *WHY, "--as", CLERK), 1),
    ("decide appeal-decision", (FILE, *WHY, "--upheld", "--as", MINISTER), 1),
    ("decide accept", (FILE, "--agreement", "FORM", "--as", CLERK), 1),
    ("pay order", (ENVELOPE, AWARD, "advance", "100", "--as", TREASURER), 1),
    ("pay confirm", (ENVELOPE, AWARD, "advance", "--bank-reference", "b-1", "--as", ACCOUNTANT), 1),
    ("pay recover", (ENVELOPE, AWARD, "100", "--as", TREASURER), 1),
    ("pay recovered", (ENVELOPE, AWARD, "--bank-reference", "b-1", "--as", ACCOUNTANT), 1),
    ("pay status", (), 0),
    ("report file", (AWARD, "final", "ACCOUNT", "--document", "FORM", "--as", CLERK), 1),
    ("report reject", (AWARD, "final", "L1", *GROUND, "--as", OFFICER), 1),
    ("report return", (AWARD, "final", *GROUND, "--as", OFFICER), 1),
    ("report approve", (AWARD, "final", "--as", OFFICER), 1),
    ("notices list", (), 0),
    ("notices resolve", (CALL, "n-1", "sent"), 1),
    ("contact show", (BODY,), 0),
    ("sealed list", (CALL,), 0),
    ("sealed open", (CALL, "n-1", "--as", OFFICER), 1),
    ("retention close", (FILE, "--as", OFFICER), 1),
    ("retention list", (CALL,), 0),
    ("retention plan", (CALL, "--as", OFFICER), 1),
    ("retention approve", (CALL, "r1", "--as", MINISTER), 1),
    ("erase", ("person-1", *WHY, "--as", OFFICER), 0),
    ("document put", ("FORM", "--as", CLERK), 0),
    ("document copy", ("COPY",), 0),
    ("events dead-letters", (), 0),
    ("events tail", ("intake/0",), 0),
    ("webhooks add", ("books", "https://receiver.example/hook", "--owner", "owner@receiver.example"), 0),
    ("webhooks list", (), 0),
    ("webhooks rotate", ("books",), 0),
    ("webhooks test", ("books",), 1),
    ("webhooks log", ("books",), 0),
    ("webhooks pause", ("books",), 0),
    ("webhooks resume", ("books",), 0),
    ("keys", (), 0),
    ("status", (), 0),
    ("health", (), 0),
    ("replay", (), 0),
    ("restore", ("intake", "--from", "bus"), 0),
]
"""Every command in the order of a call's life, with the exit code that it has then."""


@dataclass
class Told:
    code: int
    out: str
    complaints: str


@pytest.fixture(scope="module")
def told(oproep: Line, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """What each of them said."""
    place = tmp_path_factory.mktemp("forms")
    files = {"FORM": place / "form.json", "ACCOUNT": place / "account.json", "COPY": place / "copy"}
    files["ACCOUNT"].write_text('{"costs": [], "kpis": {}, "ownMeansCents": "0"}', "utf-8")
    files["FORM"].write_text(oproep("apply", "form", str(CALL_FILE), "--applicant", BODY).stdout, "utf-8")
    assert oproep("contact", "put", BODY, "--name", "Municipality (synthetic)", "--mail", "m@b.example").exit_code == 0
    return {name: _said(oproep, files, name, arguments) for name, arguments, _ in LINES}


def _said(oproep: Line, files: dict[str, Path], name: str, arguments: tuple[str, ...]) -> Told:
    filled = [_filled(argument, files) for argument in arguments]
    result: Any = oproep(*name.split(), *filled, "--json")
    return Told(result.exit_code, result.stdout, result.stderr.strip())


def _filled(argument: str, files: dict[str, Path]) -> str:
    for word, file in files.items():
        argument = argument.replace(word, str(file))
    return argument


def test_every_command_with_json_is_tried() -> None:
    offering = {name for name, command in commands() if any(option.name == "as_json" for option in command.params)}
    offering -= {name for name in offering if name.startswith("audit ")}  # on exports, in tests/audit
    assert offering - ELSEWHERE.keys() == {name for name, _, _ in LINES}


@pytest.mark.parametrize(("name", "_arguments", "code"), LINES, ids=[name for name, _, _ in LINES])
def test_what_it_prints_parses(told: dict[str, Told], name: str, _arguments: tuple[str, ...], code: int) -> None:
    said = told[name]
    assert (said.code, said.complaints) == (code, ""), said.out
    documents = said.out.splitlines()
    assert len(documents) == 1 or name == "events tail"
    for document in documents:
        json.loads(document)


def test_an_answer_says_what_was_recorded(told: dict[str, Told]) -> None:
    answer = json.loads(told["apply draft"].out)
    assert [event["type"] for event in answer["events"]] == ["DraftSaved"]
    assert answer["log"] == "intake/0"
    refusal = json.loads(told["decide propose"].out)
    assert [event["type"] for event in refusal["events"]] == ["Refused"]
    assert {row["log"]: row["fault"] for row in json.loads(told["replay"].out)} == dict.fromkeys(
        (f"{name}/0" for name in SPECS), ""
    )
    assert {json.loads(line)["specversion"] for line in told["events tail"].out.splitlines()} == {"1.0"}
