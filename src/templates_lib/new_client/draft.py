"""A parameter file as text: keys, values and comments, in the style of ``params/template.yml``.

What a person must decide is the plain word ``decide``; validation refuses it wherever it stands.
A text of the client that is this word is quoted, as is every text that YAML would take for
something else.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

from templates_lib.params.file import UNDECIDED

WIDTH = 100
NOTE_AT = 35
DECIDE = object()  # in the place of a value
CODE = object()


@dataclass(frozen=True)
class Line:
    """A key with its value; without a key a comment.

    Attributes
    ----------
    value : a text, a list or mapping of texts, ``DECIDE``, or a list of lines under the key
    note : comment beside it
    look : whether a person should look at the value, though it can stand
    items : the lines of each section, where a key holds several
    """

    key: str | None = None
    value: Any = None
    note: str = ""
    look: bool = False
    lines: tuple[Line, ...] = ()
    items: tuple[tuple[Line, ...], ...] = field(default=())


def comment(text: str, *, look: bool = False) -> Line:
    """A line that is read by people only."""
    return Line(note=text, look=look)


def code(text: str) -> Line:
    """A line that can be put in force by taking its mark away."""
    return Line(value=CODE, note=text)


def is_open(line: Line) -> bool:
    """Whether the value, or a part of it, is still to be decided."""
    value = line.value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return value is DECIDE or any(part is DECIDE for part in parts)


def printable(text: str) -> str:
    """A text on one line of a comment: YAML breaks lines at more marks than one sees."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())


def scalar(value: Any) -> str:
    """A value as YAML reads it back, the same in a line and within brackets."""
    if value is DECIDE:
        return UNDECIDED
    text = str(value)
    if isinstance(value, date | int):
        return text
    style = None if text.isprintable() and text != UNDECIDED else '"'
    dumped = yaml.safe_dump(
        [text], default_flow_style=True, allow_unicode=True, width=10**9, default_style=style
    )
    return dumped.strip()[1:-1]


def written(value: Any) -> str:
    """A value, list or mapping on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(k)}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(each) for each in value) + "]"
    return scalar(value)


def rendered(lines: tuple[Line, ...], depth: int = 0) -> Iterator[str]:
    """The lines as text, comments in one column where there is room."""
    for line in lines:
        if line.key is None:
            yield from _comments(line, depth)
            continue
        inside = bool(line.lines or line.items)
        text = _indented(depth, f"{scalar(line.key)}:")
        if not inside:
            text += f" {written(line.value)}"
        note = f"# {_marked(line)}" if line.note else ""
        if note and len(f"{text:<{NOTE_AT - 2}}  {note}") > WIDTH:
            yield _indented(depth, note)
            note = ""
        yield f"{text:<{NOTE_AT - 2}}  {note}" if note else text
        yield from rendered(line.lines, depth + 1)
        for item in line.items:
            first, *rest = list(rendered(item, depth + 2))
            yield _indented(depth + 1, f"- {first.strip()}")
            yield from rest


def _comments(line: Line, depth: int) -> Iterator[str]:
    """A comment, wrapped unless it is to be put in force."""
    text = _marked(line)
    room = WIDTH - 2 * depth - 2
    indent = " " * (len(text) - len(text.lstrip()))
    wrapped = [text] if line.value is CODE else textwrap.wrap(text, room, subsequent_indent=indent)
    yield from (_indented(depth, f"# {part}") for part in wrapped) if text.strip() else [""]


def _marked(line: Line) -> str:
    marked = is_open(line) or line.look
    indent = " " * (len(line.note) - len(line.note.lstrip(" ")))
    return indent + ("decide: " if marked else "") + printable(line.note)


def _indented(depth: int, text: str) -> str:
    return f"{'  ' * depth}{text}".rstrip()


def to_decide(lines: tuple[Line, ...], above: str = "") -> Iterator[tuple[str, str, bool]]:
    """Key, note and whether nothing runs before it is decided, of all that a person decides."""
    for line in lines:
        path = ".".join(part for part in (above, line.key) if part)
        if is_open(line) or line.look:
            yield path, printable(line.note), is_open(line)
        yield from to_decide(line.lines, path)
        for number, item in enumerate(line.items, start=1):
            yield from to_decide(item, f"{path}.{number}")
