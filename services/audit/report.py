"""The printed audit report: a tagged PDF (PDF/UA-1) with pictures, in Dutch or English. Needs the extra `audit`.

The same entries give the same bytes, on every machine: fonts come with the typesetter, the time of making is given.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from services.audit import chapters
from services.audit.blocks import Section
from services.audit.checked import Checked
from services.audit.duties import Duties, Verdict
from services.audit.story import Story
from services.audit.words import Words, words
from services.runtime.extra import library

_TEMPLATE = Path(__file__).parent / "report.typ"
_PRODUCT = "Oproep"
_ZONE = "Europe/Brussels"
"""Where a deployment without any call is thought to be."""


def pdf(story: Story, duties: Duties, checked: Checked, *, language: str, made: datetime) -> bytes:
    """The report as PDF.

    Raises:
        MissingExtraError: if the typesetter is not installed.
        KeyError: if there are no words of that language.
    """
    typst = library("typst")
    compiled: bytes = typst.compile(
        _TEMPLATE,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(content(story, duties, checked, language=language, made=made))},
        pdf_standards=["ua-1"],
        timestamp=made,
    )
    return compiled


def findings(story: Story, duties: Duties, checked: Checked) -> int:
    """How much is not as it should be: faults in the logs, hands, and envelopes that were ever exceeded."""
    return duties.findings + len(checked.faults) + sum(low < 0 for low in story.lowest.values())


def content(story: Story, duties: Duties, checked: Checked, *, language: str, made: datetime) -> dict[str, Any]:
    """What the template lays out: every word, sum and picture of the report."""
    zones = [call.rules.window.zone for call in story.calls.values()]
    say = words(language, zones[0] if zones else _ZONE)
    sections: list[Section] = [
        *chapters.money(story, say),
        *(section for call in story.calls.values() for section in chapters.call(story, call, say)),
        *chapters.separation(duties, say),
        *chapters.retention(story, say),
        *chapters.logs(story, checked, say),
    ]
    found = findings(story, duties, checked)
    return {
        "language": language,
        "title": f"{say('title')} {story.deployment}",
        "author": _PRODUCT,
        "keywords": [*story.calls],
        "subtitle": say("subtitle"),
        "running": f"{say('title')} {story.deployment}, {say.day(made)}",
        "page": say("page"),
        "contents": say("contents"),
        "covers": [list(pair) for pair in _covers(story, say, made)],
        "sound": found == 0,
        "finding": say("findings_some", count=found) if found else say("findings_none"),
        "figures": [list(pair) for pair in _figures(story, duties, checked, say)],
        "note": _note(checked, say),
        "sections": [section.as_json() for section in sections],
    }


def _covers(story: Story, say: Words, made: datetime) -> list[tuple[str, str]]:
    entries = sum(log.frontier.size for log in story.logs.values())
    last = max((log.last for log in story.logs.values() if log.last), default=made)
    calls = [f"{call.rules.title[say.language]} ({name})" for name, call in story.calls.items()]
    authorities = dict.fromkeys(call.rules.authority[say.language] for call in story.calls.values())
    return [
        (say("deployment"), story.deployment),
        (say("calls"), "\n".join(calls) or say("none")),
        (say("authority"), "\n".join(authorities) or say("none")),
        (say("covers"), say("covers_words", entries=entries, logs=len(story.logs), last=say.instant(last))),
        (say("made"), say.instant(made)),
    ]


def _figures(story: Story, duties: Duties, checked: Checked, say: Words) -> list[tuple[str, str]]:
    entries = sum(log.frontier.size for log in story.logs.values())
    pairs = [
        (say("signed"), say("signed_words", count=len(checked.signed), of=len(story.logs))),
        (say("replayed"), say("replayed_words", count=checked.decided, of=entries)),
    ]
    for name, points in story.envelopes.items():
        last, currency = points[-1], story.currencies[name]
        over = max(0, -story.lowest[name])
        label = f"{name}: " if len(story.envelopes) > 1 else ""
        pairs += [
            (label + say("budget"), say.money(last.budget, currency)),
            (label + say("committed"), say.money(last.committed, currency)),
            (label + say("net_paid"), say.money(last.paid - last.recovered, currency)),
            (label + say("available"), say.money(last.available, currency)),
            (label + say("over_award"), say.money(over, currency)),
        ]
    kept = sum(pair.verdict is Verdict.KEPT for pair in duties.pairs)
    return [*pairs, (say("pairs_kept"), f"{kept} / {len(duties.pairs)}"), (say("refusals"), str(len(duties.refusals)))]


def _note(checked: Checked, say: Words) -> str:
    own = f"{say('keys_from_export')} " if checked.keys_from_export else ""
    return own + say("zone_note", zone=say.zone.key)
