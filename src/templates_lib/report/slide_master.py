"""The template of the slides, 16:9: four layouts, the client's colour, a font that all have."""

from __future__ import annotations

import re

from lxml import etree
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.presentation import Presentation as Deck
from pptx.shapes.shapetree import SlideShapes
from pptx.slide import SlideLayout
from pptx.util import Emu, Inches, Pt

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
EDGE = Inches(0.6)
TITLE_BOX = (EDGE, Inches(0.75), WIDTH - 2 * EDGE, Inches(1.05))
BODY_BOX = (EDGE, Inches(2.0), WIDTH - 2 * EDGE, Inches(4.5))
FOOT = Inches(6.95)
FONT = "Arial"
INK, SOFT = RGBColor(0x1C, 0x1F, 0x23), RGBColor(0x56, 0x5C, 0x64)
# of python-pptx's own template, by their place in it
KEPT = {"opening": 0, "text": 1, "part": 2, "finding": 5}


def new_deck(*, colour: str, foot: str, language: str) -> tuple[Deck, dict[str, SlideLayout]]:
    """An empty deck and its layouts: ``opening``, ``text``, ``part`` and ``finding``.

    Parameters
    ----------
    colour : the client's, ``#rrggbb``
    foot : what stands under each slide, beside its number
    language : of the texts, for who reads them aloud or checks their spelling
    """
    deck = Presentation()
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
    layouts = {name: deck.slide_layouts[place] for name, place in KEPT.items()}
    for layout in list(deck.slide_layouts):
        if layout not in layouts.values():
            deck.slide_layouts.remove(layout)
    master = deck.slide_master
    _theme(master, colour)
    for page in (master, *layouts.values()):
        for shape in list(page.placeholders):
            if shape.placeholder_format.idx in (10, 11, 12):  # date, footer, number
                shape._element.getparent().remove(shape._element)
    for page in (master, *layouts.values()):
        for shape in page.placeholders:
            is_title = shape.placeholder_format.idx == 0
            _put(shape, TITLE_BOX if is_title else BODY_BOX)
            if page is not master:
                shape.text_frame._txBody.replace(  # what it has of its own: the master's holds
                    shape.text_frame._txBody.find(qn("a:lstStyle")), etree.Element(qn("a:lstStyle"))
                )
    _styles(master, language)
    opening, part = layouts["opening"], layouts["part"]
    for page in (opening, part):
        for shape in page.placeholders:
            is_title = shape.placeholder_format.idx == 0
            top, height = (2.3, 1.5) if is_title else (3.95, 1.4)
            _put(shape, (EDGE, Inches(top), WIDTH - 2 * EDGE, Inches(height)))
            shape.text_frame.vertical_anchor = MSO_ANCHOR.BOTTOM if is_title else MSO_ANCHOR.TOP
    for name, layout in layouts.items():
        _band(layout, colour, tall=name in ("opening", "part"))
        if name != "opening":
            _foot(layout, foot)
    return deck, layouts


def _put(shape, box: tuple[int, int, int, int]) -> None:
    shape.left, shape.top, shape.width, shape.height = (Emu(int(value)) for value in box)


def _theme(master, colour: str) -> None:
    part = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    text = part.blob.decode("utf-8")
    text = re.sub(r'(<a:latin typeface=")[^"]*', rf"\g<1>{FONT}", text)
    text = re.sub(r'(<a:(?:accent1|hlink)><a:srgbClr val=")[^"]*', rf"\g<1>{colour[1:]}", text)
    part._blob = text.encode("utf-8")


def _styles(master, language: str) -> None:
    """Sizes and alignment of titles and texts, in the master, so that slides inherit them."""
    styles = master._element.find(qn("p:txStyles"))
    for kind, size, is_bold in (("p:titleStyle", 2600, True), ("p:bodyStyle", 1500, False)):
        for level in styles.find(qn(kind)):
            run = level.find(qn("a:defRPr"))
            if run is None:
                continue
            run.set("sz", str(size))
            run.set("b", str(int(is_bold)))
            run.set("lang", {"fi": "fi-FI", "en": "en-GB"}[language])
            level.set("algn", "l")
            if kind == "p:bodyStyle":
                level.set("marL", "0")
                level.set("indent", "0")
                for mark in list(level):
                    if mark.tag in (qn("a:buChar"), qn("a:buFont"), qn("a:buNone")):
                        level.remove(mark)
                run.addprevious(etree.Element(qn("a:buNone")))
    for shape in master.placeholders:
        frame = shape.text_frame
        frame.word_wrap = True
        body = frame._txBody.find(qn("a:bodyPr"))
        for child in list(body):
            body.remove(child)  # sizes are measured, not left to the program that shows them
        for side in ("lIns", "rIns", "tIns", "bIns"):
            body.set(side, "0")
        frame.vertical_anchor = MSO_ANCHOR.TOP


def _band(layout: SlideLayout, colour: str, *, tall: bool) -> None:
    height = Inches(0.32) if tall else Inches(0.12)
    tree = layout.shapes._spTree
    band = SlideShapes(tree, layout).add_shape(MSO_SHAPE.RECTANGLE, 0, 0, WIDTH, height)
    band._element.remove(band._element.find(qn("p:style")))  # its shadow
    band.fill.solid()
    band.fill.fore_color.rgb = RGBColor.from_string(colour[1:].upper())
    band.line.fill.background()
    tree.remove(band._element)
    tree.insert(2, band._element)  # behind all others


def _foot(layout: SlideLayout, text: str) -> None:
    shapes = SlideShapes(layout._element.cSld.spTree, layout)
    left = shapes.add_textbox(EDGE, FOOT, Inches(10), Inches(0.3))
    right = shapes.add_textbox(WIDTH - EDGE - Inches(1), FOOT, Inches(1), Inches(0.3))
    for box in (left, right):
        box.text_frame.margin_left = box.text_frame.margin_right = 0
        box.text_frame.word_wrap = True
    left.text_frame.text = text
    run = left.text_frame.paragraphs[0].runs[0]
    run.font.size, run.font.color.rgb = Pt(10), SOFT
    paragraph = right.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT
    field = etree.SubElement(paragraph._p, qn("a:fld"), type="slidenum",
                             id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}")  # fmt: skip
    etree.SubElement(field, qn("a:rPr"), sz="1000")
    etree.SubElement(field, qn("a:t")).text = "‹#›"
