"""Reads a parameter file: every problem at once, with file, line, key and the nearest name.

Scalars stay the text that was written (``NO``, ``00100``, ``12:30``) until ``params.py`` says
what a key is; so nothing is guessed from a value's looks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticUndefined

from templates_lib.params import Params, Section
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.workspace import ClientFolders, client_names, shown

KeyPath = tuple[str | int, ...]
MAX_BYTES = 1_000_000


def load_params(client: str, *, changes: Mapping[KeyPath, str] | None = None) -> Params:
    """A client's parameters, validated and frozen.

    Parameters
    ----------
    client : name of a file in ``params/``, without ``.yml``
    changes : values that a command gives for this run only, by key

    Raises
    ------
    InputProblems
        All problems of the file at once.
    """
    file = ClientFolders(client).params
    if not file.is_file():
        hint = nearest(client, client_names())
        raise InputProblems([Problem(shown(file), f"there is no such parameter file{hint}")])
    data, lines = read_yaml(file)
    for path, value in (changes or {}).items():
        inner = data
        for key in path[:-1]:
            inner = inner.setdefault(key, {}) if isinstance(inner, dict) else {}
        inner[path[-1]] = value
    return _validated(Params, data, lines, shown(file))


def change_section(section: Section, changes: Mapping[str, Any]) -> Section:
    """A notebook's section with the values of ``overrides`` in it, validated as the file is."""
    data = {**section.model_dump(mode="json"), **changes}
    return _validated(type(section), data, {}, "overrides")


