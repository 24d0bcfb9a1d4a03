"""The reader's language: messages are written in English and looked up in ``locale/<language>``.

A message is a whole sentence, or a title, with named places for what is computed, so that a
translator can put them where the language wants them: ``tr("{n} of 100 came back", n=shown)``.
Each catalogue (``.po``) holds the messages of one notebook and its package; ``make messages``
writes them from the code and the notebooks' text, and a test tells which lack a translation.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

SOURCE = "en"
_language: ContextVar[str] = ContextVar("language", default=SOURCE)


def use(language: str) -> None:
    """From here on ``tr`` and ``trn`` answer in this language."""
    _language.set(language)


def in_use() -> str:
    """The language that ``tr`` and ``trn`` answer in."""
    return _language.get()


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
    return forms[n != 1].format(**values)


@cache
def _catalogue(language: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The translations of a language, by the message, or by its two forms."""
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    if language == SOURCE:
        return known
    for file in sorted((files("templates_lib") / "locale" / language).iterdir(), key=str):
        if file.name.endswith(".po"):
            with file.open("rb") as content:
                for message in read_po(content):
                    ids, strings = _forms(message.id), _forms(message.string)
                    if message.id and all(strings):
                        known[ids] = strings
    return known


def _forms(text: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)
