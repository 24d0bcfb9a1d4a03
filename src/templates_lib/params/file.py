"""Reads a parameter file: every problem at once, with file, line, key and the nearest name.

Scalars stay the text that was written (``NO``, ``00100``, ``12:30``) until ``params`` says
what a key is; so nothing is guessed from a value's looks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticUndefined

from templates_lib.params import asked_names
from templates_lib.params.params import Params
from templates_lib.params.sections import Section
from templates_lib.params.surveys import ResponsesSource
from templates_lib.problems import InputProblems, Problem, closest, nearest
from templates_lib.workspace import ClientFolders, client_names, shown

KeyPath = tuple[str | int, ...]
MAX_BYTES = 200_000
MAX_DEPTH = 20
UNDECIDED = "decide"  # what `make new-client` writes where only a person can tell

EXPECTED = {
    "int": "a whole number",
    "float": "a number, with a point as its decimal mark",
    "decimal": "a number, with a point as its decimal mark",
    "finite": "a number, with a point as its decimal mark",
    "string": "one text",
    "list": "a list, as in [first, second]",
    "model": "keys below it, as in `key: value`",
    "dict": "keys below it, as in `key: value`",
}


class Undecided(str):
    """The plain word by which a file says that a value is still to be decided."""


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
    problems: list[Problem] = []
    data, places = read_yaml(file, problems)
    for path, value in (changes or {}).items():
        _change(data, path, value)
        places[path] = "this run's"
    return validated(Params, data, places, problems, context=asked_names.context())


def change_section(
    section: Section, changes: Mapping[str, Any], responses: Sequence[ResponsesSource] = ()
) -> Section:
    """A notebook's section with the values of ``overrides`` in it, validated as the file is.

    Names of questions in ``changes`` must be of ``responses``, where there are any.
    """
    if not isinstance(changes, Mapping):
        raise InputProblems(
            [Problem("overrides", "expected names and values, as in {'horizon': 6}")]
        )
    data = {**section.model_dump(mode="json"), **changes}
    context = {**asked_names.context(changes), asked_names.RESPONSES: responses}
    return validated(type(section), data, {(): "overrides"}, [], context=context)


def _change(data: Any, path: KeyPath, value: str) -> None:
    """Sets one value; what has no keys where keys belong stays, for validation to name it."""
    for key in path[:-1]:
        data = data.setdefault(key, {}) if isinstance(data, dict) else None
    if isinstance(data, dict):
        data[path[-1]] = value


def read_yaml(file: Path, problems: list[Problem]) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """The file as plain mappings, lists and texts, and the place (``file:line``) of each key.

    Keys that stand twice are added to ``problems``, so that they are told with all others.

    Raises
    ------
    InputProblems
        When the file is not such YAML: syntax, encoding, size, aliases, tags.
    """
    where = shown(file)
    if file.stat().st_size > MAX_BYTES:
        raise InputProblems([Problem(where, f"is over {MAX_BYTES // 1000} kB; keep only the keys")])
    try:
        text = file.read_text(encoding="utf-8-sig")
        if unwanted := list(_unwanted(text, where)):
            raise InputProblems(unwanted)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError:
        raise InputProblems([Problem(where, "is not UTF-8 text; save it as UTF-8")]) from None
    except yaml.YAMLError as error:
        raise InputProblems([_not_yaml(error, where)]) from None
    if not isinstance(root, yaml.MappingNode):
        raise InputProblems([Problem(where, "expected keys such as client:, as_of: and sources:")])
    places: dict[KeyPath, str] = {}
    return _plain(root, (), places, problems, where), places


def _unwanted(text: str, where: str) -> Iterator[Problem]:
    """What YAML can do and a parameter file has no need of; read before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        at = f"{where}:{event.start_mark.line + 1}"
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            yield Problem(at, f"is nested more than {MAX_DEPTH} deep; write it flatter")
            return
        if isinstance(event, yaml.AliasEvent):
            yield Problem(at, "aliases (*name) are not used here; write the value out")
        elif getattr(event, "tag", None):
            yield Problem(at, "tags (!name) are not used here; write the value plainly")


