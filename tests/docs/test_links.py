"""Every relative link of every page leads somewhere, and so does every heading that one names."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.docs.shell import ROOT

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$|^(?: {4}).*$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def _pages() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, check=True, text=True).stdout.split()
    return [ROOT / name for name in listed if (ROOT / name).exists()]


@cache
def _anchors(page: Path) -> frozenset[str]:
    """The names that hosts give to headings: lower case, no punctuation, `-` for spaces."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def _broken(page: Path) -> list[str]:
    """Links of a page that lead nowhere. Code is no text: what looks like a link there is none."""
    text = re.sub(r"\[`([^`\n]*)`\]", r"[\1]", page.read_text("utf-8"))
    found: list[str] = []
    for target in _LINK.findall(_CODE.sub("", text)):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in _anchors(there)):
            found.append(target)
    return found


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert _broken(page) == []


def test_every_page_of_the_documentation_is_listed() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    pages = [page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md")]
    assert [str(p) for p in pages if p.parent.name != "decisions" and p.name != "README.md" and f"({p})" not in index] == []