def read_yaml(file: Path) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """The file as plain mappings, lists and texts, and the line on which each key stands."""
    where = shown(file)
    if file.stat().st_size > MAX_BYTES:
        raise InputProblems([Problem(where, "is over 1 MB: not a parameter file")])
    try:
        text = file.read_text(encoding="utf-8-sig")
        aliases = [e for e in yaml.parse(text) if isinstance(e, yaml.AliasEvent)]
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError:
        raise InputProblems([Problem(where, "is not UTF-8 text; save it as UTF-8")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "cannot be read"
        raise InputProblems([Problem(f"{where}{line}", f"is not YAML: {what}")]) from None
    problems = [
        Problem(f"{where}:{e.start_mark.line + 1}", "aliases (*name) are not used here; write the "
                "value out") for e in aliases
    ]  # fmt: skip
    lines: dict[KeyPath, int] = {}
    data = None if problems else _plain(root, (), lines, problems, where)
    if not problems and not isinstance(data, dict):
        problems.append(Problem(where, "expected keys such as client:, as_of: and sources:"))
    if problems:
        raise InputProblems(problems)
    return data, lines


def _plain(
    node: yaml.Node | None,
    path: KeyPath,
    lines: dict[KeyPath, int],
    problems: list[Problem],
    where: str,
) -> Any:
    if node is None:
        return None
    lines.setdefault(path, node.start_mark.line + 1)
    at = f"{where}:{node.start_mark.line + 1}"
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        problems.append(Problem(at, "tags (!name) are not used here; write the value plainly"))
        return None
    if isinstance(node, yaml.ScalarNode):
        empty = node.style is None and node.value in ("", "~", "null")
        return None if empty else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(v, (*path, i), lines, problems, where) for i, v in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(Problem(f"{where}:{line}", "a key must be a plain text"))
            continue
        key = key_node.value
        if key in result:
            first = lines[(*path, key)]
            problems.append(
                Problem(f"{where}:{line}", f"{_dotted((*path, key))} stands twice (first on line "
                        f"{first}); keep one")
            )  # fmt: skip
            continue
        lines[(*path, key)] = line
        result[key] = _plain(value_node, (*path, key), lines, problems, where)
    return result


def _validated(
    model: type[Section], data: Any, lines: Mapping[KeyPath, int], where: str
) -> Section:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [_worded(model, e, lines, where) for e in error.errors()]
        raise InputProblems(sorted(problems, key=lambda p: _line_of(p.where))) from None


def _line_of(where: str) -> int:
    line = where.split(" ")[0].rpartition(":")[2]
    return int(line) if line.isdigit() else 0


def _worded(
    model: type[BaseModel], error: Any, lines: Mapping[KeyPath, int], where: str
) -> Problem:
    path = tuple(part for part in error["loc"] if part != "[key]")
    known = path
    while known and known not in lines:
        known = known[:-1]
    at = f"{where}:{lines[known]}" if known in lines else where
    kind, ctx = error["type"], error.get("ctx", {})
    parent = _model_at(model, path[:-1])
    fields = parent.model_fields if parent else {}
    if kind == "missing":
        description = fields[path[-1]].description if path and path[-1] in fields else None
        message = "is required" + (f": {description}" if description else "")
    elif kind == "extra_forbidden":
        message = "is not a key here" + nearest(str(path[-1]), fields)
    elif kind == "literal_error":
        choices = [str(a) for a in get_args(_bare(fields[path[-1]].annotation))] if fields else []
        message = f"expected {ctx['expected']}" + nearest(str(error["input"]), choices)
    elif kind == "model_type" or kind == "dict_type":
        message = "expected keys below it, not a single value"
    elif kind == "string_pattern_mismatch":
        message = f"expected the form {ctx['pattern']}"
    elif kind == "value_error":
        message = str(ctx["error"])
    else:
        message = error["msg"][0].lower() + error["msg"][1:]
    return Problem(f"{at} {_dotted(path)}".rstrip(), message)


def _dotted(path: KeyPath) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


def _bare(annotation: Any) -> Any:
    """An annotation without ``Annotated`` and ``| None``."""
    if hasattr(annotation, "__metadata__"):
        return _bare(get_args(annotation)[0])
    others = [a for a in get_args(annotation) if a is not type(None)]
    if type(None) in get_args(annotation) and len(others) == 1:
        return _bare(others[0])
    return annotation


def _model_at(model: Any, path: KeyPath) -> type[BaseModel] | None:
    for part in path:
        annotation = _bare(model)
        if get_origin(annotation) is dict:
            model = get_args(annotation)[1]
        elif get_origin(annotation) is list:
            model = get_args(annotation)[0]
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            if field is None:
                return None
            model = field.annotation
    annotation = _bare(model)
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None


def schema() -> str:
    """The JSON schema of a parameter file, for editors (``params/schema.json``)."""
    generated = Params.model_json_schema()
    generated["title"] = "A client's parameter file"
    return json.dumps(generated, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def reference() -> str:
    """``docs/parameters.md``: every key with its type, default and description."""
    parts = [
        "# Parameters",
        "",
        "Generated from `src/templates_lib/params.py` by `make docs`. One file a client: "
        "`params/<client>.yml`.",
    ]
    _describe(Params, "", parts, set())
    return "\n".join(parts) + "\n"


def _describe(model: type[BaseModel], prefix: str, parts: list[str], done: set[str]) -> None:
    title = f"`{prefix}`" if prefix else "The file"
    purpose = " ".join((model.__doc__ or "").split())
    rows = ["", f"## {title}", "", purpose, "", "| key | default | meaning |", "|---|---|---|"]
    inner: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        annotation = _bare(field.annotation)
        nested, suffix = annotation, ""
        if get_origin(annotation) is list:
            nested, suffix = _bare(get_args(annotation)[0]), "[]"
        elif get_origin(annotation) is dict:
            nested, suffix = _bare(get_args(annotation)[1]), ".<name>"
        is_section = isinstance(nested, type) and issubclass(nested, BaseModel)
        path = f"{prefix}.{name}" if prefix else name
        if is_section:
            inner.append((path + suffix, nested))
        rows.append(f"| `{name}` | {_default(field)} | {_meaning(field, nested, is_section)} |")
    parts.extend(rows)
    for path, nested in inner:
        if path not in done:
            done.add(path)
            _describe(nested, path, parts, done)


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return "–"
    if isinstance(field.default, BaseModel):
        return "see below"
    return f"`{json.dumps(field.default, ensure_ascii=False, default=str)}`".replace("|", "\\|")


def _meaning(field: Any, nested: Any, is_section: bool) -> str:
    text = field.description or (" ".join((nested.__doc__ or "").split()) if is_section else "")
    choices = [f"`{c}`" for c in get_args(_bare(field.annotation)) if isinstance(c, str)]
    text += f" One of {', '.join(choices)}." if choices else ""
    return text.replace("|", "\\|")
