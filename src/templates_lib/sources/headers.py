"""Headers as they are matched, whatever a tool has put around them."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence

from templates_lib.params.source_files import FileSource
from templates_lib.problems import closest, nearest
from templates_lib.sources.formats import headers

LOOKS_LIKE_DATA = re.compile(r"@|\d{3}")
TOTALS = ("total", "totals", "grand total", "yhteensä", "kaikki yhteensä", "loppusumma", "summa")
ANSWERS = frozenset({"", "response", "open-ended response", "vastaus", "avoin vastaus"})


def fold(header: str) -> str:
    """A header as it is matched: without HTML, outer blanks and case, in one form of Unicode."""
    text = html.unescape(re.sub(r"<[^>]*>", "", header)).replace("\ufeff", "")
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()


def needed(source: FileSource) -> list[str]:
    """The headers that a source's files must have."""
    columns = getattr(source, "columns", None)
    named = headers(columns.model_dump()) if columns is not None else []
    always = [header for header in named if "{currency}" not in header]
    return [header for header in dict.fromkeys(always) if not source.is_optional(header)]


def is_header(row: Sequence[str], source: FileSource) -> bool:
    """Whether a row names all columns that must be there."""
    there = {fold(cell) for cell in row}
    return all(any(fold(name) in there for name in source.names_of(h)) for h in needed(source))


def completed(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """Names that stand in two rows: the question, and under it one of its answers."""
    names, question = [], ""
    for above, below in zip(first, [*second, *[""] * len(first)], strict=False):
        question = above.strip() or question
        plain = above.strip() if fold(below) in ANSWERS else f"{question}: {below.strip()}"
        names.append(plain)
    return names


def hint(header: str, there: Iterable[str], source: FileSource) -> str:
    """The nearest header, unless the first row holds data: values are never shown.

    Of a known format only the headers that are known of it are listed.
    """
    named = [name for name in there if name]
    if any(LOOKS_LIKE_DATA.search(name) for name in named):
        return "; the first row does not look like a header: give the names in header"
    if near := closest(header, named):
        return near
    preset = source.preset
    known = (
        None
        if preset is None
        else {fold(name) for h in (*preset.needed, *preset.optional) for name in source.names_of(h)}
    )
    return nearest(header, [name for name in named if known is None or fold(name) in known])
