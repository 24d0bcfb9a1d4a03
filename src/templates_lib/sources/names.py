"""People's names that the client's own files hold, taken out of free text.

A name is known only if a file names it: others may remain. A capital letter tells it from a word
that is written alike, and Finnish case endings are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from templates_lib.sources.engine import execute
from templates_lib.sources.reader import Table

MARK = "[name]"
FREE_TEXT = {
    "responses": ("text", "option"),
    "touchpoints": ("topic", "text"),
    "interviews": ("excerpt",),
    "leads": ("lost_reason",),
}
LEAST_LETTERS = 3
WORD = r"\p{Lu}[\p{L}'’-]+"
ENDINGS = (
    "n", "a", "ä", "ta", "tä", "na", "nä", "ssa", "ssä", "sta", "stä", "lla", "llä", "lta", "ltä",
    "lle", "ksi", "in", "en", "an", "än", "on", "un", "yn", "ön", "kin", "s", "’s", "'s",
)  # fmt: skip


def names_in(table: Table) -> ir.Table | None:
    """The column ``name`` of the names that a source holds; None where it declares none.

    Raises
    ------
    InputProblems
        When a declared column is not there.
    """
    headers = [
        h for h in table.source.names or [] if table.has(h) or not table.source.is_optional(h)
    ]
    columns = [table.text(header) for header in headers]
    table.check()
    if not columns:
        return None
    each = [table.rows.select(name=column) for column in columns]
    found = each[0]
    for other in each[1:]:
        found = found.union(other)
    return found.filter(found.name.notnull()).distinct()


def without_names(
    connection: ibis.BaseBackend, table: str, rows: ir.Table, names: Iterable[str]
) -> ir.Table:
    """The rows with a mark in the place of known names in their free texts."""
    known = {word.casefold() for name in names for word in re.findall(r"[^\W\d_]+", name)}
    known = {word for word in known if len(word) >= LEAST_LETTERS}
    columns = FREE_TEXT.get(table, ())
    if not known or not columns:
        return rows
    written = {word for column in columns for word in _words(connection, rows[column])}
    found = sorted({w for w in written if _is_name(w.casefold(), known)}, key=len, reverse=True)
    if not found:
        return rows
    pattern = r"\b(" + "|".join(re.escape(word) for word in found) + r")\b"
    return rows.mutate(**{column: rows[column].re_replace(pattern, MARK) for column in columns})


def _words(connection: ibis.BaseBackend, text: ir.StringColumn) -> list[str]:
    """The distinct words of a column that begin with a capital letter."""
    sql = connection.compile(text.name("text").as_table())
    query = (
        f"select distinct unnest(regexp_extract_all(text, ?)) from ({sql}) where text is not null"
    )
    return [word for (word,) in execute(connection, query, [WORD])]


def _is_name(word: str, known: set[str]) -> bool:
    """Whether a word is a known name, in any of its cases: ``Virtasen`` is one of ``Virtanen``."""
    if word in known:
        return True
    stems = [word.removesuffix(end) for end in ENDINGS if word.endswith(end)]
    return any(
        stem in known or (stem.endswith("se") and stem.removesuffix("se") + "nen" in known)
        for stem in stems
        if len(stem) >= LEAST_LETTERS
    )
