"""The slides: the answer, then a finding a slide with its chart, in the words of the page.

They are made from the page itself, so that whoever edits the report edits both.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lxml.html
from lxml.html import HtmlElement
from PIL import Image
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide, SlideLayout
from pptx.util import Emu, Inches, Pt

from templates_lib.language import tr
from templates_lib.report.native_charts import add_chart, can_be_drawn
from templates_lib.report.pdf import chapters
from templates_lib.report.slide_master import (
    BODY_BOX,
    EDGE,
    SOFT,
    WIDTH,
    lines_of,
    new_deck,
)
from templates_lib.words import Words

FIRST = "summary"
TEXT_SIZES = (16, 15, 14, 13, 12, 11)
TITLE_SIZES = (26, 24, 22, 20, 18)
LEADING = 1.22  # a line's height, of its size
BETWEEN = 0.45  # after a paragraph, of its size
CHART = (EDGE, BODY_BOX[1], Inches(7.4), BODY_BOX[3])
ASIDE = (EDGE + Inches(7.75), BODY_BOX[1], WIDTH - 2 * EDGE - Inches(7.75), BODY_BOX[3])
SURE = (EDGE, Inches(6.62), WIDTH - 2 * EDGE, Inches(0.3))
CHAPTER = (EDGE, Inches(0.36), WIDTH - 2 * EDGE, Inches(0.32))


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of a slide: its words in bold, then the others."""

    head: str
    text: str

    @property
    def whole(self) -> str:
        return f"{self.head} {self.text}".strip()


@dataclass(frozen=True)
class Card:
    """A finding as the page shows it."""

    identity: str
    headline: str
    body: tuple[Paragraph, ...]
    sure: str
    chapter: str


def write_slides(
    page: str,
    findings: Mapping[str, Mapping[str, Any]],
    figures: Path,
    words: Words,
    file: Path,
    *,
    client: str,
    as_of: str,
    colour: str,
    consultant: str | None = None,
    logo: bytes | None = None,
) -> None:
    """Writes the slides of a report as a PPTX file.

    Parameters
    ----------
    page : the HTML of the page
    findings : the findings on it, by id
    figures : the folder with ``<topic>__<figure>.json`` and ``.png``
    client, as_of, consultant, logo : what the first slide says; ``logo`` is a PNG
    colour : the client's, ``#rrggbb``
    """
    document = lxml.html.document_fromstring(page)
    foot = f"{client} · {as_of}"
    deck, layouts = new_deck(colour=colour, foot=foot, language=words.language)
    properties = deck.core_properties
    properties.title, properties.author = foot, consultant or ""
    properties.language = words.language
    _opening(deck, layouts["opening"], document, consultant, logo)
    in_order = _cards(document, findings)
    of_first = [i for i in _on_first_page(document) if i in in_order]
    _answer(deck, layouts["text"], document)

    def show(identity: str) -> None:
        slide = _finding(deck, layouts["finding"], in_order[identity], figures)
        slide.notes_slide.notes_text_frame.text = notes(findings[identity], words, figures)

    for identity in of_first:
        show(identity)
    _trust(deck, layouts["text"], document)
    others = [identity for identity in in_order if identity not in of_first]
    if others:
        _part(deck, layouts["part"], tr("All other findings"), tr("Chapter by chapter"))
    for identity in others:
        show(identity)
    _last(deck, layouts["text"], document)
    deck.save(file)


def notes(finding: Mapping[str, Any], words: Words, figures: Path) -> str:
    """What a speaker should know of a finding: its number, range, base, and what its chart is."""
    shown = {key: words.cell(finding[key], finding["unit"]) for key in ("estimate", "low", "high")}
    lines = [
        tr("The number: {estimate}, very likely {low} to {high}.", **shown),
        tr("It rests on {n} cases.", n=words.number(finding["n"])),
    ]
    if finding["strength"] in ("weak", "chance"):
        lines.append(tr("It is too uncertain to act on."))
    if finding["effect_eur"]:
        worth = {k: words.money(finding["effect_eur"][k], 0) for k in ("estimate", "low", "high")}
        lines.append(
            tr("Worth a year: {estimate} ({low} to {high}), if {assumptions}", **worth,
               assumptions=finding["effect_eur"]["assumptions"])
        )  # fmt: skip
    figure = _figure(finding["id"], figures)
    if figure is not None:
        lines.append(tr("The chart: {text}", text=figure["alt"]))
    lines.append(tr("In the report: {id}", id=finding["id"]))
    return "\n".join(lines)


def _text(element: HtmlElement | None) -> str:
    return "" if element is None else " ".join(element.text_content().split())


