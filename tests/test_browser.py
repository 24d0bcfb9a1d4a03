"""The page in a browser: silent, offline, for the keyboard, for a phone, for everyone.

``TEMPLATES_PAGES`` names pages of reports (joined as in ``PATH``) to look at instead of those of
two small shops. What they look like is kept in ``tests/output/``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_page
import small_shop
from test_canary import reported  # noqa: F401 (a fixture)

from templates_lib.workspace import repository

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: make env")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe: make env")

OUTPUT = repository() / "tests" / "output"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
NAMED = [Path(p) for p in os.environ.get("TEMPLATES_PAGES", "").split(os.pathsep) if p]
LIGHTEST_TO_MAIL = 5_000_000
WIDTHS = {"desktop": 1100, "phone": 390, "small phone": 360}
CLIENT = (
    "client: {name: Acme Oy, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}\n"
    "as_of: 2026-06-30\n"
    "sources: {orders: {format: shopify, path: exports/o.csv, vat: included, "
    "refunds: by_order_date}}\n"
)
REACHABLE = "a[href], button, input, summary, [tabindex='0']"
VISIBLE = f"""[...document.querySelectorAll("{REACHABLE}")].filter(e => e.checkVisibility())"""
FOCUSED = f"{VISIBLE}.indexOf(document.activeElement)"


@pytest.fixture(scope="module")
def browser() -> Iterator:
    installed = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if installed is None:
        pytest.skip("needs a browser: none of " + ", ".join(BROWSERS) + " is installed")
    with sync_api.sync_playwright() as playwright:
        options = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
        opened = playwright.chromium.launch(executable_path=installed, args=options)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory, request) -> dict[str, Path]:
    """Finished reports: of a shop whose every text tries something, and of the demo shop."""
    if NAMED:
        return {"_".join(file.resolve().parts[-5:-2]): file for file in NAMED}
    hostile = small_shop.published(tmp_path_factory.getbasetemp())[0]
    demo = request.getfixturevalue("reported")[0] / "reports" / "demo"
    return {"hostile": small_shop.report_of(hostile) / "send" / "report.html",
            "demo": next(demo.glob("2*/en/send/report.html"))}  # fmt: skip


@pytest.fixture
def small(workspace, tmp_path, browser, make_client):
    """The small page, opened."""
    (workspace / "data" / "acme").mkdir(parents=True)
    file = tmp_path / "report.html"
    file.write_text(small_page.write(tmp_path, make_client(CLIENT)), encoding="utf-8")
    opened, heard = open_page(browser, file)
    yield opened
    opened.close()


def open_page(browser, file: Path, *, width: int = 1100, **more):
    """The page, and all that it asked for or said: requests, messages, errors."""
    opened = browser.new_page(viewport={"width": width, "height": 800}, **more)
    opened.set_default_timeout(10_000)
    heard: list[str] = []
    asked = file.resolve().as_uri()
    for event, word in (("requestfinished", "asked for"), ("requestfailed", "refused")):
        opened.on(event, lambda request, word=word: _hear(heard, asked, word, request))
    opened.on("console", lambda message: heard.append(message.text))
    opened.on("pageerror", lambda error: heard.append(str(error)))
    opened.goto(asked)
    return opened, heard


def _hear(heard: list[str], own: str, word: str, request) -> None:
    if not request.url.startswith((own, "data:")):
        heard.append(f"{word} {request.url}: {request.failure or ''}")


# Finished reports


def test_a_report_asks_for_nothing_and_says_nothing(browser, pages):
    for name, file in pages.items():
        assert file.stat().st_size < LIGHTEST_TO_MAIL, name
        opened, heard = open_page(browser, file)
        opened.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert heard == [], name
        pictures = "[...document.images].map(i => [i.alt.trim().length, i.naturalWidth])"
        assert all(alt > 10 and wide > 0 for alt, wide in opened.evaluate(pictures)), name
        opened.close()


def test_every_link_of_a_report_leads_to_its_place(browser, pages):
    for name, file in pages.items():
        opened, _ = open_page(browser, file)
        links = opened.evaluate("[...document.links].map(link => link.getAttribute('href'))")
        assert len(links) >= 4
        for link in sorted(set(links)):
            assert link.startswith("#"), name
            opened.evaluate("link => { location.hash = link; }", link)
            assert opened.evaluate("document.querySelector(':target')") is not None, (name, link)
        opened.close()


def test_a_report_has_no_serious_fault_of_access(browser, pages):
    """axe-core 4.12, all its rules; contrast also on the dark page."""
    for name, file in pages.items():
        for scheme, only in (("light", None), ("dark", ["color-contrast"])):
            # axe is put in from outside, which the page's own policy refuses
            opened, _ = open_page(browser, file, color_scheme=scheme, bypass_csp=True)
            opened.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
            options = {"resultTypes": ["violations"], **({"runOnly": only} if only else {})}
            context = {"include": [["header"], ["nav"], ["#summary"]]} if only else None
            done = axe.Axe().run(opened, context=context, options=options)
            found = [(v["id"], v["nodes"][0]["html"][:200]) for v in done.response["violations"]
                     if v["impact"] in ("serious", "critical")]  # fmt: skip
            assert found == [], (name, scheme)
            opened.close()


def test_a_report_fits_every_width(browser, pages):
    OUTPUT.mkdir(exist_ok=True)
    for name, file in pages.items():
        for device, width in WIDTHS.items():
            for scheme in ("light", "dark"):
                opened, _ = open_page(browser, file, width=width, color_scheme=scheme)
                picture = OUTPUT / f"{name}_{device.replace(' ', '_')}_{scheme}.png"
                opened.screenshot(path=picture)
                opened.evaluate(
                    "document.querySelectorAll('details').forEach(d => { d.open = true; })"
                )
                wide = opened.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, (name, device)
                opened.close()


def test_a_report_can_be_read_without_its_script(browser, pages):
    for name, file in pages.items():
        opened, heard = open_page(browser, file, java_script_enabled=False)
        assert heard == []
        assert opened.locator("h1").is_visible()
        assert opened.locator("#summary").is_visible(), name
        for idle in (".tools", "dialog"):
            assert not opened.locator(idle).is_visible(), idle
        assert opened.locator("th button").count() == 0
        opened.close()


# What the script does, on a page whose parts are known


def test_what_an_own_notebook_shows_cannot_run_or_ask(workspace, tmp_path, browser, make_client):
    (workspace / "data" / "acme").mkdir(parents=True)
    file = tmp_path / "report.html"
    file.write_text(small_page.write(tmp_path, make_client(CLIENT)), encoding="utf-8")
    opened, heard = open_page(browser, file)
    assert opened.title().startswith("Acme Oy: ")
    assert not [said for said in heard if said.startswith("asked for")]
    assert "refused https://example.com/seen.png: csp" in heard
    assert sum("Content Security Policy" in said for said in heard) >= 4, heard
    opened.close()


def column(opened, place: int) -> list[str]:
    return opened.locator(f"#freight tbody td:nth-child({place})").all_text_contents()


def test_a_table_is_sorted_by_its_numbers_what_is_missing_last(small):
    before = column(small, 3)
    most, least, missing, some = before
    assert missing == "–"
    heading = small.locator("#freight thead th:nth-child(3)")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert column(small, 3) == [most, some, least, missing]
    heading.locator("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column(small, 3) == [least, some, most, missing]
    heading.locator("button").press("Space")
    assert heading.get_attribute("aria-sort") is None
    assert column(small, 3) == before


def test_a_table_is_sorted_by_its_words_as_people_count(small):
    small.locator("#freight thead th:nth-child(1) button").click()
    assert column(small, 1) == ["home page", "office 9", "office 10", "other"]
    small.locator("#freight thead th:nth-child(2) button").click()
    assert column(small, 2) == ["1,204", "88", "88", "7"]
    assert small.locator("#freight th[aria-sort]").count() == 1


def test_a_figure_is_enlarged_and_the_keyboard_comes_back_to_it(small):
    button = small.locator(".chart button").first
    button.focus()
    small.keyboard.press("Enter")
    dialog = small.locator("dialog")
    assert dialog.is_visible()
    assert dialog.locator("img").get_attribute("alt") == "The freight by group, a bar each."
    wide = dialog.locator("img").bounding_box()["width"]
    assert wide > small.locator("#freight .chart img").bounding_box()["width"]
    small.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert button.evaluate("b => b === document.activeElement")
    small.locator("#freight .chart img").click()
    dialog.get_by_role("button", name="Close").click()
    assert not dialog.is_visible()


def test_search_counts_marks_leaves_out_and_goes_there(small):
    query, said = small.locator("#query"), small.locator("#found")
    query.fill("FREIGHT")
    marked = "[...CSS.highlights.get('found')].map(range => range.toString())"
    places = small.evaluate(marked)
    assert {place.lower() for place in places} == {"freight"}
    assert said.text_content() == f"{len(places)} places"
    assert small.locator("#freight").is_visible()
    assert not small.locator("#own").is_visible()
    query.fill("1 234")  # the page writes it with a space that does not break
    assert said.text_content() == "1 place"
    query.fill("by hand")
    query.press("Enter")
    assert small.locator("#freight details").first.evaluate("d => d.open")
    assert small.evaluate("[...CSS.highlights.get('here')].join()") == "by hand"
    query.fill("nowhere at all")
    assert said.text_content() == "Not found"
    query.fill("")
    assert said.text_content() == ""
    assert all(article.is_visible() for article in small.locator("article").all())


def test_a_link_to_a_chapter_that_the_search_left_out_leads_there(small):
    small.locator("#query").fill("in its chapter")
    assert not small.locator("#freight").is_visible()
    small.get_by_role("link", name="in its chapter").click()
    assert small.locator("#freight\\.paid").is_visible()


def test_a_link_to_a_finding_that_is_hidden_is_text(small):
    assert "and of one that is hidden" in small.locator("#summary").text_content()
    assert small.get_by_role("link", name="and of one that is hidden").count() == 0


def test_the_button_changes_the_colours_and_nothing_is_kept(small):
    ground = "getComputedStyle(document.body).backgroundColor"
    light = small.evaluate(ground)
    small.locator("#theme").click()
    assert small.locator("#theme").get_attribute("aria-pressed") == "true"
    dark = small.evaluate(ground)
    small.locator("#theme").click()
    assert (small.evaluate(ground), dark == light) == (light, False)
    small.emulate_media(color_scheme="dark")
    small.reload()
    assert small.evaluate(ground) == dark
    small.locator("#theme").click()
    assert small.evaluate(ground) == light
    assert small.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == [
        "", 0, 0,
    ]  # fmt: skip


def test_the_keyboard_reaches_everything_and_shows_where_it_is(small):
    small.keyboard.press("Tab")
    assert small.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(small.evaluate(f"{VISIBLE}.length") + 3):
        reached.add(small.evaluate(FOCUSED))
        assert small.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        small.keyboard.press("Tab")
        if small.evaluate("document.activeElement === document.body"):
            break
    assert reached == set(range(small.evaluate(f"{VISIBLE}.length")))


def test_the_first_link_leads_past_the_contents(small):
    small.keyboard.press("Tab")
    small.keyboard.press("Enter")
    assert small.evaluate("document.activeElement.id") == "main"


def test_the_contents_say_what_is_being_read(small):
    current = small.locator("#contents a[aria-current]")
    assert current.all_text_contents() == ["In short"]
    small.set_viewport_size({"width": 1100, "height": 300})
    small.locator("#contents a", has_text="Who pays").click()
    small.locator("#contents a[aria-current][href='#freight']").wait_for()


def test_what_is_folded_is_printed_and_the_tools_are_not(small, tmp_path):
    small.emulate_media(color_scheme="dark", media="print")
    assert small.evaluate("getComputedStyle(document.body).color") == "rgb(28, 31, 35)"
    for left_out in ("nav", ".to-contents", ".chart button"):
        assert not small.locator(left_out).first.is_visible(), left_out
    assert not small.locator("details[open]").count()
    small.pdf(path=tmp_path / "printed.pdf")
    assert small.locator("details[open]").count() == small.locator("details").count() > 0
