"""The slides: the answer, the findings that lead with a chart each, all others in an appendix.

They are made from the page itself, so that whoever edits the report edits both.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lxml.html
from lxml.html import HtmlElement
from PIL import Image
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.shapes import MSO_CONNECTOR
from pptx.oxml.ns import qn
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide, SlideLayout
from pptx.util import Emu, Inches, Pt

from templates_lib.editorial import written, written_range
from templates_lib.language import tr
from templates_lib.report.findings import BASES, STRENGTHS, chart_name
from templates_lib.report.native_charts import add_chart, can_be_drawn
from templates_lib.report.pdf import chapters
from templates_lib.report.slide_master import BODY_BOX, EDGE, WIDTH, new_deck
from templates_lib.report.slide_tables import add_rows
from templates_lib.report.slide_text import Paragraph, fill, height_of
from templates_lib.summary import chosen
from templates_lib.words import Words

FIRST = "summary"
TILES = Inches(4.15)
BY, LOGOS = Inches(6.6), Inches(0.75)
MOST = 20  # findings with a slide of their own
PARTED = 3  # so many slides of a chapter have one before them
TEXT_SIZES = (16, 15, 14, 13, 12, 11)
TITLE_SIZES = (26, 24, 22, 20, 18)
CHART = (EDGE, BODY_BOX[1], Inches(7.4), BODY_BOX[3])
ASIDE = (EDGE + Inches(7.75), BODY_BOX[1], WIDTH - 2 * EDGE - Inches(7.75), BODY_BOX[3])
SURE = (EDGE, Inches(6.62), WIDTH - 2 * EDGE, Inches(0.3))
CHAPTER = (EDGE, Inches(0.36), WIDTH - 2 * EDGE, Inches(0.32))
ROWS_BOX = (BODY_BOX[0], Inches(1.75), BODY_BOX[2], Inches(4.85))


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
    logos: tuple[bytes | None, bytes | None] = (None, None),
    house: str = "#3d444d",
) -> None:
    """Writes the slides of a report as a PPTX file.

    Parameters
    ----------
    page : the HTML of the page
    findings : the findings on it, by id
    figures : the folder with ``<topic>__<figure>.json`` and ``.png``
    client, as_of, consultant : what the first slide says
    logos : the client's and the consultant's, PNG
    colour, house : the client's and the consultant's, ``#rrggbb``
    """
    document = lxml.html.document_fromstring(page)
    foot = f"{client} · {as_of}"
    deck, layouts = new_deck(colour=colour, foot=foot, language=words.language)
    properties = deck.core_properties
    properties.title, properties.author = foot, consultant or ""
    properties.language = words.language
    _opening(deck, layouts["opening"], document, consultant, logos, house)
    in_order = _cards(document, findings)
    of_first = [i for i in _on_first_page(document) if i in in_order]
    leading = {f["id"] for f in chosen(list(findings.values()), most=MOST)}
    _answer(deck, layouts["text"], document)

    def show(identity: str) -> None:
        slide = _finding(deck, layouts["finding"], in_order[identity], findings[identity], figures)
        slide.notes_slide.notes_text_frame.text = notes(findings[identity], words, figures)

    for identity in of_first:
        show(identity)
    _actions(deck, layouts["finding"], document)
    _trust(deck, layouts["text"], document)
    rest = [i for i in in_order if i in leading and i not in of_first]
    for chapter, own in _by_chapter(rest, in_order).items():
        if len(own) >= PARTED:
            _part(deck, layouts["part"], chapter)
        for identity in own:
            show(identity)
    others = [i for i in in_order if i not in leading and i not in of_first]
    if others:
        _part(deck, layouts["part"], tr("Appendix: all other findings"))
    for chapter, own in _by_chapter(others, in_order).items():
        cards = [in_order[identity] for identity in own]
        _others(deck, layouts["finding"], chapter, cards, findings, words, figures)
    _last(deck, layouts["text"], document)
    deck.save(file)


def _by_chapter(identities: Iterable[str], cards: Mapping[str, Card]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for identity in identities:
        found.setdefault(cards[identity].chapter, []).append(identity)
    return found


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
    figure = _figure(finding, figures)
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


def _figure(finding: Mapping[str, Any], figures: Path) -> dict[str, Any] | None:
    """The figure that shows a finding: ``alt``, ``chart`` where it has one, ``file``."""
    file = figures / f"{chart_name(finding)}.json"
    if not file.is_file():
        return None
    return json.loads(file.read_text(encoding="utf-8")) | {"file": file.with_suffix(".png")}


def _opening(
    deck: Deck, layout: SlideLayout, document: HtmlElement, consultant: str | None,
    logos: Sequence[bytes | None], house: str,
) -> None:  # fmt: skip
    slide = deck.slides.add_slide(layout)
    header = document.find(".//header")
    fill(slide.shapes.title, [Paragraph(_text(header.find(".//h1")), "")], (40, 36, 32, 28, 24))
    about = next((_text(p) for p in header.xpath(".//h1/following-sibling::p")), "")
    fill(slide.placeholders[1], [Paragraph("", about)], (20, 18, 16))
    if consultant:
        by = slide.shapes.add_textbox(EDGE, BY, WIDTH - 2 * EDGE, Inches(0.4))
        fill(by, [Paragraph(tr("By {consultant}", consultant=consultant), "")], (16, 14, 12))
        for run in by.text_frame.paragraphs[0].runs:
            run.font.color.rgb = RGBColor.from_string(house[1:].upper())
    for logo, is_right in zip(logos, (False, True), strict=True):
        if logo is not None:
            shown = slide.shapes.add_picture(io.BytesIO(logo), EDGE, LOGOS, height=Inches(0.7))
            if is_right:
                shown.left = WIDTH - EDGE - shown.width


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
    fill(body, said, (24, 22, 20, 18, 16, 14))
    width = (BODY_BOX[2] - Inches(0.25) * (len(tiles) - 1)) // max(1, len(tiles))
    for place, tile in enumerate(tiles):
        parts = [_text(next(iter(tile.find_class(name)), None))
                 for name in ("name", "figure", "change")]  # fmt: skip
        left = EDGE + place * (width + Inches(0.25))
        line = slide.shapes.add_connector(MSO_CONNECTOR.STRAIGHT, left, TILES, left + width, TILES)
        line._element.remove(line._element.find(qn("p:style")))  # its shadow
        line.line.width, line.line.color.theme_color = Pt(3), MSO_THEME_COLOR.ACCENT_1
        for text, top, height, sizes in zip(
            parts, (4.3, 4.95, 5.55), (0.62, 0.55, 0.85), ((13, 12, 11), (26, 24, 20, 16),
                                                          (12, 11, 10)), strict=True
        ):  # fmt: skip
            box = slide.shapes.add_textbox(left, Inches(top), width, Inches(height))
            own = Paragraph(text, "") if sizes[0] > 20 else Paragraph("", text)
            fill(box, [own], sizes)
    note = next(iter(page.find_class("note")), None)
    if tiles and note is not None:
        box = slide.shapes.add_textbox(*SURE)
        fill(box, [Paragraph("", _text(note))], (11, 10), soft=True)


def _finding(
    deck: Deck, layout: SlideLayout, card: Card, finding: Mapping[str, Any], figures: Path
) -> Slide:
    slide = deck.slides.add_slide(layout)
    fill(slide.shapes.title, [Paragraph(card.headline, "")], TITLE_SIZES)
    chapter = slide.shapes.add_textbox(*CHAPTER)
    fill(chapter, [Paragraph("", card.chapter)], (12,), soft=True)
    figure = _figure(finding, figures)
    body = slide.shapes.add_textbox(*(BODY_BOX if figure is None else ASIDE))
    fill(body, card.body, TEXT_SIZES if figure else (20, 18, *TEXT_SIZES))
    if figure is not None and can_be_drawn(figure["chart"]):
        add_chart(slide, figure["chart"], CHART, alt=figure["alt"])
    elif figure is not None:
        _picture(slide, figure["file"], figure["alt"])
    sure = slide.shapes.add_textbox(*SURE)
    fill(sure, [Paragraph("", card.sure)], (11, 10), soft=True)
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


def _actions(deck: Deck, layout: SlideLayout, document: HtmlElement) -> None:
    """What to do next, as the first page lists it."""
    items = document.xpath(f"//article[@id='{FIRST}']//ol[contains(@class, 'actions')]/li")
    rows = []
    for item in items:
        where = _text(next(iter(item.find_class("where")), None))
        check = " ".join("".join(filter(None, (part.tail for part in item))).split())
        rows.append((f"{len(rows) + 1}. {_text(item.find('strong'))}", where, check))
    if rows:
        title = _text(next(iter(items[0].xpath("preceding::*[self::h2 or self::h3][1]"))))
        header = (tr("What to do"), tr("With whom and where"), tr("How to see whether it worked"))
        _tables(deck, layout, title, "", header, rows, shares=(4, 2, 5))


def _others(
    deck: Deck, layout: SlideLayout, chapter: str, cards: Sequence[Card],
    findings: Mapping[str, Mapping[str, Any]], words: Words, figures: Path,
) -> None:  # fmt: skip
    """Findings of a chapter without a slide of their own, a row each."""
    header = (tr("Finding"), tr("Number"), tr("Very likely"), tr("Rests on"), tr("How sure"))
    rows, said = [], []
    for card in cards:
        finding = findings[card.identity]
        values = [finding[name] for name in ("estimate", "low", "high")]
        base = finding.get("base") or tr(BASES[finding["evidence"]])
        rows.append((
            card.headline, written(values, finding["unit"], words)[0],
            written_range(values, finding["unit"], words),
            base.format(n=words.number(finding["n"])),
            tr(STRENGTHS[finding["strength"]]),
        ))  # fmt: skip
        body = [paragraph.whole for paragraph in card.body]
        said.append("\n".join([card.headline, *body, notes(finding, words, figures)]))
    slides = _tables(deck, layout, chapter, tr("Appendix"), header, rows,
                     shares=(6.4, 1.3, 1.9, 1.7, 1.5))  # fmt: skip
    for slide, taken in slides:
        slide.notes_slide.notes_text_frame.text = "\n\n".join(said[:taken])
        said = said[taken:]


def _tables(
    deck: Deck, layout: SlideLayout, title: str, above: str, header: Sequence[str],
    rows: Sequence[Sequence[str]], *, shares: Sequence[float],
) -> list[tuple[Slide, int]]:  # fmt: skip
    """Rows of text on as many slides as they need, with how many each of them holds."""
    made, left = [], list(rows)
    while left:
        slide = deck.slides.add_slide(layout)
        fill(slide.shapes.title, [Paragraph(title, "")], TITLE_SIZES)
        if above:
            box = slide.shapes.add_textbox(*CHAPTER)
            fill(box, [Paragraph("", above)], (12,), soft=True)
        taken = add_rows(slide, header, left, ROWS_BOX, shares=shares, alt=title)
        made.append((slide, taken))
        left = left[taken:]
    return made


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


def _part(deck: Deck, layout: SlideLayout, title: str) -> None:
    slide = deck.slides.add_slide(layout)
    fill(slide.shapes.title, [Paragraph(title, "")], (36, 32, 28, 24))
    text = slide.placeholders[1]
    text._element.getparent().remove(text._element)


def _texts(deck: Deck, layout: SlideLayout, title: str, said: Sequence[Paragraph]) -> None:
    """Paragraphs on as many slides as they need."""
    left = list(said)
    while left:
        slide = deck.slides.add_slide(layout)
        fill(slide.shapes.title, [Paragraph(title, "")], TITLE_SIZES)
        size, width, height = 14, BODY_BOX[2], Emu(BODY_BOX[3]).pt
        taken = 1
        while taken < len(left) and height_of(left[: taken + 1], size, width) <= height:
            taken += 1
        fill(slide.placeholders[1], left[:taken], (18, 16, 14, 13, 12, 11))
        left = left[taken:]
