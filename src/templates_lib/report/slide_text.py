"""Text that fits its box: measured here, not left to the program that shows the slides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
from PIL import ImageFont
from pptx.util import Emu, Pt

from templates_lib.report.slide_master import SOFT

LEADING = 1.22  # a line's height, of its size
BETWEEN = 0.45  # after a paragraph, of its size
# Arial is narrower than the font that is measured with, which comes with matplotlib
NARROWER = 0.92


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of a slide: its words in bold, then the others."""

    head: str
    text: str

    @property
    def whole(self) -> str:
        return f"{self.head} {self.text}".strip()


def height_of(paragraphs: Sequence[Paragraph], size: float, width: int) -> float:
    """How high paragraphs stand, in points."""
    lines = [lines_of(p.whole, size, width, is_bold=bool(p.head)) for p in paragraphs]
    return sum(n * size * LEADING + size * BETWEEN for n in lines)


def fill(
    shape: Any, paragraphs: Sequence[Paragraph], sizes: Sequence[float], *, soft: bool = False
) -> None:
    """Writes paragraphs into a shape in the largest size at which they fit, cut where none is
    small enough; the page holds the whole."""
    width, height = shape.width, Emu(shape.height).pt
    size = next((s for s in sizes if height_of(paragraphs, s, width) <= height + s * BETWEEN),
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
        if height_of([*kept, paragraph], size, width) <= height + size * BETWEEN:
            kept.append(paragraph)
            continue
        head, words = paragraph.head, paragraph.text.split()
        while words:
            words.pop()
            cut = Paragraph(head, " ".join(words) + " …")
            if height_of([*kept, cut], size, width) <= height + size * BETWEEN:
                return [*kept, cut] if words else kept
        return kept
    return kept


@cache
def _font(is_bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if is_bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), 100)


def lines_of(text: str, size: float, width: int, *, is_bold: bool = False) -> int:
    """How many lines a text takes at a size, in points, in a box so wide, in EMU."""
    room = Emu(width).pt / size * 100 / NARROWER
    lines, used = 1, 0.0
    space = _font(is_bold).getlength(" ")
    for word in text.split():
        length = _font(is_bold).getlength(word)
        if used and used + space + length > room:
            lines, used = lines + 1, length
        else:
            used += (space if used else 0) + length
        lines += int(used // room)
        used %= room
    return lines
