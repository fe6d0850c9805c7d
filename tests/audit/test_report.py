"""The printed report: tagged for readers that speak, complete, the same bytes every time, and plain about what is wrong."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader

from services.audit import pictures, report
from services.audit.checked import Checked, check
from services.audit.duties import examine
from services.audit.faults import Fault
from services.audit.pack import Pack
from services.audit.source import entries
from services.audit.story import Fate, Stage, Story, tell
from services.audit.words import LANGUAGES, vocabulary, words
from tests.audit import packs

MADE = datetime(2026, 11, 24, 12, tzinfo=UTC)
LOGS = packs.in_memory()
STORY, DUTIES = tell(entries(LOGS)), examine(entries(LOGS))
SOUND = Checked(keys_from_export=False, signed=set(LOGS.names()), decided=sum(LOGS.length(log) for log in LOGS.names()))


@pytest.fixture(scope="module", params=LANGUAGES)
def printed(request: pytest.FixtureRequest) -> tuple[str, PdfReader]:
    return request.param, PdfReader(BytesIO(report.pdf(STORY, DUTIES, SOUND, language=request.param, made=MADE)))


def elements(node: Any) -> Iterator[Any]:
    """The structure elements below one, in reading order."""
    children = node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        found: Any = cast("Any", child).get_object()
        if isinstance(found, dict) and "/S" in found:
            yield found
            yield from elements(found)


def shown(node: Any) -> str:
    return str(node.get("/S", ""))


def test_it_says_that_it_is_pdf_ua_and_has_tags_title_and_language(printed: tuple[str, PdfReader]) -> None:
    language, pdf = printed
    root: Any = pdf.trailer["/Root"]
    assert re.search(rb"<pdfuaid:part>1</pdfuaid:part>", root["/Metadata"].get_object().get_data())
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]) == language
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata is not None
    assert pdf.metadata.title == f"{words(language, 'UTC')('title')} demo"


def test_headings_tables_and_pictures_are_tagged_and_pictures_have_words(printed: tuple[str, PdfReader]) -> None:
    _, pdf = printed
    root: Any = pdf.trailer["/Root"]
    found = list(elements(root["/StructTreeRoot"].get_object()))
    kinds = [shown(node) for node in found]
    assert {"/H1", "/H2", "/H3", "/Table", "/TH", "/TR", "/TD", "/Figure", "/Caption", "/P"} <= set(kinds)
    figures = [node for node in found if shown(node) == "/Figure"]
    assert len(figures) == 1 + 2 * len(STORY.calls)
    assert all(len(str(node.get("/Alt", ""))) > 100 for node in figures)
    levels = [int(kind[2:]) for kind in kinds if re.fullmatch(r"/H[1-6]", kind)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_everything_that_counts_is_in_it(printed: tuple[str, PdfReader]) -> None:
    language, pdf = printed
    say = words(language, "Europe/Brussels")
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pdf.pages))
    for call in STORY.calls.values():
        assert call.rules.title[language] in text
    assert say.money(147_600_000) in text
    assert say("findings_none").split(",")[0] in text
    for refusal in DUTIES.refusals:
        assert refusal.code in text
    squeezed = text.replace(" ", "")
    for pair in DUTIES.pairs:
        for hand in (*pair.first, *pair.second):
            assert f"{hand.actor}({hand.log}/{hand.index})" in squeezed
    for log in STORY.logs.values():
        assert log.frontier.root().hex() in squeezed


def test_the_same_entries_give_the_same_bytes() -> None:
    again = report.pdf(tell(entries(LOGS)), examine(entries(LOGS)), SOUND, language="nl", made=MADE)
    assert again == report.pdf(STORY, DUTIES, SOUND, language="nl", made=MADE)


def test_what_is_wrong_is_said_on_the_first_page() -> None:
    spoiled = replace(SOUND, faults=[Fault("awarding/0", 35, "decided otherwise")])
    found = report.content(STORY, DUTIES, spoiled, language="en", made=MADE)
    assert found["sound"] is False
    assert found["finding"].startswith("1 findings")
    assert "decided otherwise" in str(found["sections"])


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    def shape(value: Any) -> Any:
        return (
            {key: shape(member) for key, member in value.items()} if isinstance(value, dict) else set(re.findall(r"{\w+}", value))
        )

    said = vocabulary()
    assert set(said) == set(LANGUAGES)
    assert shape(said["nl"]) == shape(said["en"])
    assert set(said["nl"]["stage"]) == set(Stage)
    assert set(said["nl"]["fate"]) == set(Fate)


def test_a_log_that_is_signed_and_decides_as_recorded_is_found_sound(tmp_path: Path) -> None:
    packs.lay_down(tmp_path / "export", packs.values(packs.history()))
    pack = Pack(tmp_path / "export")
    found = check(pack, tell(entries(pack)))
    assert (found.keys_from_export, found.signed, found.faults) == (True, set(pack.names()), [])
    assert found.decided == SOUND.decided


def test_a_log_that_is_not_the_signed_one_is_found(tmp_path: Path) -> None:
    history = packs.values(packs.history())
    packs.lay_down(tmp_path / "export", history)
    note = (tmp_path / "export" / "logs" / "scoring-0" / "checkpoint").read_text("utf-8")
    (tmp_path / "export" / "logs" / "intake-0" / "checkpoint").write_text(note, "utf-8")
    pack = Pack(tmp_path / "export")
    found = check(pack, STORY)
    assert "intake/0" not in found.signed
    assert found.faults


def test_the_story_ends_with_the_balance_of_the_demonstration() -> None:
    (points,) = STORY.envelopes.values()
    last = points[-1]
    sums = (last.budget, last.reserved, last.committed, last.paid, last.recovered)
    assert sums == (150_000_000, 0, 147_600_000, 149_400_000, 1_800_000)
    assert [call.cut() for call in STORY.calls.values()] == [14, 12]
    first, second = STORY.calls.values()
    fates = [[file.fate for file in call.files.values()] for call in (first, second)]
    assert [fate.count(Fate.AWARD) + fate.count(Fate.PARTIAL_AWARD) for fate in fates] == [14, 13]
    assert all(min(point.available for point in points) >= 0 for points in STORY.envelopes.values())


def drawn() -> Iterator[str]:
    say = words("nl", "Europe/Brussels")
    for points in STORY.envelopes.values():
        yield pictures.money(points, say, "EUR")
        yield pictures.money(points[:1], say, "EUR")
    for name, call in STORY.calls.items():
        yield pictures.ranking(call, call.ranked(), STORY.bodies, say)
        yield pictures.flow(list(call.files.values()), name, STORY.bodies, say)


@pytest.mark.parametrize("svg", list(drawn()))
def test_a_picture_is_sound_svg_in_whole_numbers_within_its_frame(svg: str) -> None:
    root = ET.fromstring(svg)
    _, _, width, height = (int(part) for part in root.attrib["viewBox"].split())
    for element in root:
        points = [tuple(map(int, pair.split(","))) for pair in element.get("points", "").split()]
        for a, b in (("x", "y"), ("cx", "cy")):
            if a in element.attrib:
                points.append((int(element.attrib[a]), int(element.attrib[b])))
        assert points
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


def test_a_deployment_without_anything_has_a_report() -> None:
    empty = Checked(keys_from_export=True)
    assert report.pdf(Story(), examine(()), empty, language="en", made=MADE).startswith(b"%PDF")


def test_names_are_text_never_markup() -> None:
    story = tell(entries(LOGS))
    story.bodies = dict.fromkeys(story.bodies, "#panic() <b>& Co*")
    assert b"%PDF" in report.pdf(story, DUTIES, SOUND, language="en", made=MADE)[:10]
