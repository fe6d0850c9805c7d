"""The pages in a browser: for everybody (axe), on every width, by keyboard, and without script. One Chromium for all of it.

Axe cannot see what lies behind the words of a picture; `test_style` holds their colours to the same contrast.

Where there is none, these are skipped with the reason; under CI=true that is a failure.
"""

import csv
import os
from collections.abc import Iterator
from typing import NoReturn

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it ships no types
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

from tests.services.publishing.http.serving import Open

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
AWARD = "radicalisation-2021.03.1"
KINDS = {
    "home": "/en/",
    "calls": "/nl/calls",
    "call": "/en/calls/radicalisation-2021",
    "found": "/en/awards?call=radicalisation-2021-round2&purpose=livc&order=name",
    "nothing": "/nl/awards?text=nothing",
    "award": f"/nl/awards/{AWARD}",
    "sums": "/en/sums",
    "about": "/nl/about",
    "missing": "/en/nowhere",
    "unclear": "/nl/awards?year=x",
}
"""A page of every kind, in one of the two languages: they differ in words only."""
HARMFUL = ("/en/", "/nl/awards", f"/en/awards/{AWARD}", "/nl/sums", "/en/calls/radicalisation-2021-round2")
WIDTHS = (320, 360, 700, 1000, 1184, 1280)
PATIENCE_MILLISECONDS = 120_000
"""What a busy machine may take for a step."""
AXE = Axe()
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,  # there is nothing of other hosts
}


def _missing(error: Exception) -> NoReturn:
    reason = f"no Chromium here: {str(error).splitlines()[0]}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE_MILLISECONDS)
        except Error as error:
            _missing(error)
        yield opened
        opened.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A page at which nothing may go wrong: no error in the console (a broken policy is one), and everything loads."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    faults = list[str]()
    page = context.new_page()

    def noted(message: ConsoleMessage) -> None:
        not_there = message.text.startswith("Failed to load") and message.location["url"] == page.url
        if message.type == "error" and not not_there:  # a page that is not there may say so
            faults.append(message.text)

    page.on("console", noted)
    page.on("requestfailed", lambda request: faults.append(request.url))
    yield page
    assert context.cookies() == []
    context.close()
    assert faults == []


def violations(page: Page) -> list[str]:
    """What axe finds, rule by rule, with the elements."""
    found = AXE.run(page, options=RULES).response
    return [f"{fault['id']}: {', '.join(str(node['target']) for node in fault['nodes'])}" for fault in found["violations"]]


def too_wide(page: Page) -> bool:
    """Whether a reader would have to scroll sideways, in the page or in any part of it."""
    return bool(
        page.evaluate(
            """() => document.documentElement.scrollWidth > document.documentElement.clientWidth
            || [...document.querySelectorAll('main *')].some(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1
                && !['INPUT', 'SELECT'].includes(e.tagName) && !e.closest('svg'))"""
        )
    )


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_kept_out(door: Open, tab: Page, kind: str) -> None:
    tab.goto(door.url + KINDS[kind])
    for scheme in ("light", "dark"):
        for width in (360, 1280):
            tab.emulate_media(color_scheme=scheme)
            tab.set_viewport_size({"width": width, "height": 900})
            assert violations(tab) == [], (scheme, width)
            assert not too_wide(tab), width


@pytest.mark.parametrize("path", HARMFUL)
def test_no_word_is_too_long_for_any_width(harmed: Open, tab: Page, path: str) -> None:
    tab.goto(harmed.url + path)
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 900})
        assert not too_wide(tab), width


FAULTS = {
    "color-contrast": "document.documentElement.style.setProperty('--muted', '#a0a0a0')",
    "label": "document.querySelector('label[for=text]').remove()",
    "select-name": "document.querySelector('label[for=state]').remove()",
    "html-has-lang": "document.documentElement.removeAttribute('lang')",
    "svg-img-alt": "document.querySelector('svg[role=img]').replaceChildren()",
    "target-size": "document.querySelectorAll('.top li a').forEach(a => a.style.cssText = 'padding:0;margin:-8px;font-size:6px')",
    "empty-table-header": "document.querySelector('th[scope=col]').textContent = ''",
    "skip-link": "document.querySelector('main').removeAttribute('id')",
}


