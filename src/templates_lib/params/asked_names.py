"""Names of questions in the settings of an analysis: each must be one that a survey asks.

A default need not be asked. A name that a person wrote and no survey knows would leave a part of
the report empty without a word, so it is refused with the nearest one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import AfterValidator, ValidationInfo

from templates_lib.params.surveys import ResponsesSource
from templates_lib.problems import closest, nearest

Kind = Literal["ratings", "choices", "open"]
KINDS: tuple[Kind, ...] = ("ratings", "choices", "open")
RESPONSES, WRITTEN = "responses", "written"  # keys of the validation's context


def context(written: Iterable[str] | None = None) -> dict[str, Any]:
    """What a validation that checks names starts with; ``sources:`` adds its surveys when read.

    Parameters
    ----------
    written : keys of the section that a person wrote; without them all that are given
    """
    return {} if written is None else {WRITTEN: frozenset(written)}


def question(kind: Kind, *, survey: str | None = None) -> AfterValidator:
    """A name of a question of this kind in a survey; without one, in the survey that the section
    names, else in any that has a score."""

    def check(value: str, info: ValidationInfo) -> str:
        sources = _surveys(info)
        if not sources:
            return value
        wanted = survey or info.data.get("survey")
        own = [one for one in sources if (one.survey == wanted if wanted else one.score)]
        known = sorted({name for one in own for name in getattr(one, kind)})
        if value not in known:
            about = f"the survey {wanted}" if wanted else "a survey with a score"
            hint = _elsewhere(value, sources) or nearest(value, known) or "; it has none"
            raise ValueError(f"no question {value!r} under `{kind}` of {about}{hint}")
        return value

    return AfterValidator(check)


def _elsewhere(name: str, sources: Sequence[ResponsesSource]) -> str:
    found = [f"`{kind}` of the survey {one.survey}"
             for one in sources for kind in KINDS if name in getattr(one, kind)]  # fmt: skip
    return f"; it stands under {' and '.join(dict.fromkeys(found))}" if found else ""


def _has_score(value: str, info: ValidationInfo) -> str:
    scored = [one.survey for one in _surveys(info) if one.score]
    if _surveys(info) and value not in scored:
        known = closest(value, scored) or f"; with one: {', '.join(dict.fromkeys(scored)) or '–'}"
        raise ValueError(f"no source has a score of the survey {value!r}{known}")
    return value


def _surveys(info: ValidationInfo) -> Sequence[ResponsesSource]:
    """The surveys that names are checked against; none where this key is not to be checked."""
    given = info.context or {}
    is_written = info.field_name in given.get(WRITTEN, (info.field_name,))
    return given.get(RESPONSES, ()) if is_written else ()


WITH_SCORE = AfterValidator(_has_score)
