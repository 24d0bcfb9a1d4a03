"""What every column of every table means: one place for the report, the workbook and the docs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml

from templates_lib.language import tr


class Column(NamedTuple):
    """A column of a table: its heading, unit and definition with the denominator."""

    heading: str
    unit: str
    meaning: str


def _read() -> dict[str, Column]:
    """The columns of ``definitions.yml``."""
    text = Path(__file__).with_suffix(".yml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where built
    return {name: Column(**about) for name, about in yaml.load(text, loader).items()}


COLUMNS = _read()


def column(name: str) -> Column:
    """The definition of a column in the reader's language; one of an own notebook is shown under
    its own name."""
    known = COLUMNS.get(name)
    if known is None:
        return Column(name.replace("_", " ").capitalize(), "text", "")
    return Column(tr(known.heading), known.unit, tr(known.meaning))


def reference() -> str:
    """``docs/definitions.md``: every column of the tables with its unit and meaning."""
    rows = [
        "# Definitions",
        "",
        "Generated from `src/templates_lib/definitions.yml` by `make docs`: the columns of "
        "`internal/tables/*.csv` and of `tables.xlsx`.",
        "",
        "| column | unit | meaning |",
        "|---|---|---|",
    ]
    rows += [f"| `{name}` | {one.unit} | {one.meaning} |" for name, one in sorted(COLUMNS.items())]
    return "\n".join(rows) + "\n"