def _cards(document: HtmlElement, findings: Mapping[str, Any]) -> dict[str, Card]:
    """The findings of the chapters, in the page's order."""
    titles = dict(chapters(document))
    found = {}
    for article in document.iter("article"):
        for card in article.xpath(".//section[contains(@class, 'finding') and @id]"):
            identity = card.get("id")
            if identity in findings:
                body = [p for p in card.iter("p") if p.get("class") != "sure"]
                found[identity] = Card(
                    identity, _text(card.find(".//h3")), tuple(map(_paragraph, body)),
                    _text(next(iter(card.find_class("sure")), None)),
                    titles.get(article.get("id", ""), ""),
                )  # fmt: skip
    return found


def _paragraph(element: HtmlElement) -> Paragraph:
    head = element.find("strong")
    text = _text(element)
    begin = _text(head)
    return Paragraph(begin, text[len(begin) :].strip()) if begin else Paragraph("", text)


def _on_first_page(document: HtmlElement) -> list[str]:
    """The ids of the findings on the first page, whose cards point to their chapters."""
    links = document.xpath(f"//article[@id='{FIRST}']//section[contains(@class, 'finding')]//a")
    return list(dict.fromkeys(link.get("href", "").removeprefix("#") for link in links))


def _figure(identity: str, figures: Path) -> dict[str, Any] | None:
    """The figure with a finding's name: ``alt``, ``chart`` where it has one, ``file``."""
    file = figures / f"{identity.replace('.', '__', 1)}.json"
    if not file.is_file():
        return None
    return json.loads(file.read_text(encoding="utf-8")) | {"file": file.with_suffix(".png")}


def _opening(
    deck: Deck, layout: SlideLayout, document: HtmlElement, consultant: str | None,
    logo: bytes | None,
) -> None:  # fmt: skip
    slide = deck.slides.add_slide(layout)
    header = document.find(".//header")
    _fill(slide.shapes.title, [Paragraph("", _text(header.find(".//h1")))], (40, 36, 32, 28, 24))
    about = next((_text(p) for p in header.xpath(".//h1/following-sibling::p")), "")
    lines = [line for line in (about, consultant) if line]
    _fill(slide.placeholders[1], [Paragraph("", line) for line in lines], (20, 18, 16))
    if logo is not None:
        slide.shapes.add_picture(io.BytesIO(logo), EDGE, Inches(0.75), height=Inches(0.7))


def _answer(deck: Deck, layout: SlideLayout, document: HtmlElement) -> None:
    """The first page's answer, and its four figures under it."""
    slide = deck.slides.add_slide(layout)
    page = document.get_element_by_id(FIRST, None)
    if page is None:
        return
    slide.shapes.title.text_frame.text = _text(page.find(".//h2"))
    said = [Paragraph(_text(p), "") for p in page.find_class("answer")]
    tiles = page.find_class("tile")
    body = slide.placeholders[1]
    body.left, body.top, body.width = (Emu(v) for v in BODY_BOX[:3])
    body.height = Inches(2.2) if tiles else BODY_BOX[3]
    _fill(body, said, (24, 22, 20, 18, 16, 14))
    width = (BODY_BOX[2] - Inches(0.25) * (len(tiles) - 1)) // max(1, len(tiles))
    for place, tile in enumerate(tiles):
        parts = [_text(next(iter(tile.find_class(name)), None))
                 for name in ("name", "figure", "change")]  # fmt: skip
        left = EDGE + place * (width + Inches(0.25))
        for text, top, height, sizes in zip(
            parts, (4.3, 4.95, 5.55), (0.62, 0.55, 0.85), ((13, 12, 11), (26, 24, 20, 16),
                                                          (12, 11, 10)), strict=True
        ):  # fmt: skip
            box = slide.shapes.add_textbox(left, Inches(top), width, Inches(height))
            own = Paragraph(text, "") if sizes[0] > 20 else Paragraph("", text)
            _fill(box, [own], sizes)
    note = next(iter(page.find_class("note")), None)
    if tiles and note is not None:
        box = slide.shapes.add_textbox(*SURE)
        _fill(box, [Paragraph("", _text(note))], (11, 10), soft=True)


def _finding(deck: Deck, layout: SlideLayout, card: Card, figures: Path) -> Slide:
    slide = deck.slides.add_slide(layout)
    _fill(slide.shapes.title, [Paragraph(card.headline, "")], TITLE_SIZES)
    chapter = slide.shapes.add_textbox(*CHAPTER)
    _fill(chapter, [Paragraph("", card.chapter)], (12,), soft=True)
    figure = _figure(card.identity, figures)
    body = slide.shapes.add_textbox(*(BODY_BOX if figure is None else ASIDE))
    _fill(body, card.body, TEXT_SIZES if figure else (20, 18, *TEXT_SIZES))
    if figure is not None and can_be_drawn(figure["chart"]):
        add_chart(slide, figure["chart"], CHART, alt=figure["alt"])
    elif figure is not None:
        _picture(slide, figure["file"], figure["alt"])
    sure = slide.shapes.add_textbox(*SURE)
    _fill(sure, [Paragraph("", card.sure)], (11, 10), soft=True)
    return slide