def _not_yaml(error: yaml.YAMLError, where: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = f":{mark.line + 1}" if mark else ""
    parts = [getattr(error, name, None) for name in ("context", "problem", "reason")]
    return Problem(f"{where}{line}", "is not YAML: " + ", ".join(part for part in parts if part))


def _plain(
    node: yaml.Node, path: KeyPath, places: dict[KeyPath, str], problems: list[Problem], where: str
) -> Any:
    places.setdefault(path, f"{where}:{node.start_mark.line + 1}")
    if isinstance(node, yaml.ScalarNode):
        empty = node.style is None and node.value in ("", "~", "null")
        if node.style is None and node.value == UNDECIDED:
            return Undecided(node.value)
        return None if empty else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(v, (*path, i), places, problems, where) for i, v in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        at = f"{where}:{key_node.start_mark.line + 1}"
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if key is None:
            problems.append(Problem(at, "a key must be a plain text"))
        elif key in result:
            first = places[(*path, key)].rpartition(":")[2]
            dotted = _dotted((*path, key))
            problems.append(Problem(at, f"{dotted} stands twice (first on line {first}); keep one"))
        else:
            places[(*path, key)] = at
            result[key] = _plain(value_node, (*path, key), places, problems, where)
    return result


def validated(
    model: type[Section], data: Any, places: Mapping[KeyPath, str], problems: list[Problem], *,
    context: Any = None,
) -> Any:  # fmt: skip
    """The parameters, or all problems in the order of the file."""
    order = {path: number for number, path in enumerate(places)}
    found: list[tuple[int, Problem]] = []
    undecided = dict.fromkeys(_undecided(data))
    try:
        result = model.model_validate(data, context=context)
    except ValidationError as error:
        for each in error.errors():
            path = tuple(part for part in each["loc"] if part != "[key]")
            known = path
            while known not in places:
                known = known[:-1]
            undecided.pop(known, None)
            place = f"{places[known]} {_dotted(path)}".rstrip()
            found.append((order[known], Problem(place, _worded(model, path, each))))
    for path in undecided:  # any text would do here, and so would the word itself
        parent = _model_at(model, path[:-1])
        about = _meaning(parent.model_fields.get(str(path[-1]))) if parent else ""
        place = f"{places[path]} {_dotted(path)}"
        found.append((order[path], Problem(place, f"is still to be decided: {about}".rstrip(": "))))
    found.sort(key=lambda pair: pair[0])
    if problems or found:
        raise InputProblems([*problems, *(problem for _, problem in found)])
    return result


def _undecided(data: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if isinstance(data, Undecided):
        yield path
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(
        data, list) else ()  # fmt: skip
    for key, value in parts:
        yield from _undecided(value, (*path, key))


def _worded(model: type[BaseModel], path: KeyPath, error: Any) -> str:
    kind, ctx = error["type"], error.get("ctx", {})
    parent = _model_at(model, path[:-1])
    fields = parent.model_fields if parent else {}
    field = fields.get(str(path[-1])) if path else None
    if kind == "missing":
        return f"is required: {_meaning(field)}"
    if kind == "extra_forbidden":
        return "is not a key here" + nearest(str(path[-1]), fields)
    if kind == "literal_error":
        choices = [str(choice) for choice in get_args(_bare(field.annotation))] if field else []
        return f"expected {ctx['expected']}" + closest(str(error["input"]), choices)
    if kind == "string_pattern_mismatch":
        return f"expected the form {ctx['pattern']}" + (f": {_meaning(field)}" if field else "")
    if kind == "string_too_short":
        return "expected a text, not an empty one"
    if kind in ("too_short", "too_long"):
        bound = "at least {min_length}" if kind == "too_short" else "at most {max_length}"
        return f"expected {bound.format(**ctx)} in the list"
    if kind == "value_error":
        return str(ctx["error"])
    expected = EXPECTED.get(kind.partition("_")[0])
    if expected and kind.endswith(("type", "parsing", "number", "from_float")):
        return f"expected {expected}"
    return error["msg"].replace("Input should be", "expected")


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
        (
            "Generated from the package `params` by `make docs`. One file a client: "
            "`params/<client>.yml`."
        ),
    ]
    _describe(Params, "", parts, set())
    return "\n".join(parts) + "\n"


def _describe(model: type[BaseModel], prefix: str, parts: list[str], done: set[str]) -> None:
    title = f"`{prefix}`" if prefix else "The file"
    purpose = " ".join((model.__doc__ or "").split())
    rows = ["", f"## {title}", "", purpose, "", "| key | default | meaning |", "|---|---|---|"]
    inner: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        nested, suffix = _nested(field)
        if nested:
            inner.append((f"{prefix}.{name}".lstrip(".") + suffix, nested))
        rows.append(f"| `{name}` | {_default(field)} | {_cell(field)} |")
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


def _nested(field: Any) -> tuple[type[BaseModel] | None, str]:
    """The section that a field holds, if it does, and how the reference marks many of them."""
    annotation = _bare(field.annotation)
    nested, suffix = annotation, ""
    if get_origin(annotation) is list:
        nested, suffix = _bare(get_args(annotation)[0]), "[]"
    elif get_origin(annotation) is dict:
        nested, suffix = _bare(get_args(annotation)[1]), ".<name>"
    is_section = isinstance(nested, type) and issubclass(nested, BaseModel)
    return (nested if is_section else None), suffix


def _meaning(field: Any) -> str:
    """What a field is: its description, else that of the section it holds."""
    if field is None:
        return ""
    nested, _ = _nested(field)
    return field.description or " ".join((nested.__doc__ if nested else "").split())


def _cell(field: Any) -> str:
    choices = [f"`{c}`" for c in get_args(_bare(field.annotation)) if isinstance(c, str)]
    text = _meaning(field) + (f" One of {', '.join(choices)}." if choices else "")
    return text.replace("|", "\\|")
