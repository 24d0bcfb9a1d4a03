"""The page: one file that loads nothing, runs nothing and can be read by everyone."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path

import nbformat
import pytest
import small_shop
from bs4 import BeautifulSoup
from PIL import Image
from small_shop import CATEGORIES, NAME, PRODUCTS, report_of

from templates_lib.report import page as page_module

PLANTED = (NAME, *CATEGORIES, *PRODUCTS)
LOADING = ("src", "href", "srcset", "data", "action", "formaction", "poster", "background", "ping")


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    shop = small_shop.published(tmp_path_factory.getbasetemp())[0]
    return report_of(shop) / "send" / "report.html"


@pytest.fixture(scope="module")
def page(file) -> BeautifulSoup:
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


# Nothing is loaded, nothing runs


def test_nothing_runs_but_the_pages_own_script(page):
    (script,) = page.find_all("script")
    assert script.text == (Path(page_module.__file__).parent / "page.js").read_text("utf-8")
    assert not script.attrs
    assert not page.find_all(["iframe", "object", "embed", "form", "base", "link"])
    for tag in page.find_all(True):
        assert not [name for name in tag.attrs if name.lower().startswith("on")], tag.name
    assert not [t for t in page.find_all("meta") if "refresh" in str(t.get("http-equiv")).lower()]


def test_nothing_is_loaded(page):
    for tag in page.find_all(True):
        for name in LOADING:
            value = tag.get(name, "#").strip()
            assert value.startswith(("#", "data:image/")), (tag.name, name, value[:80])
        assert "url(" not in tag.get("style", "")
    for style in page.find_all("style"):
        assert "@import" not in style.text
        assert "url(" not in style.text
        assert "//" not in re.sub(r"/\*.*?\*/", "", style.text, flags=re.DOTALL)


def test_a_policy_forbids_what_a_mistake_would_let_in(page):
    assert page.find("script").parent.name == "body"
    (policy,) = page.find_all("meta", {"http-equiv": "Content-Security-Policy"})
    rules = dict(rule.split(None, 1) for rule in policy["content"].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for kind, tags in (("script-src", "script"), ("style-src", "style")):
        inside = [hashlib.sha256(tag.text.encode()).digest() for tag in page.find_all(tags)]
        hashes = [f"'sha256-{base64.b64encode(each).decode()}'" for each in inside]
        assert rules[kind].split() == hashes
    assert not page.find_all(style=True), "the policy would refuse it"
    head = [tag.name for tag in page.head.find_all(True)]
    assert head.index("meta") < head.index("style")
    assert head[:2] == ["meta", "meta"], "the policy stands before all that it is for"


# What was planted comes out as text


def test_what_was_planted_is_text(page, file):
    source = file.read_text(encoding="utf-8")
    for planted in PLANTED:
        if "<" in planted:
            assert planted not in source
    assert page.title.text.startswith(f"{NAME}: ")
    assert page.h1.text.startswith(NAME)
    everything = page.body.get_text()
    for category in CATEGORIES:
        assert category in everything, category
    for product in PRODUCTS[:2]:
        assert product in everything, product
    for planted in ("alert(", "onerror", "javascript:"):
        for tag in page.find_all(True):
            assert planted not in str(
                {k: v for k, v in tag.attrs.items() if k not in ("alt", "content", "title")}
            )


def test_headers_of_the_file_are_not_in_the_page(page):
    assert "<script>order</script>" not in page.get_text()
    assert "order</script>" not in str(page)


# It can be read


def test_every_picture_has_words(page):
    pictures = page.find_all("img")
    assert len(pictures) >= 8
    for picture in pictures:
        assert len(picture["alt"].strip()) > 10
        kind, _, data = picture["src"].partition(";base64,")
        assert kind == "data:image/png"
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as opened:
            assert (opened.format, opened.mode) == ("PNG", "P")
            assert opened.size[0] == 2 * int(picture["width"])  # sharp on a phone
    for drawing in page.find_all("svg"):
        assert drawing.get("aria-label") or drawing.find("title") or drawing.get("aria-hidden")


def test_ids_are_unique_and_links_resolve(page):
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert sorted(ids) == sorted(set(ids))
    links = [a["href"] for a in page.find_all("a", href=True)]
    assert len(links) >= 4
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_headings_go_down_one_step_at_a_time(page):
    levels = [int(tag.name[1]) for tag in page.find_all(re.compile(r"^h[1-6]$"))]
    assert levels.count(1) == 1
    assert levels[0] == 1
    steps = [b - a for a, b in zip(levels, levels[1:], strict=False)]
    assert max(steps) <= 1, levels
    assert all(tag.text.strip() for tag in page.find_all(re.compile(r"^h[1-6]$")))


def test_the_page_says_its_language_and_fits_a_phone(page):
    assert page.html["lang"] == "en"
    viewport = page.find("meta", {"name": "viewport"})
    assert "width=device-width" in viewport["content"]
    assert page.find("main")
    assert page.find("nav").get("aria-label")


def test_tables_have_captions_and_headings(page):
    tables = [t for t in page.find_all("table") if t.find("thead")]
    assert tables
    for table in tables:
        assert table.caption.text.strip()
        heads = table.thead.find_all("th")
        assert all(th["scope"] == "col" for th in heads)
        for row in table.tbody.find_all("tr"):
            assert len(row.find_all(["td", "th"])) == len(heads)


def test_the_first_chapter_is_the_answer_and_the_page_shows_no_code(page):
    assert page.find("article")["id"] == "summary"
    text = page.get_text()
    for code in ("open_client(", "shop.say", "import ", "Traceback", "Warning", "overrides ="):
        assert code not in text, code
    assert not re.search(r"\bnan\b|\bNone\b|<NA>|\binf\b", text)


def test_a_chapter_without_results_is_no_chapter():
    """Headings over nothing are left out; the sentence that says what it would take is kept."""
    heading = nbformat.v4.new_markdown_cell("# Why they buy\n\nThe question.")
    silent = nbformat.v4.new_code_cell("pass")
    html = {"text/html": '<p class="computed">Nobody was asked &amp; why.</p>'}
    output = nbformat.v4.new_output("display_data", html)
    folded = nbformat.v4.new_code_cell("x", outputs=[output], metadata={"tags": ["method"]})
    empty = nbformat.v4.new_notebook(cells=[heading, silent, folded])
    assert not page_module._shows(empty)
    assert page_module._title(empty, "x") == "Why they buy"
    assert page_module._said(empty) == "Nobody was asked & why."
    full = nbformat.v4.new_notebook(
        cells=[heading, nbformat.v4.new_code_cell("y", outputs=[output]), folded]
    )
    assert page_module._shows(full)


def test_a_section_whose_steps_show_nothing_has_no_heading():
    def text(source, *tags):
        return nbformat.v4.new_markdown_cell(source, metadata={"tags": list(tags)})

    def step(*tags, shows=False):
        output = nbformat.v4.new_output("display_data", {"text/html": "<p>Found.</p>"})
        outputs = [output] if shows else []
        return nbformat.v4.new_code_cell("x", outputs=outputs, metadata={"tags": list(tags)})

    cells = [
        text("# Title\n\nThe question."), step(),
        text("## Shown"), step(shows=True),
        text("### Not shown"), text("More of it."), step(),
        text("## Only text"),
        text("## Only folded"), step("method", shows=True), text("How.", "method"),
        text("## Around one that is shown"), text("### Shown below"), step(shows=True),
        text("## Empty"), step(),
        text("What it cannot say.", "limits"),
    ]  # fmt: skip
    title, body = page_module._chapter(nbformat.v4.new_notebook(cells=cells), "x")
    shown = BeautifulSoup(body, "html.parser")
    assert title == "Title"
    assert [h.text for h in shown.find_all(["h3", "h4"])] == [
        "Shown", "Only text", "Around one that is shown", "Shown below",
    ]  # fmt: skip
    assert "More of it." not in shown.text
    assert [d.summary.text for d in shown.find_all("details")] == [
        "How this was computed", "What this cannot say",
    ]  # fmt: skip
    assert "Found." in shown.details.text and "How." in shown.details.text
