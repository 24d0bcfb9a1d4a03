"""The parameters in force, as a notebook and the report's small print show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from templates_lib.language import tr
from templates_lib.params.params import Client, Params
from templates_lib.params.sections import Section

SHARED = ("purchases", "privacy", "assumptions")
CODE = re.compile(r"`([^`]+)`")


def described(section: type[Section], path: str) -> dict[str, str]:
    """Each key of a section and of the sections in it, with its description in English."""
    found: dict[str, str] = {}
    for name, field in section.model_fields.items():
        key, inner = f"{path}.{name}", field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            found |= described(inner, key)
        else:
            found[key] = field.description or ""
    return found


def shared() -> dict[str, str]:
    """As ``described``, of the parameters that every analysis rests on."""
    found = {
        "as_of": Params.model_fields["as_of"].description or "",
        "client.timezone": Client.model_fields["timezone"].description or "",
    }
    for name in SHARED:
        found |= described(Params.model_fields[name].annotation, name)
    return found


def parameters_table(params: Params, settings: Section, topic: str) -> str:
    """Key as in the parameter file, value and meaning of each; of the assumptions those made.

    Parameters
    ----------
    settings : of the analysis, with what it changes
    topic : the name of its section
    """
    assumed = params.assumptions.model_dump(exclude_defaults=True)
    meanings = {
        key: meaning
        for key, meaning in shared().items()
        if not key.startswith("assumptions.") or key.partition(".")[2] in assumed
    }
    rows = [(key, _value(params, key), meaning) for key, meaning in meanings.items()]
    rows += [
        (key, _value(settings, key.partition(".")[2]), meaning)
        for key, meaning in described(type(settings), topic).items()
    ]
    heads = "".join(f'<th scope="col" class="text">{escape(head)}</th>'
                    for head in (tr("Parameter"), tr("Value"), tr("Meaning")))  # fmt: skip
    cells = "".join(
        f'<tr><th class="text" scope="row"><code>{escape(key)}</code></th>'
        f'<td class="text">{escape(_plain(value))}</td>'
        f'<td class="text">{_in_words(meaning)}</td></tr>'
        for key, value, meaning in rows
    )
    return (
        f'<div class="table parameters"><table><caption>{escape(tr("Parameters in force"))}'
        f"</caption><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table></div>"
    )


def descriptions(topics: Iterable[str]) -> Iterator[tuple[str | None, str]]:
    """What is shown of the sections of these topics: topic (None of all of them), description."""
    yield from ((None, text) for text in shared().values())
    for topic in sorted({*topics} & {*Params.model_fields}):
        for text in described(Params.model_fields[topic].annotation, topic).values():
            yield topic, text


def _in_words(meaning: str) -> str:
    return CODE.sub(r"<code>\1</code>", escape(tr(meaning))) if meaning else ""


def _value(section: Any, path: str) -> Any:
    for name in path.split("."):
        section = getattr(section, name)
    return section


def _plain(value: object) -> str:
    if isinstance(value, Section):
        value = value.model_dump(exclude_defaults=True)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item) for item in value) or "–"
    if isinstance(value, bool):
        return str(value).lower()
    return "–" if value is None else str(value)
