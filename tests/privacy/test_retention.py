"""Retention from the command line: nothing goes before its term, without a list, or by one hand; then it is gone."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.calls.bodies import bodies_on
from services.calls.file import load
from services.kernel.canonical import digest
from services.runtime.documents import Documents
from tests.cli.line import CALL_FILE, OFFICER
from tests.privacy.deployment import Deployment, patiently
from tests.runtime.serving import NOON

CALL = "radicalisation-2021"
FIRST, SECOND = f"{CALL}.01", f"{CALL}.02"
RULES = load(CALL_FILE)
BODIES = [m.kbo for m in bodies_on(RULES.window.opens_at.date()) if m.kbo][:2]
MINISTER = "m-1:cabinet:decision_maker"
OVER = datetime(2021, 6, 1, tzinfo=UTC)
YEARS = 10
"""Terms up to this are over at the end."""
OWN, SHARED, MAIL = b"the curriculum vitae of somebody", b"the template of all", "somebody@voorbeeld.example"


def drafts(oproep: Deployment, scratch: Path) -> None:
    """Two files, a document of its own in the first, one document in both."""
    own, shared, form = scratch / "own.txt", scratch / "shared.txt", scratch / "form.json"
    own.write_bytes(OWN)
    shared.write_bytes(SHARED)
    oproep("call", "publish", str(CALL_FILE), "--as", OFFICER)
    for body, name, plan in zip(BODIES, (FIRST, SECOND), (own, shared), strict=True):
        oproep("contact", "put", body, "--name", "Somebody", "--mail", MAIL)
        form.write_text(oproep("apply", "form", str(CALL_FILE), "--applicant", body), "utf-8")
        attach = ("--attach", f"plan={plan}", "--attach", f"financial_template={shared}")
        oproep("apply", "draft", name, str(form), *attach, "--as", f"clerk:{body}:applicant")


def kept(oproep: Deployment) -> set[bytes | None]:
    """Which of the two documents the store still gives."""
    documents = Documents(oproep.place / "documents")
    return {documents.get(digest(content)) for content in (OWN, SHARED)} - {None}


def due(oproep: Deployment) -> list[tuple[str, str, int]]:
    told = json.loads(oproep("retention", "list", CALL, "--json"))["due"]
    return [(item["applicationId"], item["dataClass"], len(item["documents"])) for item in told]


@pytest.mark.slow
def test_terms_run_out_one_after_the_other_and_two_hands_end_what_was_kept(tmp_path: Path) -> None:
    oproep, scratch = Deployment(tmp_path / "deployment"), tmp_path / "scratch"
    scratch.mkdir()
    oproep.clock.set(NOON)
    with oproep.up():
        drafts(oproep, scratch)
        assert "still_open" in oproep("retention", "close", FIRST, "--as", OFFICER, code=1)
        oproep.clock.set(OVER)
        patiently(lambda: oproep.line("retention", "close", FIRST, "--as", OFFICER).exit_code == 0)
        oproep("retention", "plan", CALL, "--as", OFFICER, code=1)

        oproep.clock.set(OVER.replace(year=2022, month=7))  # the files' terms are counted from when each was closed
        assert due(oproep) == [(FIRST, "contact", 0)]
        oproep("retention", "plan", CALL, "--as", OFFICER)
        assert "same_hand" in oproep("retention", "approve", CALL, "r1", "--as", OFFICER, code=1)
        assert json.loads(oproep("contact", "show", BODIES[0], "--json"))["mail"] == MAIL
        oproep("retention", "approve", CALL, "r1", "--as", MINISTER)
        oproep("contact", "show", BODIES[0], code=1)
        oproep("contact", "show", BODIES[1])
        oproep.clock.set(OVER.replace(year=2022, month=8))  # whoever files again later is reached again
        oproep("contact", "put", BODIES[0], "--name", "Somebody else", "--mail", "new@voorbeeld.example")
        oproep("contact", "show", BODIES[0])

        oproep("retention", "close", SECOND, "--as", OFFICER)
        oproep.clock.set(OVER.replace(year=2031, month=7))
        assert (FIRST, "application", 1) in due(oproep)  # without what the second file has, too
        oproep("retention", "plan", CALL, "--as", OFFICER)
        said = json.loads(oproep("retention", "approve", CALL, "r2", "--as", MINISTER, "--json"))
        rules = {event["rule"] for event in said["events"] if event["type"] == "DataDestroyed"}
        assert f"{CALL}.application" in rules
        assert kept(oproep) == {SHARED}
        oproep.clock.set(OVER.replace(year=2032, month=9))
        assert (SECOND, "application", 1) in due(oproep)
        oproep("retention", "plan", CALL, "--as", OFFICER)
        oproep("retention", "approve", CALL, "r3", "--as", MINISTER)
        assert kept(oproep) == set()
        assert [item for item in due(oproep) if item[1] == "application"] == []
        assert all(not row["fault"] for row in json.loads(oproep("replay", "--json")))
        export = oproep.place / "export"
        oproep("audit", "export", str(export))
    oproep("audit", "verify", str(export), "--state", str(tmp_path / "state"))
    told = json.loads(oproep("audit", "as-of", str(export), "2040-01-01T00:00:00Z", "--json"))
    assert told["faults"] == []
    over = {rule.data_class for rule in RULES.retention if rule.years <= YEARS}
    assert [(file["applicationId"], set(file["erased"])) for file in told["files"]] == [(FIRST, over), (SECOND, over)]
