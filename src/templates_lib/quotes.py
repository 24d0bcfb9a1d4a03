"""Quotes: texts of open answers that a person has approved in ``data/<client>/editorial.yml``."""

from __future__ import annotations

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from templates_lib.coding import key_of, open_answers
from templates_lib.parameter_file import read_yaml, validated
from templates_lib.problems import InputProblems, Problem
from templates_lib.sections import Section
from templates_lib.workspace import ClientFolders, inside, shown

EDITORIAL = "editorial.yml"


class Approved(Section):
    """One answer that may be quoted."""

    response_id: str = Field(description="The pseudonym of the answer, as in the coding sheets.")
    question: str | None = Field(default=None, description="Only the answer to this question.")
    survey: str | None = Field(default=None, description="Only the answer in this survey.")


class _Editorial(BaseModel):
    """The part of the file that is about quotes; its other keys belong to the report."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    quotes: list[Approved] | None = None


def approved_quotes(folders: ClientFolders) -> tuple[Approved, ...]:
    """What may be quoted; nothing without the file.

    Raises
    ------
    InputProblems
        Everything that is wrong under ``quotes:``, with its line.
    """
    file = folders.data / EDITORIAL
    if not file.exists():
        return ()
    if not inside(folders.data, file):
        raise InputProblems([Problem(shown(file), "leads out of the client's folder")])
    problems: list[Problem] = []
    data, places = read_yaml(file, problems)
    return tuple(validated(_Editorial, data, places, problems).quotes or ())


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
