"""The reader's language: messages are written in English and looked up in ``locale/<language>``.

A message is a whole sentence, or a title, with named places for what is computed, so that a
translator can put them where the language wants them: ``tr("{n} of 100 came back", n=shown)``.
Each catalogue (``.po``) holds the messages of one notebook and its package; ``make messages``
writes them from the code and the notebooks' text, and a test tells which lack a translation.
How to write messages: ``docs/language.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from babel import Locale
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from nbformat import NotebookNode

SOURCE = "en"
LOCALES = {"en": "en_GB", "fi": "fi_FI"}
PARAGRAPH = re.compile(r"(\n\s*\n)")
_language = SOURCE


def use(language: str) -> None:
    """From here on ``tr`` and ``trn`` answer in this language, in all of the process."""
    global _language
    _language = language


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Inside, ``tr`` and ``trn`` answer in this language: for a text whose reader is another one
    than the report's."""
    before = in_use()
    use(language)
    try:
        yield
    finally:
        use(before)


def in_use() -> str:
    """The language that ``tr`` and ``trn`` answer in."""
    return _language


def tr(message: str, /, **values: object) -> str:
    """A message in the reader's language, its named places filled; in English where no
    translation is known. Without values braces stand as they are."""
    found = _catalogue(in_use()).get((message,), (message,))[0]
    return found.format(**values) if values else found


def trn(one: str, many: str, n: float, /, **values: object) -> str:
    """As ``tr``, for a message that reads differently of one and of several: ``one`` where n is 1.

    Finnish has the same two forms: ``1 asiakas``, ``2 asiakasta``.
    """
    forms = _catalogue(in_use()).get((one, many), (one, many))
    return forms[int(n != 1)].format(**values)


def N_(message: str) -> str:
    """Marks a message of a constant, which ``tr`` looks up where it is shown."""
    return message


def NN_(one: str, many: str) -> tuple[str, str]:
    """Marks the two messages of a constant, which ``trn`` looks up: ``trn(*pair, n, …)``."""
    return one, many


def paragraphs(text: str) -> list[str]:
    """The messages of a Markdown text: its headings, lists and paragraphs, as they stand."""
    return [part for part in PARAGRAPH.split(text)[::2] if part.strip()]


def markdown(text: str) -> str:
    """Markdown in the reader's language, paragraph by paragraph."""
    return "".join(tr(part) for part in PARAGRAPH.split(text))


def of_notebook(notebook: NotebookNode) -> NotebookNode:
    """The notebook with its Markdown cells in the reader's language."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = markdown(cell.source)
    return notebook


def first_upper(text: str) -> str:
    """Text that begins a line, such as a title: its first letter is a capital, others are kept."""
    return text[:1].upper() + text[1:]


@cache
def _catalogue(language: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The translations of a language, by the message, or by its two forms."""
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    if language == SOURCE:
        return known
    for file in sorted((files("templates_lib") / "locale" / language).iterdir(), key=str):
        if file.name.endswith(".po"):
            with file.open("rb") as content:
                for message in read_po(content, locale=Locale.parse(LOCALES[language])):
                    ids, strings = forms(message.id), forms(message.string)
                    if message.id and all(strings):
                        known[ids] = strings
    return known


def forms(text: str | Sequence[str]) -> tuple[str, ...]:
    """A message's text, or its texts for one and for several."""
    return (text,) if isinstance(text, str) else tuple(text)