def _picture(slide: Slide, file: Path, alt: str) -> None:
    """A chart that slides have no shape for, as a picture inside its box."""
    with Image.open(file) as opened:
        across, up = opened.size
    left, top, width, height = CHART
    scale = min(width / across, height / up)
    shown = slide.shapes.add_picture(
        str(file), left, top, Emu(int(across * scale)), Emu(int(up * scale))
    )
    shown._element.nvPicPr.cNvPr.set("descr", alt)


def _trust(deck: Deck, layout: SlideLayout, document: HtmlElement) -> None:
    """What not to act on yet, and whether the figures can be trusted."""
    page = document.get_element_by_id(FIRST, None)
    if page is None:
        return
    said = []
    for card in page.find_class("not-yet"):
        said.append(Paragraph(_text(card.find(".//h3")), ""))
        said += [Paragraph("", _text(p)) for p in card.iter("p")]
    trust = [Paragraph("", _text(p)) for p in page.find_class("trust")]
    if trust:
        said += [Paragraph(tr("Can the figures be trusted"), ""), *trust]
    if said:
        _texts(deck, layout, tr("Before acting on it"), said)


def _last(deck: Deck, layout: SlideLayout, document: HtmlElement) -> None:
    """How to read the numbers, and what more data would show."""
    more = document.get_element_by_id("more", None)
    if more is not None:
        said = [Paragraph("", _text(line)) for line in more.iter("li")]
        _texts(deck, layout, _text(more.find(".//h2")), said)
    said = [Paragraph("", _text(p)) for p in document.xpath("//footer//p")]
    if said:
        _texts(deck, layout, tr("How to read this"), said)


def _part(deck: Deck, layout: SlideLayout, title: str, text: str) -> None:
    slide = deck.slides.add_slide(layout)
    _fill(slide.shapes.title, [Paragraph(title, "")], (36,))
    _fill(slide.placeholders[1], [Paragraph("", text)], (18,))


def _texts(deck: Deck, layout: SlideLayout, title: str, said: Sequence[Paragraph]) -> None:
    """Paragraphs on as many slides as they need."""
    left = list(said)
    while left:
        slide = deck.slides.add_slide(layout)
        _fill(slide.shapes.title, [Paragraph(title, "")], TITLE_SIZES)
        size, width, height = 14, BODY_BOX[2], Emu(BODY_BOX[3]).pt
        taken = 1
        while taken < len(left) and _height(left[: taken + 1], size, width) <= height:
            taken += 1
        _fill(slide.placeholders[1], left[:taken], (18, 16, 14, 13, 12, 11))
        left = left[taken:]


def _height(paragraphs: Sequence[Paragraph], size: float, width: int) -> float:
    """How high paragraphs stand, in points."""
    lines = [lines_of(p.whole, size, width, is_bold=bool(p.head)) for p in paragraphs]
    return sum(n * size * LEADING + size * BETWEEN for n in lines)


def _fill(
    shape: Any, paragraphs: Sequence[Paragraph], sizes: Sequence[float], *, soft: bool = False
) -> None:
    """Writes paragraphs in the largest size at which they fit, cut where none is small enough;
    the page holds the whole."""
    width, height = shape.width, Emu(shape.height).pt
    size = next((s for s in sizes if _height(paragraphs, s, width) <= height + s * BETWEEN),
                sizes[-1])  # fmt: skip
    frame = shape.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for place, paragraph in enumerate(_that_fit(paragraphs, size, width, height)):
        line = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        line.space_after = Pt(size * BETWEEN)
        pieces = ((paragraph.head, True), (paragraph.text, False))
        for text, is_bold in pieces:
            if text:
                run = line.add_run()
                run.text = text if is_bold or not paragraph.head else f" {text}"
                run.font.size, run.font.bold = Pt(size), is_bold
                if soft:
                    run.font.color.rgb = SOFT


def _that_fit(
    paragraphs: Sequence[Paragraph], size: float, width: int, height: float
) -> list[Paragraph]:
    """As many paragraphs as there is room for, the last of them cut at a word."""
    kept: list[Paragraph] = []
    for paragraph in paragraphs:
        if _height([*kept, paragraph], size, width) <= height + size * BETWEEN:
            kept.append(paragraph)
            continue
        head, words = paragraph.head, paragraph.text.split()
        while words:
            words.pop()
            cut = Paragraph(head, " ".join(words) + " …")
            if _height([*kept, cut], size, width) <= height + size * BETWEEN:
                return [*kept, cut] if words else kept
        return kept
    return kept
