"""After an erasure and a destruction an export is as sound as before; a chain, a moment and the report name what is gone."""

import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from services.audit import chapters, report
from services.audit.chain import chain
from services.audit.checked import check
from services.audit.custody import custody, unreadable
from services.audit.differing import difference
from services.audit.duties import examine
from services.audit.logs import cut
from services.audit.memory import Memory
from services.audit.moment import as_of
from services.audit.pack import Pack
from services.audit.rerun import rerun
from services.audit.source import entries
from services.audit.story import tell
from services.audit.verifying import verify
from services.audit.words import words
from services.runtime.vault import Vault
from services.tlog.tree import consistency, verify_consistency
from tests.audit import forgetting, packs
from tests.audit.forgetting import CALL, CLOSED, CLOSED_AT, DESTROYED_AT, ERASED, ERASED_AT, INTAKE, SEALED
from tests.audit.test_report import MADE, elements, shown
from tests.cli.line import Line


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    directory = tmp_path_factory.mktemp("before") / "export"
    packs.lay_down(directory, forgetting.before())
    return Pack(directory)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    directory = tmp_path_factory.mktemp("after") / "export"
    packs.lay_down(directory, forgetting.after())
    return Pack(directory)


def test_both_are_accepted_the_one_after_the_other_and_have_the_same_balances(old: Pack, new: Pack, tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    assert verify(old, memory).faults == []
    later = verify(new, memory)
    assert (later.faults, later.since[INTAKE]) == ([], old.length(INTAKE))
    first, second = rerun(old), rerun(new)
    assert (first.faults, second.faults) == ([], [])
    assert first.books.told() == second.books.told()


def test_nothing_of_what_was_signed_before_has_changed(old: Pack, new: Pack) -> None:
    for log in old.names():
        size, longer = old.length(log), new.length(log)
        before, now = old.checkpoint(log).root, new.checkpoint(log).root
        proof = consistency(size, longer, new.hashes(log).node)
        assert verify_consistency(size, before, longer, now, proof)
        assert (log == INTAKE) == (size < longer)
    found = difference(old, new)
    assert (found.faults, list(found.parting), found.accounts) == ([], [INTAKE], {})


def test_a_moment_says_what_was_kept_no_longer_then(new: Pack) -> None:
    def erased(moment: str) -> dict[str, dict[str, object]]:
        return {file.application_id: dict(file.erased) for file in as_of(new, cut(new, moment)).files if file.erased}

    assert erased("2032-01-01T00:00:00Z") == {}
    destroyed = {CLOSED: {"application": DESTROYED_AT + timedelta(hours=1)}}
    assert erased("2033-01-01T00:00:00Z") == destroyed
    assert erased("2034-01-01T00:00:00Z") == {**destroyed, ERASED: {"all": ERASED_AT}}


def test_a_chain_names_the_documents_and_texts_that_are_gone(old: Pack, new: Pack) -> None:
    submitted, reopened = (
        next(link for link in chain(new, name).links if link.event["type"] == kind)
        for name, kind in ((CLOSED, "ApplicationSubmitted"), (ERASED, "ApplicationReopened"))
    )
    assert set(submitted.erased) == {"content.attachments.0.document", "content.attachments.1.document"}
    assert (reopened.event["reason"], reopened.erased) == (SEALED, {"reason": ERASED_AT})
    assert not any(link.erased for link in chain(old, CLOSED).links)


def test_the_commands_show_it(new: Pack) -> None:
    line, directory = Line(listen="127.0.0.1:1"), str(new.directory)
    assert "reason erased 2033-12-01" in line("audit", "award", directory, ERASED).stdout
    assert "all 2033-12-01" in line("audit", "as-of", directory, "2034-01-01T00:00:00Z").stdout
    told = json.loads(line("audit", "award", directory, ERASED, "--json").stdout)
    assert {"reason": "2033-12-01T12:00:00Z"} in [link["erased"] for link in told["links"]]


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_report_has_every_term_and_what_became_of_it_and_stays_readable_for_all(new: Pack, language: str) -> None:
    story = tell(entries(new))
    pdf = PdfReader(BytesIO(report.pdf(story, examine(entries(new)), check(new, story), language=language, made=MADE)))
    say = words(language, "Europe/Brussels")
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    for said in (
        say("retention"),
        f"{CALL}.application",
        "officer-9",
        "minister-9",
        say.instant(CLOSED_AT),
        say.instant(ERASED_AT),
    ):
        assert said in text
    root = pdf.trailer["/Root"]["/StructTreeRoot"]  # type: ignore[index]
    assert sum(shown(node) == "/Table" for node in elements(root)) > 10
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf.trailer["/Root"]["/Metadata"].get_object().get_data()  # type: ignore[index]


def test_the_chapter_says_class_rule_start_end_and_both_hands(new: Pack) -> None:
    sections = {section.heading: section.as_json() for section in chapters.retention(tell(entries(new)), words("en", "UTC"))}
    rows = sections[f"Call {CALL}"]["blocks"][2]["rows"]  # type: ignore[index,call-overload]
    (application,) = [row for row in rows if row[1] == "application"]  # type: ignore[index,union-attr]
    size = len(forgetting.before()[INTAKE])
    assert application == [
        "04",
        "application",
        f"{CALL}.application",
        "2022-12-01 12:00",
        "2032-12-01 12:00",
        f"2032-12-01 13:00, documents: 2; listed by officer-9 (intake/0/{size + 1}), approved by minister-9 (intake/0/{size + 2})",
    ]
    assert [row[5] for row in rows if row[1] != "application"] == [""] * (len(rows) - 1)  # type: ignore[index,union-attr,arg-type]
    erased = sections["Erased subjects"]["blocks"][0]["rows"]  # type: ignore[index,call-overload]
    assert [row[0] for row in erased] == [SEALED.split(":")[1]]  # type: ignore[index,union-attr]


def test_what_is_sealed_is_not_printed_and_what_is_gone_is_called_so(old: Pack, new: Pack) -> None:
    say = words("en", "UTC")
    for pack, expected in ((old, "see [sealed]"), (new, "see [erased since 2033-12-01 12:00]")):
        story = tell(entries(pack))
        file = story.calls[CALL].files[ERASED]
        file.ground, file.ground_given = f"see {SEALED}", CLOSED_AT
        printed = json.dumps([section.as_json() for section in chapters.call(story, story.calls[CALL], say)])
        assert expected in printed
        assert "sealed1" not in printed


def test_the_form_of_a_sealed_text_is_that_of_the_vault(new: Pack, tmp_path: Path) -> None:
    sealed = Vault(tmp_path / "vault.db").seal(SEALED.split(":")[1], SEALED.split(":")[2], b"called at home")
    assert unreadable(sealed, "-") == "-"
    kept = custody(new)
    assert kept.gone(sealed, ERASED_AT) == ERASED_AT
    assert kept.gone(sealed, ERASED_AT + timedelta(seconds=1)) is None, "sealed anew, as far as a log shows"
    assert kept.gone(sealed.replace("sealed1:0207501311", "sealed1:0207501312"), ERASED_AT) is None
