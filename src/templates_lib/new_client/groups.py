"""The files of one source together: their path as a pattern, and their rows as they are read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import ibis
from pydantic import ValidationError

from templates_lib.new_client.recognise import Found, as_pattern
from templates_lib.new_client.synonyms import mapped
from templates_lib.params.source_files import FileSource
from templates_lib.params.sources import Sources
from templates_lib.problems import InputProblems, Problem
from templates_lib.sources.formats import Preset, filled_in, headers, presets
from templates_lib.sources.headers import fold
from templates_lib.sources.load import load
from templates_lib.sources.reader import Table

SINGLE = frozenset(
    name for name, about in Sources.model_fields.items() if NoneType in get_args(about.annotation)
)
LINKS = ("order_id", "customer_id", "customer_email", "session_id")
# What stands in while the rows are looked at, for what only a person can tell.
STAND_INS: dict[str, dict[str, Any]] = {
    "orders": {"vat": "excluded"},
    "responses": {"survey": "nps", "open": ["-"]},
}


@dataclass(frozen=True)
class Group:
    """The files of one source."""

    source: str
    files: tuple[Found, ...]
    path: tuple[str, ...]

    @property
    def format(self) -> str:
        return self.files[0].format

    @property
    def preset(self) -> Preset | None:
        return presets().get(self.format)

    @property
    def headers(self) -> list[str]:
        """The headers of all files, each once."""
        return list(dict.fromkeys(header for file in self.files for header in file.headers))

    @property
    def section(self) -> dict[str, Any]:
        """The beginning of its section in a parameter file: where it is, and its headers."""
        first = self.files[0]
        own = first.columns if self.preset is None else self._linked(self.preset)
        columns = {"columns": own} if own or self.preset is None else {}
        return {"format": self.format, "path": list(self.path), **first.settings, **columns}

    def _linked(self, preset: Preset) -> dict[str, str]:
        """Whom a survey of a known format names, in columns that only this client has."""
        if self.source != "responses":
            return {}
        known = preset.settings.get("columns", {})
        there = {fold(header) for header in self.headers}
        taken = {fold(name) for header in headers(known) for name in [
            header, *preset.also_called.get(header, [])]}  # fmt: skip
        return {
            column: header
            for column, header in mapped(self.headers, "responses").items()
            if column in LINKS and fold(header) not in taken
            and not (known.get(column) and fold(known[column]) in there)
        }  # fmt: skip


def grouped(found: Sequence[Found]) -> tuple[list[Group], list[Found]]:
    """The recognised files by source, and the files that are none's: not recognised, or of a
    second format where a key holds one source (that with most bytes stays)."""
    kinds: dict[tuple[Any, ...], list[Found]] = {}
    for file in found:
        if file.source is not None:
            kinds.setdefault(file.kind, []).append(file)
    names = [file.file.name for file in found]
    groups = [
        Group(str(files[0].source), tuple(files), tuple(_path(files, names)))
        for files in kinds.values()
    ]
    groups.sort(key=lambda g: -sum(f.file.path.stat().st_size for f in g.files))
    taken: set[str] = set()
    kept, others = [], [file for file in found if file.source is None]
    for group in groups:
        if group.source in SINGLE & taken:
            others += group.files
        else:
            kept.append(group)
            taken.add(group.source)
    order = list(Sources.model_fields)
    kept.sort(key=lambda g: (order.index(g.source), g.files[0].file.name))
    return kept, others


def _path(files: Sequence[Found], every: Iterable[str]) -> list[str]:
    """One pattern that matches these files and no other, or the files themselves."""
    names = [file.file.name for file in files]
    if len(names) > 1 and len({Path(name).parent for name in names}) == 1:
        begin = re.sub(r"\d+$", "", os.path.commonprefix(names))
        turned = os.path.commonprefix([name.removeprefix(begin)[::-1] for name in names])
        end = re.sub(r"^\d+", "", turned[::-1])
        pattern = f"{as_pattern(begin)}*{as_pattern(end)}"
        matched = {name for name in every if fnmatchcase(name, pattern)}
        if "/" not in end and Path(end).suffix + end and matched == set(names):
            return [pattern]
    return [file.pattern for file in files]


def model_of(source: str) -> type[FileSource]:
    """The parameters of a kind of table."""
    annotation = Sources.model_fields[source].annotation
    return next(each for each in get_args(annotation) if each is not NoneType)


def stand_ins(group: Group) -> dict[str, Any]:
    """What makes the section of a group valid, so that its rows can be looked at."""
    told = filled_in(group.section)
    columns = told.get("columns", {})
    missing: dict[str, Any] = dict(STAND_INS.get(group.source, {}))
    if group.source == "responses" and not columns.get("answered_at"):
        missing["answered_on"] = "2000-01-01"
    if group.source == "spend":
        missing |= {"period": {"first": "2000-01-01", "last": "2000-01-01"}}
        missing |= {} if columns.get("channel") or told.get("channel") else {"channel": "-"}
        missing |= {} if columns.get("cost") else {"cost_per_impression": "0"}
    return {key: value for key, value in missing.items() if key not in told}


def rows_of(
    group: Group,
    connection: ibis.BaseBackend,
    *,
    data: Path,
    scratch: Path,
    key: str,
) -> Table | Problem:
    """The rows of a group as the reader reads them, or why it does not."""
    try:
        source = model_of(group.source).model_validate({**group.section, **stand_ins(group)})
        return load(connection, source, key=key, data=data, scratch=scratch)
    except ValidationError:
        return Problem(key, "its section needs more than the files tell")
    except InputProblems as error:
        return error.problems[0]
