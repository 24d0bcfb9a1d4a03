"""What a report was made from, so that a later one can tell why its figures differ.

``data`` are the rows of the staged tables and the answers coded by hand; ``definition`` is all
that says what is computed from them: code, libraries, notebooks, codebook, parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from templates_lib.params.params import Params
from templates_lib.report.notebooks import Notebook, sections_of, versions
from templates_lib.sources.engine import execute
from templates_lib.staging.staging import derivation, open_staged
from templates_lib.workspace import ClientFolders, digest, package_digest

NO_DEFINITION = ("as_of", "control_totals")  # compared or shown, not computed


def made_from(
    folders: ClientFolders, params: Params, staged: Path, notebooks: Iterable[Notebook]
) -> dict[str, Any]:
    """What a manifest holds of it for a later run."""
    return {"data": data(folders, staged), "code": code(folders, params, notebooks)}


def data(folders: ClientFolders, staged: Path) -> str:
    """The hash of the staged rows, in whatever order, and of the coded answers."""
    connection, _ = open_staged(staged)
    named = "select table_name from duckdb_tables() where table_name <> 'facts' order by all"
    parts = []
    for (name,) in execute(connection, named):
        rows = f'select count(*), sum(hash("{name}")), bit_xor(hash("{name}")) from "{name}"'
        parts.append([name, *map(str, execute(connection, rows)[0])])
    connection.disconnect()
    coded = [[f.name, digest(f.read_bytes())] for f in _files(folders.data / "coding")]
    return digest(json.dumps([parts, coded]).encode())


def code(folders: ClientFolders, params: Params, notebooks: Iterable[Notebook]) -> dict[str, str]:
    """By notebook, the hash of all that defines its results but the parameters."""
    written = [derivation(folders), folders.data / "codes.yml"]
    if params.icp.target.path:
        written.append(folders.data / params.icp.target.path)
    own = [digest(f.read_bytes()) for f in written if f.is_file()]
    shared = [package_digest(), versions(), own]
    return {
        n.name: digest(json.dumps([*shared, digest(n.path.read_bytes())]).encode())
        for n in notebooks
    }


def settings(parameters: Mapping[str, Any], notebook: Notebook) -> dict[str, Any]:
    """The parameters that define a notebook's results: without names and paths of files."""
    kept = {name: value for name, value in parameters.items() if name not in NO_DEFINITION}
    kept = {name: value for name, value in kept.items() if name in sections_of(notebook)}
    client = {k: v for k, v in kept["client"].items() if k not in ("name", "language")}
    return {**kept, "client": client, "sources": _without_paths(kept["sources"])}


def with_paths(settings: Any, today: Any) -> Any:
    """Earlier ``sources`` that read today's files: a path is that of the same source today."""
    if isinstance(settings, dict) and isinstance(today, dict):
        both = {key: with_paths(value, today.get(key)) for key, value in settings.items()}
        return {**both, "path": today.get("path")} if "path" in both else both
    if isinstance(settings, list) and isinstance(today, list) and len(settings) == len(today):
        return [with_paths(a, b) for a, b in zip(settings, today, strict=True)]
    return settings


def _without_paths(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_paths(part) for key, part in value.items() if key != "path"}
    return [_without_paths(part) for part in value] if isinstance(value, list) else value


def _files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.glob("*") if f.is_file())
