"""The formats that are known by name: one declarative file each in ``sources/presets/``.

A preset is a part of a parameter file that need not be written again: where columns stand, how
dates and numbers are written. What a client's own file says takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from templates_lib.sections import Section

FOLDER = Path(__file__).parent / "sources" / "presets"
TABLE = "table"
Evidence = Literal["seen", "documented", "unverified"]


class Preset(Section):
    """One format: what it is called, how it is told from others, and how it is read."""

    title: str = Field(description="Name as the tool's users call it.")
    source: str = Field(description="Key under `sources:` that it can stand for.")
    evidence: Evidence = Field(
        description="`seen` in samples and parsers, `documented` by the vendor or in source code, "
        "or `unverified`: compare the headers with the client's file."
    )
    menu: dict[Literal["en", "fi"], str] = Field(description="Where the export is in the tool.")
    recognise: list[str] = Field(
        [], description="Headers that tell the format; all must be there. None: never guessed."
    )
    required: list[str] = Field([], description="Columns that a file of the format must have, or their headers.")
    also_called: dict[str, Annotated[list[str], Field(min_length=1)]] = Field(
        {}, description="Header: what it is called elsewhere, such as in another language."
    )
    settings: dict[str, Any] = Field({}, description="A part of the source's section.")
    note: str = Field("", description="What is worth knowing of the format.")

    @property
    def optional(self) -> frozenset[str]:
        """The headers that are read where they are there."""
        columns = self.settings.get("columns", {})
        needed = {h for name in self.required for h in headers(columns.get(name, name))}
        every = [*columns.values(), self.settings.get("consents"), self.settings.get("contact")]
        conditions = [
            condition["column"]
            for key in ("test", "cancelled", "left_out")
            for condition in self.settings.get(key, [])
        ]
        return frozenset({h for value in every for h in headers(value)} | {*conditions}) - needed


def headers(value: Any) -> list[str]:
    """The headers that a column map's value names."""
    if isinstance(value, Mapping):
        return [h for each in value.values() for h in headers(each)]
    return value if isinstance(value, list) else [value] if value else []


@cache
def presets() -> dict[str, Preset]:
    """All presets by the name of their format, in the order of names."""
    return {
        file.stem: Preset.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        for file in sorted(FOLDER.glob("*.yml"))
    }


def formats(source: str) -> tuple[str, ...]:
    """The formats that a key under ``sources:`` can have."""
    return (TABLE, *(name for name, preset in presets().items() if preset.source == source))


def filled_in(section: Mapping[str, Any]) -> dict[str, Any]:
    """A source's section with what its format's preset says, where it says nothing itself."""
    name = section.get("format", TABLE)
    preset = presets().get(name) if isinstance(name, str) else None
    return _under(preset.settings, section) if preset else dict(section)


def _under(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        if both or value is not None or key not in merged:
            merged[key] = _under(merged[key], value) if both else value
    return merged
