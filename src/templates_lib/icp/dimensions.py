"""Which attribute and which question belongs to which dimension of a profile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import ibis.expr.types as ir
import pandas as pd

from templates_lib import sensitive
from templates_lib.params.icp import Icp
from templates_lib.params.purchase_survey import PurchaseSurvey
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.sensitive import STRICT, Guard

DIMENSIONS = ("motives", "pains", "habits", "first_purchase", "demographics")
"""In the order in which they are told: demographics last, since they tell least of why."""

FIRST_ORDER = {
    "first_category": "first_purchase",
    "first_product": "first_purchase",
    "first_order_value": "first_purchase",
    "first_is_b2b": "first_purchase",
    "first_channel": "habits",
    "first_discounted": "habits",
    "first_weekday": "habits",
    "first_time": "habits",
    "first_device": "habits",
    "first_country": "demographics",
}
COMPANY = {
    "goal": "motives",
    "industry": "demographics",
    "size": "demographics",
    "earns_from": "demographics",
    "value_chain_stage": "demographics",
}
OPEN = {"purchase": "motives", "exit_intent": "pains", "soft_lead": "pains"}
DEMOGRAPHIC = re.compile(
    r"(^|[_\W])(age|gender|sex|income|education|household|occupation|area|city|region|postcode|"
    r"country|ikä\w*|sukupuoli|tulot|koulutus|kotitalous|ammatti|asuinpaikka|paikkakunta)([_\W]|$)",
    re.IGNORECASE,
)
NO_CUSTOMERS = ("awareness", "profile")  # the one is of the market, the other about profiles
Question = tuple[str, str, str]  # survey, question, kind


class Names(NamedTuple):
    """What a profile is made of: column -> dimension, and question -> dimension.

    ``declared`` are the columns that a person has named, and so says are known from the start.
    ``refused`` are columns and questions that are protected: name -> kind of ``sensitive``.
    """

    columns: dict[str, str]
    questions: dict[Question, str]
    declared: frozenset[str]
    refused: dict[str, str]


def sorted_out(
    responses: ir.Table | None,
    columns: Iterable[str],
    settings: Icp,
    survey: PurchaseSurvey,
    guard: Guard = STRICT,
) -> Names:
    """Each column and question with its dimension: as the settings name them, else by default.

    A dimension whose names are given in the settings has these alone. By default the client's own
    columns are demographics, and the questions what the settings of the purchase survey say. What
    the guard refuses is left out; of the first order, which is what the shop sells, nothing is.

    Raises
    ------
    InputProblems
        For a name in the settings that is neither a column nor a question, or that is protected.
    """
    columns = list(columns)
    questions = _questions(responses)
    given = {d: getattr(settings, d, None) for d in DIMENSIONS}
    named = {name: d for d, names in given.items() for name in names or []}
    known = sorted({*columns, *(question for _, question, _ in questions)})
    problems = [
        Problem(f"icp.{dimension}", f"no attribute or question {name!r}" + nearest(name, known))
        for name, dimension in named.items()
        if name not in known
    ]
    refused = _refused(columns, questions, responses, guard)
    problems += [
        Problem(f"icp.{dimension}", sensitive.refusal(name, refused[name]))
        for name, dimension in named.items()
        if name in refused
    ]
    if problems:
        raise InputProblems(problems)
    by_default = {name: FIRST_ORDER.get(name, COMPANY.get(name, DIMENSIONS[-1]))
                  for name in columns}  # fmt: skip
    asked_by_default = {question: _default(question, survey) for question in questions}
    of_columns = {name: _place(name, d, named, given) for name, d in by_default.items()}
    of_questions = {q: _place(q[1], d, named, given) for q, d in asked_by_default.items()}
    return Names(
        {name: d for name, d in of_columns.items() if d and name not in refused},
        {question: d for question, d in of_questions.items() if d and question[1] not in refused},
        frozenset(name for name in columns if name in named),
        refused,
    )


def _refused(
    columns: Iterable[str], questions: Iterable[Question], responses: ir.Table | None, guard: Guard
) -> dict[str, str]:
    """Names of columns and questions that are protected, a question by its given answers too."""
    options: dict[str, list[str]] = {name: [] for _, name, _ in questions}
    if options and responses is not None:
        given = responses.filter(responses.option.notnull()).select("question", "option")
        for name, option in given.distinct().to_pandas().itertuples(index=False, name=None):
            options.setdefault(name, []).append(option)
    own = {name: [] for name in columns if name not in FIRST_ORDER}
    found = {name: guard.refused(name, *more) for name, more in {**options, **own}.items()}
    return {name: kind for name, kind in sorted(found.items()) if kind}


def _questions(responses: ir.Table | None) -> list[Question]:
    """The questions that known customers have answered."""
    if responses is None:
        return []
    asked = responses.filter(
        responses.kind.isin(["choice", "open"]) & responses.customer_id.notnull()
        & responses.survey.notin(NO_CUSTOMERS) & (responses.option.notnull()
                                                 | responses.text.notnull())
    )  # fmt: skip
    found = asked.select("survey", "question", "kind").distinct().to_pandas()
    return sorted(found.itertuples(index=False, name=None))


def _default(question: Question, survey: PurchaseSurvey) -> str | None:
    """What a question is about, if nobody says."""
    asked_in, name, kind = question
    if kind == "open":
        return OPEN.get(asked_in)
    if name in (survey.why_today, survey.motive, "motive"):
        return "motives"
    if name in (survey.nearly_stopped, survey.why_not, survey.why_not_yet):
        return "pains"
    return "demographics" if DEMOGRAPHIC.search(name) else "habits"


def _place(
    name: str, default: str | None, named: Mapping[str, str], given: Mapping[str, list | None]
) -> str | None:
    """The dimension in force; None where the settings leave the name out."""
    if name in named:
        return named[name]
    return default if default and given[default] is None else None


def titles(questions: Iterable[Question]) -> dict[Question, str]:
    """What a question's attribute is called: its name, with the survey where two have it."""
    frame = pd.DataFrame(list(questions), columns=["survey", "question", "kind"])
    times = frame["question"].value_counts()
    return {
        (survey, name, kind): name if times[name] == 1 else f"{survey}: {name}"
        for survey, name, kind in frame.itertuples(index=False, name=None)
    }
