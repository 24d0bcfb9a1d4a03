"""Which messages there are, and the catalogues that hold their translations.

``python -m templates_lib messages`` writes ``locale/<language>/<topic>.po`` from the code, the
notebooks, the parameters, the labels and the definitions: a new message is added without a
translation, one that is not used any more is removed, and a translation goes with its message
wherever it moves.
"""

from __future__ import annotations

import ast
import io
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from templates_lib.definitions import COLUMNS
from templates_lib.labels import LABELS
from templates_lib.language import LOCALES, SOURCE, forms, paragraphs
from templates_lib.report import parameters
from templates_lib.report.notebooks import templates
from templates_lib.workspace import repository

KEYWORDS: dict[str, tuple[int, ...] | None] = {"tr": None, "trn": (1, 2), "N_": None, "NN_": (1, 2)}
COMMON = "common"  # what stands in no package of a topic, or in several topics
DEFINITIONS = "definitions"
LANGUAGES = sorted(set(LOCALES) - {SOURCE})
WIDTH = 96
HEADER = (
    'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n'
    '"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Content-Transfer-Encoding: 8bit\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
)

Forms = tuple[str, ...]


def found() -> dict[str, dict[Forms, list[str]]]:
    """The messages of each topic in the order of their places, with the files that hold them.

    Raises
    ------
    ValueError
        Where a message of one form is also the first one of two: a catalogue can hold but one.
    """
    places: dict[Forms, list[tuple[str, str]]] = {}
    for topic, place, message in _all():
        if (topic, place) not in places.setdefault(message, []):
            places[message].append((topic, place))
    twice = [first for first, n in Counter(message[0] for message in places).items() if n > 1]
    if twice:
        raise ValueError(f"in one form and in two, or with two plurals: {twice}")
    topics: dict[str, dict[Forms, list[str]]] = {}
    for message, own in places.items():
        names = {topic for topic, _ in own}
        topic = names.pop() if len(names) == 1 else COMMON
        topics.setdefault(topic, {})[message] = [place for _, place in own]
    return dict(sorted(topics.items()))


def catalogue(topic: str, language: str) -> Path:
    """The file with the translations of a topic."""
    return _folder(language) / f"{topic}.po"


def _folder(language: str) -> Path:
    return repository() / "src" / "templates_lib" / "locale" / language


def texts(language: str) -> dict[str, str]:
    """Every catalogue of a language as it should stand, by its topic."""
    known = {}
    for file in sorted(_folder(language).glob("*.po")):
        with file.open("rb") as content:
            known |= {forms(m.id): m for m in read_po(content, locale=language) if m.id}
    written = {}
    for topic, messages in found().items():
        catalog = Catalog(locale=language)
        for message, places in messages.items():
            old = known.get(message)
            catalog.add(
                message if len(message) > 1 else message[0],
                old.string if old else None,
                locations=[(place, 1) for place in places],
                flags=old.flags - {"python-brace-format"} if old else (),
                user_comments=old.user_comments if old else (),
            )
        text = io.BytesIO()
        write_po(text, catalog, omit_header=True, include_lineno=False, width=WIDTH)
        written[topic] = HEADER.format(language=language) + text.getvalue().decode().lstrip("\n")
    return written


def write() -> list[Path]:
    """Writes the catalogues of all languages and removes those that nothing stands in."""
    made = []
    for language in LANGUAGES:
        _folder(language).mkdir(parents=True, exist_ok=True)
        for topic, text in texts(language).items():
            file = catalogue(topic, language)
            file.write_text(text, encoding="utf-8")
            made.append(file)
        for file in {*_folder(language).glob("*.po")} - {*made}:
            file.unlink()
    return made


def _all() -> Iterator[tuple[str, str, Forms]]:
    """Topic, file and message, in the order of their places."""
    analyses = {notebook.topic for notebook in templates()}
    package = repository() / "src" / "templates_lib"
    topics = analyses | {file.parent.name for file in package.glob("*/__init__.py")}
    for notebook in templates():
        for message in _of_notebook(notebook.path):
            yield notebook.topic, _place(notebook.path), message
    for file in sorted(package.rglob("*.py")):
        first = file.relative_to(package).parts[0].removesuffix(".py")
        for message in of_code(file.read_text(encoding="utf-8")):
            yield first if first in topics else COMMON, _place(file), message
    for topic, text in parameters.descriptions(analyses):
        yield topic or COMMON, _place(package / "params"), (text,)
    for text in LABELS.values():
        yield COMMON, _place(package / "labels.py"), (text,)
    for column in COLUMNS.values():
        for text in filter(None, (column.heading, column.meaning)):
            yield DEFINITIONS, _place(package / "definitions.yml"), (text,)


def _place(file: Path) -> str:
    return file.relative_to(repository()).as_posix()


def _of_notebook(file: Path) -> Iterator[Forms]:
    for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            yield from of_code(source)
        elif cell["cell_type"] == "markdown":
            yield from ((text,) for text in paragraphs(source))


def of_code(source: str) -> Iterator[Forms]:
    """The messages that ``tr``, ``trn``, ``N_`` and ``NN_`` hold in some Python."""
    found = extract(_calls, io.BytesIO(source.encode()), keywords=KEYWORDS)
    for _, message, _, _ in found:
        yield forms(message)


def _calls(
    file: IO[bytes], keywords: Collection[str], tags: Collection[str], options: Mapping[str, str]
) -> Iterator[tuple[int, str, tuple[str | None, ...], list[str]]]:
    """The calls of ``keywords`` with their literal arguments, as Babel's ``extract`` takes them.

    Babel's own reader of Python takes ``tr(TEXTS["key"])`` for the message ``key``, and does not
    see what stands inside an f-string.
    """
    calls = [
        (node.lineno, node.col_offset, called(node), node.args)
        for node in ast.walk(ast.parse(file.read()))
        if isinstance(node, ast.Call) and called(node) in keywords
    ]
    for line, _, name, arguments in sorted(calls, key=lambda call: call[:2]):
        values = [getattr(argument, "value", None) for argument in arguments]
        yield line, name, tuple(v if isinstance(v, str) else None for v in values), []


def called(call: ast.Call) -> str:
    """The name of what is called, without the module it stands in."""
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")