def test_planted_faults_are_found(door: Open, tab: Page) -> None:
    """The checks see: each of these would keep somebody out."""
    tab.goto(f"{door.url}/en/sums")
    for fault in FAULTS.values():
        tab.evaluate(fault)
    assert {found.partition(":")[0] for found in violations(tab)} >= FAULTS.keys()


def test_a_page_that_is_too_wide_is_found(door: Open, tab: Page) -> None:
    tab.set_viewport_size({"width": 360, "height": 900})
    tab.goto(f"{door.url}/nl/awards/{AWARD}")
    tab.evaluate("document.querySelectorAll('code').forEach(code => code.style.whiteSpace = 'nowrap')")
    assert too_wide(tab)


def focused(page: Page) -> str:
    """What has the focus: its id, or its words. It is to be seen, and seen to have it."""
    told: tuple[str, float, bool] = page.evaluate(
        """() => { const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
        return [e.id || e.textContent.trim(), style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
                box.top >= 0 && box.left >= 0 && box.width > 0 && box.height > 0]; }"""
    )
    name, outline, seen = told
    assert outline >= 2, name
    assert seen, name
    return name


def test_by_keyboard(door: Open, tab: Page) -> None:
    """All that leads anywhere can be reached, in the order in which it stands; the first is the way past it."""
    tab.goto(f"{door.url}/en/")
    met = list[str]()
    while not met or met[-1] != "text":
        tab.keyboard.press("Tab")
        met.append(focused(tab))
        assert len(met) < 12
    header = ["Register of grants", "Overview", "Calls", "Awards", "Amounts", "About this register", "Nederlands"]
    assert met == ["Skip to the content", *header, "text"]
    tab.keyboard.type("heist")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/en/awards?text=heist*")
    assert tab.locator("#awards tbody tr").count() == 1


def test_the_skip_link_skips(door: Open, tab: Page) -> None:
    tab.goto(f"{door.url}/nl/awards")
    tab.keyboard.press("Tab")
    assert focused(tab) == "Naar de inhoud"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    tab.keyboard.press("Tab")
    assert focused(tab) == "text"


def test_without_script(door: Open, browser: Browser) -> None:
    """Search, pictures, downloads, the other language."""
    context = browser.new_context(java_script_enabled=False, accept_downloads=True)
    page = context.new_page()
    page.goto(f"{door.url}/en/awards")
    page.get_by_label("Purpose").select_option(label="Network meetings with the police")
    page.get_by_label("Order").select_option("oldest")
    page.get_by_role("button", name="Search").click()
    assert page.get_by_role("heading", level=2).first.inner_text() == "6 awards found"
    rows = page.get_by_role("table").get_by_role("rowheader").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name="All of this as CSV").click()
    file = csv.DictReader(download.value.path().read_text("utf-8").splitlines())
    assert [row["name"] for row in file] == rows
    page.get_by_role("link", name=rows[0], exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == rows[0]
    assert page.get_by_role("img", name="The amounts of this award").bounding_box() is not None
    page.get_by_role("link", name="Nederlands").click()
    assert page.get_by_role("heading", name="Bewijs").is_visible()
    context.close()


def test_narrow_tables_are_tables_still(door: Open, tab: Page) -> None:
    """Laid out as blocks, rows keep their roles and cells their column's name."""
    tab.set_viewport_size({"width": 360, "height": 900})
    tab.goto(f"{door.url}/en/awards?text=heist")
    table = tab.get_by_role("table", name="Awards, with their amounts apart")
    assert table.get_by_role("rowheader").all_inner_texts() == ["Heist-op-den-Berg"]
    assert table.get_by_role("columnheader").count() == 10
    label = tab.evaluate("getComputedStyle(document.querySelector('tbody td.number'), '::before').content")
    assert label.startswith('"Awarded"')


def test_on_paper(door: Open, tab: Page) -> None:
    """What is for screens only is not printed, and what is printed is dark on white."""
    tab.goto(f"{door.url}/nl/awards/{AWARD}")
    tab.emulate_media(media="print", color_scheme="dark")
    assert not tab.locator("nav").first.is_visible()
    assert tab.locator("#history").is_visible()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
