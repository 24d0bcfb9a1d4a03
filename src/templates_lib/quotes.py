"""Quotes: texts of open answers that a person has approved in ``data/<client>/editorial.yml``."""

from __future__ import annotations

import ibis.expr.types as ir
import pandas as pd

from templates_lib import editorial
from templates_lib.coding.coding import key_of, open_answers
from templates_lib.editorial import Approved
from templates_lib.interviews import themes
from templates_lib.problems import Problem, closest, nearest
from templates_lib.workspace import ClientFolders


def approved_quotes(folders: ClientFolders) -> tuple[Approved, ...]:
    """What may be quoted; nothing without the file.

    Raises
    ------
    InputProblems
        Everything that is wrong in the file, with its line.
    """
    return tuple(editorial.read(folders)[0].quotes)


def unknown_quotes(
    folders: ClientFolders, responses: ir.Table | None, interviews: ir.Table | None = None
) -> list[Problem]:
    """A problem for each approval of an answer that there is not, with its line.

    Parameters
    ----------
    responses, interviews : the staged answers and notes; nothing is looked up without either

    Raises
    ------
    InputProblems
        Everything that is wrong in the file, with its line.
    """
    edits, places = editorial.read(folders)
    approved = edits.quotes
    parts = []
    if responses is not None:
        rows = responses.filter((responses.kind == "open") & responses.text.notnull())
        parts.append(rows.select("response_id", "question", "survey").distinct().to_pandas())
    if interviews is not None:
        parts.append(themes.as_answers(interviews))
    if not parts or not approved:
        return []
    known = pd.concat(parts, ignore_index=True)
    found = [(number, _unknown(one, known)) for number, one in enumerate(approved)]
    return [
        Problem(f"{places['quotes', number]} quotes.{number + 1}.{key}", said)
        for number, (key, said) in found if key
    ]  # fmt: skip


def _unknown(one: Approved, known: pd.DataFrame) -> tuple[str, str]:
    """Which key of an approval is of no answer, and what is said of it; nothing where all are."""
    own = known[known["response_id"] == one.response_id]
    if own.empty:
        ids = known["response_id"].unique()
        return "response_id", "no open answer has this id" + closest(one.response_id, ids)
    for key, value in (("survey", one.survey), ("question", one.question)):
        if value not in (None, *own[key]):
            return key, f"the answer is not of {value!r}" + nearest(value, sorted(set(own[key])))
        own = own if value is None else own[own[key] == value]
    return "", ""


def quotes(
    answers: pd.DataFrame,
    codes: pd.DataFrame,
    approved: tuple[Approved, ...],
    *,
    min_cell: int,
    by: tuple[str, ...] = (),
) -> pd.DataFrame:
    """The approved texts with their codes; none from a segment under ``min_cell`` respondents.

    Texts are as the respondent wrote them, masked, not escaped: show them by ``table`` or escape
    them. An answer with several codes is there once for each that is mentioned often enough.

    Parameters
    ----------
    answers : open answers, with the columns of ``by``
    codes : of ``coding.coded`` or ``coding.merge``
    by : columns of answers that make segments beside the code, such as a group of customers

    Returns
    -------
    (survey,) response_id, question, code, (by …,) text, in the order of the question and code.
    """
    rows = open_answers(answers)
    keys = key_of(rows)
    segment = [name for name in keys if name != "response_id"] + ["code", *by]
    pairs = codes[[*keys, "code"]].drop_duplicates().merge(rows[[*keys, *by, "text"]], on=keys)
    size = pairs.groupby(segment, dropna=False)["response_id"].transform("nunique")
    is_approved = [any(_is(one, row) for one in approved) for row in pairs.to_dict("records")]
    shown_rows = pairs[(size >= min_cell) & pd.Series(is_approved, pairs.index, dtype=bool)]
    order = [*segment, "response_id"]
    shown_rows = shown_rows.sort_values(order, kind="stable")
    return shown_rows[[*keys, "code", *by, "text"]].reset_index(drop=True)


def _is(one: Approved, row: dict[str, object]) -> bool:
    given = one.model_dump(exclude_none=True)
    return all(str(row.get(name, value)) == value for name, value in given.items())
